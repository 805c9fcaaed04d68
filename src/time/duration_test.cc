// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"

#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>

#include "time/clock.h"
#include "time/timestamp.h"

namespace wirestamp {
namespace {

// Clocks that cannot be mixed: what must not compile.
template <typename A, typename B>
concept Subtractable = requires(A a, B b) { a - b; };
template <typename A, typename B>
concept Addable = requires(A a, B b) { a + b; };
static_assert(Subtractable<MonoTime, MonoTime> && Subtractable<WallTime, WallTime>);
static_assert(!Subtractable<MonoTime, WallTime> && !Subtractable<WallTime, MonoTime>);
static_assert(!Addable<WallTime, WallTime> && Addable<WallTime, Duration>);
static_assert(!std::equality_comparable_with<MonoTime, WallTime>);
static_assert(!std::convertible_to<std::int64_t, Duration>);
static_assert(!std::convertible_to<Duration, std::int64_t>);

TEST(Duration, is_made_of_any_unit) {
  EXPECT_EQ(Duration::microseconds(3), Duration::nanoseconds(3'000));
  EXPECT_EQ(Duration::milliseconds(3), Duration::microseconds(3'000));
  EXPECT_EQ(Duration::seconds(3), Duration::milliseconds(3'000));
  EXPECT_EQ(Duration::minutes(3), Duration::seconds(180));
  EXPECT_EQ(Duration::hours(3), Duration::minutes(180));
  EXPECT_DOUBLE_EQ(Duration::milliseconds(-1'500).to_seconds(), -1.5);
}

TEST(Duration, adds_scales_and_compares_with_its_sign) {
  const Duration second = Duration::seconds(1);
  EXPECT_EQ(second - Duration::milliseconds(1'500), Duration::milliseconds(-500));
  EXPECT_EQ(-second * 3, Duration::seconds(-3));
  EXPECT_EQ(second / 8, Duration::milliseconds(125));
  EXPECT_EQ(Duration::milliseconds(2'999) / second, 2);
  EXPECT_EQ(abs(-second), second);
  EXPECT_LT(-second, Duration());
  Duration sum;
  sum += second;
  sum -= Duration::milliseconds(1);
  EXPECT_EQ(sum, Duration::milliseconds(999));
}

TEST(Instant, moves_by_durations_and_differs_by_them) {
  MonoTime time = MonoTime::from_ns(100);
  time += Duration::nanoseconds(50);
  EXPECT_EQ(time - Duration::nanoseconds(200), MonoTime::from_ns(-50));
  EXPECT_EQ(MonoTime::from_ns(30) - time, Duration::nanoseconds(-120));
  EXPECT_LT(WallTime::from_ns(-1), WallTime());
}

TEST(Scaled, turns_raw_intervals_into_true_ones) {
  EXPECT_EQ(scaled(Duration::seconds(1), 0), Duration::seconds(1));
  EXPECT_EQ(scaled(Duration::seconds(1), 50'000), Duration::nanoseconds(1'000'050'000));
  EXPECT_EQ(scaled(Duration::seconds(1), -50'000), Duration::nanoseconds(999'950'000));
  EXPECT_EQ(scaled(Duration::seconds(-1), 50'000), Duration::nanoseconds(-1'000'050'000));
}

TEST(Scaled, keeps_intervals_too_short_for_the_rate_to_matter) {
  EXPECT_EQ(scaled(Duration::nanoseconds(9'999), 100'000), Duration::nanoseconds(9'999));
  EXPECT_EQ(scaled(Duration::nanoseconds(10'000), 100'000), Duration::nanoseconds(10'001));
}

TEST(Scaled, does_not_overflow_over_years) {
  const Duration year = Duration::hours(24L * 365);
  EXPECT_EQ(scaled(year * 100, 500'000) - year * 100, year / 20);
}

TEST(StampSource, is_ordered_by_strength_and_named) {
  EXPECT_LT(StampSource::Unknown, StampSource::User);
  EXPECT_LT(StampSource::User, StampSource::Scheduler);
  EXPECT_LT(StampSource::Scheduler, StampSource::Kernel);
  EXPECT_LT(StampSource::Kernel, StampSource::Hardware);
  EXPECT_EQ(name(StampSource::Kernel), "kernel");
  EXPECT_EQ(name(static_cast<StampSource>(99)), "unknown");
}

}  // namespace
}  // namespace wirestamp
