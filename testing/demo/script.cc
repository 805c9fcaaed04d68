// SPDX-License-Identifier: Apache-2.0
//
// The session code runs between addresses of the simulation; what it says is told with those of the
// plan, with the plan's time and with numbers that go on.
#include "script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace wirestamp::demo {

namespace {

using simulation::Field;

constexpr std::string_view kHere = "10.0.0.1", kPeer = "192.0.2.0";
constexpr std::string_view kPeerPort = ":23999";
constexpr std::int64_t kWallOfStart = 1'700'000'000'000'000'000 + Field::kStart.ns();

void replace(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

class Translation {
 public:
  Translation(const Plan& plan, const Story& story, const Standing& before)
      : plan_(plan), story_(story), before_(before) {}

  WallTime time(WallTime of_field) const {
    return story_.from + Duration::nanoseconds(of_field.ns() - kWallOfStart);
  }
  void text(std::string& text) const {
    replace(text, fmt::format("{}{}", kPeer, kPeerPort), plan_.info.peer);
    replace(text, fmt::format("{}:", kHere), plan_.local + ":");
    const std::string peer = plan_.info.peer.substr(0, plan_.info.peer.rfind(':'));
    replace(text, kPeer, peer);
  }
  void mark(std::optional<measure::ProbeMark>& mark) const {
    if (!mark) return;
    mark->probe += before_.next_probe;
    mark->left = time(mark->left);
  }
  measure::Event event(measure::Event event) const {
    event.wall = time(event.wall);
    text(event.text);
    if (event.kind == measure::EventKind::OutageBegan && event.last_good)
      replace(event.text, fmt::format("probe {}", event.last_good->probe),
              fmt::format("probe {}", event.last_good->probe + before_.next_probe));
    for (auto* tuple : {&event.old_flow, &event.new_flow, &event.account})
      if (*tuple) text(**tuple);
    for (auto* one : {&event.last_good, &event.first_lost, &event.first_good}) mark(*one);
    if (event.flow) *event.flow += before_.flow;
    for (auto* path : {&event.old_path, &event.new_path})
      for (measure::Hop& hop : *path) text(hop.address);
    return event;
  }

 private:
  const Plan& plan_;
  const Story& story_;
  const Standing& before_;
};

std::uint16_t port_of(std::string_view tuple) {
  const std::string_view local = tuple.substr(0, tuple.find(" > "));
  const std::string_view digits = local.substr(local.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

simulation::FieldScenario scenario_of(const Plan& plan, const Story& story, std::uint64_t seed) {
  simulation::FieldScenario scenario = story.field;
  scenario.seed = seed;
  scenario.options.policy = plan.policy;
  scenario.options.fixed_port = plan.fixed_port;
  scenario.options.flow.interval = scenario.options.schedule.interval = plan.info.interval;
  scenario.options.flow.traffic_class = static_cast<std::uint8_t>(plan.info.dscp << 2U);
  scenario.round_trip = Duration::nanoseconds(
      static_cast<std::int64_t>((plan.usual.forward.base_us + plan.usual.backward.base_us) * 1e3));
  for (const std::string& router : plan.routers)
    if (const auto address = packet::IpAddress::parse(router)) scenario.routers.push_back(*address);
  return scenario;
}

}  // namespace

std::string tuple(const Plan& plan, std::uint16_t port) {
  return fmt::format("{}:{} > {}", plan.local, port, plan.info.peer);
}

Script run_story(const Plan& plan, const Story& story, const Standing& before, std::uint64_t seed) {
  simulation::FieldScenario scenario = scenario_of(plan, story, seed);
  scenario.first_port = before.port;
  Field field(scenario);
  field.run(story.length);
  Script script{.probes = field.samples(), .events = {}, .after = before};
  std::ranges::sort(script.probes, {}, &measure::Sample::probe);
  for (measure::Sample& sample : script.probes) {
    sample.scheduled = MonoTime() + (sample.scheduled - Field::kStart);
    sample.probe += before.next_probe;
    sample.flow += before.flow;
  }
  if (!script.probes.empty()) script.after.next_probe = script.probes.back().probe + 1;
  const Translation translation(plan, story, before);
  for (const Field::Told& told : field.events()) {
    script.events.push_back(translation.event(told.event));
    if (told.event.kind != measure::EventKind::FlowChanged) continue;
    const measure::Event& change = script.events.back();
    script.after.flow = change.flow.value_or(script.after.flow);
    script.after.port = port_of(*change.new_flow);
  }
  return script;
}

}  // namespace wirestamp::demo
