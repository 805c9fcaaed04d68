// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/steady_rate.h"
#include "platform/suspend_watch.h"
#include "platform/system_clock.h"

namespace wirestamp::platform {
namespace {

constexpr std::int64_t kClaimed = 5'000;

TEST(SteadyRate, FollowsADisciplineThatMovesSlowly) {
  SteadyRate rate;
  for (std::int64_t ppb = 20'000; ppb < 60'000; ppb += 4'000)
    EXPECT_EQ(rate.take(ppb, kClaimed), (Rate{ppb, kClaimed}));
}

TEST(SteadyRate, ASlewIsNotTheRateOfTheCrystal) {
  SteadyRate rate;
  rate.take(20'000, kClaimed);
  EXPECT_EQ(rate.take(120'000, kClaimed), (Rate{20'000, 100'000}));
  EXPECT_EQ(rate.take(90'000'000, kClaimed), (Rate{20'000, 89'980'000}));
  EXPECT_EQ(rate.take(20'000, kClaimed), (Rate{20'000, kClaimed})) << "it is over";
}

TEST(SteadyRate, ANewRateThatStaysIsBelieved) {
  SteadyRate rate;
  rate.take(0, kClaimed);
  Rate last;
  for (int look = 0; look <= SteadyRate::kSteadyLooks; ++look) {
    last = rate.take(-30'000, kClaimed);
    if (look == 0) {
      EXPECT_EQ(last, (Rate{0, 30'000}));
    }
  }
  EXPECT_EQ(last, (Rate{-30'000, kClaimed}));
}

TEST(SteadyRate, ASlewThatWasThereBeforeUsIsNotBelievedHoweverLong) {
  SteadyRate rate;
  for (int look = 0; look < 100; ++look)
    EXPECT_EQ(rate.take(2'000'000, kClaimed), (Rate{0, 2'000'000}));
  EXPECT_EQ(rate.take(7'000, kClaimed), (Rate{7'000, kClaimed}));
}

constexpr std::int64_t kMs = 1'000'000;

TEST(SuspendWatch, ASleepOfTheHostIsSeen) {
  SuspendWatch watch;
  EXPECT_EQ(watch.take(100 * kMs, 100 * kMs, 100 * kMs), Duration());
  EXPECT_EQ(watch.take(200 * kMs, 5'200 * kMs, 200 * kMs), Duration::seconds(5));
  EXPECT_EQ(watch.take(300 * kMs, 5'300 * kMs, 300 * kMs), Duration()) << "once";
}

TEST(SuspendWatch, APreemptionBetweenTwoReadingsIsNone) {
  for (const bool first : {false, true}) {
    SuspendWatch watch;
    if (!first) watch.take(0, 0, 0);
    // 400 ms pass before boot time is read, then 300 ms behind it.
    EXPECT_EQ(watch.take(1'000 * kMs, 1'400 * kMs, 1'400 * kMs), Duration());
    EXPECT_EQ(watch.take(2'000 * kMs, 2'000 * kMs, 2'300 * kMs), Duration());
    EXPECT_EQ(watch.take(3'000 * kMs, 3'000 * kMs, 3'000 * kMs), Duration());
    // And does not hide one afterwards.
    EXPECT_EQ(watch.take(4'000 * kMs, 4'100 * kMs, 4'000 * kMs), Duration::milliseconds(100));
  }
}

TEST(SystemClock, TiesAStampToTheInstantItWasTaken) {
  SystemClock clock;
  const Timestamp now = clock.now();
  clock.refresh();
  const Timestamp tied = clock.tie(now.wall, Duration(), StampSource::Kernel);
  EXPECT_LE(abs(*tied.mono - *now.mono), now.error + tied.error + Duration::microseconds(1));
}

TEST(SystemClock, WaitsForTheClockToBeSet) {
  SystemClock clock;
  EXPECT_GE(clock.step_fd(), 0);
  const std::uint32_t steps = clock.state().steps;
  clock.on_step_event();  // nothing happened: nothing is counted
  EXPECT_EQ(clock.state().steps, steps);
}

}  // namespace
}  // namespace wirestamp::platform
