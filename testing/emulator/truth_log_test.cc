// SPDX-License-Identifier: Apache-2.0
#include "truth_log.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

namespace wirestamp::emulator {
namespace {

TEST(TruthLog, ARecordIsOneJsonObjectOnOneLine) {
  Record record;
  record.packet = 7;
  record.action = Action::Duplicate;
  record.copy = 1;
  record.sequence = 3;
  record.sender_sequence = 0xffffffffU;
  record.entry = WallTime::from_ns(1'700'000'000'000'000'001);
  record.exit = WallTime::from_ns(1'700'000'000'005'000'001);
  const std::string line = to_json(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["direction"], "forward");
  EXPECT_EQ(json["action"], "duplicate");
  EXPECT_EQ(json["copy"], 1);
  EXPECT_EQ(json["sender_sequence"], 0xffffffffU);
  EXPECT_EQ(json["exit_ns"].get<std::int64_t>() - json["entry_ns"].get<std::int64_t>(), 5'000'000);
}

TEST(TruthLog, WhatIsNotThereIsAbsent) {
  const auto json = nlohmann::json::parse(to_json(Record{.action = Action::Drop}));
  for (const char* key : {"exit_ns", "sequence", "ssid", "sender_sequence", "os_error"})
    EXPECT_FALSE(json.contains(key)) << key;
}

TEST(TruthLog, TheStampNumbersAreReadFromThePayload) {
  std::array<std::byte, 44> frame{};
  base::store_be<std::uint32_t>(frame, 0, 17);
  base::store_be<std::uint16_t>(frame, 14, 5);
  base::store_be<std::uint32_t>(frame, 24, 99);
  const Record whole = describe({.payload_offset = 0, .payload_size = 44}, frame);
  EXPECT_EQ(whole.sequence, 17U);
  EXPECT_EQ(whole.ssid, 5U);
  EXPECT_EQ(whole.sender_sequence, 99U);
  const Record tiny = describe({.payload_offset = 0, .payload_size = 3}, frame);
  EXPECT_FALSE(tiny.sequence);
  EXPECT_FALSE(tiny.ssid);
  EXPECT_FALSE(tiny.sender_sequence);
}

TEST(TruthLog, TheLastLineHasTheTotals) {
  const auto json = nlohmann::json::parse(to_json(Totals{.other_forward = 4, .missed = 1}));
  EXPECT_EQ(json["end"], true);
  EXPECT_EQ(json["other_forward"], 4);
  EXPECT_EQ(json["missed"], 1);
}

}  // namespace
}  // namespace wirestamp::emulator
