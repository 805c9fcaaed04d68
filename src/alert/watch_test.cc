// SPDX-License-Identifier: Apache-2.0
#include "alert/watch.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "alert/windows_test.h"

namespace wirestamp::alert {
namespace {

using measure::Event;
using measure::EventKind;
using measure::Figure;
using measure::Incident;
using measure::RecordedEvent;
using measure::Severity;

// A watch with one session, in virtual time: windows come 20 s after their end, ticks each 10 s.
class Watched {
 public:
  explicit Watched(const WatchOptions& options = {}, const Thresholds& thresholds = {})
      : watch(options) {
    watch.watch("office", thresholds);
  }

  void take(const Told& told) {
    for (const RecordedEvent& event : told.events) events.push_back(event);
    for (const Incident& incident : told.incidents) incidents[incident.id] = incident;
  }
  void event(const Event& event) { take(watch.event("office", event)); }

  void run(Duration lasting, const std::function<Traffic(WallTime)>& traffic) {
    for (const WallTime end = now + lasting; now < end; now += kStep) {
      take(watch.tick(now));
      if (const Traffic made = traffic(now); made.probes > 0)
        take(watch.window("office", window_of(now, made, epoch)));
    }
  }
  void run(Duration lasting, const Traffic& traffic) {
    run(lasting, [&](WallTime) { return traffic; });
  }
  // Without windows.
  void idle(Duration lasting) { run(lasting, Traffic{.probes = 0}); }

  std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [kind](const RecordedEvent& one) { return one.event.kind == kind; }));
  }
  const Incident& only() const {
    EXPECT_EQ(incidents.size(), 1U);
    return incidents.begin()->second;
  }

  Watch watch;
  WallTime now = kBegin;
  std::uint32_t epoch = 0;
  std::vector<RecordedEvent> events;
  std::map<std::uint64_t, Incident> incidents;
};

Event event_of(EventKind kind, WallTime wall, std::string text = "said") {
  Event event;
  event.kind = kind;
  event.wall = wall;
  event.text = std::move(text);
  return event;
}

Event outage_began(WallTime first_lost, WallTime known) {
  Event event = event_of(EventKind::OutageBegan, known, "nothing comes back since probe 7");
  event.first_lost = measure::ProbeMark{.probe = 8, .left = first_lost};
  return event;
}

Event outage_ended(WallTime first_good, WallTime known) {
  Event event = event_of(EventKind::OutageEnded, known, "answered again, 60 probes lost");
  event.first_good = measure::ProbeMark{.probe = 68, .left = first_good};
  return event;
}

Event verdict(WallTime known, measure::Finding finding) {
  Event event = event_of(EventKind::Verdict, known, "peer or path down: no error was seen");
  event.finding = finding;
  return event;
}

TEST(Watch, says_nothing_of_a_good_line) {
  Watched watched;
  watched.run(Duration::hours(3), Traffic{});
  EXPECT_TRUE(watched.events.empty());
  EXPECT_TRUE(watched.incidents.empty());
}

TEST(Watch, tells_loss_once_and_groups_it_to_one_incident) {
  Watched watched;
  watched.run(Duration::minutes(10), Traffic{});
  const WallTime began = watched.now;
  watched.run(Duration::minutes(5), Traffic{.lost = 4});
  const WallTime ended = watched.now;
  watched.run(Duration::minutes(30), Traffic{});

  ASSERT_EQ(watched.events.size(), 2U);
  const RecordedEvent& crossed = watched.events[0];
  EXPECT_EQ(crossed.event.kind, EventKind::ThresholdCrossed);
  EXPECT_EQ(crossed.severity, Severity::Error);
  EXPECT_EQ(crossed.event.text, "loss 20 % (error from 5 % on)");
  ASSERT_TRUE(crossed.event.crossing);
  EXPECT_EQ(crossed.event.crossing->since, began);
  EXPECT_LE(crossed.event.wall - began, Duration::minutes(2));
  const RecordedEvent& cleared = watched.events[1];
  EXPECT_EQ(cleared.event.kind, EventKind::ThresholdCleared);
  EXPECT_EQ(cleared.severity, Severity::Info);
  EXPECT_EQ(cleared.event.crossing->until, ended);
  EXPECT_EQ(cleared.event.text, "loss 0 % again, after 5 min");

  const Incident& incident = watched.only();
  EXPECT_EQ(incident.id, 1U);
  EXPECT_EQ(incident.session, "office");
  EXPECT_EQ(incident.opened, began);
  EXPECT_EQ(incident.closed, ended);
  EXPECT_EQ(incident.events, 2U);
  EXPECT_EQ(incident.severity, Severity::Error);
  EXPECT_EQ(incident.opened_as, "loss 20 % forward (error from 5 % on)");
  EXPECT_EQ(incident.title, incident.opened_as);
  EXPECT_EQ(crossed.incident, 1U);
  EXPECT_EQ(cleared.incident, 1U);
}

