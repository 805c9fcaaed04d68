// SPDX-License-Identifier: Apache-2.0
//
// One probe as a JSON line and as a CSV line: both are made of the one table of columns.
#include "publish/columns.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "publish/csv.h"
#include "publish/jsonl.h"

namespace wirestamp::publish {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kEpoch = 1'700'000'000'000'000'000;

Timestamp stamp(std::int64_t after_ns, StampSource source, bool here) {
  Timestamp made{.wall = WallTime::from_ns(kEpoch + after_ns),
                 .mono = std::nullopt,
                 .error = Duration::nanoseconds(5),
                 .source = source};
  if (here) made.mono = MonoTime::from_ns(after_ns);
  return made;
}

// Forward 1000 ns, 300 ns in the reflector, backward 1200 ns.
measure::Sample delivered() {
  measure::Sample sample;
  sample.probe = 3;
  sample.sequence = 3;
  sample.reflector_sequence = 2;
  sample.size = 276;
  sample.scheduled_wall = WallTime::from_ns(kEpoch - 100);
  sample.sender_tx = stamp(0, StampSource::Kernel, true);
  sample.reflector_rx = stamp(1'000, StampSource::Kernel, false);
  sample.reflector_tx = stamp(1'300, StampSource::User, false);
  sample.sender_rx = stamp(2'500, StampSource::Kernel, true);
  sample.sent = {.traffic_class = 46U << 2U, .hop_limit = 255};
  sample.seen_traffic_class = (10U << 2U) | 1U;
  sample.returned = measure::Marks{.traffic_class = 3, .hop_limit = 250};
  sample.outcome = measure::Outcome::Delivered;
  sample.arrival_index = 1;
  sample.interface = 2;
  return sample;
}

Json line_of(const measure::Sample& sample) {
  std::string text;
  append_json_line(sample, text);
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  return Json::parse(text);
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line.substr(0, line.size() - 1) + ",");
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

TEST(Columns, a_delivered_probe_tells_its_delays_stamps_and_marks) {
  const Json line = line_of(delivered());
  EXPECT_EQ(line["outcome"], "delivered");
  EXPECT_EQ(line["rtt_ns"], 2'200);
  EXPECT_EQ(line["forward_ns"], 1'000);
  EXPECT_EQ(line["backward_ns"], 1'200);
  EXPECT_EQ(line["residence_ns"], 300);
  EXPECT_EQ(line["sender_tx_ns"], kEpoch);
  EXPECT_EQ(line["reflector_tx_source"], "user");
  EXPECT_EQ(line["sent_dscp"], 46);
  EXPECT_EQ(line["seen_dscp"], 10);
  EXPECT_EQ(line["seen_ecn"], 1);
  EXPECT_EQ(line["returned_ecn"], 3);
  EXPECT_EQ(line["returned_ttl"], 250);
}

TEST(Columns, what_is_not_known_is_left_out_of_a_json_line) {
  measure::Sample sample;
  sample.outcome = measure::Outcome::LostForward;
  sample.sender_tx = stamp(0, StampSource::Kernel, true);
  const Json line = line_of(sample);
  for (const char* name : {"rtt_ns", "sender_rx_ns", "sender_rx_source", "forward_ns", "seen_dscp",
                           "cause", "reflector_sequence", "arrival_index", "interface"})
    EXPECT_FALSE(line.contains(name)) << name;
  EXPECT_EQ(line["outcome"], "lost_forward");
}

TEST(Columns, an_unsent_probe_tells_its_cause) {
  measure::Sample sample;
  sample.outcome = measure::Outcome::Unsent;
  sample.cause = measure::UnsentCause::NeighbourUnresolved;
  EXPECT_EQ(line_of(sample)["cause"], "neighbour_unresolved");
}

TEST(Columns, a_probe_that_was_never_made_has_no_number_size_or_marks) {
  measure::Sample sample;
  sample.outcome = measure::Outcome::LateSchedule;
  Json line = line_of(sample);
  for (const char* name : {"sequence", "size", "sent_dscp", "sent_ecn", "sent_ttl"})
    EXPECT_FALSE(line.contains(name)) << name;
  EXPECT_EQ(line["probe"], 0);
  sample.outcome = measure::Outcome::Unsent;
  line = line_of(sample);
  EXPECT_TRUE(line.contains("sequence") && line.contains("sent_dscp"))
      << "it was made and handed to the system";
}

TEST(Columns, csv_has_the_header_and_the_values_of_the_json_line) {
  std::string header, row;
  append_csv_header(header);
  append_csv_line(delivered(), row);
  const auto names = split(header), values = split(row);
  ASSERT_EQ(names.size(), values.size());
  const Json line = line_of(delivered());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool there = line.contains(names[i]);
    EXPECT_EQ(there, !values[i].empty()) << names[i];
    if (!there) continue;
    const Json& value = line[names[i]];
    EXPECT_EQ(value.is_string() ? value.get<std::string>() : value.dump(), values[i]) << names[i];
  }
}

TEST(Columns, each_value_has_the_type_the_table_says) {
  const Json line = line_of(delivered());
  for (const Column& column : columns()) {
    if (!line.contains(column.name)) continue;
    const Json& value = line[std::string(column.name)];
    const std::string type = value.is_boolean()          ? "boolean"
                             : value.is_string()         ? "string"
                             : value.is_number_integer() ? "integer"
                                                         : value.type_name();
    EXPECT_EQ(type, column.type) << column.name;
  }
}

TEST(Columns, no_name_occurs_twice_and_no_csv_value_can_hold_a_comma) {
  std::set<std::string_view> names;
  for (const Column& column : columns()) {
    EXPECT_TRUE(names.insert(column.name).second) << column.name;
    EXPECT_EQ(column.name.find_first_of(",\"\n"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace wirestamp::publish
