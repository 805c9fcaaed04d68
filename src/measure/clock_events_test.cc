// SPDX-License-Identifier: Apache-2.0
#include "measure/clock_events.h"

#include <gtest/gtest.h>

namespace wirestamp::measure {
namespace {

// A clock that is read every second.
class Host {
 public:
  void run(Duration lasting) {
    for (Duration done; done < lasting; done += Duration::seconds(1)) {
      mono_ += Duration::seconds(1);
      wall_ += Duration::seconds(1);
      for (Event& event :
           watch_.on_state(state, {.wall = wall_, .mono = mono_, .source = StampSource::User}))
        events.push_back(std::move(event));
    }
  }
  void step(Duration by) {
    wall_ += by;
    ++state.steps;
  }
  void suspend(Duration lasting) {
    wall_ += lasting;
    state.suspended += lasting;
  }

  ClockState state{.synchronised = true};
  std::vector<Event> events;

 private:
  ClockEvents watch_;
  MonoTime mono_ = MonoTime::from_ns(1'000'000'000'000);
  WallTime wall_ = WallTime::from_ns(1'700'000'000'000'000'000);
};

constexpr Duration kHour = Duration::hours(1);

TEST(ClockEvents, a_quiet_clock_is_no_event) {
  for (const bool synchronised : {false, true}) {
    Host host;
    host.state.synchronised = synchronised;
    host.run(kHour);
    EXPECT_TRUE(host.events.empty());
  }
}

TEST(ClockEvents, a_step_is_told_once_with_its_size) {
  for (const std::int64_t ms : {2'500, -2'500}) {
    Host host;
    host.run(kHour);
    host.step(Duration::milliseconds(ms));
    host.run(kHour);
    ASSERT_EQ(host.events.size(), 1U);
    EXPECT_EQ(host.events[0].kind, EventKind::ClockStepped);
    EXPECT_EQ(host.events[0].change, Duration::milliseconds(ms));
    EXPECT_EQ(host.events[0].text, ms > 0 ? "this host's clock was set forward by 2.500 s"
                                          : "this host's clock was set back by 2.500 s");
  }
}

TEST(ClockEvents, a_clock_that_is_set_all_the_time_is_told_to_be) {
  Host host;
  host.run(kHour);
  for (int n = 0; n < 500; ++n) {
    host.step(Duration::milliseconds(200));
    host.run(Duration::minutes(5));
  }
  ASSERT_EQ(host.events.size(), 3U);
  EXPECT_NE(host.events[2].text.find("again and again"), std::string::npos);
  host.run(kHour);
  host.step(Duration::milliseconds(200));
  host.run(kHour);
  EXPECT_EQ(host.events.size(), 4U);
}

TEST(ClockEvents, synchronisation_lost_and_regained_are_told_once_each) {
  Host host;
  host.run(kHour);
  host.state.synchronised = false;
  host.run(kHour);
  ASSERT_EQ(host.events.size(), 1U);
  EXPECT_EQ(host.events[0].kind, EventKind::ClockUnsynchronised);
  host.state.synchronised = true;
  host.state.error = Duration::milliseconds(3);
  host.run(kHour);
  ASSERT_EQ(host.events.size(), 2U);
  EXPECT_EQ(host.events[1].kind, EventKind::ClockSynchronised);
  EXPECT_EQ(host.events[1].text, "this host's clock is synchronised, to 0.003 s");
}

TEST(ClockEvents, a_time_daemon_that_is_restarted_is_no_event) {
  Host host;
  for (int n = 0; n < 10; ++n) {
    host.run(kHour);
    host.state.synchronised = false;
    host.run(Duration::seconds(50));
    host.state.synchronised = true;
  }
  EXPECT_TRUE(host.events.empty());
}

TEST(ClockEvents, a_host_that_comes_up_unsynchronised_is_told_to_be_later) {
  Host host;
  host.state.synchronised = false;
  host.run(kHour);
  host.state.synchronised = true;
  host.run(kHour);
  ASSERT_EQ(host.events.size(), 1U);
  EXPECT_EQ(host.events[0].kind, EventKind::ClockSynchronised);
}

TEST(ClockEvents, a_sleep_is_no_step) {
  Host host;
  host.run(kHour);
  host.suspend(kHour);
  host.run(kHour);
  ASSERT_EQ(host.events.size(), 1U);
  EXPECT_EQ(host.events[0].kind, EventKind::Suspended);
  EXPECT_EQ(host.events[0].change, kHour);
  EXPECT_EQ(host.events[0].text, "this host slept for 3600 s: nothing was measured in that time");
}

}  // namespace
}  // namespace wirestamp::measure
