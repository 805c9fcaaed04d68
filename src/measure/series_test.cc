// SPDX-License-Identifier: Apache-2.0
#include "measure/series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "measure/histogram.h"
#include "measure/in_turn.h"
#include "measure/order.h"
#include "measure/reference.h"

namespace wirestamp::measure {
namespace {

constexpr std::uint64_t kSeed = 20261;
constexpr std::array<std::uint32_t, 8> kShares{0,       10'000,  50'000,  500'000,
                                               900'000, 990'000, 999'000, 1'000'000};

// Delays from a nanosecond to seconds, of both signs when asked.
std::vector<std::int64_t> random_delays(base::Random& random, std::size_t count, bool negative) {
  std::vector<std::int64_t> delays;
  for (std::size_t i = 0; i < count; ++i) {
    const auto size = static_cast<std::int64_t>(std::exp(random.unit() * 23));
    delays.push_back(negative && random.chance(0.5) ? -size : size);
  }
  return delays;
}

std::vector<reference::Delay> as_delays(const std::vector<std::int64_t>& values) {
  return {values.begin(), values.end()};
}

TEST(Histogram, a_value_told_back_is_within_the_stated_error) {
  base::Random random(kSeed);
  for (const std::int64_t value : random_delays(random, 20'000, true)) {
    Histogram one;
    one.add(value);
    const auto told = static_cast<double>(*one.percentile(500'000));
    // Half a nanosecond of rounding matters below fifty.
    EXPECT_NEAR(told, static_cast<double>(value),
                std::fabs(static_cast<double>(value)) * Histogram::kRelativeError + 0.5)
        << value;
  }
}

TEST(Histogram, a_power_of_two_of_a_second_is_the_upper_bound_of_its_bucket) {
  EXPECT_EQ(Histogram::upper(Histogram::kOneSecond), 1e9);
  // The shortest and the longest that are whole nanoseconds of a double.
  for (int octave = -9; octave <= 23; ++octave) {
    const double bound = std::ldexp(1e9, octave);
    const auto ns = static_cast<std::uint64_t>(bound);
    const int bucket = Histogram::kOneSecond + 32 * octave;
    EXPECT_EQ(Histogram::upper(bucket), bound);
    EXPECT_EQ(Histogram::bucket(ns - 1), bucket) << octave;
    EXPECT_EQ(Histogram::bucket(ns), bucket) << octave;
    EXPECT_EQ(Histogram::bucket(ns + 1), bucket + 1) << octave;
  }
}

TEST(Histogram, the_first_and_the_last_bucket_are_those_of_the_extremes) {
  EXPECT_EQ(Histogram::bucket(1), 0);
  EXPECT_EQ(Histogram::bucket(INT64_MAX), Histogram::kBuckets - 1);
  EXPECT_EQ(Histogram::bucket(std::uint64_t{1} << 63U), Histogram::kBuckets - 1);
  Histogram histogram;
  EXPECT_FALSE(histogram.add_bucket(1, -1, 1));
  EXPECT_FALSE(histogram.add_bucket(-1, Histogram::kBuckets, 1));
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_TRUE(histogram.add_bucket(-1, Histogram::kBuckets - 1, 1));
  EXPECT_TRUE(histogram.add_bucket(1, 0, 1));
  EXPECT_EQ(histogram.percentile(1'000'000), 1);
}

// Both neighbours of each bound, which is worked out in wider numbers than the histogram has.
TEST(Histogram, every_nanosecond_up_to_four_days_is_on_its_side_of_each_bound) {
  int bounds = 0;
  for (int bucket = 0;; ++bucket, ++bounds) {
    const long double seconds = (bucket - Histogram::kOneSecond) / 32.0L;
    const long double bound = 1e9L * std::exp2(seconds);
    EXPECT_NEAR(Histogram::upper(bucket) / static_cast<double>(bound), 1, 1e-15) << bucket;
    const auto below = static_cast<std::uint64_t>(bound);
    if (below > 4ULL * 86'400 * 1'000'000'000) break;
    EXPECT_LE(Histogram::bucket(below), bucket) << below;
    EXPECT_GT(Histogram::bucket(below + 1), bucket) << below;
  }
  EXPECT_GT(bounds, 1'500);
}

TEST(Histogram, negative_values_mirror_positive_ones) {
  for (const std::int64_t value : {1L, 7L, 1'953'125L, 1'953'126L, 1'000'000'000L, INT64_MAX}) {
    Histogram histogram;
    histogram.add(value);
    histogram.add(-value);
    std::vector<std::pair<int, int>> found;
    histogram.for_each_bucket(
        [&](int sign, int bucket, std::uint64_t) { found.emplace_back(sign, bucket); });
    const int bucket = Histogram::bucket(static_cast<std::uint64_t>(value));
    EXPECT_EQ(found, (std::vector<std::pair<int, int>>{{-1, bucket}, {1, bucket}}));
    EXPECT_EQ(*histogram.percentile(0), -*histogram.percentile(1'000'000));
  }
}

TEST(Histogram, whole_nanoseconds_that_have_a_bucket_for_themselves_come_back) {
  for (std::int64_t value = 1; value <= 45; ++value) {
    Histogram histogram;
    histogram.add(value);
    EXPECT_EQ(histogram.percentile(500'000), value);
  }
}

TEST(Histogram, the_extremes_of_the_type_have_a_bucket) {
  Histogram histogram;
  histogram.add(INT64_MIN);
  histogram.add(INT64_MAX);
  histogram.add(0);
  EXPECT_EQ(histogram.percentile(500'000), 0);
  EXPECT_LT(*histogram.percentile(0), -9'000'000'000'000'000'000);
  EXPECT_GT(*histogram.percentile(1'000'000), 9'000'000'000'000'000'000);
}

TEST(Histogram, an_empty_one_has_no_percentile) {
  EXPECT_FALSE(Histogram().percentile(500'000).has_value());
}

TEST(Histogram, merging_two_is_the_same_as_adding_all_to_one) {
  base::Random random(kSeed);
  Histogram whole, left, right;
  for (const std::int64_t value : random_delays(random, 5'000, true)) {
    whole.add(value);
    (random.chance(0.3) ? left : right).add(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), whole.count());
  for (const std::uint32_t ppm : kShares) EXPECT_EQ(left.percentile(ppm), whole.percentile(ppm));
}

//= RFC2330:percentile
TEST(Quantiles, few_values_are_told_exactly) {
  base::Random random(kSeed);
  const auto values = random_delays(random, Quantiles::kExactValues, true);
  Quantiles quantiles;
  for (const std::int64_t value : values) quantiles.add(Duration::nanoseconds(value));
  for (const std::uint32_t ppm : kShares)
    EXPECT_EQ(static_cast<double>(quantiles.percentile(ppm)->ns()),
              *reference::percentile(as_delays(values), ppm));
}

// The error is relative to the distance from the middle of the first values.
TEST(Quantiles, many_values_are_told_within_the_stated_error) {
  for (const bool negative : {false, true}) {
    base::Random random(kSeed);
    const auto values = random_delays(random, 3 * Quantiles::kExactValues, negative);
    Quantiles quantiles;
    for (const std::int64_t value : values) quantiles.add(Duration::nanoseconds(value));
    const std::vector<std::int64_t> first(values.begin(),
                                          values.begin() + Quantiles::kExactValues + 1);
    const double middle = *reference::percentile(as_delays(first), 500'000);
    for (const std::uint32_t ppm : kShares) {
      const double wanted = *reference::percentile(as_delays(values), ppm);
      EXPECT_NEAR(static_cast<double>(quantiles.percentile(ppm)->ns()), wanted,
                  std::fabs(wanted - middle) * Histogram::kRelativeError + 1);
    }
  }
}

TEST(Quantiles, a_narrow_distribution_far_from_zero_keeps_its_shape) {
  Quantiles quantiles;
  for (std::int64_t i = 0; i < 20'000; ++i)
    quantiles.add(Duration::nanoseconds(20'000'000 + i * 7 % 20'000));
  EXPECT_NEAR(static_cast<double>(quantiles.percentile(500'000)->ns()), 20'009'999, 120);
  EXPECT_NEAR(static_cast<double>(quantiles.percentile(990'000)->ns()), 20'019'799, 120);
}

// A single stamp that is wrong by seconds must not cost the others their resolution.
TEST(Quantiles, one_outlier_among_the_first_values_spoils_nothing) {
  Quantiles quantiles;
  quantiles.add(Duration::seconds(-5));
  for (std::int64_t i = 0; i < 20'000; ++i)
    quantiles.add(Duration::nanoseconds(20'000'000 + i * 7 % 20'000));
  EXPECT_NEAR(static_cast<double>(quantiles.percentile(500'000)->ns()), 20'009'999, 120);
  EXPECT_EQ(quantiles.min()->ns(), -5'000'000'000);
  EXPECT_EQ(*quantiles.percentile(0), *quantiles.min());
}

TEST(Quantiles, many_values_are_told_in_order_between_the_exact_extremes) {
  for (const bool negative : {false, true}) {
    base::Random random(kSeed);
    Quantiles quantiles;
    for (const std::int64_t value : random_delays(random, 3 * Quantiles::kExactValues, negative))
      quantiles.add(Duration::nanoseconds(value));
    EXPECT_EQ(*quantiles.percentile(0), *quantiles.min());
    EXPECT_EQ(*quantiles.percentile(1'000'000), *quantiles.max());
    Duration before = *quantiles.min();
    for (std::uint32_t ppm = 0; ppm <= 1'000'000; ppm += 1'000) {
      EXPECT_LE(before, *quantiles.percentile(ppm)) << ppm;
      before = *quantiles.percentile(ppm);
      EXPECT_EQ(before - *quantiles.min(), *quantiles.percentile_above_minimum(ppm)) << ppm;
    }
  }
}

// A large constant, such as the offset of two clocks, must not swallow the variation.
TEST(Quantiles, the_variation_keeps_its_precision_on_top_of_a_large_offset) {
  base::Random random(kSeed);
  std::vector<std::int64_t> values;
  Quantiles quantiles;
  for (std::size_t i = 0; i < 2 * Quantiles::kExactValues; ++i) {
    values.push_back(37'000'000'000 + static_cast<std::int64_t>(random.below(100'000)));
    quantiles.add(Duration::nanoseconds(values.back()));
  }
  const auto pdv = reference::pdv(as_delays(values));
  for (const std::uint32_t ppm : {500'000U, 950'000U, 999'000U}) {
    const double wanted = *reference::percentile(pdv, ppm);
    EXPECT_NEAR(static_cast<double>(quantiles.percentile_above_minimum(ppm)->ns()), wanted,
                wanted * Histogram::kRelativeError + 10);
  }
}

//= RFC6703:conditional
TEST(Quantiles, mean_and_deviation_are_those_of_the_values) {
  Quantiles quantiles;
  for (const std::int64_t value : {2, 4, 4, 4, 5, 5, 7, 9})
    quantiles.add(Duration::nanoseconds(1'000'000'000'000 + 1'000 * value));
  EXPECT_EQ(quantiles.mean()->ns(), 1'000'000'005'000);
  EXPECT_EQ(quantiles.stddev()->ns(), 2'138);  // sqrt(32 / 7) us
}

//= RFC6703:empty
TEST(Quantiles, nothing_is_told_of_nothing) {
  const Distribution empty = Quantiles().distribution();
  EXPECT_EQ(empty.count, 0U);
  EXPECT_FALSE(empty.min || empty.p50 || empty.max || empty.mean || empty.stddev);
}

TEST(DelaySeries, at_most_a_twentieth_lies_above_the_95th_percentile) {
  for (const std::size_t count : {100U, 9'999U, 30'000U}) {
    for (const std::uint32_t stretches : {1U, 3U}) {
      base::Random random(kSeed);
      DelaySeries series;
      for (std::size_t i = 0; i < count; ++i)
        series.add({Duration::nanoseconds(static_cast<std::int64_t>(random.below(1'000'000))),
                    StampSource::Kernel,
                    {},
                    static_cast<std::uint32_t>(i * stretches / count)});
      const auto share = series.share_above_minimum(*series.variation().pdv_p95);
      ASSERT_TRUE(share.has_value());
      EXPECT_LE(*share, 0.05);
      EXPECT_GT(*share, 0.025) << "two buckets at most";
      EXPECT_EQ(series.share_above_minimum(Duration::seconds(1)), 0);
    }
  }
}

//= RFC4737:reordered RFC4737:ratio RFC4737:extent RFC4737:n-reordering
TEST(OrderTracker, agrees_with_the_reference_on_shuffled_arrivals) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::Random random(seed);
    std::vector<std::uint64_t> arrivals;
    for (std::uint64_t i = 0; i < 300; ++i)
      if (!random.chance(0.1)) arrivals.push_back(i);
    for (std::size_t i = 0; i < arrivals.size(); ++i)
      if (random.chance(0.2))
        std::swap(arrivals[i], arrivals[std::min(arrivals.size() - 1, i + random.below(25))]);
    OrderTracker tracker;
    for (const std::uint64_t arrival : arrivals) tracker.add(arrival);
    const auto wanted = reference::reordering(arrivals);
    std::uint64_t longest = 0;
    for (const auto& packet : wanted.reordered) longest = std::max(longest, packet.extent);
    EXPECT_EQ(tracker.figures().reordered, wanted.reordered.size()) << "seed " << seed;
    EXPECT_EQ(tracker.figures().max_extent, longest) << "seed " << seed;
    EXPECT_DOUBLE_EQ(*tracker.figures().ratio, *wanted.ratio);
    const auto largest = reference::n_reordering(arrivals);
    for (std::size_t n = 1; n <= kMostReordering; ++n)
      EXPECT_EQ(static_cast<std::ptrdiff_t>(tracker.figures().n_reordered[n]),
                std::ranges::count_if(largest, [&](std::uint64_t most) { return most >= n; }))
          << "seed " << seed << " n " << n;
  }
}

// A reflector that is broken, or a forger, can give one number to several replies.
//= RFC4737:ratio
TEST(OrderTracker, a_copy_of_the_newest_number_is_passed_over) {
  OrderTracker tracker;
  for (const std::uint64_t arrival : {5U, 5U, 6U, 6U, 7U}) tracker.add(arrival);
  EXPECT_EQ(tracker.figures().received, 3U);
  EXPECT_EQ(tracker.figures().reordered, 0U);
  EXPECT_EQ(tracker.figures().max_extent, 0U);
}

TEST(OrderTracker, a_packet_older_than_all_that_is_kept_has_the_extent_of_these) {
  OrderTracker tracker;
  for (std::uint64_t i = 1; i <= 10'000; ++i) tracker.add(i);
  tracker.add(0);
  EXPECT_EQ(tracker.figures().reordered, 1U);
  EXPECT_EQ(tracker.figures().max_extent, OrderTracker::kMaxInOrder);
}

TEST(InTurn, gives_out_numbers_in_order_whatever_the_order_they_come_in) {
  InTurn<int> turn(0);
  std::vector<int> out;
  const auto take = [&](const std::optional<int>& item) { out.push_back(item.value_or(-1)); };
  for (const std::uint64_t number : {2U, 0U, 1U, 4U})
    turn.put(number, static_cast<int>(number), take);
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2}));
  turn.finish(take);
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2, -1, 4}));
}

TEST(InTurn, gives_up_a_number_that_holds_too_many_back) {
  InTurn<int> turn(0);
  std::vector<int> out;
  const auto take = [&](const std::optional<int>& item) { out.push_back(item.value_or(-1)); };
  for (std::uint64_t number = 1; number <= InTurn<int>::kMaxWaiting; ++number)
    turn.put(number, static_cast<int>(number), take);
  ASSERT_EQ(out.size(), InTurn<int>::kMaxWaiting + 1);
  EXPECT_EQ(out[0], -1);
  EXPECT_EQ(out[1], 1);
  turn.put(0, 0, take);  // its turn is over
  EXPECT_EQ(out.size(), InTurn<int>::kMaxWaiting + 1);
}

TEST(InTurn, a_jump_far_ahead_breaks_the_order_once) {
  InTurn<int> turn(0);
  std::vector<int> out;
  const auto take = [&](const std::optional<int>& item) { out.push_back(item.value_or(-1)); };
  turn.put(0, 0, take);
  turn.put(std::uint64_t{1} << 40U, 7, take);
  turn.finish(take);
  EXPECT_EQ(out.front(), 0);
  EXPECT_EQ(out.back(), 7);
  EXPECT_LE(out.size(), InTurn<int>::kMaxWaiting + 2);
}

}  // namespace
}  // namespace wirestamp::measure
