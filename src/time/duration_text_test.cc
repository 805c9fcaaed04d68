// SPDX-License-Identifier: Apache-2.0
#include "time/duration_text.h"

#include <gtest/gtest.h>

#include <utility>

namespace wirestamp {
namespace {

TEST(DurationText, every_unit_is_understood) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"7ns", 7},
                                                         {"100us", 100'000},
                                                         {"500ms", 500'000'000},
                                                         {"2s", 2'000'000'000},
                                                         {"1m", 60'000'000'000},
                                                         {"1h", 3'600'000'000'000},
                                                         {"0s", 0},
                                                         {"1d", 86'400'000'000'000},
                                                         {"1.5s", 1'500'000'000},
                                                         {"0.25ms", 250'000},
                                                         {"0.000000001s", 1},
                                                         {"1.50s", 1'500'000'000}};
  for (const auto& [text, ns] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text << " " << parsed.error().text;
    EXPECT_EQ(*parsed, ns) << text;
  }
}

TEST(DurationText, what_is_no_duration_is_refused) {
  for (const char* text : {"", "s", "ms", "-", "1..5s", ".5s", "5.s", "1e3s", "+1s", " 1s", "1 s",
                           "1s ", "0x10ms", "1s2ms", "five", "1.2.3s", "1S", "1sec"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(DurationText, a_number_without_unit_is_refused_with_both_things_it_may_mean) {
  EXPECT_EQ(parse_duration("500").error().text, "has no unit; did you mean '500ms' or '500s'?");
}

TEST(DurationText, a_negative_or_endless_duration_is_refused) {
  EXPECT_EQ(parse_duration("-1s").error().text, "is negative");
  for (const char* text : {"99999999999999999999s", "300000d", "9223372036854775808ns"})
    EXPECT_EQ(parse_duration(text).error().text, "is too long") << text;
  EXPECT_EQ(*parse_duration("9223372036854775807ns"), 9'223'372'036'854'775'807U);
}

TEST(DurationText, digits_below_a_nanosecond_are_refused_and_not_rounded) {
  EXPECT_EQ(parse_duration("1.5ns").error().text, "is finer than a nanosecond");
  EXPECT_EQ(parse_duration("0.0000000001s").error().text, "is finer than a nanosecond");
  EXPECT_FALSE(parse_duration("1.00000000000000000000000000000s"));
}

TEST(DurationText, the_shortest_exact_form_is_printed) {
  EXPECT_EQ(duration_text(500'000'000), "500ms");
  EXPECT_EQ(duration_text(1'500'000), "1500us");
  EXPECT_EQ(duration_text(3'600'000'000'000), "1h");
  EXPECT_EQ(duration_text(60'000'000'001), "60000000001ns");
  EXPECT_EQ(duration_text(0), "0s");
}

}  // namespace
}  // namespace wirestamp
