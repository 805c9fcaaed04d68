// SPDX-License-Identifier: Apache-2.0
//
// Every counter of the reflector is told by the table of --stats, by the API, by its OpenAPI
// document and by the metrics; a counter that is added is told by all of them, or this fails.
#include "cli/reflector_stats.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "api/openapi.h"
#include "publish/metrics.h"

namespace wirestamp::cli {
namespace {

// Each counter has a value of its own.
template <typename Counters>
Counters numbered(std::uint64_t& next) {
  std::array<std::uint64_t, sizeof(Counters) / sizeof(std::uint64_t)> values;
  for (std::uint64_t& value : values) value = next++;
  return std::bit_cast<Counters>(values);
}
agent::ReflectCounters numbered(std::uint64_t next) {
  agent::ReflectCounters counters;
  counters.packets = numbered<session::ReflectorCounters>(next);
  counters.twamp.emplace();
  counters.twamp->control = numbered<twamp::ServerCounters>(next);
  counters.twamp->test = numbered<twamp::TestCounters>(next);
  return counters;
}

constexpr std::size_t kTwamp = twamp::kServerCounters.size() + twamp::kTestCounters.size();
constexpr std::size_t kAll = session::kReflectorCounters.size() + kTwamp;

struct Expected {
  std::string name;
  std::uint64_t value = 0;
  std::string words;
};
std::vector<Expected> expected_of(const agent::ReflectCounters& counters) {
  std::vector<Expected> all;
  for (const auto& counter : session::kReflectorCounters)
    all.push_back({std::string(counter.name), counters.packets.*counter.value,
                   std::string(session::reflector_counter_words(counter.name))});
  for (const auto& counter : twamp::kServerCounters)
    all.push_back({fmt::format("twamp_control_{}", counter.name),
                   counter.value(counters.twamp->control), std::string(counter.meaning)});
  for (const auto& counter : twamp::kTestCounters)
    all.push_back({fmt::format("twamp_test_{}", counter.name), counter.value(counters.twamp->test),
                   std::string(counter.meaning)});
  return all;
}

TEST(ReflectorStats, the_table_has_every_counter_with_its_value_and_words) {
  const agent::ReflectCounters counters = numbered(1'000);
  const std::string table = stats_table(counters, std::nullopt);
  for (const Expected& one : expected_of(counters)) {
    const std::size_t line = table.find("\n  " + one.name + " ");
    ASSERT_NE(line, std::string::npos) << one.name;
    const std::string text = table.substr(line + 1, table.find('\n', line + 1) - line - 1);
    EXPECT_NE(text.find(fmt::format("  {}  {}", one.value, one.words)), std::string::npos) << text;
  }
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(table, '\n')), 1 + kAll);
}

TEST(ReflectorStats, the_line_has_every_counter) {
  const agent::ReflectCounters counters = numbered(7);
  const std::string line = stats_line(counters) + ',';
  EXPECT_TRUE(line.starts_with("reflector: requests 7, octets_received 8, ")) << line;
  for (const Expected& one : expected_of(counters))
    EXPECT_NE(line.find(fmt::format(" {} {},", one.name, one.value)), std::string::npos)
        << one.name;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(ReflectorStats, a_reflector_without_a_twamp_server_does_not_speak_of_one) {
  agent::ReflectCounters counters = numbered(1);
  counters.twamp.reset();
  EXPECT_EQ(stats_table(counters, std::nullopt).find("twamp"), std::string::npos);
  EXPECT_EQ(stats_line(counters).find("twamp"), std::string::npos);
}

TEST(ReflectorStats, a_later_table_tells_what_was_added) {
  agent::ReflectCounters before, now;
  before.packets.requests = 5;
  now.packets.requests = 12;
  before.twamp.emplace().test.replies = 1;
  now.twamp.emplace().test.replies = 4;
  const std::string table =
      stats_table(now, StatsBefore{.counters = before, .ago = Duration::seconds(60)});
  EXPECT_NE(table.find("counters, and what the last 60 s added:\n"), std::string::npos) << table;
  EXPECT_NE(table.find("  requests                         12   +7  requests that came in"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("  twamp_test_replies                4   +3  replies"), std::string::npos)
      << table;
  EXPECT_NE(table.find("   0   +0  TLVs of a type"), std::string::npos) << table;
}

TEST(ReflectorStats, the_summaries_tell_what_is_not_zero) {
  session::ReflectorCounters packets;
  packets.requests = 7;
  packets.replies = 5;
  packets.refused_prefix = 2;
  EXPECT_EQ(reflector_summary(packets), "answered 5 of 7 requests, refused_prefix 2");
  agent::TwampTotals totals;
  totals.control.connections = 3;
  totals.control.requests = totals.control.accepted = 1;
  totals.control.endings[static_cast<std::size_t>(twamp::Ending::GivenWay)] = 2;
  totals.test.requests = totals.test.replies = 20;
  totals.test.early = 4;
  EXPECT_EQ(twamp_summary(totals),
            "TWAMP: 3 connections, 1 sessions of 1 asked for, gave_way 2; answered 20 of 20 "
            "packets, early 4");
  EXPECT_EQ(stopped_line({.packets = packets, .twamp = {}}),
            "stopped; answered 5 of 7 requests, refused_prefix 2");
  EXPECT_EQ(stopped_line({.packets = packets, .twamp = totals}),
            "stopped; answered 5 of 7 requests, refused_prefix 2; " + twamp_summary(totals));
}

TEST(ReflectorStats, the_api_and_its_description_have_every_counter) {
  const agent::ReflectCounters counters = numbered(1);
  const api::ReflectorStatus status = reflector_status(counters);
  const auto document = nlohmann::json::parse(api::openapi_document("1", status));
  const auto& described = document.at(
      "/components/schemas/health/properties/reflector/properties/counters"_json_pointer);
  EXPECT_EQ(described.at("properties").size(), kAll);
  ASSERT_EQ(status.counters.size(), kAll);
  const std::vector<Expected> expected = expected_of(counters);
  for (std::size_t n = 0; n < expected.size(); ++n) {
    EXPECT_EQ(status.counters[n].first, expected[n].name);
    EXPECT_EQ(status.counters[n].second, expected[n].value);
    const auto& property = described.at("properties").at(expected[n].name);
    EXPECT_EQ(property.at("type"), "integer");
    EXPECT_EQ(property.at("description"), expected[n].words);
  }
}

TEST(ReflectorStats, the_api_has_the_same_names_with_and_without_a_twamp_server) {
  const api::ReflectorStatus status = reflector_status({});
  ASSERT_EQ(status.counters.size(), kAll);
  EXPECT_EQ(status.counters.back(),
            (std::pair<std::string, std::uint64_t>("twamp_test_expired", 0)));
}

TEST(ReflectorStats, the_metrics_have_every_counter) {
  const agent::ReflectCounters counters = numbered(1);
  const api::ReflectorStatus status = reflector_status(counters);
  const std::string text =
      publish::exposition({.reflector = status.counters}, {}, publish::MetricsFormat::Text);
  for (const Expected& one : expected_of(counters)) {
    const std::string line =
        fmt::format("wirestamp_reflector_events_total{{event=\"{}\"}} {}\n", one.name, one.value);
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

// docs/reflector.md shows them to those who read about the reflector.
TEST(ReflectorStats, the_page_has_every_counter_with_its_words) {
  const std::ifstream file(WIRESTAMP_DOCS "/reflector.md");
  std::ostringstream page;
  page << file.rdbuf();
  for (const Expected& one : expected_of(numbered(1)))
    EXPECT_NE(page.str().find(fmt::format("\n| `{}` | {} |\n", one.name, one.words)),
              std::string::npos)
        << one.name;
}

}  // namespace
}  // namespace wirestamp::cli
