// SPDX-License-Identifier: Apache-2.0
#include "measure/accumulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "measure/delay.h"
#include "measure/reference.h"

namespace wirestamp::measure {
namespace {

constexpr Duration kOffset = Duration::seconds(3);  // of the reflector's clock

Timestamp stamp_at(std::int64_t ns, bool local, StampSource source = StampSource::Kernel) {
  Timestamp stamp;
  stamp.wall = WallTime::from_ns(1'000'000'000'000 + ns);
  if (local) stamp.mono = MonoTime::from_ns(ns);
  if (!local) stamp.wall += kOffset;
  stamp.error = Duration::nanoseconds(50);
  stamp.source = source;
  return stamp;
}

// Probe `number` of a stream of one a millisecond.
Sample probe(std::uint64_t number, Outcome outcome) {
  Sample sample;
  sample.probe = number;
  sample.sequence = static_cast<std::uint32_t>(number);
  sample.scheduled = MonoTime::from_ns(static_cast<std::int64_t>(number) * 1'000'000);
  sample.outcome = outcome;
  return sample;
}

Sample answered(std::uint64_t number, std::int64_t there_ns, std::int64_t back_ns,
                std::uint64_t arrival, Outcome outcome = Outcome::Delivered) {
  Sample sample = probe(number, outcome);
  const std::int64_t t1 = sample.scheduled.ns() + 700;
  const std::int64_t t2 = t1 + there_ns, t3 = t2 + 20'000, t4 = t3 + back_ns;
  sample.sender_tx = stamp_at(t1, true);
  sample.reflector_rx = stamp_at(t2, false);
  sample.reflector_tx = stamp_at(t3, false);
  sample.sender_rx = stamp_at(t4, true);
  sample.arrival_index = arrival;
  return sample;
}

Sample unsent(std::uint64_t number, UnsentCause cause) {
  Sample sample = probe(number, Outcome::Unsent);
  sample.cause = cause;
  return sample;
}

Summary summed(const std::vector<Sample>& samples, Duration interval = Duration::milliseconds(1)) {
  Accumulator accumulator({.interval = interval});
  for (const Sample& sample : samples) accumulator.add(sample);
  accumulator.finish();
  return accumulator.summary();
}

TEST(Accumulator, tells_nothing_of_nothing) {
  const Summary summary = summed({});
  EXPECT_EQ(summary.scheduled, 0U);
  EXPECT_FALSE(summary.loss_ratio || summary.network_loss_ratio || summary.unreachable_ratio);
  EXPECT_FALSE(summary.rtt.min || summary.jitter_rfc3550 || summary.mos || summary.rtt_class);
}

TEST(Accumulator, a_dead_neighbour_is_full_loss_with_nothing_sent) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 10; ++i)
    samples.push_back(unsent(i, UnsentCause::NeighbourUnresolved));
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.sent, 0U);
  EXPECT_EQ(summary.loss_ratio, 1.0);
  EXPECT_FALSE(summary.network_loss_ratio.has_value());
  EXPECT_EQ(summary.unreachable_ratio, 1.0);
  EXPECT_EQ(summary.longest_loss_period, 10U);
}

TEST(Accumulator, other_causes_of_unsent_probes_are_no_loss_but_make_the_peer_unreachable) {
  const Summary summary =
      summed({answered(0, 1'000, 1'000, 1), unsent(1, UnsentCause::NoRoute),
              unsent(2, UnsentCause::DroppedLocally), answered(3, 1'000, 1'000, 2)});
  EXPECT_EQ(summary.loss_ratio, 0.0);
  EXPECT_EQ(summary.network_loss_ratio, 0.0);
  EXPECT_EQ(summary.unreachable_ratio, 0.5);
  EXPECT_EQ(summary.unsent_total, 2U);
  EXPECT_EQ(summary.loss_periods, 0U);
}

TEST(Accumulator, probes_that_we_did_not_send_on_purpose_or_in_time_are_in_no_ratio) {
  const Summary summary = summed(
      {answered(0, 1'000, 1'000, 1), probe(1, Outcome::Withheld), probe(2, Outcome::LateSchedule)});
  EXPECT_EQ(summary.loss_ratio, 0.0);
  EXPECT_EQ(summary.unreachable_ratio, 0.0);
  EXPECT_EQ(summary.scheduled, 3U);
}

