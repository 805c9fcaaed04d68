// SPDX-License-Identifier: Apache-2.0
//
// The OpenAPI document is held against the server: each route is asked for, each answer is judged
// by its schema and may have nothing that the schema lacks, and each refusal that is described
// happens.
#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "api/answer_document.h"
#include "api/routes.h"
#include "api/world_test.h"

namespace wirestamp::api {
namespace {

using nlohmann::json;

// The subset of JSON Schema that the document uses. Returns what is wrong, "" when nothing is. What
// a schema does not name may not be there: the server is judged, not a client.
class Validator {
 public:
  explicit Validator(const json& document) : document_(document) {}

  std::string check(const json& schema, const json& value, const std::string& at = "$") {
    if (schema.contains("$ref"))
      return check(document_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))),
                   value, at);
    if (schema.contains("type") && schema["type"].is_array()) {
      if (value.is_null()) return "";
      json plain = schema;
      plain["type"] = schema["type"][0];
      return check(plain, value, at);
    }
    const std::string type = schema.value("type", "");
    if (type == "integer") return value.is_number_integer() ? "" : at + " is no integer";
    if (type == "number") return value.is_number() ? "" : at + " is no number";
    if (type == "boolean") return value.is_boolean() ? "" : at + " is no boolean";
    if (type == "string") return value.is_string() ? "" : at + " is no string";
    if (type == "array") return check_array(schema, value, at);
    if (type == "object") return check_object(schema, value, at);
    return at + " has a schema without a type: " + schema.dump();
  }

 private:
  std::string check_array(const json& schema, const json& value, const std::string& at) {
    if (!value.is_array()) return at + " is no array";
    for (std::size_t i = 0; i < value.size(); ++i)
      if (auto wrong = check(schema["items"], value[i], at + "[" + std::to_string(i) + "]");
          !wrong.empty())
        return wrong;
    return "";
  }
  std::string check_object(const json& schema, const json& value, const std::string& at) {
    if (!value.is_object()) return at + " is no object";
    for (const json& name : schema.value("required", json::array()))
      if (!value.contains(name)) return at + " lacks " + name.get<std::string>();
    for (const auto& [name, member] : value.items()) {
      const bool described = schema.contains("properties") && schema["properties"].contains(name);
      if (!described && !schema.contains("additionalProperties"))
        return at + "." + name + " is not described";
      if (!described && schema["additionalProperties"] == true) continue;
      const json& its = described ? schema["properties"][name] : schema["additionalProperties"];
      if (auto wrong = check(its, member, at + "." + name); !wrong.empty()) return wrong;
    }
    return "";
  }
  const json& document_;
};

struct OpenApi : testing::Test {
  World world{[](ServerOptions&) {}};
  json document = world.get("/api/v1/openapi.json").json();

  static std::string lower(std::string_view text) { return small(std::string(text)); }
  // The operation of a route in the document.
  const json& operation(const Route& route) const {
    return document.at("paths").at(std::string(route.path)).at(lower(route.method));
  }
  std::string check_answer(const Route& route, const Response& response) const {
    const json& responses = operation(route).at("responses");
    const std::string status = std::to_string(response.status);
    if (!responses.contains(status)) return "status " + status + " is not described";
    if (!responses[status].contains("content")) return response.body.empty() ? "" : "has a body";
    const json& content = responses[status]["content"];
    const std::string header = response.header("content-type");
    const std::string type = header.substr(0, header.find(';'));
    if (!content.contains(type)) return "the type " + type + " is not described";
    if (type != "application/json") return "";
    return Validator(document).check(content[type]["schema"], response.json());
  }
  // A request that the route answers.
  static Ask good(const Route& route) {
    Ask ask{.method = std::string(route.method), .target = std::string(route.path)};
    const auto put = [&](std::string_view name, std::string_view value) {
      const std::size_t at = ask.target.find(name);
      if (at != std::string::npos) ask.target.replace(at, name.size(), value);
    };
    put("{name}", "office");
    put("{id}", "7");
    if (route.access == Access::Write || route.place == Place::Login)
      ask.headers.push_back(authorization());
    return ask;
  }
};

