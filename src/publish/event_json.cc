// SPDX-License-Identifier: Apache-2.0
#include "publish/event_json.h"

#include "publish/document.h"

namespace wirestamp::publish {

namespace {

void write_mark(JsonWriter& json, std::string_view name,
                const std::optional<measure::ProbeMark>& mark) {
  if (!mark) return;
  json.begin_object(name);
  json.member("probe", mark->probe);
  json.member("left_ns", mark->left.ns());
  json.end_object();
}

void write_path(JsonWriter& json, std::string_view name, const std::vector<measure::Hop>& path) {
  if (path.empty()) return;
  json.begin_array(name);
  for (const measure::Hop& hop : path) {
    json.begin_element();
    json.member("distance", hop.distance);
    if (!hop.address.empty()) json.member("address", hop.address);
    json.member("reflector", hop.reflector);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_event(JsonWriter& json, const measure::Event& event) {
  json.member("kind", name(event.kind));
  json.member("at", rfc3339(event.wall));
  json.member("text", event.text);
  if (!event.reason.empty()) json.member("reason", event.reason);
  if (event.finding) json.member("finding", name(*event.finding));
  json.member("flow", event.flow);
  json.member("old_flow", event.old_flow);
  json.member("new_flow", event.new_flow);
  write_mark(json, "last_good", event.last_good);
  write_mark(json, "first_lost", event.first_lost);
  write_mark(json, "first_good", event.first_good);
  json.member("lost", event.lost);
  json.member("answered", event.answered);
  json.member("tried", event.tried);
  json.member("at_least_ns", event.at_least);
  json.member("at_most_ns", event.at_most);
  json.member("direction", event.direction);
  json.member("before", event.before);
  json.member("after", event.after);
  json.member("account", event.account);
  write_path(json, "old_path", event.old_path);
  write_path(json, "new_path", event.new_path);
}

}  // namespace wirestamp::publish
