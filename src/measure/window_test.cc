// SPDX-License-Identifier: Apache-2.0
#include "measure/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "measure/delay.h"
#include "measure/reference.h"
#include "measure/samples_test.h"

namespace wirestamp::measure {
namespace {

// Samples of every kind. The reflector's clock is behind in half of them, so that one-way values of
// both signs occur.
std::vector<Sample> random_samples(std::uint64_t seed, std::uint64_t count) {
  base::Random random(seed);
  constexpr std::array kLost{Outcome::LostForward, Outcome::LostBackward, Outcome::LostUnknown,
                             Outcome::PeerClosed,  Outcome::TooBig,       Outcome::RefusedByPeer,
                             Outcome::Withheld,    Outcome::LateSchedule};
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < count; ++i) {
    Sample sample;
    if (random.chance(0.1)) {
      sample = probe(i, kLost[random.below(kLost.size())]);
      sample.departure_unconfirmed = sample.outcome == Outcome::LostUnknown && random.chance(0.5);
      if (left_this_host(sample.outcome))
        sample.sender_tx = stamp_at(sample.scheduled.ns() + 700, true);
    } else if (random.chance(0.05)) {
      sample = unsent(i, static_cast<UnsentCause>(1 + random.below(6)));
    } else {
      const auto delay = [&] { return static_cast<std::int64_t>(1'000 + random.below(2'000'000)); };
      sample = answered(i, delay(), delay(), i + 1,
                        random.chance(0.05) ? Outcome::Late : Outcome::Delivered);
      if (random.chance(0.5))
        for (auto* stamp : {&sample.reflector_rx, &sample.reflector_tx})
          (*stamp)->wall = (*stamp)->wall - kOffset - Duration::microseconds(1'100);
      if (random.chance(0.3)) sample.sender_rx->source = StampSource::User;
      sample.clock_step = random.chance(0.02);
      sample.duplicates_forward = static_cast<std::uint16_t>(random.below(2));
      sample.duplicates_backward = static_cast<std::uint16_t>(random.below(2));
      sample.sent = {.traffic_class = 184, .hop_limit = 64};
      if (random.chance(0.8))
        sample.seen_traffic_class = static_cast<std::uint8_t>(random.chance(0.9) ? 184 : 0);
      if (random.chance(0.8)) sample.returned = Marks{.traffic_class = 184, .hop_limit = 61};
    }
    sample.burst = random.chance(0.05);
    samples.push_back(sample);
  }
  return samples;
}

Window window_of(const std::vector<Sample>& samples) {
  Window window;
  for (const Sample& sample : samples) window.add(sample);
  return window;
}

class WindowAgainst : public testing::TestWithParam<std::uint64_t> {
 protected:
  const std::vector<Sample> samples_ = random_samples(GetParam(), 600);
  const Window whole_ = window_of(samples_);
};

TEST_P(WindowAgainst, a_summary_the_counters_are_the_same) {
  const Summary summary = summed(samples_);
  EXPECT_EQ(whole_.scheduled, summary.scheduled);
  EXPECT_EQ(whole_.sent, summary.sent);
  EXPECT_EQ(whole_.delivered, summary.delivered);
  EXPECT_EQ(whole_.late, summary.late);
  EXPECT_EQ(whole_.lost.forward, summary.lost.forward);
  EXPECT_EQ(whole_.lost.backward, summary.lost.backward);
  EXPECT_EQ(whole_.lost.unknown, summary.lost.unknown);
  EXPECT_EQ(whole_.peer_closed, summary.peer_closed);
  EXPECT_EQ(whole_.too_big, summary.too_big);
  EXPECT_EQ(whole_.refused_by_peer, summary.refused_by_peer);
  EXPECT_EQ(whole_.withheld, summary.withheld);
  EXPECT_EQ(whole_.late_schedule, summary.late_schedule);
  EXPECT_EQ(whole_.departure_unconfirmed, summary.departure_unconfirmed);
  EXPECT_EQ(whole_.unsent_by_cause, summary.unsent_by_cause);
  EXPECT_EQ(whole_.unsent_total(), summary.unsent_total);
  EXPECT_EQ(whole_.duplicates_forward, summary.duplicates_forward);
  EXPECT_EQ(whole_.duplicates_backward, summary.duplicates_backward);
  EXPECT_EQ(whole_.burst_sent, summary.burst_sent);
  EXPECT_EQ(whole_.burst_received, summary.burst_received);
  EXPECT_EQ(whole_.burst_lost, summary.burst_lost);
  EXPECT_EQ(whole_.clock_step_samples, summary.clock_step_samples);
  EXPECT_EQ(whole_.bad_reflector_stamps, summary.bad_reflector_stamps);
  EXPECT_EQ(whole_.negative_rtt, summary.negative_rtt);
  EXPECT_EQ(whole_.loss_ratio(), summary.loss_ratio);
  EXPECT_EQ(whole_.network_loss_ratio(), summary.network_loss_ratio);
  EXPECT_NEAR(*whole_.unreachable_ratio(), *summary.unreachable_ratio, 1e-12);
  EXPECT_EQ(whole_.sender_rx.by_source, summary.sender_rx.by_source);
  EXPECT_EQ(whole_.sender_tx.weakest, summary.sender_tx.weakest);
  EXPECT_EQ(whole_.forward_marks_known, summary.forward_marks_known);
  EXPECT_EQ(whole_.backward_marks_known, summary.backward_marks_known);
}

TEST_P(WindowAgainst, a_summary_the_delays_are_within_the_error) {
  const Summary summary = summed(samples_);
  const auto* rtt = whole_.rtt.fullest();
  ASSERT_NE(rtt, nullptr);
  EXPECT_EQ(rtt->stamps, summary.rtt_class);
  EXPECT_EQ(rtt->values.count(), summary.rtt.count);
  EXPECT_EQ(whole_.rtt.others(), summary.rtt_other_class);
  EXPECT_EQ(rtt->values.smallest(), summary.rtt.min);
  EXPECT_EQ(rtt->values.largest(), summary.rtt.max);
  EXPECT_NEAR(rtt->values.percentile(990'000)->to_seconds(), summary.rtt.p99->to_seconds(),
              summary.rtt.p99->to_seconds() * Histogram::kRelativeError);
  EXPECT_NEAR(static_cast<double>(rtt->values.mean()->ns()),
              static_cast<double>(summary.rtt.mean->ns()), 1.0);
}

std::vector<std::uint64_t> counters(const Window& w) {
  std::vector<std::uint64_t> list{w.scheduled,
                                  w.sent,
                                  w.delivered,
                                  w.late,
                                  w.lost.forward,
                                  w.lost.backward,
                                  w.lost.unknown,
                                  w.peer_closed,
                                  w.too_big,
                                  w.refused_by_peer,
                                  w.withheld,
                                  w.late_schedule,
                                  w.departure_unconfirmed,
                                  w.duplicates_forward,
                                  w.duplicates_backward,
                                  w.duplicates_unknown,
                                  w.burst_sent,
                                  w.burst_received,
                                  w.burst_lost,
                                  w.arrived,
                                  w.reordered,
                                  w.negative_rtt,
                                  w.clock_step_samples,
                                  w.bad_reflector_stamps,
                                  w.forward_marks_known,
                                  w.forward_remarked,
                                  w.backward_marks_known,
                                  w.backward_remarked};
  list.insert(list.end(), w.unsent_by_cause.begin(), w.unsent_by_cause.end());
  for (const auto* stamps : {&w.sender_tx, &w.reflector_rx, &w.reflector_tx, &w.sender_rx})
    list.insert(list.end(), stamps->by_source.begin(), stamps->by_source.end());
  return list;
}

void expect_same(const ClassedValues& one, const ClassedValues& other) {
  ASSERT_EQ(one.classes.size(), other.classes.size());
  for (std::size_t i = 0; i < one.classes.size(); ++i) {
    const Values &here = one.classes[i].values, &there = other.classes[i].values;
    EXPECT_EQ(one.classes[i].stamps, other.classes[i].stamps);
    EXPECT_EQ(here.count(), there.count());
    EXPECT_EQ(here.smallest(), there.smallest());
    EXPECT_EQ(here.largest(), there.largest());
    EXPECT_NEAR(here.sum, there.sum, std::fabs(there.sum) * 1e-12);
    for (std::uint32_t ppm = 0; ppm <= 1'000'000; ppm += 12'500)
      EXPECT_EQ(here.percentile(ppm), there.percentile(ppm)) << ppm;
  }
}

TEST_P(WindowAgainst, itself_merged_over_any_split_is_the_whole) {
  base::Random random(GetParam() * 7'919);
  for (const std::uint64_t parts : {1U, 2U, 3U, 17U, 600U}) {
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() << ", " << parts << " parts");
    // Not even neighbours stay together; and the merging goes over one level between.
    std::vector<Window> split(parts);
    for (const Sample& sample : samples_) split[random.below(parts)].add(sample);
    Window merged, half, other_half;
    for (std::size_t i = 0; i < parts; ++i) (i % 2 == 0 ? half : other_half).merge(split[i]);
    merged.merge(other_half);
    merged.merge(half);
    EXPECT_EQ(counters(merged), counters(whole_));
    expect_same(merged.rtt, whole_.rtt);
    expect_same(merged.forward_delay, whole_.forward_delay);
    expect_same(merged.backward_delay, whole_.backward_delay);
    EXPECT_EQ(merged.rtt_error_max, whole_.rtt_error_max);
    EXPECT_EQ(merged.one_way_error_max, whole_.one_way_error_max);
    EXPECT_EQ(merged.sender_rx.weakest, whole_.sender_rx.weakest);
  }
}

TEST_P(WindowAgainst, the_exact_reference_percentiles_are_within_the_error) {
  std::vector<reference::Delay> exact;
  Values values;
  bool negative = false;
  for (const Sample& sample : samples_)
    if (const auto delay = forward_delay(sample)) {
      exact.emplace_back(static_cast<double>(delay->ns()));
      values.add(*delay);
      negative = negative || *delay < Duration();
    }
  ASSERT_TRUE(negative);
  for (std::uint32_t ppm = 10'000; ppm <= 1'000'000; ppm += 10'000) {
    const double wanted = *reference::percentile(exact, ppm);
    // Half a nanosecond for the rounding of a bucket's value.
    EXPECT_NEAR(static_cast<double>(values.percentile(ppm)->ns()), wanted,
                std::fabs(wanted) * Histogram::kRelativeError + 0.5)
        << "seed " << GetParam() << ", " << ppm << " ppm";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WindowAgainst, testing::Range<std::uint64_t>(1, 21));

// An answered probe that was sent with DSCP 46, and its reply with this one.
Sample marked(std::uint8_t returned_dscp) {
  Sample sample = answered(0, 1'000, 1'000, 1);
  sample.sent = {.traffic_class = 46U << 2U, .hop_limit = 64};
  sample.returned =
      Marks{.traffic_class = static_cast<std::uint8_t>(returned_dscp << 2U), .hop_limit = 61};
  return sample;
}

TEST(WindowMarks, a_reply_is_remarked_only_where_it_is_known_what_it_was_sent_with) {
  Sample sample = marked(0);
  const Window not_told = window_of({sample});
  EXPECT_EQ(not_told.backward_marks_known, 1U);
  EXPECT_EQ(not_told.backward_remarked, 0U);
  EXPECT_EQ(not_told.backward_traffic_class, 0);
  sample.seen_traffic_class = 46U << 2U;
  EXPECT_EQ(window_of({sample}).backward_remarked, 1U);
  EXPECT_EQ(window_of({sample}).forward_remarked, 0U);
  sample.reply_class_refused = true;
  EXPECT_EQ(window_of({sample}).backward_remarked, 0U) << "the reflector sent it with another one";
  sample = marked(46);
  sample.seen_traffic_class = 0;
  EXPECT_EQ(window_of({sample}).backward_remarked, 0U);
  EXPECT_EQ(window_of({sample}).forward_remarked, 1U);
}

constexpr WallTime kBegin = WallTime::from_ns(1'700'000'000'000'000'000);

Window second(std::uint64_t delivered, std::uint64_t lost, std::int64_t rtt_us) {
  Window window;
  window.scheduled = window.sent = delivered + lost;
  window.delivered = delivered;
  window.lost.forward = lost;
  if (rtt_us > 0) window.rtt.add(StampSource::Kernel, Duration::microseconds(rtt_us));
  return window;
}

TEST(WindowMerging, KeepsTheWorstSecondOverAnyNumberOfLevels) {
  const auto at = [](std::int64_t seconds) { return kBegin + Duration::seconds(seconds); };
  Window hour;
  for (std::int64_t minute = 0; minute < 60; ++minute) {
    Window of_minute;
    for (std::int64_t i = 0; i < 60; ++i) {
      const std::int64_t now = minute * 60 + i;
      of_minute.merge_finer(second(2,
                                   now == 1'234   ? 3
                                   : now % 7 == 0 ? 1
                                                  : 0,
                                   now == 2'345 ? 90'000 : 400),
                            at(now));
    }
    hour.merge_finer(of_minute, at(minute * 60));
  }
  ASSERT_TRUE(hour.worst);
  EXPECT_DOUBLE_EQ(hour.worst->loss_ratio, 0.6);
  EXPECT_EQ(hour.worst->loss_at, at(1'234));
  EXPECT_EQ(hour.worst->rtt_p99, Duration::microseconds(90'000));
  EXPECT_EQ(hour.worst->rtt_p99_at, at(2'345));
  EXPECT_EQ(hour.scheduled, 7'200U + 3 + 515 - (1'234 % 7 == 0 ? 1 : 0));
}

TEST(WindowMerging, TheFirstOfEqualSecondsIsNamed) {
  Window minute;
  for (std::int64_t i = 0; i < 5; ++i)
    minute.merge_finer(second(1, 1, 500), kBegin + Duration::seconds(i));
  EXPECT_EQ(minute.worst->loss_at, kBegin);
  EXPECT_EQ(minute.worst->rtt_p99_at, kBegin);
}

TEST(WindowMerging, ASecondWithoutReplyHasNoRoundTripToBeTheWorst) {
  Window minute;
  minute.merge_finer(second(0, 2, 0), kBegin);
  EXPECT_EQ(minute.worst->rtt_p99, std::nullopt);
  EXPECT_EQ(minute.worst->loss_ratio, 1);
  minute.merge_finer(second(2, 0, 500), kBegin + Duration::seconds(1));
  EXPECT_EQ(minute.worst->rtt_p99, Duration::microseconds(500));
  EXPECT_EQ(minute.worst->rtt_p99_at, kBegin + Duration::seconds(1));
  EXPECT_EQ(minute.worst->loss_at, kBegin);
}

TEST(WindowMerging, PlainMergingLeavesTheWorstAlone) {
  Window one, other;
  other.merge_finer(second(0, 2, 0), kBegin);
  one.merge(other);
  EXPECT_FALSE(one.worst);
}

}  // namespace
}  // namespace wirestamp::measure
