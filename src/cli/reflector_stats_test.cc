// SPDX-License-Identifier: Apache-2.0
//
// Every counter of the reflector is told by the table of --stats, by the API, by its OpenAPI
// document and by the metrics; a counter that is added is told by all of them, or this fails.
#include "cli/reflector_stats.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "api/openapi.h"
#include "publish/metrics.h"
#include "session/counter_words.h"

namespace wirestamp::cli {
namespace {

// Each counter has a value of its own.
session::ReflectorCounters numbered(std::uint64_t base) {
  session::ReflectorCounters counters;
  for (const auto& counter : session::kReflectorCounters) counters.*counter.value = base++;
  return counters;
}

TEST(ReflectorStats, the_table_has_every_counter_with_its_value_and_words) {
  const std::string table = stats_table(numbered(1'000), std::nullopt);
  std::uint64_t value = 1'000;
  for (const auto& counter : session::kReflectorCounters) {
    const std::string words(session::reflector_counter_words(counter.name));
    const std::size_t line = table.find("\n  " + std::string(counter.name) + " ");
    ASSERT_NE(line, std::string::npos) << counter.name;
    const std::string text = table.substr(line + 1, table.find('\n', line + 1) - line - 1);
    EXPECT_NE(text.find(fmt::format("  {}  {}", value++, words)), std::string::npos) << text;
  }
}

TEST(ReflectorStats, the_line_has_every_counter) {
  const std::string line = stats_line(numbered(7)) + ',';
  EXPECT_TRUE(line.starts_with("reflector: requests 7, octets_received 8, ")) << line;
  std::uint64_t value = 7;
  for (const auto& counter : session::kReflectorCounters)
    EXPECT_NE(line.find(fmt::format(" {} {},", counter.name, value++)), std::string::npos)
        << counter.name;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(ReflectorStats, a_later_table_tells_what_was_added) {
  session::ReflectorCounters before, now;
  before.requests = 5;
  now.requests = 12;
  const std::string table =
      stats_table(now, StatsBefore{.counters = before, .ago = Duration::seconds(60)});
  EXPECT_NE(table.find("counters, and what the last 60 s added:\n"), std::string::npos) << table;
  EXPECT_NE(table.find("  requests                 12   +7  requests that came in"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("   0   +0  TLVs of a type"), std::string::npos) << table;
}

TEST(ReflectorStats, the_api_and_its_description_have_every_counter) {
  const api::ReflectorStatus status = reflector_status(numbered(1));
  const auto document = nlohmann::json::parse(api::openapi_document("1", status));
  const auto& described = document.at(
      "/components/schemas/health/properties/reflector/properties/counters"_json_pointer);
  EXPECT_EQ(described.at("properties").size(), session::kReflectorCounters.size());
  ASSERT_EQ(status.counters.size(), session::kReflectorCounters.size());
  std::uint64_t value = 1;
  for (std::size_t n = 0; n < status.counters.size(); ++n) {
    const auto& counter = session::kReflectorCounters.at(n);
    EXPECT_EQ(status.counters[n].first, counter.name);
    EXPECT_EQ(status.counters[n].second, value++);
    const auto& property = described.at("properties").at(std::string(counter.name));
    EXPECT_EQ(property.at("type"), "integer");
    EXPECT_EQ(property.at("description"), session::reflector_counter_words(counter.name));
  }
}

TEST(ReflectorStats, the_metrics_have_every_counter) {
  const api::ReflectorStatus status = reflector_status(numbered(1));
  const std::string text =
      publish::exposition({.reflector = status.counters}, {}, publish::MetricsFormat::Text);
  std::uint64_t value = 1;
  for (const auto& counter : session::kReflectorCounters) {
    const std::string line =
        fmt::format("wirestamp_reflector_events_total{{event=\"{}\"}} {}\n", counter.name, value++);
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace wirestamp::cli