TEST(Accumulator, each_kind_of_loss_counts_and_refusal_does_not) {
  const Summary summary = summed({answered(0, 1'000, 1'000, 1), probe(1, Outcome::LostForward),
                                  probe(2, Outcome::LostBackward), probe(3, Outcome::LostUnknown),
                                  probe(4, Outcome::PeerClosed), probe(5, Outcome::TooBig),
                                  answered(6, 1'000, 3'000'000'000, 2, Outcome::Late),
                                  probe(7, Outcome::RefusedByPeer)});
  EXPECT_EQ(summary.sent, 8U);
  EXPECT_EQ(summary.loss_ratio, 6.0 / 8);
  EXPECT_EQ(summary.received, 2U);
  EXPECT_EQ(summary.rtt.count, 1U) << "a late reply is lost: its delay is in no distribution";
}

TEST(Accumulator, sums_resolve_losses_of_unknown_direction) {
  Accumulator accumulator({});
  for (std::uint64_t i = 0; i < 10; ++i) accumulator.add(probe(i, Outcome::LostUnknown));
  accumulator.resolve_unknown(3, 4);
  EXPECT_EQ(accumulator.summary().lost.forward, 3U);
  EXPECT_EQ(accumulator.summary().lost.backward, 4U);
  EXPECT_EQ(accumulator.summary().lost.unknown, 3U);
  EXPECT_EQ(accumulator.summary().network_loss_ratio, 1.0);
}

TEST(Accumulator, the_round_trip_is_net_of_the_reflector_and_of_its_clock) {
  const Summary summary = summed({answered(0, 4'000, 6'000, 1)});
  EXPECT_EQ(summary.rtt.p50->ns(), 10'000);
  EXPECT_EQ(summary.reflector_residence.p50->ns(), 20'000);
  EXPECT_EQ(summary.forward_delay.p50->ns(), 4'000 + kOffset.ns());
  EXPECT_EQ(summary.backward_delay.p50->ns(), 6'000 - kOffset.ns());
}

TEST(Accumulator, stamps_of_different_sources_are_never_mixed_in_a_percentile) {
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

TEST(Accumulator, variation_and_jitter_are_those_of_the_class_shown) {
  const Summary summary = summed(two_classes());
  ASSERT_EQ(summary.rtt_class, StampSource::Kernel);
  EXPECT_EQ(summary.rtt_variation.ipdv_count, 19U + 9U);
  EXPECT_EQ(summary.rtt_variation.ipdv_undefined, 11U);
  EXPECT_EQ(summary.rtt_variation.ipdv_p95->ns(), 0);
  EXPECT_EQ(summary.jitter_consecutive->ns(), 0);
  EXPECT_EQ(summary.jitter_rfc3550->ns(), 0);
}

TEST(Accumulator, the_reflectors_time_and_the_errors_are_those_of_the_class_shown) {
  const Summary summary = summed(two_classes());
  EXPECT_EQ(summary.reflector_residence.count, 30U);
  EXPECT_EQ(summary.reflector_residence.max->ns(), 20'000);
  EXPECT_EQ(summary.residence_class, StampSource::Kernel);
  EXPECT_EQ(summary.residence_other_class, 10U);
  EXPECT_EQ(summary.rtt_error_max->ns(), 4 * 50 + 1);  // 50 ppm of 20 us
  EXPECT_EQ(summary.rtt_error_mean->ns(), 4 * 50 + 1);
}

// Every second T3 lies before its T2: what is left is the round trip with the reflector in it.
TEST(Accumulator, round_trips_with_bad_reflector_stamps_are_a_series_of_their_own) {
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

TEST(Accumulator, the_error_of_a_direction_is_that_of_its_clocks_and_of_its_own_stamps) {
  Sample sample = bounded(0);
  sample.sender_tx->error = Duration::microseconds(1);
  sample.reflector_rx->error = Duration::microseconds(2);
  sample.reflector_tx->error = Duration::microseconds(4);
  sample.sender_rx->error = Duration::microseconds(8);
  const Summary summary = summed({sample, bounded(1)});
  EXPECT_EQ(summary.forward_error, Duration::microseconds(73));
  EXPECT_EQ(summary.backward_error, Duration::microseconds(82));
}

TEST(Accumulator, a_probe_without_one_way_values_has_no_part_in_their_error) {
  Sample stepped = bounded(1);
  stepped.clock_step = true;
  stepped.sender_clock_error = Duration::seconds(16);
  EXPECT_EQ(summed({bounded(0), stepped}).forward_error, Duration::nanoseconds(70'100));
}

TEST(Accumulator, the_error_of_a_direction_is_absent_when_one_value_has_no_bound) {
  Sample silent = bounded(1);
  silent.reflector_clock_error.reset();
  const Summary summary = summed({bounded(0), silent});
  EXPECT_FALSE(summary.forward_error || summary.backward_error);
}

TEST(Accumulator, each_direction_tells_its_class_and_how_many_values_have_another) {
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

TEST(Accumulator, a_step_of_the_clock_takes_the_one_way_values_and_leaves_the_round_trip) {
  Sample sample = answered(0, 1'000, 1'000, 1);
  sample.clock_step = true;
  const Summary summary = summed({sample});
  EXPECT_EQ(summary.rtt.count, 1U);
  EXPECT_EQ(summary.forward_delay.count, 0U);
  EXPECT_EQ(summary.clock_step_samples, 1U);
}

TEST(Accumulator, the_extra_probes_of_a_burst_count_for_order_and_burst_loss_only) {
  std::vector<Sample> samples{answered(0, 1'000, 1'000, 1)};
  for (std::uint64_t i = 1; i <= 5; ++i) {
    samples.push_back(i == 2 ? probe(i, Outcome::LostForward) : answered(i, 1'000, 1'000, 7 - i));
    samples.back().burst = true;
  }
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.sent, 1U);
  EXPECT_EQ(summary.loss_ratio, 0.0);
  EXPECT_EQ(summary.rtt.count, 1U);
  EXPECT_EQ(summary.burst_sent, 5U);
  EXPECT_EQ(summary.burst_loss, 0.2);
  EXPECT_EQ(summary.round_trip_order.received, 5U);
  EXPECT_GT(summary.round_trip_order.reordered, 0U);
}

TEST(Accumulator, a_burst_probe_that_the_peer_refused_is_not_lost) {
  std::vector<Sample> samples;
  for (const Outcome outcome : {Outcome::Delivered, Outcome::RefusedByPeer, Outcome::RefusedByPeer,
                                Outcome::LostBackward, Outcome::Late}) {
    samples.push_back(probe(samples.size(), outcome));
    samples.back().burst = true;
  }
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.burst_sent, 5U);
  EXPECT_EQ(summary.burst_received, 1U);
  EXPECT_EQ(summary.burst_lost, 2U);
  EXPECT_EQ(summary.burst_loss, 0.4);
}

TEST(Accumulator, a_negative_round_trip_is_kept_and_counted) {
  Sample sample = answered(1, 1'000, 1'000, 2);
  sample.reflector_tx->wall += Duration::microseconds(5);
  const Summary summary = summed({answered(0, 1'000, 1'000, 1), sample});
  EXPECT_EQ(summary.rtt.min->ns(), -3'000);
  EXPECT_EQ(summary.negative_rtt, 1U);
}

TEST(Accumulator, a_restart_of_the_reflector_is_no_reordering) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 20; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i + 1));
    samples.back().reflector_epoch = i < 10 ? 0 : 1;
    samples.back().reflector_sequence = static_cast<std::uint32_t>(i % 10);
  }
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.backward_order.received, 20U);
  EXPECT_EQ(summary.backward_order.reordered, 0U);
  EXPECT_EQ(summary.forward_order.reordered, 0U);
}

TEST(Accumulator, the_reflectors_numbers_may_wrap_around) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 20; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i + 1));
    samples.back().reflector_sequence = 0xffff'fff8U + static_cast<std::uint32_t>(i);
  }
  EXPECT_EQ(summed(samples).backward_order.reordered, 0U);
}

