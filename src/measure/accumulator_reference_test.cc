// SPDX-License-Identifier: Apache-2.0
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

//= RFC7680:ratio RFC3357:periods
TEST_P(AgainstReference, loss_and_its_periods) {
  EXPECT_DOUBLE_EQ(*summary_.loss_ratio, *reference::loss_ratio(lost_));
  const auto pattern = reference::loss_pattern(lost_);
  EXPECT_EQ(summary_.loss_periods, pattern.lengths.size());
  EXPECT_EQ(summary_.longest_loss_period, std::ranges::max(pattern.lengths));
}

//= RFC2330:percentile RFC7679:minimum
TEST_P(AgainstReference, round_trip_percentiles) {
  const auto values = finite(delays_);
  expect_near(summary_.rtt.p50, reference::percentile(values, 500'000));
  expect_near(summary_.rtt.p99, reference::percentile(values, 990'000));
  expect_near(summary_.rtt.min, reference::minimum(values));
}

//= RFC3393:ipdv RFC5481:pdv RFC5481:ipdv-percentiles
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

//= RFC3550:jitter
TEST_P(AgainstReference, rtp_jitter_in_the_order_of_arrival) {
  expect_near(summary_.jitter_rfc3550, reference::rtp_jitter(transits_).back());
}

//= RFC4737:reordered
TEST_P(AgainstReference, reordering) {
  const auto wanted = reference::reordering(arrived_);
  EXPECT_EQ(summary_.round_trip_order.reordered, wanted.reordered.size());
  EXPECT_GT(wanted.reordered.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstReference, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace wirestamp::measure
