// SPDX-License-Identifier: Apache-2.0
#include "time/when.h"

#include <gtest/gtest.h>

#include <string>

namespace wirestamp {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// 2026-11-25T23:55:28Z.
const WallTime kNow = WallTime::from_ns(1'795'650'928 * kSecond);

std::int64_t seconds(std::string_view text) {
  const auto time = parse_when(text, kNow);
  EXPECT_TRUE(time) << text;
  return time ? time->ns() / kSecond : -1;
}

TEST(When, dates_and_times_are_utc_unless_they_say_otherwise) {
  EXPECT_EQ(seconds("2026-11-25"), 1'795'564'800);
  EXPECT_EQ(seconds("2026-11-25T23:55"), 1'795'650'900);
  EXPECT_EQ(seconds("2026-11-25 23:55:28"), kNow.ns() / kSecond);
  EXPECT_EQ(seconds("2026-11-26T00:55:28+01:00"), kNow.ns() / kSecond);
  EXPECT_EQ(seconds("2026-11-25T18:25:28-05:30"), kNow.ns() / kSecond);
  EXPECT_EQ(parse_when("1970-01-01T00:00:00.25Z", kNow)->ns(), kSecond / 4);
  EXPECT_EQ(seconds("2024-02-29"), 1'709'164'800);
}

TEST(When, words_and_ages_count_from_now) {
  EXPECT_EQ(seconds("now"), kNow.ns() / kSecond);
  EXPECT_EQ(seconds("today"), 1'795'564'800);
  EXPECT_EQ(seconds("yesterday"), 1'795'564'800 - 86'400);
  EXPECT_EQ(seconds("-90m"), kNow.ns() / kSecond - 5'400);
  EXPECT_EQ(seconds("90m"), seconds("-90m"));
  EXPECT_EQ(seconds("2w"), kNow.ns() / kSecond - 14 * 86'400);
  EXPECT_EQ(seconds("12:30"), 1'795'564'800 + 45'000);
  EXPECT_EQ(seconds("-7d"), kNow.ns() / kSecond - 7 * 86'400);
}

TEST(When, what_is_no_time_is_refused) {
  for (const std::string text : {"",
                                 "x",
                                 "-1",
                                 "-1y",
                                 "-999999d",
                                 "2026",
                                 "2026-11",
                                 "2026-02-29",
                                 "2026-13-01",
                                 "2026-11-25T",
                                 "2026-11-25T24:00",
                                 "2026-11-25T10:60",
                                 "2026-11-25T10:00:61",
                                 "2026-11-25T10:00:00.",
                                 "2026-11-25T10:00:00.1234567890",
                                 "2026-11-25T10:00+1",
                                 "2026-11-25T10:00Zx",
                                 "1969-12-31",
                                 "2251-01-01",
                                 "20261125",
                                 "2026-11-25T10:00:00Z "})
    EXPECT_FALSE(parse_when(text, kNow)) << text;
}

}  // namespace
}  // namespace wirestamp