TEST(Accumulator, the_direction_of_reordering_comes_from_the_reflectors_numbers) {
  // The reflector saw 0 2 1 3; its replies to 2 and 1 came in the order it sent them.
  std::vector<Sample> samples{answered(0, 1'000, 1'000, 1), answered(1, 1'000, 1'000, 3),
                              answered(2, 1'000, 1'000, 2), answered(3, 1'000, 1'000, 4)};
  for (const auto& [probe, number] : {std::pair{0U, 0U}, {1U, 2U}, {2U, 1U}, {3U, 3U}})
    samples[probe].reflector_sequence = number;
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.round_trip_order.reordered, 1U);
  EXPECT_EQ(summary.forward_order.reordered, 1U);
  EXPECT_EQ(summary.backward_order.reordered, 0U);
}

TEST(Accumulator, speech_quality_wants_fifty_probes) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 49; ++i) samples.push_back(answered(i, 1'000, 1'000, i + 1));
  EXPECT_FALSE(summed(samples).mos.has_value());
  samples.push_back(answered(49, 1'000, 1'000, 50));
  ASSERT_TRUE(summed(samples).mos.has_value());
  EXPECT_NEAR(summed(samples).mos->value, 4.41, 0.01);
}

TEST(Accumulator, speech_quality_is_that_of_the_worse_direction) {
  std::vector<Sample> samples;
  std::uint64_t arrival = 0;
  for (std::uint64_t i = 0; i < 100; ++i)
    samples.push_back(i % 10 == 3 ? probe(i, Outcome::LostBackward)
                                  : answered(i, 1'000, 1'000, ++arrival));
  const auto mos = summed(samples).mos;
  ASSERT_TRUE(mos.has_value());
  EXPECT_FALSE(mos->forward_is_worse);
  EXPECT_LT(mos->value, 3.7);
}

