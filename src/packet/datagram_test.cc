// SPDX-License-Identifier: Apache-2.0
#include "packet/datagram.h"

#include <gtest/gtest.h>

namespace wirestamp::packet {
namespace {

Timestamp stamp(StampSource source) { return {.source = source}; }

TEST(TransmitStamp, a_better_one_replaces_a_weaker_one_and_not_the_other_way_round) {
  EXPECT_TRUE(replaces(stamp(StampSource::Scheduler), std::nullopt));
  EXPECT_TRUE(replaces(stamp(StampSource::Kernel), stamp(StampSource::Scheduler)));
  EXPECT_FALSE(replaces(stamp(StampSource::Scheduler), stamp(StampSource::Kernel)));
}

// A datagram that goes through two queues (a macvlan on an interface) has two; it left by the last.
TEST(TransmitStamp, of_schedulers_the_last_counts_and_of_drivers_the_first) {
  EXPECT_TRUE(replaces(stamp(StampSource::Scheduler), stamp(StampSource::Scheduler)));
  EXPECT_FALSE(replaces(stamp(StampSource::Kernel), stamp(StampSource::Kernel)));
}

}  // namespace
}  // namespace wirestamp::packet
