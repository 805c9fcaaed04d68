// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "alert/watch.h"
#include "alert/windows_test.h"

namespace wirestamp::alert {
namespace {

constexpr Duration kDay = Duration::hours(24);

// `kBegin` is a Wednesday, 00:00.
WallTime at(std::int64_t days, std::int64_t hours, std::int64_t minutes = 0) {
  return kBegin + kDay * days + Duration::hours(hours) + Duration::minutes(minutes);
}

TEST(Maintenance, is_weekly_on_its_days) {
  const Maintenance work{
      .weekdays = {3, 0}, .begin = Duration::hours(2), .end = Duration::hours(4)};
  EXPECT_FALSE(work.covers(at(0, 1, 59)));
  EXPECT_TRUE(work.covers(at(0, 2)));
  EXPECT_TRUE(work.covers(at(0, 3, 59)));
  EXPECT_FALSE(work.covers(at(0, 4)));
  EXPECT_FALSE(work.covers(at(1, 3)));
  EXPECT_TRUE(work.covers(at(4, 3))) << "Sunday";
  EXPECT_TRUE(work.covers(at(7, 3)));
}

TEST(Maintenance, is_every_day_without_days) {
  const Maintenance work{.begin = Duration::hours(2), .end = Duration::hours(4)};
  for (int day = 0; day < 7; ++day) EXPECT_TRUE(work.covers(at(day, 3)));
}

TEST(Maintenance, goes_over_midnight_from_the_day_it_begins_on) {
  const Maintenance work{.weekdays = {2}, .begin = Duration::hours(23), .end = Duration::hours(1)};
  EXPECT_TRUE(work.covers(at(0, 0, 59)));
  EXPECT_FALSE(work.covers(at(0, 1)));
  EXPECT_FALSE(work.covers(at(0, 23, 30)));
  EXPECT_TRUE(work.covers(at(6, 23)));
  EXPECT_FALSE(work.covers(at(6, 22, 59)));
}

TEST(Maintenance, lasts_a_day_where_it_ends_as_it_begins) {
  const Maintenance work{.weekdays = {3}, .begin = Duration::hours(6), .end = Duration::hours(6)};
  EXPECT_FALSE(work.covers(at(0, 5)));
  EXPECT_TRUE(work.covers(at(0, 6)));
  EXPECT_TRUE(work.covers(at(1, 5, 59)));
  EXPECT_FALSE(work.covers(at(1, 6)));
}

TEST(Maintenance, happens_once_between_two_times) {
  const Maintenance work{.weekdays = {0}, .from = at(0, 5), .until = at(2, 5)};
  EXPECT_FALSE(work.covers(at(0, 4, 59)));
  EXPECT_TRUE(work.covers(at(0, 5)));
  EXPECT_TRUE(work.covers(at(2, 4, 59)));
  EXPECT_FALSE(work.covers(at(2, 5)));
  EXPECT_TRUE((Maintenance{.from = at(0, 5)}.covers(at(99, 0))));
  EXPECT_FALSE((Maintenance{.from = at(2, 0), .until = at(1, 0)}.covers(at(1, 12))));
}

TEST(Maintenance, knows_weekdays_before_1970) {
  // 31 December 1969 was a Wednesday.
  const Maintenance work{.weekdays = {3}, .begin = Duration::hours(2), .end = Duration::hours(4)};
  EXPECT_TRUE(work.covers(WallTime::from_ns(0) - Duration::hours(21)));
  EXPECT_FALSE(work.covers(WallTime::from_ns(0) + Duration::hours(3)));
}

}  // namespace
}  // namespace wirestamp::alert
