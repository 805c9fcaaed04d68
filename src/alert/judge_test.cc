// SPDX-License-Identifier: Apache-2.0
#include "alert/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "alert/windows_test.h"

namespace wirestamp::alert {
namespace {

using measure::Crossing;
using measure::Figure;

constexpr std::uint64_t kSeed = 20'261'126;

// A line that is judged, in virtual time.
class Judged {
 public:
  explicit Judged(const Thresholds& thresholds = {}) : judge(thresholds) {}

  void run(Duration lasting, const std::function<Traffic()>& traffic) {
    for (const WallTime end = now + lasting; now < end; now += step) {
      bool raised = false;
      for (const Crossing& crossing : told) raised |= is_open(crossing.figure);
      for (const Crossing& crossing :
           judge.add(window_of(now, traffic(), epoch), /*loss_known=*/false, raised))
        told.push_back(crossing);
    }
  }
  void run(Duration lasting, const Traffic& traffic) {
    run(lasting, [&] { return traffic; });
  }
  bool is_open(Figure figure) const {
    for (auto crossing = told.rbegin(); crossing != told.rend(); ++crossing)
      if (crossing->figure == figure) return !crossing->until;
    return false;
  }
  std::size_t crossings(Figure figure) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        told, [figure](const Crossing& one) { return one.figure == figure && !one.until; }));
  }

  Judge judge;
  WallTime now = kBegin;
  Duration step = kStep;
  std::uint32_t epoch = 0;
  std::vector<Crossing> told;
};

double gauss(base::Random& random) {
  return std::sqrt(-2 * std::log(1 - random.unit())) *
         std::cos(2 * std::numbers::pi * random.unit());
}

Traffic with_latency(std::int64_t ms) { return {.latency = Duration::milliseconds(ms)}; }

// --- loss

TEST(Judge, tells_heavy_loss_as_an_error_within_its_delay) {
  Judged line;
  line.run(Duration::minutes(5), Traffic{});
  const WallTime began = line.now;
  line.run(Duration::minutes(1), Traffic{.lost = 5});
  ASSERT_EQ(line.told.size(), 1U);
  EXPECT_TRUE(line.told[0].error);
  EXPECT_EQ(line.told[0].loss, 0.25);
  EXPECT_EQ(line.told[0].loss_threshold, 0.05);
  EXPECT_EQ(line.told[0].since, began);
}

TEST(Judge, tells_a_warning_before_the_error_when_the_loss_grows) {
  Judged line;
  base::Random random(kSeed);
  line.run(Duration::minutes(30), [&] { return Traffic{.lost = losses(random, 20, 0.035)}; });
  line.run(Duration::minutes(30), [&] { return Traffic{.lost = losses(random, 20, 0.1)}; });
  ASSERT_EQ(line.told.size(), 2U);
  EXPECT_FALSE(line.told[0].error);
  EXPECT_TRUE(line.told[1].error);
  EXPECT_EQ(line.told[0].since, line.told[1].since);
  line.run(Duration::minutes(30), Traffic{});
  ASSERT_EQ(line.told.size(), 3U);
  EXPECT_TRUE(line.told[2].until);
}

TEST(Judge, does_not_take_a_hole_for_loss_that_lasts) {
  Judged line;
  for (int n = 0; n < 100; ++n) {
    line.run(Duration::minutes(12), Traffic{});
    line.run(kStep, Traffic{.lost = 12});
    line.run(kStep, Traffic{.lost = 12});
  }
  EXPECT_TRUE(line.told.empty());
}

TEST(Judge, is_quiet_for_a_week_at_half_of_the_threshold) {
  Judged line;
  base::Random random(kSeed);
  line.run(Duration::hours(24 * 7), [&] { return Traffic{.lost = losses(random, 20, 0.01)}; });
  EXPECT_LE(line.told.size(), 2U);
}

