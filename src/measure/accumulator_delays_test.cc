// SPDX-License-Identifier: Apache-2.0
//
// What the accumulator makes of stamps: delays, their classes and their errors.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "measure/samples_test.h"

namespace wirestamp::measure {
namespace {

//= RFC5905:delay RFC7679:definition
TEST(AccumulatorDelays, the_round_trip_is_net_of_the_reflector_and_of_its_clock) {
  const Summary summary = summed({answered(0, 4'000, 6'000, 1)});
  EXPECT_EQ(summary.rtt.p50->ns(), 10'000);
  EXPECT_EQ(summary.reflector_residence.p50->ns(), 20'000);
  EXPECT_EQ(summary.forward_delay.p50->ns(), 4'000 + kOffset.ns());
  EXPECT_EQ(summary.backward_delay.p50->ns(), 6'000 - kOffset.ns());
}

//= RFC2330:wire-time
TEST(AccumulatorDelays, stamps_of_different_sources_are_never_mixed_in_a_percentile) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 10; ++i) samples.push_back(answered(i, 1'000, 1'000, i + 1));
  samples[4].reflector_tx->source = StampSource::User;
  samples[4].sender_rx->wall += Duration::milliseconds(5);
  *samples[4].sender_rx->mono += Duration::milliseconds(5);
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.rtt_class, StampSource::Kernel);
  EXPECT_EQ(summary.rtt.count, 9U);
  EXPECT_EQ(summary.rtt_other_class, 1U);
  EXPECT_EQ(summary.rtt.max->ns(), 2'000);
  EXPECT_EQ(summary.rtt_variation.ipdv_undefined, 2U);
  EXPECT_EQ(summary.reflector_tx.weakest, StampSource::User);
}

TEST(AccumulatorDelays, of_two_classes_with_as_many_values_the_stronger_is_told) {
  for (const std::uint64_t first_of_user : {0U, 5U}) {
    std::vector<Sample> samples;
    for (std::uint64_t i = 0; i < 10; ++i) {
      samples.push_back(answered(i, 1'000, 1'000, i + 1));
      if (i / 5 == first_of_user / 5) samples.back().sender_tx->source = StampSource::User;
    }
    const Summary summary = summed(samples);
    EXPECT_EQ(summary.rtt_class, StampSource::Kernel);
    EXPECT_EQ(summary.rtt.count, 5U);
    EXPECT_EQ(summary.rtt_other_class, 5U);
  }
}

// Thirty even round trips of kernel stamps, and ten with a T3 of the program: uneven, long in the
// reflector and with a large error.
std::vector<Sample> two_classes() {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 40; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i + 1));
    if (i < 20 || i >= 30) continue;
    const Duration more = Duration::milliseconds(i % 2 == 0 ? 5 : 9);
    Sample& sample = samples.back();
    sample.reflector_tx->source = StampSource::User;
    sample.reflector_tx->error = Duration::milliseconds(3);
    sample.reflector_tx->wall += more;
    sample.sender_rx->wall += more * 2;
    *sample.sender_rx->mono += more * 2;
  }
  return samples;
}

TEST(AccumulatorDelays, variation_and_jitter_are_those_of_the_class_shown) {
  const Summary summary = summed(two_classes());
  ASSERT_EQ(summary.rtt_class, StampSource::Kernel);
  EXPECT_EQ(summary.rtt_variation.ipdv_count, 19U + 9U);
  EXPECT_EQ(summary.rtt_variation.ipdv_undefined, 11U);
  EXPECT_EQ(summary.rtt_variation.ipdv_p95->ns(), 0);
  EXPECT_EQ(summary.jitter_consecutive->ns(), 0);
  EXPECT_EQ(summary.jitter_rfc3550->ns(), 0);
}

TEST(AccumulatorDelays, the_reflectors_time_and_the_errors_are_those_of_the_class_shown) {
  const Summary summary = summed(two_classes());
  EXPECT_EQ(summary.reflector_residence.count, 30U);
  EXPECT_EQ(summary.reflector_residence.max->ns(), 20'000);
  EXPECT_EQ(summary.residence_class, StampSource::Kernel);
  EXPECT_EQ(summary.residence_other_class, 10U);
  EXPECT_EQ(summary.rtt_error_max->ns(), 4 * 50 + 1);  // 50 ppm of 20 us
  EXPECT_EQ(summary.rtt_error_mean->ns(), 4 * 50 + 1);
}

// Every second T3 lies before its T2: what is left is the round trip with the reflector in it.
//= RFC2681:definition
TEST(AccumulatorDelays, round_trips_with_bad_reflector_stamps_are_a_series_of_their_own) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 10; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i + 1));
    samples.back().reflector_rx->source = samples.back().reflector_tx->source =
        StampSource::Unknown;
    if (i % 2 == 0) continue;
    samples.back().bad_reflector_stamps = true;
    samples.back().reflector_tx->wall = samples.back().reflector_rx->wall - Duration::seconds(1);
  }
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.rtt.count, 5U);
  EXPECT_EQ(summary.rtt_other_class, 0U);
  EXPECT_EQ(summary.rtt.max->ns(), 2'000);
  EXPECT_EQ(summary.gross_rtt.count, 5U);
  EXPECT_EQ(summary.gross_rtt.min->ns(), 22'000);
  EXPECT_EQ(summary.gross_rtt_class, StampSource::Kernel);
  EXPECT_EQ(summary.rtt_variation.ipdv_count, 0U);
  EXPECT_FALSE(summary.jitter_rfc3550 && summary.jitter_rfc3550->ns() > 0);
}

// As answered(), with clocks that tell their errors: 30 us here, 40 us there.
Sample bounded(std::uint64_t number) {
  Sample sample = answered(number, 1'000, 1'000, number + 1);
  sample.sender_clock_error = Duration::microseconds(30);
  sample.reflector_clock_error = Duration::microseconds(40);
  return sample;
}

//= RFC7679:uncertainty
TEST(AccumulatorDelays, the_error_of_a_direction_is_that_of_its_clocks_and_of_its_own_stamps) {
  Sample sample = bounded(0);
  sample.sender_tx->error = Duration::microseconds(1);
  sample.reflector_rx->error = Duration::microseconds(2);
  sample.reflector_tx->error = Duration::microseconds(4);
  sample.sender_rx->error = Duration::microseconds(8);
  const Summary summary = summed({sample, bounded(1)});
  EXPECT_EQ(summary.forward_error, Duration::microseconds(73));
  EXPECT_EQ(summary.backward_error, Duration::microseconds(82));
  EXPECT_EQ(summary.one_way_error, Duration::microseconds(82));
}

TEST(AccumulatorDelays, a_probe_without_one_way_values_has_no_part_in_their_error) {
  Sample stepped = bounded(1);
  stepped.clock_step = true;
  stepped.sender_clock_error = Duration::seconds(16);
  EXPECT_EQ(summed({bounded(0), stepped}).forward_error, Duration::nanoseconds(70'100));
}

//= RFC7679:uncertainty
TEST(AccumulatorDelays, the_error_of_a_direction_is_absent_when_one_value_has_no_bound) {
  Sample silent = bounded(1);
  silent.reflector_clock_error.reset();
  const Summary summary = summed({bounded(0), silent});
  EXPECT_FALSE(summary.forward_error || summary.backward_error);
}

TEST(AccumulatorDelays, each_direction_tells_its_class_and_how_many_values_have_another) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 10; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i + 1));
    samples.back().reflector_tx->source = i < 7 ? StampSource::User : StampSource::Kernel;
    if (i == 0) samples.back().reflector_rx->source = StampSource::User;
  }
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.forward_class, StampSource::Kernel);
  EXPECT_EQ(summary.forward_other_class, 1U);
  EXPECT_EQ(summary.backward_class, StampSource::User);
  EXPECT_EQ(summary.backward_other_class, 3U);
}

