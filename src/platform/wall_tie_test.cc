// SPDX-License-Identifier: Apache-2.0
//
// Stamps around a step of the wall clock, against what really happened: a played clock whose wall
// time is monotonic time plus an offset.
#include "platform/wall_tie.h"

#include <gtest/gtest.h>

namespace wirestamp::platform {
namespace {

constexpr std::int64_t kSlew = 500'000;
constexpr Duration kWidth = Duration::nanoseconds(50);

class Played {
 public:
  WallTime wall_at(MonoTime time) const {
    return WallTime::from_ns(time.ns()) + (time < step_at ? offset : offset + step);
  }
  ClockReading reading(MonoTime time) const { return {time, wall_at(time), kWidth}; }

  Duration offset = Duration::seconds(1'700'000'000);
  Duration step;
  MonoTime step_at = MonoTime::from_ns(INT64_MAX);
};

MonoTime at_ms(std::int64_t ms) { return MonoTime::from_ns(ms * 1'000'000); }

MonoTime tied(const WallTie& tie, const Played& clock, MonoTime truth) {
  return *tie.tie(clock.wall_at(truth), Duration(), StampSource::Kernel, kSlew).mono;
}

TEST(WallTie, SeesEachStepThatIsNoSlew) {
  for (const std::int64_t us : {100, 1'000, 1'000'000, -100, -1'000, -1'000'000}) {
    Played clock;
    const WallTie tie(clock.reading(at_ms(1'000)));
    clock.step = Duration::microseconds(us);
    clock.step_at = at_ms(1'050);
    EXPECT_EQ(tie.jump(clock.reading(at_ms(1'049)), kSlew), Duration());
    EXPECT_EQ(tie.jump(clock.reading(at_ms(1'051)), kSlew), clock.step) << us;
  }
}

TEST(WallTie, AFastSlewIsNoStep) {
  const WallTie tie({at_ms(1'000), WallTime::from_ns(0), kWidth});
  // Half a second at ten per cent.
  const ClockReading later{at_ms(1'500), WallTime::from_ns(549'000'000), kWidth};
  EXPECT_NE(tie.jump(later, kSlew), Duration());
  EXPECT_EQ(tie.jump(later, 100'000'000), Duration());
}

TEST(WallTie, StampsOfBothSidesOfAStepAreTiedToWhenTheyWereTaken) {
  for (const std::int64_t ms : {1, 10, 500, 3'600'000, -1, -10, -500, -3'600'000}) {
    Played clock;
    clock.step = Duration::milliseconds(ms);
    clock.step_at = at_ms(10'000);
    WallTie tie(clock.reading(at_ms(9'990)));
    // The timer wakes us some microseconds later.
    tie.take(clock.reading(clock.step_at + Duration::microseconds(13)), true);
    for (const std::int64_t ns : {-9'000'000, -3'000'000, -1'000, 0, 1'000, 12'000}) {
      const MonoTime truth = clock.step_at + Duration::nanoseconds(ns);
      // Set back by less than the stamp waited: the same wall time came twice, and nobody can tell.
      if (ns < 0 && ms < 0 && truth - clock.step < tie.newest().mono) continue;
      EXPECT_EQ(tied(tie, clock, truth), truth) << "step " << ms << " ms, stamp at " << ns << " ns";
    }
    // Later there are other readings, and only new stamps.
    tie.take(clock.reading(at_ms(10'900)), false);
    for (const std::int64_t later : {10'003, 10'500, 10'899})
      EXPECT_EQ(tied(tie, clock, at_ms(later)), at_ms(later)) << ms;
  }
}

TEST(WallTie, AStampThatWaitedThroughAStepIsFoundByTheOldReading) {
  Played clock;
  clock.step = Duration::seconds(1);
  clock.step_at = at_ms(10'000);
  WallTie tie(clock.reading(at_ms(9'000)));
  tie.take(clock.reading(at_ms(10'400)), true);
  EXPECT_EQ(tied(tie, clock, at_ms(9'900)), at_ms(9'900));
}

TEST(WallTie, TheErrorGrowsWithTheAgeOfTheReadingByTheSlew) {
  const Played clock;
  const WallTie tie(clock.reading(at_ms(10'000)));
  const auto error = [&](std::int64_t slew) {
    return tie
        .tie(clock.wall_at(at_ms(9'000)), Duration::microseconds(5), StampSource::Kernel, slew)
        .error;
  };
  EXPECT_EQ(error(500'000), Duration::microseconds(505) + kWidth / 2);
  EXPECT_EQ(error(100'000'000), Duration::microseconds(100'005) + kWidth / 2);
}

}  // namespace
}  // namespace wirestamp::platform
