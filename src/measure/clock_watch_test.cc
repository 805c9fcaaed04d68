// SPDX-License-Identifier: Apache-2.0
#include "measure/clock_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "measure/accumulator.h"

// Clocks that are set or drift must not look like a network that varies.
namespace wirestamp::measure {
namespace {

struct Clocks {
  Duration sender, reflector;  // ahead of the truth
  std::optional<Duration> error = Duration::milliseconds(10);
};

Timestamp stamp(std::int64_t ns, Duration ahead, bool local) {
  Timestamp made{.wall = WallTime::from_ns(1'000'000'000'000 + ns) + ahead,
                 .mono = std::nullopt,
                 .error = Duration::nanoseconds(50),
                 .source = StampSource::Kernel};
  if (local) made.mono = MonoTime::from_ns(ns);
  return made;
}

// A probe each half second, 10 ms each way; forward up to 0.2 ms more.
Sample probe(std::uint64_t number, const Clocks& clocks) {
  Sample sample;
  sample.probe = number;
  sample.outcome = Outcome::Delivered;
  sample.arrival_index = number + 1;
  const std::int64_t t1 = static_cast<std::int64_t>(number) * 500'000'000;
  const std::int64_t t2 = t1 + 10'000'000 + static_cast<std::int64_t>(number % 5) * 50'000;
  sample.scheduled = MonoTime::from_ns(t1);
  sample.sender_tx = stamp(t1, clocks.sender, true);
  sample.reflector_rx = stamp(t2, clocks.reflector, false);
  sample.reflector_tx = stamp(t2 + 20'000, clocks.reflector, false);
  sample.sender_rx = stamp(t2 + 10'020'000, clocks.sender, true);
  sample.sender_clock_error = sample.reflector_clock_error = clocks.error;
  return sample;
}

Summary summed(const std::vector<Sample>& samples) {
  Accumulator accumulator({});
  for (const Sample& sample : samples) accumulator.add(sample);
  accumulator.finish();
  return accumulator.summary();
}

// 100 probes with one pair of clocks, 100 with another.
std::vector<Sample> stepped(const Clocks& before, const Clocks& after) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 200; ++i) samples.push_back(probe(i, i < 100 ? before : after));
  return samples;
}

void expect_only_the_network(const Summary& summary) {
  ASSERT_TRUE(summary.forward_variation.pdv_p95 && summary.backward_variation.pdv_p95);
  EXPECT_NEAR(static_cast<double>(summary.forward_variation.pdv_p95->ns()), 200'000, 2'200);
  EXPECT_EQ(summary.backward_variation.pdv_p999->ns(), 0);
  EXPECT_NEAR(static_cast<double>(summary.forward_variation.ipdv_mean_abs->ns()), 80'000, 1'300);
  EXPECT_EQ(summary.forward_variation.ipdv_undefined, 1U);
  ASSERT_TRUE(summary.mos.has_value());
  EXPECT_NEAR(summary.mos->value, 4.41, 0.01);
}

TEST(Clocks, a_step_of_our_clock_between_two_probes_is_no_variation) {
  expect_only_the_network(summed(stepped({}, {.sender = Duration::milliseconds(300)})));
}

TEST(Clocks, a_step_that_is_smaller_than_the_delay_is_seen_on_the_raw_clock) {
  expect_only_the_network(summed(stepped({}, {.sender = Duration::milliseconds(-4)})));
}

TEST(Clocks, a_step_of_the_reflectors_clock_is_no_variation) {
  expect_only_the_network(summed(stepped({}, {.reflector = Duration::milliseconds(300)})));
}

TEST(Clocks, a_step_is_none_in_any_order_of_decision) {
  auto samples = stepped({}, {.sender = Duration::milliseconds(300)});
  std::swap(samples[99], samples[102]);
  const Summary summary = summed(samples);
  EXPECT_LE(summary.forward_variation.pdv_p999->ns(), 210'000);
  EXPECT_LE(abs(*summary.forward_variation.ipdv_p5).ns(), 200'000);
}

TEST(Clocks, many_values_keep_their_variation_over_a_step) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 30'000; ++i)
    samples.push_back(probe(i, {.sender = Duration::milliseconds(i < 12'000 ? 0 : 300)}));
  expect_only_the_network(summed(samples));
}

// 50 ppm for an hour are 180 ms.
std::vector<Sample> drifting(std::optional<Duration> error) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 7'200; ++i)
    samples.push_back(
        probe(i, {.sender = Duration(),
                  .reflector = Duration::microseconds(25) * static_cast<std::int64_t>(i),
                  .error = error}));
  return samples;
}

TEST(Clocks, clocks_that_nobody_disciplines_tell_no_variation_of_one_way) {
  for (const auto error : {std::optional<Duration>(), std::optional(Duration::seconds(16))}) {
    const Summary summary = summed(drifting(error));
    EXPECT_FALSE(summary.forward_variation.pdv_p50 || summary.forward_variation.pdv_p999);
    EXPECT_FALSE(summary.backward_variation.pdv_p50 || summary.backward_variation.pdv_p999);
    EXPECT_GT(summary.forward_variation.ipdv_count, 7'000U) << "drift hardly matters to neighbours";
    EXPECT_NEAR(static_cast<double>(summary.rtt_variation.pdv_p95->ns()), 200'000, 10);
    ASSERT_TRUE(summary.mos.has_value());
    EXPECT_NEAR(summary.mos->value, 4.41, 0.01);
  }
}

TEST(Clocks, the_variation_of_the_round_trip_stands_in_for_speech) {
  auto samples = drifting(std::nullopt);
  samples.resize(200);
  // 90 ms and the codec are past the 100 ms that nobody minds; each fifth reply is 160 ms later.
  for (std::size_t i = 0; i < samples.size(); i += 5) {
    samples[i].sender_rx->wall += Duration::milliseconds(160);
    *samples[i].sender_rx->mono += Duration::milliseconds(160);
  }
  EXPECT_LT(summed(samples).mos->r, 92.5);
}

// The difference of the clocks lies between -10 and 10 ms as one probe tells it.
TEST(ClockWatch, sees_a_step_of_the_reflectors_clock_where_two_probes_contradict_each_other) {
  for (const bool large : {false, true}) {
    ClockWatch watch;
    EXPECT_EQ(watch.stretch_of(probe(0, {})), 0U);
    const Duration step = Duration::microseconds(large ? 21'100 : 20'900);
    EXPECT_EQ(watch.stretch_of(probe(5, {.sender = {}, .reflector = step})), large ? 1U : 0U);
  }
}

TEST(ClockWatch, sees_a_step_there_and_the_step_back) {
  ClockWatch watch;
  const Clocks stepped{.sender = {}, .reflector = Duration::milliseconds(300)};
  EXPECT_EQ(watch.stretch_of(probe(0, {})), 0U);
  EXPECT_EQ(watch.stretch_of(probe(1, stepped)), 1U);
  EXPECT_EQ(watch.stretch_of(probe(2, {})), 2U);
}

// 400 ppm, as a kernel slews: 4 ms in ten seconds.
TEST(ClockWatch, takes_a_slew_for_none) {
  ClockWatch watch;
  for (std::int64_t i = 0; i < 4; ++i) {
    const Duration ahead = Duration::milliseconds(4) * i;
    const Clocks clocks{.sender = ahead, .reflector = ahead};
    EXPECT_EQ(watch.stretch_of(probe(static_cast<std::uint64_t>(i) * 20, clocks)), 0U);
  }
}

}  // namespace
}  // namespace wirestamp::measure
