// SPDX-License-Identifier: Apache-2.0
#include "api/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "api/answer_document.h"
#include "api/guard.h"
#include "api/routes.h"
#include "publish/json_writer.h"

namespace wirestamp::api {

namespace {

using publish::DocumentField;
using publish::DocumentShape;
using publish::JsonWriter;

// A member of an object as the schema has it: the paths of a shape, taken apart.
struct Node {
  std::string name;  // "*" for any name
  bool array = false;
  const DocumentField* field = nullptr;  // of what has a type
  std::deque<Node> members;

  bool required() const {
    if (field != nullptr) return field->presence == publish::kAlways;
    return std::ranges::any_of(members, &Node::required);
  }
};

Node& member(Node& of, std::string_view name) {
  const bool array = name.ends_with("[]");
  if (array) name.remove_suffix(2);
  const auto found = std::ranges::find(of.members, name, &Node::name);
  if (found != of.members.end()) return *found;
  return of.members.emplace_back(Node{.name = std::string(name), .array = array});
}

Node tree_of(const DocumentShape& shape) {
  Node root;
  for (const DocumentField& field : shape.members) {
    Node* at = &root;
    for (std::string_view rest = field.path; !rest.empty();) {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      at = &member(*at, rest.substr(0, dot));
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    at->field = &field;
  }
  return root;
}

void write_type(JsonWriter& json, std::string_view type) {
  if (type == "integer") {
    json.member("type", type);
    json.member("format", "int64");
  } else if (type == "number" || type == "string" || type == "boolean") {
    json.member("type", type);
  } else if (type == "bucket") {
    json.member("type", "array");
    json.member("description", "Its number and how many values it holds.");
    json.begin_object("items");
    write_type(json, "integer");
    json.end_object();
    json.member("minItems", 2);
    json.member("maxItems", 2);
  } else if (type.ends_with('?')) {
    // Where there is none in its place of an array.
    type.remove_suffix(1);
    json.begin_array("type");
    json.element(type);
    json.element("null");
    json.end_array();
    if (type == "integer") json.member("format", "int64");
  } else {
    json.member("$ref", fmt::format("#/components/schemas/{}", type));
  }
}

void write_object(JsonWriter& json, const Node& node);

// The members of the schema object of a node, which is open.
void write_node(JsonWriter& json, const Node& node) {
  if (node.field != nullptr) {
    std::string meaning(node.field->meaning);
    if (node.field->presence != publish::kAlways)
      meaning += fmt::format("{}There {}.", meaning.empty() ? "" : ". ", node.field->presence);
    if (!meaning.empty()) json.member("description", meaning);
  }
  if (node.array) {
    json.member("type", "array");
    json.begin_object("items");
    write_type(json, node.field->type);
    json.end_object();
  } else if (node.field != nullptr) {
    write_type(json, node.field->type);
  } else {
    write_object(json, node);
  }
}

void write_object(JsonWriter& json, const Node& node) {
  json.member("type", "object");
  if (node.members.size() == 1 && node.members.front().name == "*") {
    json.begin_object("additionalProperties");
    write_node(json, node.members.front());
    json.end_object();
    return;
  }
  json.begin_object("properties");
  for (const Node& one : node.members) {
    json.begin_object(one.name);
    write_node(json, one);
    json.end_object();
  }
  json.end_object();
  if (std::ranges::none_of(node.members, &Node::required)) return;
  json.begin_array("required");
  for (const Node& one : node.members)
    if (one.required()) json.element(one.name);
  json.end_array();
}

// The shape that has the reflector's counters knows them by any name; here each has its own.
void name_counters(DocumentShape& shape, const ReflectorStatus& reflector) {
  const auto any = std::ranges::find(shape.members, "reflector.counters.*", &DocumentField::path);
  if (any == shape.members.end() || reflector.counters.empty()) return;
  DocumentField field = *any;
  std::vector<DocumentField> named;
  for (std::size_t n = 0; n < reflector.counters.size(); ++n) {
    field.path = "reflector.counters." + reflector.counters[n].first;
    field.meaning = reflector.meanings.at(n);
    named.push_back(field);
  }
  shape.members.insert(shape.members.erase(any), named.begin(), named.end());
}

void write_schemas(JsonWriter& json, const ReflectorStatus& reflector) {
  json.begin_object("schemas");
  for (DocumentShape shape : answer_shapes()) {
    name_counters(shape, reflector);
    json.begin_object(shape.name);
    json.member("description", shape.meaning);
    write_object(json, tree_of(shape));
    json.end_object();
  }
  json.begin_object("credentials");
  json.member("type", "object");
  json.begin_object("properties");
  json.begin_object("token");
  json.member("type", "string");
  json.end_object();
  json.end_object();
  json.begin_array("required");
  json.element("token");
  json.end_array();
  json.end_object();
  json.end_object();
}

void write_choices(JsonWriter& json, std::string_view choices) {
  json.begin_array("enum");
  while (!choices.empty()) {
    const std::size_t space = std::min(choices.find(' '), choices.size());
    json.element(choices.substr(0, space));
    choices.remove_prefix(std::min(space + 1, choices.size()));
  }
  json.end_array();
}

void write_parameter_type(JsonWriter& json, const Parameter& parameter) {
  switch (parameter.kind) {
    case ParameterKind::Count:
      json.member("type", "integer");
      json.member("minimum", parameter.least);
      json.member("maximum", parameter.most);
      return;
    case ParameterKind::Length:
      json.member("type", "string");
      json.member("pattern", "^[0-9]+(ms|s|m|h|d)$");
      return;
    case ParameterKind::Percentiles:
      json.member("type", "string");
      json.member("pattern", "^[0-9]+([.][0-9]{1,4})?(,[0-9]+([.][0-9]{1,4})?)*$");
      return;
    case ParameterKind::Choice:
      json.member("type", "string");
      write_choices(json, parameter.choices);
      return;
    case ParameterKind::Time:
    case ParameterKind::Name:
      json.member("type", "string");
      return;
  }
}

void write_parameter(JsonWriter& json, const Parameter& parameter) {
  json.begin_element();
  json.member("name", parameter.name);
  json.member("in", "query");
  json.member("description",
              parameter.fallback.empty()
                  ? std::string(parameter.meaning)
                  : fmt::format("{} Without it, {}.", parameter.meaning, parameter.fallback));
  json.begin_object("schema");
  if (parameter.repeated) {
    json.member("type", "array");
    json.begin_object("items");
    write_parameter_type(json, parameter);
    json.end_object();
  } else {
    write_parameter_type(json, parameter);
  }
  json.end_object();
  json.end_object();
}

void write_parameters(JsonWriter& json, const Route& route) {
  json.begin_array("parameters");
  for (std::size_t at = 0; (at = route.path.find('{', at)) != std::string_view::npos; ++at) {
    const std::string_view name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    json.begin_element();
    json.member("name", name);
    json.member("in", "path");
    json.member("required", true);
    json.begin_object("schema");
    json.member("type", name == "id" ? "integer" : "string");
    json.end_object();
    json.end_object();
  }
  for (const Parameter& parameter : route.parameters) write_parameter(json, parameter);
  json.end_array();
}

// One answer with JSON of that schema; "" for any object.
void write_json_content(JsonWriter& json, std::string_view schema) {
  json.begin_object("application/json");
  json.begin_object("schema");
  if (schema.empty()) {
    json.member("type", "object");
    json.member("additionalProperties", true);
  } else {
    write_type(json, schema);
  }
  json.end_object();
  json.end_object();
}

constexpr std::pair<unsigned, std::string_view> kMeanings[] = {
    {400, "A parameter, the address or the body is wrong: the error says which and what is taken."},
    {401, "A token is needed, or it is wrong."},
    {403, "The request comes from a page of another site."},
    {404, "There is no such session or incident."},
    {406, "Accept names no form that this address answers in."},
    {413, "The body is too large."},
    {421, "The Host header is none of this server's names."},
    {422, "The configuration is wrong; what ran before runs on."},
    {429, "Too many wrong tokens came from this address."},
    {503, "The store cannot be read now, or too many requests wait."},
};

void write_problem(JsonWriter& json, unsigned status) {
  const auto* const meaning =
      std::ranges::find(kMeanings, status, &std::pair<unsigned, std::string_view>::first);
  json.begin_object(fmt::format("{}", status));
  json.member("description", meaning->second);
  json.begin_object("content");
  write_json_content(json, "error");
  json.end_object();
  json.end_object();
}

void write_responses(JsonWriter& json, const Route& route) {
  json.begin_object("responses");
  json.begin_object(route.types.empty() ? "204" : "200");
  json.member("description", route.summary);
  if (!route.types.empty()) {
    json.begin_object("content");
    for (const std::string_view type : route.types) {
      if (type == "application/json") {
        write_json_content(json, route.schema);
        continue;
      }
      json.begin_object(type);
      json.begin_object("schema");
      json.member("type", "string");
      json.end_object();
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
  if (route.id == "ready") {
    json.begin_object("503");
    json.member("description", "It does not work: the reasons.");
    json.begin_object("content");
    write_json_content(json, route.schema);
    json.end_object();
    json.end_object();
  }
  for (const unsigned status : kCommonProblems) write_problem(json, status);
  for (const unsigned status : route.problems) write_problem(json, status);
  json.end_object();
}

void write_security(JsonWriter& json, const Route& route) {
  json.begin_array("security");
  if (route.access == Access::Read) json.begin_element(), json.end_object();
  if (route.access != Access::Open) {
    for (const char* const scheme : {"token", "cookie"}) {
      json.begin_element();
      json.begin_array(scheme);
      json.end_array();
      json.end_object();
    }
  }
  json.end_array();
}

std::string lower(std::string_view method) {
  std::string text(method);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

void write_operation(JsonWriter& json, const Route& route) {
  json.begin_object(lower(route.method));
  json.member("operationId", route.id);
  json.member("summary", route.summary);
  write_security(json, route);
  write_parameters(json, route);
  if (!route.body.empty()) {
    json.begin_object("requestBody");
    json.begin_object("content");
    write_json_content(json, route.body);
    json.end_object();
    json.end_object();
  }
  write_responses(json, route);
  json.end_object();
}

void write_paths(JsonWriter& json) {
  json.begin_object("paths");
  std::string_view open;
  // Routes of one path follow each other in the table.
  for (const Route& route : routes()) {
    if (route.path != open) {
      if (!open.empty()) json.end_object();
      json.begin_object(route.path);
      open = route.path;
    }
    write_operation(json, route);
  }
  json.end_object();
  json.end_object();
}

void write_security_schemes(JsonWriter& json) {
  json.begin_object("securitySchemes");
  json.begin_object("token");
  json.member("type", "http");
  json.member("scheme", "bearer");
  json.end_object();
  json.begin_object("cookie");
  json.member("type", "apiKey");
  json.member("in", "cookie");
  json.member("name", kCookie);
  json.end_object();
  json.end_object();
}

}  // namespace

std::string openapi_document(std::string_view version, const ReflectorStatus& reflector) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Indented);
  json.begin_object();
  json.member("openapi", "3.1.0");
  json.begin_object("info");
  json.member("title", "Wirestamp agent");
  json.member("version", version);
  json.member("description",
              "Names end in their unit: _ns is nanoseconds. Times are RFC 3339, UTC. A figure that "
              "is undefined is absent, never 0 or null (but null in its place of a "
              "sparkline). Members may be added.");
  json.begin_object("license");
  json.member("name", "Apache-2.0");
  json.member("identifier", "Apache-2.0");
  json.end_object();
  json.end_object();
  write_paths(json);
  json.begin_object("components");
  write_schemas(json, reflector);
  write_security_schemes(json);
  json.end_object();
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace wirestamp::api