TEST(AccumulatorDelays, a_step_of_the_clock_takes_the_one_way_values_and_leaves_the_round_trip) {
  Sample sample = answered(0, 1'000, 1'000, 1);
  sample.clock_step = true;
  const Summary summary = summed({sample});
  EXPECT_EQ(summary.rtt.count, 1U);
  EXPECT_EQ(summary.forward_delay.count, 0U);
  EXPECT_EQ(summary.clock_step_samples, 1U);
}

//= RFC7679:definition
TEST(AccumulatorDelays, a_negative_round_trip_is_kept_and_counted) {
  Sample sample = answered(1, 1'000, 1'000, 2);
  sample.reflector_tx->wall += Duration::microseconds(5);
  const Summary summary = summed({answered(0, 1'000, 1'000, 1), sample});
  EXPECT_EQ(summary.rtt.min->ns(), -3'000);
  EXPECT_EQ(summary.negative_rtt, 1U);
}

// What a probe between two answered ones, 1 and 3 us long, makes of their pair: round trip, forward
// and backward.
std::array<Variation, 3> variations_across(const Sample& between) {
  const Summary summary = summed({answered(0, 500, 500, 1), between, answered(2, 1'500, 1'500, 2)});
  return {summary.rtt_variation, summary.forward_variation, summary.backward_variation};
}

TEST(AccumulatorDelays, one_value_has_neither_jitter_nor_variation_nor_deviation) {
  const Summary summary = summed({answered(0, 1'000, 1'000, 1)});
  EXPECT_FALSE(summary.jitter_rfc3550 || summary.jitter_consecutive || summary.rtt.stddev);
  EXPECT_FALSE(summary.rtt_variation.ipdv_p95 || summary.rtt_variation.ipdv_mean_abs);
  EXPECT_EQ(summary.rtt_variation.ipdv_undefined, 0U);
  EXPECT_EQ(summary.rtt_variation.pdv_p99->ns(), 0);
}

//= RFC3393:ipdv-undefined
TEST(AccumulatorDelays, a_lost_probe_makes_both_of_its_pairs_undefined) {
  for (const Variation& variation : variations_across(probe(1, Outcome::LostForward))) {
    EXPECT_EQ(variation.ipdv_count, 0U);
    EXPECT_EQ(variation.ipdv_undefined, 2U);
  }
}

TEST(AccumulatorDelays, a_probe_that_never_left_ends_the_chain_and_nothing_is_undefined) {
  for (const Sample& between : {probe(1, Outcome::Withheld), probe(1, Outcome::LateSchedule),
                                unsent(1, UnsentCause::NoRoute)}) {
    for (const Variation& variation : variations_across(between)) {
      EXPECT_EQ(variation.ipdv_count, 0U);
      EXPECT_EQ(variation.ipdv_undefined, 0U);
    }
  }
}

TEST(AccumulatorDelays, a_burst_probe_is_passed_over) {
  Sample burst = answered(1, 90'000, 90'000, 0);
  burst.burst = true;
  const auto variations = variations_across(burst);
  for (const Variation& variation : variations) {
    EXPECT_EQ(variation.ipdv_count, 1U);
    EXPECT_EQ(variation.ipdv_undefined, 0U);
  }
  EXPECT_EQ(variations[0].ipdv_mean_abs->ns(), 2'000);
}

// RFC 3550 6.4.1 knows no burst either.
TEST(AccumulatorDelays, the_jitter_is_that_of_scheduled_probes) {
  Sample burst = answered(1, 90'000, 90'000, 2);
  burst.burst = true;
  const Summary summary = summed({answered(0, 500, 500, 1), burst, answered(2, 8'500, 8'500, 3)});
  EXPECT_EQ(summary.jitter_rfc3550->ns(), 1'000);  // 16 us / 16
}

TEST(AccumulatorDelays, the_error_of_a_round_trip_is_absent_where_the_peer_tells_none) {
  Sample silent = answered(0, 1'000, 1'000, 1);
  silent.reflector_rx->source = silent.reflector_tx->source = StampSource::Unknown;
  const Summary summary = summed({silent});
  EXPECT_EQ(summary.rtt.count, 1U);
  EXPECT_FALSE(summary.rtt_error_max || summary.rtt_error_mean);
}

// Parallel flows over paths of 2 and 20 us, sent in either order within a round.
TEST(AccumulatorDelays, the_difference_of_two_paths_is_no_variation) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint32_t flow = (i + i / 2) % 2;
    const std::int64_t each_way = flow == 0 ? 1'000 : 10'000;
    samples.push_back(answered(i, each_way, each_way, i + 1));
    samples.back().flow = flow;
  }
  samples[7] = probe(7, Outcome::LostForward);
  samples[7].flow = (7 + 7 / 2) % 2;
  const Summary summary = summed(samples);
  for (const Variation& variation :
       {summary.rtt_variation, summary.forward_variation, summary.backward_variation}) {
    EXPECT_EQ(variation.ipdv_count, 16U);
    EXPECT_EQ(variation.ipdv_undefined, 2U);
    EXPECT_EQ(variation.ipdv_mean_abs->ns(), 0);
  }
  EXPECT_EQ(summary.jitter_rfc3550->ns(), 0);
}

TEST(AccumulatorDelays, the_first_probe_over_a_new_flow_has_no_predecessor) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 300; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i + 1));
    samples.back().flow = static_cast<std::uint32_t>(i / 3);
  }
  const Variation variation = summed(samples).rtt_variation;
  EXPECT_EQ(variation.ipdv_count, 200U);
  EXPECT_EQ(variation.ipdv_undefined, 0U);
}

}  // namespace
}  // namespace wirestamp::measure
