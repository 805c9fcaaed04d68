// SPDX-License-Identifier: Apache-2.0
#include "publish/agent_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace wirestamp::publish {
namespace {

AgentResult some_result() {
  AgentResult result{.session = "office",
                     .host = "198.51.100.7",
                     .begin = WallTime::from_ns(1'735'689'600'000'000'000),
                     .end = WallTime::from_ns(1'735'689'660'000'000'000),
                     .summary = {}};
  result.summary.sent = 120;
  return result;
}

TEST(AgentLines, a_window_is_told_in_one_line_for_people) {
  AgentResult result = some_result();
  EXPECT_EQ(result_text_line(result), "00:00:00 office: 120 sent");
  result.summary.loss_ratio = 0.25;
  result.summary.unsent_total = 2;
  result.summary.withheld = 1;
  const Duration ms = Duration::milliseconds(1);
  result.summary.rtt = {.count = 90, .p50 = ms, .p99 = ms * 2, .max = ms * 3};
  EXPECT_EQ(result_text_line(result),
            "00:00:00 office: 120 sent, 2 unsent, 1 withheld, loss 25 %, round trip p50 1.00 ms, "
            "p99 2.00 ms, max 3.00 ms");
}

TEST(AgentLines, a_window_and_an_event_are_one_json_object_in_one_line) {
  const std::string line = result_json_line(some_result());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto result = nlohmann::json::parse(line);
  EXPECT_EQ(result["session"], "office");
  EXPECT_EQ(result["begin"], "2025-01-01T00:00:00.000000000Z");
  EXPECT_EQ(result["summary"]["sent"], 120);
  EXPECT_EQ(result["part"], false);
  const auto event = nlohmann::json::parse(
      event_json_line("a \"b\"", {.kind = measure::EventKind::PathSwept, .text = "line\nend"}));
  EXPECT_EQ(event["session"], "a \"b\"");
  EXPECT_EQ(event["event"]["kind"], "path_swept");
  EXPECT_EQ(event["event"]["text"], "line\nend");
}

}  // namespace
}  // namespace wirestamp::publish