// A line that loses just what the threshold allows is told to be about there, and not every hour.
TEST(Judge, does_not_flap_for_a_week_with_loss_at_the_threshold) {
  for (const double chance : {0.015, 0.02, 0.025}) {
    Judged line;
    base::Random random(kSeed);
    line.run(Duration::hours(24 * 7), [&] { return Traffic{.lost = losses(random, 20, chance)}; });
    EXPECT_LE(line.crossings(Figure::Loss), 14U) << chance;
  }
}

TEST(Judge, finds_slight_loss_that_lasts) {
  Judged line;
  base::Random random(kSeed);
  line.run(Duration::minutes(30), [&] { return Traffic{.lost = losses(random, 20, 0.03)}; });
  EXPECT_EQ(line.crossings(Figure::Loss), 1U);
}

TEST(Judge, judges_a_probe_every_minute) {
  Judged line;
  line.step = Duration::minutes(1);
  line.run(Duration::hours(2), Traffic{.probes = 1});
  line.run(Duration::minutes(10), Traffic{.probes = 1, .lost = 1});
  EXPECT_EQ(line.crossings(Figure::Loss), 1U);
  line.run(Duration::hours(1), Traffic{.probes = 1});
  EXPECT_FALSE(line.is_open(Figure::Loss));
  // One in fifty is lost: that is no six percent, whatever the minute looks like.
  for (int n = 0; n < 50; ++n) {
    line.run(Duration::minutes(49), Traffic{.probes = 1});
    line.run(Duration::minutes(1), Traffic{.probes = 1, .lost = 1});
  }
  EXPECT_EQ(line.crossings(Figure::Loss), 1U);
}

TEST(Judge, takes_no_data_for_neither_good_nor_bad) {
  Judged line;
  line.run(Duration::minutes(5), Traffic{.lost = 5});
  ASSERT_EQ(line.told.size(), 1U);
  line.now += Duration::hours(3);
  line.run(kStep, Traffic{});
  EXPECT_EQ(line.told.size(), 1U) << "one good window is not enough";
  line.now += Duration::hours(3);
  line.run(kStep, Traffic{.lost = 20});
  line.run(Duration::minutes(2), Traffic{});
  EXPECT_EQ(line.told.size(), 1U);
  line.run(Duration::minutes(2), Traffic{});
  EXPECT_EQ(line.told.size(), 2U);
  line.run(Duration::hours(1), Traffic{.probes = 0});
  EXPECT_EQ(line.told.size(), 2U);
}

