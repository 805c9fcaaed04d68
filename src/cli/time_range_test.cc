// SPDX-License-Identifier: Apache-2.0
#include "cli/time_range.h"

#include <gtest/gtest.h>

#include <string>

namespace wirestamp::cli {
namespace {

constexpr WallTime kNow = WallTime::from_ns(1'764'074'096'000'000'000);  // 2025-11-25 12:34:56
constexpr WallTime kMidnight = WallTime::from_ns(1'764'028'800'000'000'000);
constexpr Duration kDay = Duration::hours(24);

WallTime at(std::string_view text) {
  const auto time = parse_time(text, kNow);
  EXPECT_TRUE(time) << text;
  return time.value_or(WallTime());
}

std::string refusal(std::string_view from, std::string_view to) {
  const auto span = parse_span(from, to, kNow);
  EXPECT_FALSE(span) << from << " " << to;
  return span ? "" : span.error().text;
}

TEST(TimeRange, times_are_read_as_people_write_them) {
  EXPECT_EQ(at("now"), kNow);
  EXPECT_EQ(at("today"), kMidnight);
  EXPECT_EQ(at("yesterday"), kMidnight - kDay);
  EXPECT_EQ(at("2025-11-25"), kMidnight);
  EXPECT_EQ(at("12:30"), kMidnight + Duration::minutes(750));
  EXPECT_EQ(at("2025-11-25T12:34:56Z"), kNow);
  EXPECT_EQ(at("2025-11-25T12:34:56.25Z"), kNow + Duration::milliseconds(250));
  EXPECT_EQ(at("2025-11-25T14:34:56+02:00"), kNow);
  EXPECT_EQ(at("2025-11-25T07:04:56-05:30"), kNow);
  EXPECT_EQ(at("2025-11-25 12:34"), kNow - Duration::seconds(56));
  EXPECT_EQ(at("90m"), kNow - Duration::minutes(90));
  EXPECT_EQ(at("-24h"), kNow - kDay);
  EXPECT_EQ(at("2w"), kNow - kDay * 14);
  EXPECT_EQ(at("2024-02-29"), kMidnight - kDay * 635);
}

TEST(TimeRange, what_is_no_time_is_refused_with_what_one_looks_like) {
  for (const char* text :
       {"", "soon", "2025-13-01", "2025-02-29", "2025-11-25T25:00Z", "2025-11-25T12:61Z", "12:3",
        "2025-11-25T12:00:00.Z", "2025-11-25T12:00Zx", "2025-1-1", "99999d", "5", "-", "9999-01-01",
        "\xff\xff", "2025-11-25T12:00:00+2", "1e9s"}) {
    const auto time = parse_time(text, kNow);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().text.find("is no time: a time is 2026-01-31T12:00:00Z"),
              std::string::npos);
  }
}

TEST(TimeRange, the_range_is_the_last_day_unless_something_else_is_said) {
  const auto usual = parse_span("", "", kNow);
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->from, kNow - kDay);
  EXPECT_EQ(usual->to, kNow);
  EXPECT_TRUE(usual->until_now);
  const auto day = parse_span("yesterday", "+24h", kNow);
  ASSERT_TRUE(day);
  EXPECT_EQ(day->to, kMidnight);
  EXPECT_FALSE(day->until_now);
  EXPECT_EQ(parse_span("", "today", kNow)->from, kMidnight - kDay);
  EXPECT_EQ(parse_span("today", "", kNow)->length(), Duration::seconds(45'296));
}

TEST(TimeRange, a_range_that_ends_in_the_future_ends_now_and_says_so) {
  const auto span = parse_span("today", "2025-11-26", kNow);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->to, kNow);
  EXPECT_TRUE(span->until_now);
  ASSERT_EQ(span->notes.size(), 1U);
  EXPECT_EQ(span->notes[0],
            "the range ends now, at 2025-11-25 12:34:56 UTC: the rest is still to come");
}

TEST(TimeRange, ranges_that_cannot_be_are_refused) {
  EXPECT_EQ(refusal("today", "yesterday"),
            "the range ends (2025-11-24 00:00:00 UTC) before it begins (2025-11-25 00:00:00): "
            "--from is the earlier of both");
  EXPECT_NE(refusal("today", "today").find("where it begins"), std::string::npos);
  EXPECT_NE(refusal("2025-11-26", "").find("still to come"), std::string::npos);
  EXPECT_NE(refusal("1975-11-26", "").find("longer than ten years"), std::string::npos);
  EXPECT_NE(refusal("now", "+1h").find("nothing in it yet"), std::string::npos);
  EXPECT_NE(refusal("today", "+x").find("'+x' is no length"), std::string::npos);
}

TEST(TimeRange, the_other_period_of_a_comparison) {
  const TimeSpan span = *parse_span("today", "+2h", kNow);
  EXPECT_EQ(compared_span("before", span, kNow)->from, kMidnight - Duration::hours(2));
  EXPECT_EQ(compared_span("before", span, kNow)->to, kMidnight);
  EXPECT_EQ(compared_span("yesterday", span, kNow)->from, kMidnight - kDay);
  EXPECT_EQ(compared_span("last-week", span, kNow)->to, kMidnight - kDay * 7 + Duration::hours(2));
  const auto given = compared_span("2025-11-20/+2h", span, kNow);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->from, kMidnight - kDay * 5);
  EXPECT_TRUE(given->notes.empty());
  EXPECT_EQ(compared_span("yesterday/now", span, kNow)->notes.size(), 1U);
}

TEST(TimeRange, comparisons_that_cannot_be_are_refused) {
  const TimeSpan week = *parse_span("7d", "", kNow);
  EXPECT_NE(compared_span("yesterday", week, kNow).error().text.find("would overlap"),
            std::string::npos);
  EXPECT_NE(compared_span("summer", week, kNow).error().text.find("nothing to compare with"),
            std::string::npos);
  EXPECT_NE(compared_span("today/yesterday", week, kNow).error().text.find("before it begins"),
            std::string::npos);
}

}  // namespace
}  // namespace wirestamp::cli