TEST_F(OpenApi, is_of_version_3_1_and_every_reference_leads_somewhere) {
  EXPECT_EQ(document.value("openapi", ""), "3.1.0");
  EXPECT_EQ(document.at("/info/version"_json_pointer), "1.2.3");
  const std::string text = document.dump();
  const std::string mark = "\"$ref\":\"#";
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; ++found) {
    at += mark.size();
    const std::string pointer = text.substr(at, text.find('"', at) - at);
    EXPECT_TRUE(document.contains(json::json_pointer(pointer))) << pointer;
  }
  EXPECT_GT(found, 50U);
}

TEST_F(OpenApi, has_every_route_of_the_server_and_no_other) {
  std::set<std::string> described, answered, ids;
  for (const auto& [path, operations] : document.at("paths").items())
    for (const auto& [method, operation] : operations.items()) {
      described.insert(method + " " + path);
      EXPECT_TRUE(ids.insert(operation.at("operationId")).second);
    }
  for (const Route& route : routes())
    answered.insert(lower(route.method) + " " + std::string(route.path));
  EXPECT_EQ(described, answered);
}

TEST_F(OpenApi, every_answer_is_as_its_schema_says) {
  for (const Route& route : routes()) {
    if (route.place == Place::Stream) continue;  // has no end: live_test.cc
    const Response response = world.ask(good(route));
    EXPECT_TRUE(response.status == 200 || response.status == 204)
        << route.path << ": " << response.status << " " << response.body;
    EXPECT_EQ(check_answer(route, response), "") << route.method << " " << route.path;
    if (route.types.size() == 2) {
      Ask csv = good(route);
      csv.headers.push_back("Accept: text/csv");
      const Response table = world.ask(csv);
      EXPECT_EQ(table.header("content-type").substr(0, 8), "text/csv") << route.path;
      EXPECT_EQ(check_answer(route, table), "") << route.path;
    }
  }
}

TEST_F(OpenApi, a_status_of_live_data_is_a_session) {
  const json schema{{"$ref", "#/components/schemas/session"}};
  for (const SessionStatus& status : world.service.sessions()) {
    const std::string text = session_status_json(status);
    const json told = json::parse(text, nullptr, false);
    EXPECT_EQ(Validator(document).check(schema, told), "") << text;
    EXPECT_EQ(told["name"], status.name);
    EXPECT_EQ(told["state"], name(status.state));
    EXPECT_EQ(std::ranges::count(text, '\n'), text.ends_with('\n') ? 1 : 0) << "one line";
  }
}

TEST_F(OpenApi, every_parameter_that_is_described_is_taken_and_others_are_not) {
  const std::map<std::string, std::string> values{
      {"from", "-2h"},          {"to", "now"},
      {"step", "60s"},          {"percentiles", "50,99.9"},
      {"format", "json"},       {"limit", "5"},
      {"session", "office"},    {"severity", "warning"},
      {"incident", "7"},        {"kind", "window"},
      {"last_event_id", "x"},   {"histogram", "rtt"},
      {"fields", "begin,lost"}, {"compare_from", "-4h"},
      {"compare_to", "-3h"},    {"plot", "loss"},
      {"width", "400"},         {"height", "350"},
      {"theme", "dark"},        {"outcome", "lost"},
      {"probe", "0"},           {"sequence", "5"},
      {"windows", "none"}};
  for (const Route& route : routes()) {
    if (route.place == Place::Stream) continue;
    Ask ask = good(route);
    char separator = '?';
    for (const json& parameter : operation(route).at("parameters")) {
      if (parameter["in"] != "query") continue;
      const std::string name = parameter["name"];
      ASSERT_TRUE(values.contains(name)) << name;
      const bool of_event = route.id == "events" && name == "kind";
      ask.target += separator + name + "=" + (of_event ? "verdict,path_swept" : values.at(name));
      separator = '&';
    }
    const Response response = world.ask(ask);
    EXPECT_LT(response.status, 300) << ask.target << response.body;
    EXPECT_EQ(check_answer(route, response), "") << ask.target;
    ask.target += std::string(1, separator) + "rubbish=1";
    const Response refused = world.ask(ask);
    EXPECT_EQ(refused.status, 400) << ask.target;
    EXPECT_EQ(refused.json().value("/error/parameter"_json_pointer, ""), "rubbish") << ask.target;
    EXPECT_EQ(check_answer(route, refused), "") << ask.target;
  }
}

