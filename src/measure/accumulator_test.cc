// SPDX-License-Identifier: Apache-2.0
#include "measure/accumulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "measure/samples_test.h"

namespace wirestamp::measure {
namespace {

TEST(Accumulator, tells_nothing_of_nothing) {
  const Summary summary = summed({});
  EXPECT_EQ(summary.scheduled, 0U);
  EXPECT_FALSE(summary.loss_ratio || summary.network_loss_ratio || summary.unreachable_ratio);
  EXPECT_FALSE(summary.rtt.min || summary.jitter_rfc3550 || summary.mos || summary.rtt_class);
}

//= RFC7680:ratio
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

//= RFC7680:local-failures
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

//= RFC7679:undefined-when-late RFC7680:definition RFC6673:definition
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

TEST(Accumulator, sums_resolve_no_more_than_was_unknown) {
  for (const auto& [forward, backward] : {std::pair{20U, 5U}, {3U, 20U}}) {
    Accumulator accumulator({});
    for (std::uint64_t i = 0; i < 10; ++i) accumulator.add(probe(i, Outcome::LostUnknown));
    accumulator.resolve_unknown(forward, backward);
    const LossSums lost = accumulator.summary().lost;
    EXPECT_EQ(lost.forward, std::min(forward, 10U));
    EXPECT_EQ(lost.backward, 10U - std::min(forward, 10U));
    EXPECT_EQ(lost.unknown, 0U);
  }
}

TEST(Accumulator, a_probe_that_may_never_have_left_is_lost_and_counted_beside) {
  Sample sample = probe(0, Outcome::LostUnknown);
  sample.departure_unconfirmed = true;
  const Summary summary = summed({sample});
  EXPECT_EQ(summary.departure_unconfirmed, 1U);
  EXPECT_EQ(summary.sent, 1U);
  EXPECT_EQ(summary.network_loss_ratio, 1.0);
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

//= RFC5560:copies
TEST(Accumulator, copies_of_burst_probes_count_and_their_marks_and_stamps_do_not) {
  Sample burst = answered(1, 1'000, 1'000, 2);
  burst.burst = true;
  burst.duplicates_forward = 1;
  burst.duplicates_backward = 2;
  burst.seen_traffic_class = 184;
  burst.returned = Marks{.traffic_class = 184, .hop_limit = std::nullopt};
  const Summary summary = summed({answered(0, 1'000, 1'000, 1), burst});
  EXPECT_EQ(summary.duplicates_forward, 1U);
  EXPECT_EQ(summary.duplicates_backward, 2U);
  EXPECT_EQ(summary.forward_marks_known, 0U);
  EXPECT_EQ(summary.backward_marks_known, 0U);
  EXPECT_EQ(summary.sender_tx.by_source[static_cast<std::size_t>(StampSource::Kernel)], 1U);
}

TEST(Accumulator, marks_are_those_of_answered_probes_at_both_ends) {
  Sample seen = answered(0, 1'000, 1'000, 1);
  seen.seen_traffic_class = 184;
  seen.returned = Marks{.traffic_class = 2, .hop_limit = 60};
  const Summary summary =
      summed({seen, answered(1, 1'000, 1'000, 2), probe(2, Outcome::LostForward)});
  EXPECT_EQ(summary.forward_marks_known, 1U);
  EXPECT_EQ(summary.forward_traffic_class[184], 1U);
  EXPECT_EQ(summary.backward_marks_known, 1U);
  EXPECT_EQ(summary.backward_traffic_class[2], 1U);
}

//= RFC3357:periods
TEST(Accumulator, a_loss_period_goes_on_over_what_was_not_sent_and_over_bursts) {
  std::vector<Sample> samples{answered(0, 1'000, 1'000, 1), probe(1, Outcome::LostForward),
                              probe(2, Outcome::Withheld),  unsent(3, UnsentCause::NoRoute),
                              answered(4, 1'000, 1'000, 2), probe(5, Outcome::LateSchedule),
                              probe(6, Outcome::Late),      probe(7, Outcome::RefusedByPeer),
                              probe(8, Outcome::TooBig)};
  samples[4].burst = true;
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.loss_periods, 2U);
  EXPECT_EQ(summary.longest_loss_period, 2U);
}

//= RFC2330:wire-time
TEST(Accumulator, each_stamp_of_what_was_sent_is_counted_by_its_source) {
  std::vector<Sample> samples{answered(0, 1'000, 1'000, 1), probe(1, Outcome::LostForward),
                              answered(2, 1'000, 1'000, 2, Outcome::Late),
                              unsent(3, UnsentCause::NoRoute)};
  samples[1].sender_tx = stamp_at(0, true, StampSource::User);
  samples[3].sender_tx = stamp_at(0, true, StampSource::Unknown);
  const Summary summary = summed(samples);
  const auto count = [](const StampCounts& counts, StampSource source) {
    return counts.by_source[static_cast<std::size_t>(source)];
  };
  EXPECT_EQ(count(summary.sender_tx, StampSource::Kernel), 2U);
  EXPECT_EQ(count(summary.sender_tx, StampSource::User), 1U);
  EXPECT_EQ(count(summary.sender_tx, StampSource::Unknown), 0U);
  EXPECT_EQ(summary.sender_tx.weakest, StampSource::User);
  EXPECT_EQ(count(summary.sender_rx, StampSource::Kernel), 2U);
}

//= RFC3432:lateness-told
TEST(Accumulator, the_schedule_error_is_of_every_probe_handed_over) {
  std::vector<Sample> samples{answered(0, 1'000, 1'000, 1), probe(1, Outcome::LostForward),
                              unsent(2, UnsentCause::NoRoute), probe(3, Outcome::LateSchedule)};
  for (std::size_t i = 0; i < 3; ++i)
    samples[i].sender_user =
        stamp_at(samples[i].scheduled.ns() + 100 * (1 + std::int64_t(i)), true);
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.schedule_error.count, 3U);
  EXPECT_EQ(summary.schedule_error.min->ns(), 100);
  EXPECT_EQ(summary.schedule_error.max->ns(), 300);
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

TEST(Accumulator, a_reply_of_the_reflector_before_its_restart_may_come_late) {
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 15; ++i) {
    samples.push_back(answered(i, 1'000, 1'000, i == 9 ? 15 : i < 9 ? i + 1 : i));
    samples.back().reflector_epoch = i < 10 ? 0 : 1;
    samples.back().reflector_sequence = static_cast<std::uint32_t>(i % 10);
  }
  const Summary summary = summed(samples);
  EXPECT_EQ(summary.backward_order.reordered, 1U);
  EXPECT_EQ(summary.forward_order.reordered, 0U);
}

TEST(Accumulator, a_request_arrives_with_the_first_of_its_copies) {
  // Request 1 arrived twice, before and after request 2. The reply to the first copy was lost.
  std::vector<Sample> samples{answered(0, 1'000, 1'000, 1), answered(1, 1'000, 1'000, 3),
                              answered(2, 1'000, 1'000, 2)};
  for (const auto& [probe, number] : {std::pair{0U, 0U}, {1U, 3U}, {2U, 2U}})
    samples[probe].reflector_sequence = samples[probe].reflector_first_sequence = number;
  samples[1].reflector_first_sequence = 1;
  EXPECT_EQ(summed(samples).forward_order.reordered, 0U);
}

TEST(Accumulator, no_more_than_so_many_replies_wait_for_earlier_numbers) {
  Accumulator accumulator({});
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    Sample sample = answered(i, 1'000, 1'000, i + 1);
    sample.reflector_sequence = static_cast<std::uint32_t>(i);
    accumulator.add(sample);
  }
  EXPECT_EQ(accumulator.summary().forward_order.received, 3'000U - 1'024);
  accumulator.finish();
  EXPECT_EQ(accumulator.summary().forward_order.received, 3'000U);
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

// Two hundred flows after each other, the reflector's numbers from 0 in each. Each has ten answered
// probes, and in each of the three orders the third and the fourth change places.
TEST(Accumulator, reordering_is_within_a_flow_however_many_there_are) {
  constexpr std::uint64_t kFlows = 200, kOfEach = 10;
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < kFlows * kOfEach; ++i) {
    const std::uint64_t place = i % kOfEach, swapped = place == 3 ? 4 : place == 4 ? 3 : place;
    samples.push_back(answered(i, 1'000, 1'000, i - place + swapped + 1));
    samples.back().flow = static_cast<std::uint32_t>(i / kOfEach);
    samples.back().reflector_sequence = static_cast<std::uint32_t>(place);
  }
  const Summary summary = summed(samples);
  for (const Reordering* order : {&summary.round_trip_order, &summary.backward_order}) {
    EXPECT_EQ(order->received, kFlows * kOfEach);
    EXPECT_EQ(order->reordered, kFlows);
    EXPECT_DOUBLE_EQ(order->ratio.value(), 0.1);
    EXPECT_EQ(order->max_extent, 1U);
    EXPECT_EQ(order->n_reordered[1], kFlows);
    EXPECT_EQ(order->n_reordered[2], 0U);
  }
  EXPECT_EQ(summary.forward_order.received, kFlows * kOfEach);
  EXPECT_EQ(summary.forward_order.reordered, 0U);
}

// Each takes a path of its own: who comes first says nothing.
TEST(Accumulator, probes_of_parallel_flows_do_not_overtake_each_other) {
  std::vector<Sample> samples;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::uint32_t round = i / 4, flow = i % 4;
    samples.push_back(answered(i, 1'000, 1'000, round * 4 + (3 - flow) + 1));
    samples.back().flow = flow;
    samples.back().reflector_sequence = round;
  }
  const Summary summary = summed(samples);
  for (const Reordering* order :
       {&summary.round_trip_order, &summary.forward_order, &summary.backward_order}) {
    EXPECT_EQ(order->received, 40U);
    EXPECT_EQ(order->reordered, 0U);
    EXPECT_EQ(order->max_extent, 0U);
  }
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

}  // namespace
}  // namespace wirestamp::measure
