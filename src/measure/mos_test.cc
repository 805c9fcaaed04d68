// SPDX-License-Identifier: Apache-2.0
#include "measure/mos.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "measure/emodel.h"

namespace wirestamp::measure {
namespace {

constexpr Duration kMs = Duration::milliseconds(1);

DelaySeries steady(Duration delay) {
  DelaySeries series;
  for (int i = 0; i < 100; ++i) series.add({delay, StampSource::Kernel, {}});
  return series;
}

// `late` of 1,000 delays are `by` later than the others.
DelaySeries uneven(Duration delay, int late, Duration by) {
  DelaySeries series;
  for (int i = 0; i < 1'000; ++i)
    series.add({i < late ? delay + by : delay, StampSource::Kernel, {}});
  return series;
}

double r_of(Duration delay, double loss_percent, double burst_ratio = 1) {
  return speech_quality({.delay_ms = static_cast<double>(delay.ns()) * 1e-6,
                         .loss_percent = loss_percent,
                         .burst_ratio = burst_ratio})
      .r;
}

// Half the round trip, the least buffer and a packet.
constexpr Duration kTa = kMs * 50;

class Speech : public testing::Test {
 protected:
  Mos told() const {
    return *speech({.counts = counts_,
                    .interval = interval_,
                    .round_trip = round_trip_,
                    .forward = forward_,
                    .backward = backward_,
                    .loss_periods = periods_});
  }

  Speech() { counts_.sent = 1'000; }

  Summary counts_;
  Duration interval_ = kMs * 500;
  DelaySeries round_trip_ = steady(kMs * 20), forward_ = steady(kMs * 10),
              backward_ = steady(kMs * 10);
  LossPeriods periods_;
};

TEST_F(Speech, a_closed_port_and_a_packet_that_is_too_big_are_losses_on_the_way_there) {
  counts_.peer_closed = 30;
  counts_.too_big = 20;
  EXPECT_TRUE(told().forward_is_worse);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 5));
}

TEST_F(Speech, late_replies_and_losses_of_unknown_direction_count_both_ways) {
  counts_.late = 30;
  counts_.lost.unknown = 20;
  counts_.lost.backward = 1;
  EXPECT_FALSE(told().forward_is_worse);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 5.1));
  counts_.lost.backward = 0;
  counts_.lost.forward = 10;
  EXPECT_TRUE(told().forward_is_worse);
  EXPECT_FALSE(told().alike);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 6));
  counts_.lost.forward = 0;
  EXPECT_TRUE(told().alike);
}

TEST_F(Speech, the_way_back_is_offered_what_the_reflector_answered) {
  counts_.lost.forward = counts_.peer_closed = counts_.too_big = 10;
  counts_.refused_by_peer = 470;
  counts_.lost.backward = 50;
  EXPECT_FALSE(told().forward_is_worse);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 10));
}

TEST_F(Speech, the_buffer_discards_what_comes_later_than_it_is_deep) {
  forward_ = uneven(kMs * 10, 30, kMs * 60);
  EXPECT_TRUE(told().forward_is_worse);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 3));
}

TEST_F(Speech, what_the_network_lost_cannot_be_discarded) {
  forward_ = uneven(kMs * 10, 30, kMs * 60);
  counts_.lost.forward = 500;
  EXPECT_NEAR(told().r, r_of(kTa, 51.5), 1e-9);
}

TEST_F(Speech, the_buffer_is_as_deep_as_the_variation_and_at_most_100_ms) {
  forward_ = uneven(kMs * 10, 100, kMs * 60);
  EXPECT_DOUBLE_EQ(told().r, r_of(kMs * 90, 0));
  forward_ = uneven(kMs * 10, 100, kMs * 160);
  EXPECT_DOUBLE_EQ(told().r, r_of(kMs * 130, 10));
}

TEST_F(Speech, a_variation_of_less_than_a_packet_discards_nothing) {
  forward_ = uneven(kMs * 10, 40, kMs * 19);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 0));
}

// Of 1,100 probes 100 found no neighbour, one after the other, and 100 were lost singly.
TEST_F(Speech, bursts_of_loss_are_judged_by_all_that_was_to_be_sent) {
  interval_ = kMs * 20;
  counts_.lost.forward = 100;
  for (int i = 0; i < 900; ++i) {
    periods_.add(false);
    if (i < 100) periods_.add(true);
  }
  for (int i = 0; i < 100; ++i) periods_.add(true);
  ASSERT_EQ(periods_.count, 101U);
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 10, 200.0 / 101 * (1 - 200.0 / 1'100)));
}

TEST_F(Speech, bursts_are_seen_at_intervals_up_to_40_ms) {
  counts_.lost.forward = 100;
  for (int i = 0; i < 1'000; ++i) periods_.add(i < 100);
  interval_ = kMs * 40;
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 10, 100 * 0.9));
  interval_ = kMs * 41;
  EXPECT_DOUBLE_EQ(told().r, r_of(kTa, 10));
}

TEST_F(Speech, a_negative_round_trip_is_no_delay) {
  round_trip_ = steady(kMs * -300);
  EXPECT_EQ(told().one_way_delay, Duration());
  EXPECT_DOUBLE_EQ(told().r, r_of(kMs * 40, 0));
}

// The polynomial dips below 1 for a rating between 0 and 6.5.
//= G107:mos
TEST(SpeechQuality, is_between_1_and_4_5_and_falls_with_loss_and_delay) {
  double by_delay = 5;
  for (double delay_ms = 0; delay_ms < 1e13; delay_ms = delay_ms * 1.5 + 1) {
    double by_loss = 5;
    for (double loss = 0; loss <= 100; loss += 0.5) {
      const double mos = speech_quality({.delay_ms = delay_ms, .loss_percent = loss}).mos;
      ASSERT_GE(mos, 1) << delay_ms << " ms, " << loss << " %";
      ASSERT_LE(mos, std::min(by_loss, 4.5)) << delay_ms << " ms, " << loss << " %";
      by_loss = mos;
    }
    const double clean = speech_quality({.delay_ms = delay_ms}).mos;
    ASSERT_LE(clean, by_delay) << delay_ms << " ms";
    by_delay = clean;
  }
}

}  // namespace
}  // namespace wirestamp::measure