TEST(Watch, closes_an_incident_after_the_quiet_time_and_not_before) {
  Watched watched({.maintenance = {}, .quiet = Duration::minutes(15)});
  const WallTime began = watched.now;
  watched.event(outage_began(began, began + Duration::seconds(5)));
  watched.idle(Duration::minutes(1));
  const WallTime ended = watched.now;
  watched.event(outage_ended(ended, ended));
  watched.idle(Duration::minutes(15));
  EXPECT_FALSE(watched.only().closed);
  watched.idle(kStep);
  EXPECT_EQ(watched.only().closed, ended);
}

TEST(Watch, joins_trouble_that_comes_back_within_the_quiet_time) {
  Watched watched;
  for (int n = 0; n < 3; ++n) {
    watched.event(outage_began(watched.now, watched.now + Duration::seconds(5)));
    watched.run(Duration::minutes(1), Traffic{.lost = 20});
    watched.event(outage_ended(watched.now, watched.now));
    watched.run(Duration::minutes(14), Traffic{});
  }
  EXPECT_FALSE(watched.only().closed);
  EXPECT_EQ(watched.only().events, 6U);
  watched.run(Duration::minutes(2), Traffic{});
  EXPECT_EQ(watched.only().closed, watched.now - Duration::minutes(16));
}

TEST(Watch, lets_the_verdict_name_the_incident) {
  Watched watched;
  watched.event(outage_began(watched.now, watched.now + Duration::seconds(5)));
  EXPECT_EQ(watched.only().title, "nothing comes back since probe 7");
  watched.event(verdict(watched.now + Duration::seconds(9), measure::Finding::PeerOrPathDown));
  EXPECT_EQ(watched.only().title, "peer or path down: no error was seen");
  EXPECT_EQ(watched.only().severity, Severity::Error);
}

TEST(Watch, tells_an_outage_once_and_not_as_loss_too) {
  Watched watched;
  watched.run(Duration::minutes(10), Traffic{});
  const WallTime began = watched.now + Duration::seconds(3);
  watched.event(outage_began(began, began + Duration::seconds(5)));
  watched.run(Duration::minutes(20), Traffic{.lost = 20});
  const WallTime ended = watched.now + Duration::seconds(4);
  watched.event(outage_ended(ended, ended));
  watched.run(kStep, Traffic{.lost = 8});
  watched.run(Duration::minutes(30), Traffic{});
  EXPECT_EQ(watched.events.size(), 2U);
  EXPECT_EQ(watched.only().opened, began);
  EXPECT_EQ(watched.only().closed, ended);
}

// Of sessions that fall silent together one tells it; the others lose all the same.
TEST(Watch, tells_total_loss_that_no_outage_was_told_of) {
  Watched watched;
  watched.run(Duration::minutes(10), Traffic{});
  const WallTime began = watched.now;
  watched.run(Duration::minutes(3), Traffic{.lost = 20});
  watched.run(Duration::minutes(30), Traffic{});
  EXPECT_EQ(watched.count(EventKind::ThresholdCrossed), 1U);
  EXPECT_EQ(watched.events.front().event.text, "loss 100 % (error from 5 % on)");
  EXPECT_EQ(watched.only().opened, began);
  EXPECT_EQ(watched.only().closed, began + Duration::minutes(3));
}

