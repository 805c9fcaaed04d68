// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirestamp::emulator {
namespace {

using ::testing::HasSubstr;

Result<Settings> parse(std::vector<std::string> extra) {
  std::vector<std::string> arguments{"--left", "a", "--right", "b"};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return parse_arguments(arguments);
}

TEST(Settings, FlagsSetOneDirectionOrBoth) {
  const auto settings = parse({"--forward-delay", "5ms", "--both-drop", "0.25", "--seed", "9"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->forward.delay, Duration::milliseconds(5));
  EXPECT_EQ(settings->backward.delay, Duration{});
  EXPECT_EQ(settings->forward.drop.probability, 0.25);
  EXPECT_EQ(settings->backward.drop.probability, 0.25);
  EXPECT_EQ(settings->seed, 9U);
}

TEST(Settings, ListsHoldNumbersAndRanges) {
  const auto settings = parse({"--backward-drop-list", "3,10-20"});
  ASSERT_TRUE(settings) << settings.error().text;
  ASSERT_EQ(settings->backward.drop.listed.size(), 2U);
  EXPECT_EQ(settings->backward.drop.listed[0].last, 3U);
  EXPECT_EQ(settings->backward.drop.listed[1].first, 10U);
  EXPECT_EQ(settings->backward.drop.listed[1].last, 20U);
}

TEST(Settings, ARemarkMayNameAnyDscp) {
  const auto settings = parse({"--forward-remark", "46:10,*:0"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->forward.remarked(46), 10);
  EXPECT_EQ(settings->forward.remarked(1), 0);
}

TEST(Settings, ABucketIsARemainderAndADivisor) {
  const auto settings = parse({"--forward-bucket", "3/8", "--forward-bucket-drop", "0.05",
                               "--forward-bucket-delay", "300us"});
  ASSERT_TRUE(settings) << settings.error().text;
  ASSERT_TRUE(settings->forward.bucket);
  EXPECT_TRUE(settings->forward.bucket->has(19));
  EXPECT_FALSE(settings->forward.bucket->has(20));
  EXPECT_EQ(settings->forward.bucket_drop, 0.05);
  EXPECT_EQ(settings->forward.bucket_delay, Duration::microseconds(300));
  EXPECT_FALSE(settings->backward.bucket);
}

TEST(Settings, WhatOnlyABucketSuffersWantsOneInItsDirection) {
  EXPECT_FALSE(parse({"--forward-bucket-drop", "0.05"}));
  EXPECT_FALSE(parse({"--forward-bucket", "3/8", "--backward-bucket-delay", "300us"}));
}

TEST(Settings, WrongValuesAreRefusedWithTheOptionNamed) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"--both-drop", "1.5"},
      {"--both-drop", "-0.1"},
      {"--both-drop", "nan"},
      {"--both-drop", ""},
      {"--forward-delay", "5"},
      {"--forward-delay", "-5ms"},
      {"--forward-delay", "2h"},
      {"--both-drop-list", "5-3"},
      {"--both-drop-list", "1,,2"},
      {"--both-remark", "46"},
      {"--both-remark", "64:0"},
      {"--both-drop-every", "0"},
      {"--both-bucket", "3"},
      {"--both-bucket", "8/8"},
      {"--both-bucket", "0/0"},
      {"--both-bucket-drop", "1.5"},
      {"--both-bucket-delay", "5"},
      {"--seed", "99999999999999999999"},
      {"--port", "0"},
      {"--queue", "0"},
      {"--nonsense", "1"},
      {"--sideways-drop", "1"}};
  for (const auto& [flag, value] : wrong) {
    const auto settings = parse({flag, value});
    ASSERT_FALSE(settings) << flag << ' ' << value;
    EXPECT_THAT(settings.error().text, HasSubstr(flag));
  }
}

TEST(Settings, TwoDifferentDevicesAreNeeded) {
  EXPECT_FALSE(parse_arguments({}));
  EXPECT_FALSE(parse_arguments({"--left", "a", "--right", "a"}));
  EXPECT_FALSE(parse_arguments({"--left"}));
  EXPECT_TRUE(parse_arguments({"--help"}));
  EXPECT_TRUE(parse_arguments({"--offloads-off", "a"}));
}

TEST(Settings, AScenarioSetsTheLinkAndLeavesOtherTablesAlone) {
  Settings settings;
  const auto done = apply_scenario(R"(title = "not # ours"
[run]
probes = 300
[link]
seed = 3   # a comment
spin = true
[link.both]
delay = "5ms"
[link.backward]
drop = 0.1
remark = "46:0"
)",
                                   settings);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(settings.seed, 3U);
  EXPECT_TRUE(settings.spin);
  EXPECT_EQ(settings.forward.delay, Duration::milliseconds(5));
  EXPECT_EQ(settings.forward.drop.probability, 0);
  EXPECT_EQ(settings.backward.drop.probability, 0.1);
  EXPECT_EQ(settings.backward.remarked(46), 0);
}

TEST(Settings, AWrongScenarioIsRefusedWithItsLine) {
  for (const std::string text : {"[link.both]\nnonsense = 1", "[link]\nseed", "\n[link.upward]",
                                 "\n[linked]", "[link.both]\ndelay = \"soon\""}) {
    Settings settings;
    const auto done = apply_scenario(text, settings);
    ASSERT_FALSE(done) << text;
    EXPECT_THAT(done.error().text, HasSubstr("line 2"));
  }
}

TEST(Settings, TheHelpNamesEveryOption) {
  for (const char* option : {"--left", "--spin", "--both-hold-past", "--both-remark", "--scenario"})
    EXPECT_THAT(help(), HasSubstr(option));
}

}  // namespace
}  // namespace wirestamp::emulator