// What provokes a refusal; a route that cannot be provoked so is left as it is and answers
// otherwise.
Ask provoked(const Route& route, unsigned status, Ask ask, World& world) {
  switch (status) {
    case 400:
      ask.target += "?rubbish=1";
      break;
    case 401:
      ask.headers = {"Authorization: Bearer wrong"};
      break;
    case 403:
      ask.headers.push_back("Origin: http://evil.example.com");
      break;
    case 404: {
      const std::size_t name = ask.target.find("office");
      if (name != std::string::npos)
        ask.target.replace(name, 6, "nobody");
      else if (ask.target.ends_with("/7"))
        ask.target += "77";
      else
        ask.target += "?session=nobody";
      break;
    }
    case 406:
      ask.headers.push_back("Accept: image/png");
      break;
    case 413:
      ask.body = std::string(5'000, 'x');
      break;
    case 421:
      ask.headers.push_back("Host: evil.example.com");
      break;
    case 422:
      world.service.reload_problem = "line 3 is wrong";
      break;
    case 429:
      for (int i = 0; i < 10; ++i)
        world.ask({.method = std::string(route.method),
                   .target = ask.target,
                   .headers = {"Authorization: Bearer wrong"}});
      break;
    case 503:
      world.store_broken = true;
      break;
    default:
      ADD_FAILURE() << "no test provokes " << status;
  }
  return ask;
}

bool reads_store(const Route& route) {
  return route.id != "health" && route.id != "host" && route.id != "configuration" &&
         route.id != "sessions" && route.id != "overview" && route.id != "session" &&
         route.place != Place::Stream;
}

TEST(OpenApiRefusals, every_one_that_is_described_happens) {
  for (const Route& route : routes()) {
    std::vector<unsigned> statuses(std::begin(kCommonProblems), std::end(kCommonProblems));
    statuses.insert(statuses.end(), route.problems.begin(), route.problems.end());
    for (const unsigned status : statuses) {
      // A full queue refuses these as well: limits_test.cc.
      if (status == 503 && !reads_store(route)) continue;
      // A world of its own: some refusals last.
      World world([](ServerOptions&) {});
      const json document = world.get("/api/v1/openapi.json").json();
      const Response response = world.ask(provoked(route, status, OpenApi::good(route), world));
      EXPECT_EQ(response.status, static_cast<int>(status))
          << route.method << " " << route.path << ": " << response.body;
      const json& described = document.at("paths")
                                  .at(std::string(route.path))
                                  .at(OpenApi::lower(route.method))
                                  .at("responses")
                                  .at(std::to_string(status));
      EXPECT_EQ(
          Validator(document).check(described.at("/content/application~1json/schema"_json_pointer),
                                    response.json()),
          "")
          << response.body;
    }
  }
}

TEST(OpenApiRefusals, readiness_tells_its_reasons) {
  World world([](ServerOptions&) {});
  EXPECT_EQ(world.get("/readyz").status, 200);
  {
    const std::lock_guard lock(world.service.mutex);
    world.service.agent.store_well = false;
    world.service.agent.store_problem = "no space left";
  }
  const Response response = world.get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.json(), json({{"ready", false}, {"problems", {"the store: no space left"}}}));
  EXPECT_EQ(world.get("/api/v1/health").json()["store"]["problem"], "no space left");
  EXPECT_EQ(world.get("/healthz").status, 200);
}

}  // namespace
}  // namespace wirestamp::api