TEST(Watch, makes_no_outage_of_a_peer_that_said_that_it_stops) {
  Watched watched;
  watched.run(Duration::minutes(10), Traffic{});
  watched.event(event_of(EventKind::PeerStopping, watched.now - Duration::seconds(2)));
  watched.run(Duration::hours(5), Traffic{.lost = 20});
  watched.event(event_of(EventKind::SessionUp, watched.now));
  watched.run(Duration::minutes(30), Traffic{});
  EXPECT_EQ(watched.events.size(), 2U);
  EXPECT_TRUE(watched.incidents.empty());
}

TEST(Watch, ends_an_outage_whose_end_nobody_told) {
  Watched watched;
  watched.event(outage_began(watched.now, watched.now + Duration::seconds(5)));
  watched.run(Duration::minutes(5), Traffic{.lost = 20});
  const WallTime ended = watched.now;
  watched.run(Duration::minutes(20), Traffic{});
  EXPECT_EQ(watched.only().closed, ended);
  watched.run(Duration::minutes(5), Traffic{.lost = 4});
  EXPECT_EQ(watched.count(EventKind::ThresholdCrossed), 1U) << "losses count again";
}

TEST(Watch, keeps_an_incident_open_while_one_of_two_troubles_lasts) {
  Watched watched;
  watched.take(watched.watch.event("", event_of(EventKind::StoreFailed, watched.now)));
  watched.take(watched.watch.event("", event_of(EventKind::ClockUnsynchronised, watched.now)));
  watched.idle(Duration::hours(1));
  watched.take(watched.watch.event("", event_of(EventKind::StoreRestored, watched.now)));
  watched.idle(Duration::hours(1));
  EXPECT_FALSE(watched.only().closed);
  const WallTime ended = watched.now;
  watched.take(watched.watch.event("", event_of(EventKind::ClockSynchronised, ended)));
  watched.idle(Duration::hours(1));
  EXPECT_EQ(watched.only().closed, ended);
  EXPECT_EQ(watched.only().session, "");
  EXPECT_EQ(watched.only().severity, Severity::Error);
}

TEST(Watch, tells_harmless_events_without_an_incident) {
  Watched watched;
  for (const EventKind kind : {EventKind::FlowChanged, EventKind::SessionUp, EventKind::HopsChanged,
                               EventKind::ConfigurationReloaded})
    watched.event(event_of(kind, watched.now));
  EXPECT_EQ(watched.events.size(), 4U);
  for (const RecordedEvent& event : watched.events) {
    EXPECT_EQ(event.severity, Severity::Info);
    EXPECT_EQ(event.incident, 0U);
  }
  EXPECT_TRUE(watched.incidents.empty());
}

TEST(Watch, numbers_go_on_behind_those_that_are_known) {
  Watched watched(
      {.maintenance = {}, .quiet = Duration::minutes(15), .last_event = 41, .last_incident = 6});
  watched.event(outage_began(watched.now, watched.now));
  EXPECT_EQ(watched.events.front().id, 42U);
  EXPECT_EQ(watched.only().id, 7U);
}

TEST(Watch, closes_the_incident_of_a_session_that_is_gone) {
  Watched watched;
  watched.event(outage_began(watched.now, watched.now));
  watched.idle(Duration::minutes(1));
  watched.take(watched.watch.forget("office", watched.now));
  EXPECT_EQ(watched.only().closed, watched.now);
  EXPECT_TRUE(watched.watch.window("office", window_of(watched.now, {})).events.empty());
  EXPECT_TRUE(watched.watch.forget("office", watched.now).incidents.empty());
}

TEST(Watch, goes_on_with_an_incident_after_a_restart) {
  Watched watched;
  const Incident open{.id = 5,
                      .session = "office",
                      .opened = kBegin - Duration::hours(1),
                      .title = "peer or path down",
                      .events = 3};
  watched.watch.reopen(open);
  watched.event(outage_began(watched.now, watched.now));
  EXPECT_EQ(watched.only().id, 5U);
  EXPECT_EQ(watched.only().events, 4U);
  EXPECT_EQ(watched.only().title, "peer or path down");
  watched.event(outage_ended(watched.now + kStep, watched.now + kStep));
  watched.idle(Duration::minutes(20));
  EXPECT_EQ(watched.only().closed, kBegin + kStep);
}

