// SPDX-License-Identifier: Apache-2.0
#include "config/agent_values.h"

#include <gtest/gtest.h>

namespace wirestamp::config {
namespace {

TEST(AgentValues, maintenance_comes_every_week_or_once) {
  const auto weekend = parse_maintenance("sat+sun 22:00-04:00");
  ASSERT_TRUE(weekend);
  EXPECT_EQ(weekend->weekdays, 0b100'0001);
  EXPECT_EQ(weekend->begin, Duration::hours(22));
  EXPECT_EQ(weekend->end, Duration::hours(4));
  EXPECT_EQ(parse_maintenance("daily 01:00-01:30")->weekdays, 0b111'1111);
  EXPECT_EQ(parse_maintenance("mon-fri 01:00-24:00")->weekdays, 0b011'1110);
  EXPECT_EQ(parse_maintenance("fri-mon 01:00-02:00")->weekdays, 0b110'0011);
  const auto once = parse_maintenance("2026-12-01T22:00Z/2026-12-02T02:00Z");
  ASSERT_TRUE(once);
  EXPECT_EQ(once->weekdays, 0);
  EXPECT_EQ(once->until - once->from, Duration::hours(4));
}

TEST(AgentValues, what_is_wrong_with_a_maintenance_is_told) {
  EXPECT_EQ(parse_maintenance("fun 01:00-02:00").error().text,
            "has the unknown day 'fun'; there are daily and sun, mon, tue, wed, thu, fri, sat");
  EXPECT_EQ(parse_maintenance("2026-12-02/2026-12-01").error().text, "ends before it begins");
  EXPECT_EQ(parse_maintenance("22:00/23:30").error().text,
            "needs a date with '22:00', such as 2026-12-01T22:00Z");
  EXPECT_EQ(parse_maintenance("2026-12-01T22:00Z/2h").error().text,
            "needs a date with '2h', such as 2026-12-01T22:00Z");
  EXPECT_FALSE(parse_maintenance("now/2026-12-01"));
  EXPECT_EQ(parse_maintenance("daily 02:00-02:00").error().text, "ends when it begins");
}

TEST(AgentValues, percentages_and_sizes_have_units) {
  EXPECT_DOUBLE_EQ(*parse_percent("2%"), 0.02);
  EXPECT_DOUBLE_EQ(*parse_percent("0.5%"), 0.005);
  EXPECT_EQ(*parse_octets("1GiB"), 1'073'741'824U);
  EXPECT_EQ(*parse_octets("500MB"), 500'000'000U);
  EXPECT_EQ(*parse_octets("12"), 12U);
  EXPECT_EQ(octets_text(1'073'741'824), "1GiB");
  EXPECT_EQ(octets_text(1'500'000), "1500kB");
  EXPECT_EQ(octets_text(7), "7B");
}

TEST(AgentValues, what_may_be_secret_in_a_url_is_not_shown) {
  EXPECT_EQ(shown_url("https://example:word@example.net:8443/hook/token?key=1"),
            "https://example.net:8443/...");
  EXPECT_EQ(shown_url("http://example.net"), "http://example.net");
  EXPECT_EQ(shown_url("http://example.net?key"), "http://example.net/...");
  EXPECT_EQ(shown_url("no url at all"), "...");
}

TEST(AgentValues, only_addresses_of_loopback_and_localhost_itself_are_this_host) {
  for (const char* url :
       {"http://localhost",
        "http://"
        "LocalHost:8080/",
        "http://127.0.0.1:23999", "http://127.1.2.3/x?y", "http://[::1]:23999", "http://[::1]"})
    EXPECT_TRUE(names_this_host(url)) << url;
  for (const char* url :
       {"http://localhost.example.net:23999", "http://127.example.net", "http://127.0.0.1.example",
        "http://127.0.0.1@agent.example:23999", "http://localhost:x@agent.example",
        "http://[::1].example", "http://[::1", "http://[::2]", "http://192.0.2.1",
        "http://agent.example/localhost", "http://0.0.0.0", "localhost", ""})
    EXPECT_FALSE(names_this_host(url)) << url;
}

}  // namespace
}  // namespace wirestamp::config
