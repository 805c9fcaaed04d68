// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "publish/evidence.h"
#include "publish/period_samples_test.h"

// Evidence for tests: a stalled flow with all there can be, and an incident of which nothing is
// kept.
namespace wirestamp::publish {

namespace made {

inline constexpr WallTime kLastGood = kNoon + Duration::milliseconds(4'500);
inline const std::string kOld = "192.0.2.1:23999 > 198.51.100.7:23999",
                         kNew = "192.0.2.1:40001 > 198.51.100.7:23999";

inline measure::ProbeMark mark(std::uint64_t probe) {
  return {
      .probe = probe,
      .left = kLastGood + Duration::milliseconds(500) * (static_cast<std::int64_t>(probe) - 100)};
}

inline measure::RecordedEvent event(std::uint64_t id, measure::EventKind kind, Duration after,
                                    std::string text) {
  measure::RecordedEvent recorded{
      .id = id, .session = "office", .severity = measure::Severity::Error, .incident = 12};
  recorded.event.kind = kind;
  recorded.event.wall = kLastGood + after;
  recorded.event.text = std::move(text);
  recorded.event.old_flow = kOld;
  return recorded;
}

inline measure::Sample sample(std::uint64_t probe, measure::Outcome outcome) {
  measure::Sample made;
  made.probe = probe;
  made.sequence = static_cast<std::uint32_t>(probe);
  made.outcome = outcome;
  made.sender_tx = Timestamp{.wall = mark(probe).left,
                             .mono = {},
                             .error = Duration::microseconds(2),
                             .source = StampSource::Kernel};
  made.sender_clock_error = Duration::microseconds(1'500);
  if (outcome == measure::Outcome::Delivered) made.reflector_sequence = made.sequence;
  return made;
}

inline std::vector<measure::RecordedEvent> events() {
  using measure::EventKind;
  auto began = event(1, EventKind::OutageBegan, Duration::seconds(5), "no reply for 5 s");
  began.event.last_good = mark(100);
  began.event.first_lost = mark(101);
  auto changed =
      event(2, EventKind::FlowChanged, Duration::seconds(6), "now over " + kNew + " (silence)");
  changed.event.new_flow = kNew;
  auto verdict =
      event(3, EventKind::Verdict, Duration::seconds(8),
            "stalled flow: " + kOld + " is dead, " + kNew + " and 4 more new flows are answered");
  verdict.event.finding = measure::Finding::StalledFlow;
  verdict.event.new_flow = kNew;
  verdict.event.answered = verdict.event.tried = 4;
  auto ended =
      event(4, EventKind::OutageEnded, Duration::seconds(10), "answered again, 18 probes lost");
  ended.event.last_good = mark(100);
  ended.event.first_lost = mark(101);
  ended.event.first_good = mark(119);
  ended.event.lost = 18;
  ended.event.at_least = Duration::milliseconds(8'500);
  ended.event.at_most = Duration::milliseconds(9'500);
  auto swept = event(5, EventKind::PathSwept, Duration::seconds(14),
                     "the old flow ends after hop 1, 192.0.2.254; the new one passes");
  swept.event.new_flow = kNew;
  swept.event.old_path = {{.distance = 1, .address = "192.0.2.254"}, {.distance = 2}};
  swept.event.new_path = {{.distance = 1, .address = "192.0.2.254"},
                          {.distance = 2, .address = "203.0.113.1"},
                          {.distance = 3, .address = "198.51.100.7", .reflector = true}};
  auto account = event(6, EventKind::AccountTold, Duration::seconds(16),
                       "the reflector says of the old flow: its probes do not arrive any more");
  account.event.account = "seen 4101, answered 4101, from 203.0.113.9:51003";
  account.event.direction = "forward";
  auto timeout = event(7, EventKind::TimeoutMeasured, Duration::seconds(280),
                       "the stale entry of " + kOld + " died in a silence between 65 and 125 s");
  timeout.event.at_least = Duration::seconds(65);
  timeout.event.at_most = Duration::seconds(125);
  return {began, changed, verdict, ended, swept, account, timeout};
}

// Of no incident, and yet of interest.
inline measure::RecordedEvent rerouted() {
  auto told = event(8, measure::EventKind::NetworkChanged, -Duration::seconds(20),
                    "network changed: route to 198.51.100.7 by eth1");
  told.severity = measure::Severity::Info;
  told.incident = {};
  told.event.old_flow = {};
  return told;
}

}  // namespace made

inline Evidence full_evidence() {
  using made::sample;
  Evidence evidence{.version = "0.1.0",
                    .made = kNoon + Duration::hours(1),
                    .incident = {.id = 12,
                                 .session = "office",
                                 .severity = measure::Severity::Error,
                                 .opened = made::mark(101).left,
                                 .closed = made::mark(119).left,
                                 .title = "stalled flow: " + made::kOld,
                                 .events = 7},
                    .host = "vpn.example.net",
                    .peer = "198.51.100.7:23999",
                    .interval = Duration::milliseconds(500),
                    .dscp = 46,
                    .settings = {{"interval", "500ms", "default"},
                                 {"port-policy", "auto", "file /etc/wirestamp.toml"}},
                    .from = kNoon - Duration::minutes(15),
                    .to = kNoon + Duration::minutes(16),
                    .step = Duration::seconds(1),
                    .windows = {},
                    .events = made::events(),
                    .changes = {{made::rerouted()}},
                    .samples = {sample(100, measure::Outcome::Delivered),
                                sample(101, measure::Outcome::LostForward),
                                sample(119, measure::Outcome::Delivered)},
                    .flows = {{made::kOld, kNoon - Duration::hours(3), made::mark(140).left},
                              {made::kNew, made::mark(112).left, {}}}};
  for (WallTime at = evidence.from; at < evidence.to; at += evidence.step) {
    const bool lost = at >= kNoon + Duration::seconds(5) && at < kNoon + Duration::seconds(14);
    const std::int64_t wobble = at.ns() / 1'000'000'000 % 37;
    measure::Window window = minute(2, lost ? 2 : 0, 20'000 + wobble * 40);
    window.sender_tx.by_source[3] = 2;
    window.rtt_error_max = Duration::microseconds(6);
    window.one_way_error_max = Duration::milliseconds(3);
    evidence.windows.push_back({.begin = at, .length = evidence.step, .window = window});
  }
  return evidence;
}

inline Evidence bare_evidence() {
  return {.version = "0.1.0",
          .made = kNoon,
          .incident = {.id = 3,
                       .session = "gone",
                       .opened = kNoon - Duration::hours(9),
                       .title = "loss 12 % (error above 5 %)"},
          .from = kNoon - Duration::hours(10),
          .to = kNoon};
}

}  // namespace wirestamp::publish