TEST(Watch, a_title_tells_the_worst_figure_and_how_it_opened_is_kept) {
  Watched watched;
  watched.run(Duration::minutes(10), Traffic{});
  watched.run(Duration::minutes(5), Traffic{.lost = 4});
  EXPECT_EQ(watched.only().title, "loss 20 % forward (error from 5 % on)");
  watched.run(Duration::minutes(3), Traffic{.lost = 9});
  const WallTime worst = watched.now;
  EXPECT_EQ(watched.only().title, "loss 45 % forward (error from 5 % on)");
  EXPECT_FALSE(watched.only().closed);
  watched.run(Duration::minutes(5), Traffic{.lost = 2});
  watched.run(Duration::minutes(30), Traffic{});

  const Incident& incident = watched.only();
  EXPECT_TRUE(incident.closed);
  EXPECT_EQ(incident.title, "loss 45 % forward (error from 5 % on)");
  EXPECT_EQ(incident.opened_as, "loss 20 % forward (error from 5 % on)");
  ASSERT_TRUE(incident.crossed && incident.worst);
  EXPECT_EQ(incident.crossed->crossing.loss, 0.2);
  EXPECT_EQ(incident.worst->crossing.loss, 0.45);
  EXPECT_EQ(incident.worst->crossing.loss_threshold, 0.05);
  EXPECT_EQ(incident.worst->direction, "forward");
  EXPECT_GT(incident.worst->at, incident.crossed->at);
  EXPECT_LE(incident.worst->at, worst);
  EXPECT_EQ(incident.events, 2U) << "worse is no event";
  EXPECT_EQ(watched.events[0].event.text, "loss 20 % (error from 5 % on)");
}

TEST(Watch, a_delay_has_its_worst_too_and_a_warning_that_becomes_an_error_keeps_it) {
  Watched watched;
  const auto slow = [](int ms) {
    return Traffic{.latency = Duration::milliseconds(ms), .jitter = Duration()};
  };
  watched.run(Duration::minutes(10), slow(20));
  watched.run(Duration::minutes(6), slow(400));
  watched.run(Duration::minutes(6), slow(900));
  watched.run(Duration::minutes(6), slow(500));
  const Incident& incident = watched.only();
  EXPECT_TRUE(incident.opened_as.starts_with("latency 40") ||
              incident.opened_as.starts_with("latency 39"))
      << incident.opened_as;
  EXPECT_TRUE(incident.title.starts_with("latency 9") || incident.title.starts_with("latency 89"))
      << incident.title;
  EXPECT_TRUE(incident.title.find("warning above 300 ms") != std::string::npos) << incident.title;
  EXPECT_FALSE(incident.worst->direction);
}

TEST(Watch, an_outage_ends_with_its_length_and_where_its_path_ended) {
  Watched watched;
  watched.event(outage_began(watched.now, watched.now));
  watched.event(verdict(watched.now, measure::Finding::PeerOrPathDown));
  const Event swept =
      event_of(EventKind::PathSwept, watched.now, "the flow ends after hop 3, 203.0.113.1");
  watched.event(swept);
  watched.event(swept);
  EXPECT_EQ(watched.only().title,
            "peer or path down: no error was seen, the flow ends after hop 3, 203.0.113.1");
  Event ended = outage_ended(watched.now + kStep, watched.now + kStep);
  ended.at_least = Duration::minutes(24);
  watched.event(ended);
  const std::string title =
      "peer or path down: no error was seen, the flow ends after hop 3, 203.0.113.1; silent for "
      "24 min";
  EXPECT_EQ(watched.only().title, title);
  EXPECT_EQ(watched.only().opened_as, "nothing comes back since probe 7");
  EXPECT_EQ(watched.only().silent, Duration::minutes(24));

  // After a restart of the agent a longer one replaces the length.
  Watched after;
  after.watch.reopen(watched.only());
  after.event(outage_began(after.now, after.now));
  ended.at_least = Duration::minutes(30);
  after.event(ended);
  EXPECT_EQ(after.only().title, title.substr(0, title.rfind(';')) + "; silent for 30 min");
}