TEST(Judge, has_no_threshold_where_none_is_set) {
  Thresholds none;
  none.loss_warning = none.loss_error = std::nullopt;
  none.latency = none.jitter = {};
  Judged line(none);
  line.run(Duration::hours(30), Traffic{});
  line.run(Duration::hours(1), Traffic{.lost = 20});
  line.run(Duration::hours(1), with_latency(5'000));
  EXPECT_TRUE(line.told.empty());
}

TEST(Judge, clears_what_is_not_judged_any_more) {
  Judged line;
  line.run(Duration::minutes(5),
           [] { return Traffic{.lost = 5, .latency = Duration::seconds(1)}; });
  EXPECT_EQ(line.told.size(), 2U);
  Thresholds none;
  none.loss_warning = none.loss_error = std::nullopt;
  none.latency = none.jitter = {};
  line.judge.set(none);
  line.run(kStep, Traffic{.lost = 5});
  EXPECT_FALSE(line.is_open(Figure::Loss));
  EXPECT_FALSE(line.is_open(Figure::Latency));
}

// --- delays

TEST(Judge, has_a_fixed_limit_until_a_day_is_known) {
  Judged line;
  line.run(Duration::hours(23), with_latency(20));
  line.run(Duration::minutes(30), with_latency(250));
  EXPECT_TRUE(line.told.empty());
  line.run(Duration::minutes(10), with_latency(301));
  ASSERT_EQ(line.told.size(), 1U);
  EXPECT_EQ(line.told[0].figure, Figure::Latency);
  EXPECT_FALSE(line.told[0].error);
  EXPECT_EQ(line.told[0].delay_threshold, Duration::milliseconds(300));
  EXPECT_FALSE(line.told[0].median);
  line.run(Duration::minutes(10), with_latency(275));
  EXPECT_EQ(line.told.size(), 1U) << "not ten percent below";
  line.run(Duration::minutes(10), with_latency(260));
  EXPECT_EQ(line.told.size(), 2U);
}

TEST(Judge, compares_with_the_median_when_a_day_is_known) {
  Judged line;
  line.run(Duration::hours(25), with_latency(40));
  line.run(Duration::minutes(30), with_latency(58));
  EXPECT_TRUE(line.told.empty()) << "not half above";
  const WallTime began = line.now;
  line.run(Duration::minutes(30), with_latency(64));
  ASSERT_EQ(line.told.size(), 1U);
  EXPECT_FALSE(line.told[0].error);
  EXPECT_EQ(line.told[0].since, began);
  ASSERT_TRUE(line.told[0].median && line.told[0].delay && line.told[0].delay_threshold);
  EXPECT_NEAR(line.told[0].median->to_seconds(), 0.040, 0.001);
  EXPECT_NEAR(line.told[0].delay_threshold->to_seconds(), 0.060, 0.0015);
  EXPECT_NEAR(line.told[0].delay->to_seconds(), 0.064, 0.001);
  line.run(Duration::minutes(2), with_latency(90));
  ASSERT_EQ(line.told.size(), 2U);
  EXPECT_TRUE(line.told[1].error);
  const WallTime ended = line.now;
  line.run(Duration::minutes(10), with_latency(40));
  ASSERT_EQ(line.told.size(), 3U);
  EXPECT_EQ(line.told[2].until, ended);
  EXPECT_EQ(line.told[2].since, began);
}

TEST(Judge, wants_a_difference_that_somebody_notices) {
  Judged line;
  line.run(Duration::hours(25), with_latency(1));
  line.run(Duration::hours(1), with_latency(10));
  EXPECT_TRUE(line.told.empty());
  line.run(Duration::hours(1), with_latency(12));
  EXPECT_EQ(line.told.size(), 1U);
}

TEST(Judge, tells_jitter_on_its_own) {
  Judged line;
  line.run(Duration::hours(25), Traffic{});
  line.run(Duration::minutes(10), [] { return Traffic{.jitter = Duration::milliseconds(30)}; });
  ASSERT_EQ(line.told.size(), 1U);
  EXPECT_EQ(line.told[0].figure, Figure::Jitter);
  EXPECT_TRUE(line.told[0].error);
}

TEST(Judge, does_not_flap_for_a_week_with_latency_at_the_threshold) {
  for (const double noise : {0.5, 3.0, 10.0}) {
    Judged line;
    base::Random random(kSeed);
    line.run(Duration::hours(25), with_latency(40));
    line.run(Duration::hours(20), [&] {
      return Traffic{.latency = Duration::microseconds(
                         std::llround(1'000 * std::max(60 + noise * gauss(random), 1.0)))};
    });
    EXPECT_LE(line.crossings(Figure::Latency), 2U) << noise;
  }
}

TEST(Judge, does_not_take_single_windows_for_latency_that_lasts) {
  Judged line;
  line.run(Duration::hours(25), with_latency(40));
  for (int n = 0; n < 100; ++n) {
    line.run(Duration::seconds(40), with_latency(400));
    line.run(Duration::minutes(5), with_latency(40));
  }
  EXPECT_TRUE(line.told.empty());
}

// A route that changed for good: a day of trouble, and then it is usual.
TEST(Judge, takes_what_lasted_for_a_day_for_usual) {
  Judged line;
  line.run(Duration::hours(50), with_latency(40));
  line.run(Duration::hours(24 * 7), with_latency(80));
  EXPECT_EQ(line.crossings(Figure::Latency), 1U);
  EXPECT_FALSE(line.is_open(Figure::Latency));
  ASSERT_EQ(line.told.size(), 2U);
  EXPECT_LE(*line.told[1].until - line.told[0].since, Duration::hours(26));
  line.run(Duration::minutes(10), with_latency(200));
  EXPECT_EQ(line.crossings(Figure::Latency), 2U);
  EXPECT_NEAR(line.told.back().median->to_seconds(), 0.080, 0.002);
}

TEST(Judge, has_no_latency_where_all_is_lost) {
  Judged line;
  line.run(Duration::hours(25), with_latency(40));
  line.run(Duration::minutes(10), with_latency(100));
  ASSERT_TRUE(line.is_open(Figure::Latency));
  line.run(Duration::hours(1), Traffic{.lost = 20});
  EXPECT_TRUE(line.is_open(Figure::Latency)) << "it did not get better";
}

TEST(Judge, remembers_the_usual_over_a_restart) {
  Judged line;
  WallTime minute = kBegin - Duration::hours(26);
  for (; minute < kBegin; minute += Duration::minutes(1)) {
    const bool in_trouble = minute < kBegin - Duration::hours(25);
    auto window = window_of(minute, with_latency(in_trouble ? 900 : 40), 3);
    window.length = Duration::minutes(1);
    line.judge.remember(window, in_trouble);
  }
  line.run(Duration::minutes(10), with_latency(100));
  ASSERT_EQ(line.told.size(), 1U);
  EXPECT_NEAR(line.told[0].median->to_seconds(), 0.040, 0.001);
}

// Of many sessions some are read when their first windows were judged already.
TEST(Judge, remembers_the_usual_that_comes_after_the_first_windows) {
  Judged line;
  line.run(Duration::minutes(2), with_latency(100));
  for (WallTime minute = kBegin - Duration::hours(26); minute < kBegin;
       minute += Duration::minutes(1)) {
    auto window = window_of(minute, with_latency(40), 3);
    window.length = Duration::minutes(1);
    line.judge.remember(window, false);
  }
  line.run(Duration::minutes(10), with_latency(100));
  ASSERT_EQ(line.told.size(), 1U);
  EXPECT_NEAR(line.told[0].median->to_seconds(), 0.040, 0.001);
}

// --- clocks

TEST(Judge, goes_on_when_the_clock_was_set_back) {
  Judged line;
  line.run(Duration::hours(25), with_latency(40));
  line.run(Duration::minutes(2),
           [] { return Traffic{.lost = 5, .latency = Duration::seconds(1)}; });
  EXPECT_EQ(line.told.size(), 2U);
  line.now = line.now - Duration::hours(10);
  ++line.epoch;
  line.run(Duration::minutes(2),
           [] { return Traffic{.lost = 5, .latency = Duration::seconds(1)}; });
  EXPECT_EQ(line.told.size(), 2U) << "the same trouble";
  const WallTime ended = line.now;
  line.run(Duration::minutes(10), with_latency(40));
  ASSERT_EQ(line.told.size(), 4U);
  EXPECT_EQ(line.told[2].until, ended);
  EXPECT_EQ(*line.told[2].until - line.told[2].since, Duration::minutes(4));
}

TEST(Judge, ignores_windows_that_are_not_later_without_a_reason) {
  Judged line;
  line.run(Duration::minutes(10), Traffic{});
  for (int n = 0; n < 100; ++n)
    EXPECT_TRUE(line.judge.add(window_of(kBegin, {.lost = 20}), false, false).empty());
  EXPECT_EQ(line.crossings(Figure::Loss), 0U);
}

TEST(Judge, survives_a_clock_from_another_century) {
  Judged line;
  for (const std::int64_t years : {50, -100, 150, 0}) {
    ++line.epoch;
    line.now = kBegin + Duration::hours(24 * 365) * years;
    line.run(Duration::minutes(10), Traffic{});
  }
  EXPECT_TRUE(line.told.empty());
}

}  // namespace
}  // namespace wirestamp::alert
