// SPDX-License-Identifier: Apache-2.0
#include "measure/longer_windows.h"

#include <gtest/gtest.h>

namespace wirestamp::measure {
namespace {

TimedWindow second(std::int64_t at, std::uint64_t sent, std::uint64_t lost = 0,
                   std::uint32_t epoch = 0) {
  TimedWindow window{.begin = WallTime::from_ns(at * 1'000'000'000),
                     .length = Duration::seconds(1),
                     .epoch = epoch,
                     .part = false,
                     .window = {}};
  window.window.scheduled = window.window.sent = sent;
  window.window.lost.forward = lost;
  window.window.delivered = sent - lost;
  return window;
}

TEST(LongerWindows, one_is_told_when_the_next_begins) {
  LongerWindows tens(Duration::seconds(10));
  for (const std::int64_t at : {13, 14, 19}) EXPECT_FALSE(tens.add(second(at, 2)));
  const auto told = tens.add(second(20, 2));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->begin, WallTime::from_ns(10'000'000'000));
  EXPECT_EQ(told->end(), WallTime::from_ns(20'000'000'000));
  EXPECT_EQ(told->window.sent, 6U);
}

TEST(LongerWindows, the_worst_second_is_remembered) {
  LongerWindows tens(Duration::seconds(10));
  tens.add(second(10, 2));
  tens.add(second(11, 2, 1));
  tens.add(second(12, 2));
  const auto told = tens.older_than(WallTime::from_ns(20'000'000'000));
  ASSERT_TRUE(told && told->window.worst);
  EXPECT_DOUBLE_EQ(told->window.worst->loss_ratio, 0.5);
  EXPECT_EQ(told->window.worst->loss_at, WallTime::from_ns(11'000'000'000));
}

TEST(LongerWindows, a_clock_that_was_set_begins_another_one) {
  LongerWindows tens(Duration::seconds(10));
  tens.add(second(12, 2));
  const auto told = tens.add(second(12, 3, 0, 1));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->window.sent, 2U);
  EXPECT_EQ(tens.add(second(25, 1, 0, 1))->window.sent, 3U);
}

TEST(LongerWindows, an_open_one_is_told_when_its_time_is_over_and_only_once) {
  LongerWindows tens(Duration::seconds(10));
  tens.add(second(-3, 2));
  EXPECT_FALSE(tens.older_than(WallTime::from_ns(-1)));
  const auto told = tens.older_than(WallTime::from_ns(0));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->begin, WallTime::from_ns(-10'000'000'000));
  EXPECT_FALSE(tens.older_than(WallTime::from_ns(0)));
}

}  // namespace
}  // namespace wirestamp::measure