TEST(Watch, the_worst_goes_on_after_a_restart) {
  Watched before;
  before.run(Duration::minutes(10), Traffic{});
  before.run(Duration::minutes(5), Traffic{.lost = 8});
  const Incident open = before.only();
  ASSERT_FALSE(open.closed);
  for (const std::uint64_t lost : {std::uint64_t{4}, std::uint64_t{12}}) {
    Watched after;
    after.watch.reopen(open);
    after.run(Duration::minutes(5), Traffic{.lost = lost});
    EXPECT_EQ(after.only().title, lost == 4 ? open.title : "loss 60 % forward (error from 5 % on)");
    EXPECT_EQ(after.only().opened_as, open.opened_as);
  }
}

TEST(Watch, closes_a_reopened_incident_without_further_trouble) {
  Watched watched;
  watched.watch.reopen({.id = 5, .session = "office", .opened = kBegin - Duration::hours(1)});
  watched.run(Duration::minutes(20), Traffic{});
  EXPECT_EQ(watched.only().closed, kBegin);
}

TEST(Watch, takes_a_leap_of_the_clock_for_no_quiet_time) {
  Watched watched;
  watched.event(outage_began(watched.now, watched.now));
  watched.event(outage_ended(watched.now + kStep, watched.now + kStep));
  const WallTime ended = watched.now + kStep;
  watched.idle(Duration::minutes(10));
  watched.now += Duration::hours(5);
  watched.idle(Duration::minutes(3));
  EXPECT_FALSE(watched.only().closed) << "13 minutes were quiet";
  watched.now = watched.now - Duration::hours(9);
  watched.idle(Duration::minutes(3));
  EXPECT_EQ(watched.only().closed, ended);
}

TEST(Watch, what_ends_behind_a_leap_of_the_clock_is_quiet_from_then) {
  for (const Duration leap : {Duration::hours(3), Duration::hours(-9)}) {
    Watched watched;
    watched.event(outage_began(watched.now, watched.now));
    watched.idle(Duration::minutes(1));
    watched.now += leap;
    const WallTime ended = watched.now;
    watched.event(outage_ended(ended, ended));  // told before the next tick
    watched.idle(Duration::minutes(14));
    EXPECT_FALSE(watched.only().closed) << leap.ns();
    watched.idle(Duration::minutes(4));
    EXPECT_EQ(watched.only().closed, std::max(ended, kBegin)) << leap.ns();
  }
}

// --- maintenance

constexpr Duration kTwo = Duration::hours(2), kFour = Duration::hours(4);

TEST(Watch, marks_an_incident_that_opens_in_maintenance) {
  Watched watched({.maintenance = {{.begin = kTwo, .end = kFour}}});
  watched.run(kTwo + kStep, Traffic{});
  watched.event(outage_began(watched.now, watched.now));
  EXPECT_TRUE(watched.only().in_maintenance);
  watched.idle(Duration::minutes(5));
  watched.event(outage_ended(watched.now, watched.now));
  watched.idle(Duration::hours(5));
  EXPECT_TRUE(watched.only().closed);
  EXPECT_TRUE(watched.only().in_maintenance);
}

TEST(Watch, unmarks_an_incident_that_outlasts_the_maintenance) {
  Watched watched({.maintenance = {{.begin = kTwo, .end = kFour}}});
  watched.run(kTwo + kStep, Traffic{});
  watched.event(outage_began(watched.now, watched.now));
  watched.idle(kFour - kTwo - kStep);
  EXPECT_TRUE(watched.only().in_maintenance);
  watched.idle(kStep);
  EXPECT_FALSE(watched.only().in_maintenance);
}

TEST(Watch, does_not_mark_an_incident_that_opened_before) {
  Watched watched({.maintenance = {{.begin = kTwo, .end = kFour}}});
  watched.run(kTwo - kStep, Traffic{});
  watched.event(outage_began(watched.now, watched.now));
  watched.idle(Duration::hours(1));
  EXPECT_FALSE(watched.only().in_maintenance);
}

