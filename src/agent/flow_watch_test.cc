// SPDX-License-Identifier: Apache-2.0
#include "agent/flow_watch.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "measure/samples_test.h"

namespace wirestamp::agent {
namespace {

constexpr unsigned kFlows = 8;
constexpr std::int64_t kOneWay = 10'000'000;  // ns

class FlowWatchTest : public testing::Test {
 protected:
  // One probe on each flow, flow 3 of which takes `slower` ns longer.
  void round(StampSource stamps, std::int64_t slower = 0) {
    for (std::size_t flow = 0; flow < kFlows; ++flow) {
      measure::Sample sample =
          measure::answered(next_, kOneWay, kOneWay + (flow == 3 ? slower : 0), next_ + 1);
      sample.sender_tx->source = stamps;
      watch_.add(sample, flow);
      ++next_;
    }
  }
  // "3 slower"
  std::vector<std::string> differences() {
    std::vector<std::string> told;
    for (const measure::Event& event : watch_.take_news()) {
      EXPECT_EQ(event.kind, measure::EventKind::FlowDiffers);
      told.push_back(std::to_string(event.flow.value()) + " " + event.reason);
    }
    return told;
  }

  FlowWatch watch_{kFlows, Duration::milliseconds(500)};
  std::uint64_t next_ = 0;
};

using Told = std::vector<std::string>;

TEST_F(FlowWatchTest, flows_that_are_alike_are_not_told_of) {
  for (int i = 0; i < 200; ++i) round(StampSource::Kernel);
  watch_.finish();
  EXPECT_EQ(differences(), Told());
}

// Eight answered probes show that there are no transmit stamps; then they are others.
TEST_F(FlowWatchTest, a_slower_flow_is_told_of_after_the_stamps_stepped_down) {
  for (int i = 0; i < 8; ++i) round(StampSource::User);
  for (int i = 0; i < 200; ++i) round(StampSource::Scheduler, 2 * kOneWay / 5);
  watch_.finish();
  EXPECT_EQ(differences(), Told{"3 slower"});
}

TEST_F(FlowWatchTest, the_figures_of_each_flow_are_its_own) {
  for (int i = 0; i < 10; ++i) round(StampSource::Kernel, 1'000'000);
  watch_.finish();
  const std::vector<measure::Summary> all = watch_.summaries();
  ASSERT_EQ(all.size(), kFlows);
  for (std::size_t flow = 0; flow < kFlows; ++flow) {
    EXPECT_EQ(all[flow].delivered, 10U);
    EXPECT_EQ(all[flow].rtt.max, Duration::milliseconds(flow == 3 ? 21 : 20)) << flow;
  }
}

// As in the summary of all flows.
TEST_F(FlowWatchTest, a_flow_has_the_direction_of_its_losses) {
  for (int i = 0; i < 3; ++i) round(StampSource::Kernel);
  for (int i = 0; i < 4; ++i) {
    watch_.add(measure::probe(next_ + 3, measure::Outcome::LostUnknown), 3);
    next_ += kFlows;
  }
  watch_.resolve_unknown(3, 3, 1);
  watch_.finish();
  const auto summaries = watch_.summaries();
  for (std::size_t flow = 0; flow < kFlows; ++flow) {
    EXPECT_EQ(summaries[flow].lost.unknown, 0U) << flow;
    EXPECT_EQ(summaries[flow].lost.forward, flow == 3 ? 3U : 0U) << flow;
    EXPECT_EQ(summaries[flow].lost.backward, flow == 3 ? 1U : 0U) << flow;
  }
}

}  // namespace
}  // namespace wirestamp::agent
