// SPDX-License-Identifier: Apache-2.0
#include "session/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

const MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);

std::vector<MonoTime> take(Schedule& schedule, std::size_t count) {
  std::vector<MonoTime> times;
  while (times.size() < count && schedule.next()) {
    times.push_back(*schedule.next());
    schedule.advance();
  }
  return times;
}

//= RFC3432:fixed-interval
TEST(Schedule, PeriodicTimesAreAbsoluteFromTheStart) {
  Schedule schedule({.interval = Duration::milliseconds(10)}, kStart, base::Random(1));
  const auto times = take(schedule, 5);
  ASSERT_EQ(times.size(), 5U);
  for (std::size_t k = 0; k < times.size(); ++k)
    EXPECT_EQ(times[k], kStart + Duration::milliseconds(10) * static_cast<std::int64_t>(k));
}

//= RFC3432:limited
TEST(Schedule, ACountEndsIt) {
  Schedule schedule({.count = 3}, kStart, base::Random(1));
  EXPECT_EQ(take(schedule, 10).size(), 3U);
  EXPECT_FALSE(schedule.next());
}

TEST(Schedule, ACountOfZeroHasNoProbe) {
  Schedule schedule({.count = 0}, kStart, base::Random(1));
  EXPECT_FALSE(schedule.next());
}

//= RFC3432:limited
TEST(Schedule, ADurationEndsIt) {
  Schedule schedule({.interval = Duration::milliseconds(100), .duration = Duration::seconds(1)},
                    kStart, base::Random(1));
  EXPECT_EQ(take(schedule, 100).size(), 10U);
}

// RFC 3432 4: the start is uniform within one interval.
//= RFC3432:random-start
TEST(Schedule, ARandomPhaseLiesWithinOneInterval) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    Schedule schedule({.interval = Duration::milliseconds(10), .at_once = false}, kStart,
                      base::Random(seed));
    const Duration phase = *schedule.next() - kStart;
    ASSERT_GE(phase, Duration());
    ASSERT_LT(phase, Duration::milliseconds(10));
    sum += phase.to_seconds();
  }
  EXPECT_NEAR(sum / 1'000, 0.005, 0.0005);
}

// RFC 2330 11.1: exponential gaps with the mean asked for.
//= RFC2330:poisson
TEST(Schedule, PoissonGapsAreExponential) {
  Schedule schedule({.kind = ScheduleKind::Poisson, .interval = Duration::milliseconds(10)}, kStart,
                    base::Random(7));
  const auto times = take(schedule, 20'001);
  double sum = 0;
  int above_mean = 0;
  for (std::size_t k = 1; k < times.size(); ++k) {
    const double gap = (times[k] - times[k - 1]).to_seconds();
    sum += gap;
    above_mean += gap > 0.010;
    ASSERT_LE(gap, 0.1001) << "gaps above ten means are drawn again";
  }
  EXPECT_NEAR(sum / 20'000, 0.010, 0.0003);
  EXPECT_NEAR(above_mean / 20'000.0, std::exp(-1.0), 0.015);
}

TEST(Schedule, OneBurstAMinuteKeepsClearOfScheduledProbes) {
  Schedule schedule({.interval = Duration::milliseconds(500), .bursts = true}, kStart,
                    base::Random(3));
  for (int minute = 0; minute < 100; ++minute) {
    ASSERT_TRUE(schedule.next_burst());
    const Duration since = *schedule.next_burst() - kStart;
    EXPECT_GE(since, Duration::minutes(minute) - kBurstClearance);
    EXPECT_LE(since, Duration::minutes(minute + 1) + kBurstClearance);
    const std::int64_t phase = since.ns() % Duration::milliseconds(500).ns();
    EXPECT_GE(phase, kBurstClearance.ns());
    EXPECT_LE(phase, (Duration::milliseconds(500) - kBurstClearance).ns());
    schedule.advance_burst();
  }
}

TEST(Schedule, BurstsKeepClearOfPoissonProbesToo) {
  for (const std::int64_t interval_ms : {50, 500}) {
    Schedule schedule({.kind = ScheduleKind::Poisson,
                       .interval = Duration::milliseconds(interval_ms),
                       .bursts = true},
                      kStart, base::Random(3));
    const Duration clearance = std::min(Duration::milliseconds(100), schedule.burst_clearance());
    std::vector<MonoTime> probes, bursts;
    while (bursts.size() < 50) {
      if (schedule.next_burst() < schedule.next()) {
        bursts.push_back(*schedule.next_burst());
        schedule.advance_burst();
      } else {
        probes.push_back(*schedule.next());
        schedule.advance();
      }
    }
    probes.push_back(*schedule.next());
    for (const MonoTime burst : bursts)
      for (const MonoTime probe : probes) ASSERT_GE(abs(burst - probe), clearance);
    EXPECT_LE(bursts.back() - kStart, Duration::minutes(51));
  }
}

TEST(Schedule, ProbesDueDuringASuspendDoNotExist) {
  Schedule schedule({.interval = Duration::milliseconds(100)}, kStart, base::Random(1));
  schedule.skip_to(kStart + Duration::milliseconds(250));
  EXPECT_EQ(*schedule.next(), kStart + Duration::milliseconds(300));
}

}  // namespace
}  // namespace wirestamp::session