TEST(Watch, takes_other_maintenance_while_it_runs) {
  Watched watched;
  watched.watch.set_maintenance({{.from = kBegin, .until = kBegin + kTwo}});
  watched.event(outage_began(watched.now, watched.now));
  EXPECT_TRUE(watched.only().in_maintenance);
}

// --- the usual

TEST(Watch, leaves_minutes_in_incidents_out_of_the_median) {
  Watched watched;
  // A bit more than half of the good minutes at 20 ms, the others at 30, so that any bad ones among
  // them would make 30 the median.
  const auto good = [&](int hours) {
    for (int n = 0; n < hours; ++n) {
      watched.run(Duration::minutes(33), Traffic{});
      watched.run(Duration::minutes(27), Traffic{.latency = Duration::milliseconds(30)});
    }
  };
  good(26);
  for (int n = 0; n < 10; ++n) {
    watched.run(Duration::hours(1), Traffic{.latency = Duration::milliseconds(60)});
    good(2);
  }
  EXPECT_EQ(watched.incidents.size(), 10U);
  for (const RecordedEvent& one : watched.events)
    EXPECT_NEAR(one.event.crossing->median->to_seconds(), 0.020, 0.0005);
}

// --- a year

// One line, a year of windows, and what happens to it each day of a month.
TEST(Watch, tells_a_year_exactly) {
  Watched watched;
  measure::TimedWindow good = window_of(kBegin, {}), lossy = window_of(kBegin, {.lost = 3}),
                       dead = window_of(kBegin, {.lost = 20}),
                       slow = window_of(kBegin, {.latency = Duration::milliseconds(45)}),
                       shaky = window_of(kBegin, {.jitter = Duration::milliseconds(9)});
  constexpr std::int64_t kWindowsADay = 8'640, kDays = 365;
  constexpr std::int64_t kHour = 360;
  std::array<std::size_t, 3> expected{};
  std::size_t outages = 0;
  for (std::int64_t day = 0; day < kDays; ++day) {
    for (std::int64_t n = 0; n < kWindowsADay; ++n, watched.now += kStep) {
      const bool trouble = day > 2 && n >= 6 * kHour && n < 7 * kHour;
      const std::int64_t kind = day % 6;
      measure::TimedWindow* one = &good;
      if (trouble && kind == 1) one = &lossy;
      if (trouble && kind == 2) one = &dead;
      if (trouble && kind == 3) one = &slow;
      if (trouble && kind == 4) one = &shaky;
      if (trouble && kind == 2 && n == 6 * kHour) {
        watched.event(outage_began(watched.now, watched.now + kStep));
        ++outages;
      }
      if (kind == 2 && day > 2 && n == 7 * kHour)
        watched.event(outage_ended(watched.now, watched.now));
      if (trouble && n == 6 * kHour && kind != 2 && kind != 0 && kind != 5)
        ++expected[kind == 1 ? 0 : kind == 3 ? 1 : 2];
      one->begin = watched.now;
      watched.take(watched.watch.window("office", *one));
      if (n % 6 == 0) watched.take(watched.watch.tick(watched.now));
    }
  }
  std::array<std::size_t, 3> crossed{}, cleared{};
  for (const RecordedEvent& one : watched.events) {
    if (!one.event.crossing) continue;
    ++(one.event.crossing->until ? cleared
                                 : crossed)[static_cast<std::size_t>(one.event.crossing->figure)];
  }
  EXPECT_EQ(cleared, expected);
  EXPECT_EQ(crossed, expected);
  EXPECT_EQ(watched.count(EventKind::OutageBegan), outages);
  EXPECT_EQ(watched.incidents.size(), outages + expected[0] + expected[1] + expected[2]);
  for (const auto& [id, incident] : watched.incidents) {
    ASSERT_TRUE(incident.closed);
    EXPECT_EQ(*incident.closed - incident.opened, Duration::hours(1)) << incident.title;
  }
}

}  // namespace
}  // namespace wirestamp::alert
