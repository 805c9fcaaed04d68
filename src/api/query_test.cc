// SPDX-License-Identifier: Apache-2.0
#include "api/query.h"

#include <gtest/gtest.h>

#include <array>

#include "api/values.h"

namespace wirestamp::api {
namespace {

constexpr WallTime kNoon = WallTime::from_ns(1'769'860'800'000'000'000);  // 2026-01-31T12:00:00Z

std::optional<std::int64_t> time_of(std::string_view text) {
  const auto time = parse_time(text, kNoon);
  return time ? std::optional(time->ns()) : std::nullopt;
}

TEST(ParseTime, takes_rfc_3339_with_any_offset) {
  EXPECT_EQ(time_of("2026-01-31T12:00:00Z"), kNoon.ns());
  EXPECT_EQ(time_of("2026-01-31t12:00:00z"), kNoon.ns());
  EXPECT_EQ(time_of("2026-01-31T13:30:00+01:30"), kNoon.ns());
  EXPECT_EQ(time_of("2026-01-31T13:30:00 01:30"), kNoon.ns()) << "a plus sign not escaped";
  EXPECT_EQ(time_of("2026-01-31T07:00:00-05:00"), kNoon.ns());
  EXPECT_EQ(time_of("2026-01-31T12:00:00.000000001Z"), kNoon.ns() + 1);
  EXPECT_EQ(time_of("2026-01-31T12:00:00.5Z"), kNoon.ns() + 500'000'000);
  EXPECT_EQ(time_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(time_of("2024-02-29T00:00:00Z"), 1'709'164'800'000'000'000);
}

TEST(ParseTime, takes_nanoseconds_and_times_before_now) {
  EXPECT_EQ(time_of("1769860800000000000"), kNoon.ns());
  EXPECT_EQ(time_of("0"), 0);
  EXPECT_EQ(time_of("now"), kNoon.ns());
  EXPECT_EQ(time_of("-1h"), (kNoon - Duration::hours(1)).ns());
  EXPECT_EQ(time_of("-250ms"), (kNoon - Duration::milliseconds(250)).ns());
  EXPECT_EQ(time_of("2026-01-31"), (kNoon - Duration::hours(12)).ns());
  EXPECT_EQ(time_of("2026-01-31T12:00:00"), kNoon.ns()) << "UTC";
  EXPECT_EQ(time_of("yesterday"), (kNoon - Duration::hours(36)).ns());
  EXPECT_EQ(time_of("-7d"), (kNoon - Duration::hours(168)).ns());
  EXPECT_EQ(time_of("-36500d"), 0) << "before 1970 there is nothing";
}

TEST(ParseTime, refuses_what_is_no_time) {
  for (const char* text : {"",
                           "-",
                           "-1",
                           "-h",
                           "--1h",
                           "+1h",
                           "tomorrow",
                           "1700000000",
                           "1700000000000",
                           "99999999999999999999",
                           "9223372036854775807",
                           "2026-13-01T00:00:00Z",
                           "2026-02-30T00:00:00Z",
                           "2026-01-31T24:00:00Z",
                           "2026-01-31T12:60:00Z",
                           "2026-01-31T12:00:61Z",
                           "2026-01-31T12:00:00.Z",
                           "2026-01-31T12:00:00.1234567891Z",
                           "2026-01-31T12:00:00+24:00",
                           "2026-01-31T12:00:00+0100",
                           "1969-12-31T23:59:59Z",
                           "2262-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z",
                           "2026-01-31T12:00:00Zx",
                           "2026-1-31T12:00:00Z",
                           "-99999999999999999999d",
                           "now-1h",
                           "0x10",
                           "1e18",
                           " now"})
    EXPECT_FALSE(parse_time(text, kNoon)) << text;
  EXPECT_NE(parse_time("1700000000", kNoon).error().text.find("nanoseconds"), std::string::npos);
}

TEST(ParseLength, takes_a_number_and_a_unit) {
  EXPECT_EQ(*parse_length("500ms"), Duration::milliseconds(500));
  EXPECT_EQ(*parse_length("10s"), Duration::seconds(10));
  EXPECT_EQ(*parse_length("5m"), Duration::minutes(5));
  EXPECT_EQ(*parse_length("6h"), Duration::hours(6));
  EXPECT_EQ(*parse_length("2d"), Duration::hours(48));
  for (const char* text : {"", "s", "10", "0s", "-1s", "1.5s", "10 s", "1w", "10S", "1e3s",
                           "36601d", "9223372036854775807h", "99999999999999999999s", "ms"})
    EXPECT_FALSE(parse_length(text)) << text;
}

TEST(ParsePercentiles, keeps_order_and_names_them_as_written) {
  const auto percentiles = parse_percentiles("99.9,50,0,100,99.9950");
  ASSERT_TRUE(percentiles);
  std::vector<std::string> names;
  std::vector<std::uint32_t> ppm;
  for (const auto& one : *percentiles) names.push_back(one.name), ppm.push_back(one.ppm);
  EXPECT_EQ(names, (std::vector<std::string>{"p99.9", "p50", "p0", "p100", "p99.995"}));
  EXPECT_EQ(ppm, (std::vector<std::uint32_t>{999'000, 500'000, 0, 1'000'000, 999'950}));
}

TEST(ParsePercentiles, refuses_what_is_none) {
  for (const char* text : {"", ",", "50,", ",50", "101", "100.1", "-1", "50;99", "5o", "50,,99",
                           "50.", "50.12345", "nan", "1e1", "50,50", "50,50.0", "4294967346",
                           "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"})
    EXPECT_FALSE(parse_percentiles(text)) << text;
}

std::string code_of(std::string_view raw) {
  const auto target = parse_target(raw);
  return target ? "" : target.error().code;
}

TEST(ParseTarget, takes_path_and_parameters_apart) {
  const auto target = parse_target("/api/v1/sessions/caf%C3%A9%2Fbar/windows?from=-1h&a=b+c%2B&&x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments,
            (std::vector<std::string>{"api", "v1", "sessions", "caf\xc3\xa9/bar", "windows"}));
  ASSERT_EQ(target->parameters.size(), 3U);
  EXPECT_EQ(target->parameters[1], (std::pair<std::string, std::string>{"a", "b c+"}));
  EXPECT_EQ(target->parameters[2], (std::pair<std::string, std::string>{"x", ""}));
}

TEST(ParseTarget, refuses_wrong_escapes_and_what_is_no_text) {
  for (const char* raw : {"/%", "/%4", "/%zz", "/a?b=%", "/a?%c=1", "/%-1"})
    EXPECT_EQ(code_of(raw), "bad_escape") << raw;
  for (const char* raw : {"/%ff", "/a?b=%00", "/%c0%af", "/%ed%a0%80", "/%f4%90%80%80", "/a%0d%0ab",
                          "/\xff", "/a?b=%e2%82", "/%7f"})
    EXPECT_EQ(code_of(raw), "bad_text") << raw;
  EXPECT_EQ(code_of("*"), "bad_address");
  EXPECT_EQ(code_of(""), "bad_address");
  EXPECT_EQ(code_of("/" + std::string(kLongestTarget, 'a')), "address_too_long");
  std::string many = "/a?";
  for (std::size_t i = 0; i <= kMostParameters; ++i) many += "&x=1";
  EXPECT_EQ(code_of(many), "too_many_parameters");
}

constexpr std::array kKnown{
    Parameter{.name = "from", .kind = ParameterKind::Time, .fallback = "-1h"},
    Parameter{.name = "to", .kind = ParameterKind::Time},
    Parameter{
        .name = "limit", .kind = ParameterKind::Count, .fallback = "10", .least = 1, .most = 20},
    Parameter{.name = "format", .kind = ParameterKind::Choice, .choices = "json csv"},
    Parameter{.name = "kind", .kind = ParameterKind::Choice, .choices = "a b", .repeated = true},
};

Answer<Query> query_of(std::string_view text) {
  auto query = Query::check(kKnown, *parse_target("/?" + std::string(text)), kNoon);
  if (!query) return query;
  if (const auto values = query->check_values(); !values) return refuse(values.error());
  return query;
}

TEST(Query, refuses_wrong_parameters_by_name) {
  const struct {
    const char *query, *parameter;
  } wrong[] = {{"form=1", "form"},         {"from=1&from=2", "from"},   {"limit=0", "limit"},
               {"limit=21", "limit"},      {"limit=-1", "limit"},       {"limit=", "limit"},
               {"limit=1e1", "limit"},     {"format=xml", "format"},    {"format=", "format"},
               {"kind=a&kind=c", "kind"},  {"to=never", "to"},          {"from=", "from"},
               {"from=now", "from"},       {"from=-1h&to=-2h", "from"}, {"LIMIT=3", "LIMIT"},
               {"from=now&to=now", "from"}};
  for (const auto& [text, parameter] : wrong) {
    const auto query = query_of(text);
    ASSERT_FALSE(query) << text;
    EXPECT_EQ(query.error().status, 400U) << text;
    EXPECT_EQ(query.error().code, "wrong_parameter") << text;
    EXPECT_EQ(query.error().parameter, parameter) << text;
  }
  EXPECT_NE(query_of("fron=1").error().message.find("was from meant?"), std::string::npos);
  EXPECT_EQ(query_of("fron=1").error().allowed.size(), kKnown.size());
  EXPECT_EQ(query_of("format=xml").error().allowed, (std::vector<std::string>{"json", "csv"}));
}

TEST(Query, a_choice_of_several_may_be_a_list) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(query_of("kind=a,b")->texts("kind"), (Texts{"a", "b"}));
  EXPECT_EQ(query_of("kind=a&kind=b,a")->texts("kind"), (Texts{"a", "b", "a"}));
  for (const char* wrong : {"kind=a,", "kind=,a", "kind=a,,b", "kind=", "kind=a,c", "kind=a%20b"})
    EXPECT_FALSE(query_of(wrong)) << wrong;
  EXPECT_FALSE(query_of("format=json,csv")) << "one of them";
}

TEST(Query, a_range_without_a_begin_lies_before_its_end) {
  const auto query = query_of("to=-1d");
  ASSERT_TRUE(query);
  const auto range = query->range();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->to, kNoon - Duration::hours(24));
  EXPECT_EQ(range->from, kNoon - Duration::hours(25));
}

TEST(Query, a_long_value_is_told_in_short) {
  const auto query = query_of("to=" + std::string(2'000, 'x') + "%E2%82%AC");
  ASSERT_FALSE(query);
  EXPECT_LT(query.error().message.size(), 400U);
  // Cut within a character, the whole of it is left out.
  EXPECT_TRUE(is_text(query_of("to=" + std::string(79, 'x') + "%E2%82%AC").error().message));
}

TEST(Nearest, names_what_was_meant_and_nothing_far_away) {
  constexpr std::array<std::string_view, 3> names{"percentiles", "from", "step"};
  EXPECT_EQ(nearest("percentile", names), "percentiles");
  EXPECT_EQ(nearest("stp", names), "step");
  EXPECT_EQ(nearest("percent", names), "percentiles") << "what begins so";
  EXPECT_EQ(nearest("pe", names), "");
  EXPECT_EQ(nearest("zzzzzz", names), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'p'), names), "");
}

}  // namespace
}  // namespace wirestamp::api