// Random streams in random order of decision: what is streamed equals the definitions.
class AgainstReference : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    base::Random random(GetParam());
    std::vector<std::pair<std::int64_t, std::size_t>> arrivals;
    for (std::uint64_t i = 0; i < 500; ++i) {
      if (random.chance(0.08)) {
        samples_.push_back(
            probe(i, random.chance(0.5) ? Outcome::LostForward : Outcome::LostBackward));
        continue;
      }
      samples_.push_back(answered(i, static_cast<std::int64_t>(100'000 + random.below(5'000'000)),
                                  static_cast<std::int64_t>(100'000 + random.below(5'000'000)), 0));
      arrivals.emplace_back(samples_.back().sender_rx->mono->ns(), samples_.size() - 1);
    }
    std::ranges::sort(arrivals);
    for (std::size_t rank = 0; rank < arrivals.size(); ++rank)
      samples_[arrivals[rank].second].arrival_index = rank + 1;
    for (const Sample& sample : samples_) {
      const auto rtt = round_trip(sample);
      delays_.push_back(rtt ? reference::Delay(static_cast<double>(rtt->ns()))
                            : reference::Delay());
      lost_.push_back(!rtt);
    }
    for (const auto& [when, at] : arrivals) {
      arrived_.push_back(samples_[at].probe);
      transits_.push_back(*delays_[at]);
    }
    std::vector<Sample> decided = samples_;
    for (std::size_t i = decided.size(); i > 1; --i)
      std::swap(decided[i - 1], decided[random.below(i)]);
    summary_ = summed(decided);
  }

  static void expect_near(std::optional<Duration> found, std::optional<double> wanted) {
    ASSERT_TRUE(found && wanted);
    EXPECT_NEAR(static_cast<double>(found->ns()), *wanted, 0.5001);
  }

  // Figures of delay are over what arrived.
  std::vector<reference::Delay> finite(const std::vector<reference::Delay>& values) const {
    std::vector<reference::Delay> found;
    for (const auto& value : values)
      if (value) found.push_back(value);
    return found;
  }

  std::vector<Sample> samples_;
  std::vector<reference::Delay> delays_;
  std::vector<bool> lost_;
  std::vector<std::uint64_t> arrived_;
  std::vector<double> transits_;
  Summary summary_;
};

TEST_P(AgainstReference, loss_and_its_periods) {
  EXPECT_DOUBLE_EQ(*summary_.loss_ratio, *reference::loss_ratio(lost_));
  const auto pattern = reference::loss_pattern(lost_);
  EXPECT_EQ(summary_.loss_periods, pattern.lengths.size());
  EXPECT_EQ(summary_.longest_loss_period, std::ranges::max(pattern.lengths));
}

TEST_P(AgainstReference, round_trip_percentiles) {
  const auto values = finite(delays_);
  expect_near(summary_.rtt.p50, reference::percentile(values, 500'000));
  expect_near(summary_.rtt.p99, reference::percentile(values, 990'000));
  expect_near(summary_.rtt.min, reference::minimum(values));
}

TEST_P(AgainstReference, delay_variation) {
  const auto ipdv = reference::ipdv(delays_);
  expect_near(summary_.rtt_variation.ipdv_p5, reference::percentile(finite(ipdv), 50'000));
  expect_near(summary_.rtt_variation.ipdv_p95, reference::percentile(finite(ipdv), 950'000));
  EXPECT_EQ(summary_.rtt_variation.ipdv_count, finite(ipdv).size());
  EXPECT_EQ(summary_.rtt_variation.ipdv_undefined, ipdv.size() - 1 - finite(ipdv).size());
  expect_near(summary_.rtt_variation.pdv_p95,
              reference::percentile(finite(reference::pdv(delays_)), 950'000));
  double sum = 0;
  for (const auto& value : finite(ipdv)) sum += std::fabs(*value);
  expect_near(summary_.jitter_consecutive, sum / static_cast<double>(finite(ipdv).size()));
}

TEST_P(AgainstReference, rtp_jitter_in_the_order_of_arrival) {
  expect_near(summary_.jitter_rfc3550, reference::rtp_jitter(transits_).back());
}

TEST_P(AgainstReference, reordering) {
  const auto wanted = reference::reordering(arrived_);
  EXPECT_EQ(summary_.round_trip_order.reordered, wanted.reordered.size());
  EXPECT_GT(wanted.reordered.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstReference, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace wirestamp::measure
