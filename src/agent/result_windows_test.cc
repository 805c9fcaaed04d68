// SPDX-License-Identifier: Apache-2.0
#include "agent/result_windows.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace wirestamp::agent {
namespace {

constexpr Duration kMinute = Duration::minutes(1);
const WallTime kTen = WallTime::from_ns(1'800'000'000'000'000'000);  // at a full minute

measure::Sample at(Duration since) {
  measure::Sample sample;
  sample.scheduled_wall = kTen + since;
  sample.outcome = measure::Outcome::LostUnknown;
  return sample;
}

TEST(ResultWindows, a_probe_belongs_to_the_window_it_was_due_in_whenever_it_is_decided) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  windows.add(at(Duration::seconds(61)));
  windows.add(at(Duration::seconds(59)));
  windows.add(at(Duration::seconds(0)));
  EXPECT_EQ(*windows.next(), kTen + Duration::seconds(74));
  EXPECT_TRUE(windows.take(kTen + Duration::seconds(73)).empty()) << "a probe may be undecided";
  const auto told = windows.take(kTen + Duration::seconds(74));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].begin, kTen);
  EXPECT_EQ(told[0].end, kTen + kMinute);
  EXPECT_EQ(told[0].summary.scheduled, 2U);
  EXPECT_FALSE(told[0].part);
}

TEST(ResultWindows, the_first_and_the_last_window_are_parts) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen + Duration::seconds(30));
  windows.add(at(Duration::seconds(30)));
  windows.add(at(Duration::seconds(70)));
  windows.add(at(Duration::seconds(130)));
  const auto told = windows.take_all(kTen + kMinute * 3, true);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[0].part && !told[1].part && told[2].part);
  EXPECT_FALSE(windows.next());
}

TEST(ResultWindows, a_clock_set_back_tells_a_window_again_as_a_part) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  windows.add(at(Duration::seconds(61)));
  EXPECT_EQ(windows.take(kTen + Duration::seconds(140)).size(), 1U);
  windows.add(at(Duration::seconds(62)));
  const auto told = windows.take(kTen + Duration::seconds(140));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].part);
}

TEST(ResultWindows, a_clock_that_jumps_all_the_time_cannot_fill_the_memory) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  std::size_t told = 0;
  for (int i = 0; i < 1'000; ++i) {
    windows.add(at(kMinute * i));
    told += windows.take(kTen).size();
  }
  EXPECT_GE(told, 960U);
}

TEST(ResultWindows, what_was_in_flight_at_the_end_makes_parts) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  windows.add(at(Duration::seconds(1)));
  windows.add(at(Duration::seconds(61)));
  windows.add(at(Duration::seconds(121)));
  const auto told = windows.take_all(kTen + Duration::seconds(125), false);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(!told[0].part && told[1].part && told[2].part);
}

TEST(ResultWindows, a_clock_that_was_ahead_leaves_no_window_behind) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  windows.add(at(Duration::hours(8'760)));
  windows.add(at(Duration::seconds(1)));
  const auto ahead = windows.take(kTen + Duration::seconds(2));
  ASSERT_EQ(ahead.size(), 1U);
  EXPECT_TRUE(ahead[0].part);
  EXPECT_EQ(windows.take(kTen + Duration::seconds(80)).size(), 1U);
  windows.add(at(Duration::seconds(61)));
  const auto later = windows.take(kTen + Duration::seconds(140));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_FALSE(later[0].part) << "the year ahead is forgotten";
}

// A session that ran for years: what a window holds does not grow with the numbers of its probes.
TEST(ResultWindows, a_window_waits_only_for_probes_of_its_own) {
  ResultWindows windows(kMinute, Duration::milliseconds(500), 1, kTen);
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    measure::Sample sample = at(Duration::milliseconds(500) * static_cast<std::int64_t>(i));
    sample.probe = 5'000'000 + i;
    sample.arrival_index = 4'000'000 + i;
    sample.outcome = measure::Outcome::Delivered;
    windows.add(sample);
    windows.take(sample.scheduled_wall);
    most = std::max(most, windows.waiting());
  }
  EXPECT_LT(most, 1'000U);
}

TEST(ResultWindows, losses_whose_direction_is_known_later_are_those_of_the_newest_windows) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  windows.resolve_unknown(1, 0);  // of nothing
  for (int i = 0; i < 6; ++i) windows.add(at(Duration::seconds(30 * i + 1)));
  windows.resolve_unknown(3, 1);
  const auto told = windows.take_all(kTen + kMinute * 4, true);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[2].summary.lost.forward, 2U);
  EXPECT_EQ(told[1].summary.lost.forward, 1U);
  EXPECT_EQ(told[1].summary.lost.backward, 1U);
  EXPECT_EQ(told[0].summary.lost.unknown, 2U);
}

// The window that waits longest was over before the outage, and has nothing to resolve.
TEST(ResultWindows, a_window_without_losses_takes_no_direction_from_the_next_one) {
  ResultWindows windows(kMinute, Duration::seconds(1), 1, kTen);
  measure::Sample answered = at(Duration::seconds(1));
  answered.outcome = measure::Outcome::Delivered;
  windows.add(answered);
  for (int i = 0; i < 3; ++i) windows.add(at(Duration::seconds(61 + i)));
  windows.resolve_unknown(2, 1);
  const auto told = windows.take_all(kTen + kMinute * 3, true);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].summary.lost.forward, 2U);
  EXPECT_EQ(told[1].summary.lost.backward, 1U);
  EXPECT_EQ(told[1].summary.lost.unknown, 0U);
}

}  // namespace
}  // namespace wirestamp::agent
