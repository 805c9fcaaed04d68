// SPDX-License-Identifier: Apache-2.0
#include "delay_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirestamp::emulator {
namespace {

using ::testing::ElementsAre;
using Line = DelayLine<int>;

MonoTime at(std::int64_t ms) { return MonoTime::from_ns(ms * 1'000'000); }

std::vector<int> leaving(Line& line, MonoTime now) {
  std::vector<int> result;
  while (auto parcel = line.pop(now)) result.push_back(*parcel);
  return result;
}

TEST(DelayLine, NothingLeavesBeforeItsTime) {
  Line line(10, Duration::seconds(1));
  line.push(1, at(5), {});
  EXPECT_EQ(line.next(), at(5));
  EXPECT_THAT(leaving(line, at(4)), ElementsAre());
  EXPECT_THAT(leaving(line, at(5)), ElementsAre(1));
  EXPECT_EQ(line.next(), std::nullopt);
}

TEST(DelayLine, PacketsLeaveInTheOrderOfTheirTimes) {
  Line line(10, Duration::seconds(1));
  line.push(1, at(7), {});
  line.push(2, at(5), {});
  line.push(3, at(7), {});
  EXPECT_THAT(leaving(line, at(9)), ElementsAre(2, 1, 3));
}

TEST(DelayLine, AHeldPacketLeavesRightBehindTheNumberOfLaterOnes) {
  Line line(10, Duration::seconds(1));
  line.push(1, at(1), 2);
  line.push(2, at(2), {});
  line.push(3, at(3), {});
  line.push(4, at(4), {});
  EXPECT_THAT(leaving(line, at(9)), ElementsAre(2, 3, 1, 4));
}

TEST(DelayLine, EarlierPacketsDoNotCountForAHeldOne) {
  Line line(10, Duration::seconds(1));
  line.push(1, at(5), {});
  line.push(2, at(5), 1);
  EXPECT_THAT(leaving(line, at(6)), ElementsAre(1));
  line.push(3, at(6), {});
  EXPECT_THAT(leaving(line, at(6)), ElementsAre(3, 2));
}

TEST(DelayLine, AHeldPacketThatNobodyPassesLeavesAtItsLimit) {
  Line line(10, Duration::milliseconds(100));
  line.push(1, at(5), 3);
  EXPECT_EQ(line.next(), at(105));
  EXPECT_THAT(leaving(line, at(104)), ElementsAre());
  EXPECT_THAT(leaving(line, at(105)), ElementsAre(1));
}

TEST(DelayLine, AFullLineTakesNoMore) {
  Line line(2, Duration::seconds(1));
  EXPECT_TRUE(line.push(1, at(5), {}));
  EXPECT_TRUE(line.push(2, at(5), 1));
  EXPECT_FALSE(line.push(3, at(5), {}));
  EXPECT_EQ(line.size(), 2U);
}

}  // namespace
}  // namespace wirestamp::emulator
