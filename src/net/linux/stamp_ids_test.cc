// SPDX-License-Identifier: Apache-2.0
#include "net/linux/stamp_ids.h"

#include <gtest/gtest.h>

namespace wirestamp::net_linux {
namespace {

constexpr MonoTime kNow = MonoTime::from_ns(1'000'000'000'000);
constexpr Duration kHalfASecond = Duration::milliseconds(500);

StampIds used(std::initializer_list<packet::Token> tokens) {
  StampIds ids;
  for (const packet::Token token : tokens) ids.used(token, kNow);
  return ids;
}

TEST(StampIds, TheFirstSoftwareStampOfAnIdCountsAndTheLastSchedulerStamp) {
  StampIds ids = used({10, 11});
  EXPECT_EQ(ids.scheduler(1), 11U);
  EXPECT_EQ(ids.scheduler(1), 11U);
  EXPECT_EQ(ids.software(1), 11U);
  EXPECT_EQ(ids.software(1), std::nullopt);
  EXPECT_EQ(ids.software(2), std::nullopt) << "never given";
}

TEST(StampIds, AfterARestartIdsCountFromZero) {
  StampIds ids = used({10, 11});
  ids.software(0);
  ids.software(1);
  ids.restart(kNow);
  ids.used(20, kNow);
  EXPECT_FALSE(ids.ambiguous(0));
  EXPECT_EQ(ids.software(0), 20U);
  EXPECT_EQ(ids.software(1), std::nullopt);
}

TEST(StampIds, ALateStampOfBeforeARestartFindsItsDatagram) {
  StampIds ids = used({10, 11, 12});
  ids.software(0);
  ids.restart(kNow);
  ids.used(20, kNow);
  EXPECT_EQ(ids.software(2), 12U);
  EXPECT_EQ(ids.software(2), std::nullopt);
  EXPECT_EQ(ids.software(0), 20U);
}

TEST(StampIds, AnIdThatMayMeanTwoDatagramsIsNoUse) {
  StampIds ids = used({10, 11});
  ids.restart(kNow);
  EXPECT_FALSE(ids.ambiguous(0));
  ids.used(20, kNow);
  EXPECT_TRUE(ids.ambiguous(0));
  ids.restart(kNow);
  EXPECT_TRUE(ids.ambiguous(0)) << "two of before";
  EXPECT_FALSE(ids.ambiguous(1));
}

TEST(StampIds, WhatWasLeftOverIsForgottenInTime) {
  StampIds ids = used({10});
  ids.restart(kNow);
  ids.used(20, kNow);
  ids.forget(kNow + StampIds::kLatest);
  EXPECT_TRUE(ids.ambiguous(0));
  ids.forget(kNow + StampIds::kLatest + Duration::nanoseconds(1));
  EXPECT_FALSE(ids.ambiguous(0));
  EXPECT_EQ(ids.software(0), 20U);
}

TEST(StampIds, AsManyAreRememberedAsMayStillGetAStamp) {
  StampIds ids;
  MonoTime now = kNow;
  // 2 a second, and nobody ever stamps any.
  for (packet::Token token = 0; token < 1'000; ++token) ids.used(token, now += kHalfASecond);
  EXPECT_LE(ids.room(), 16U);
  // Each stamped at once, however many a second.
  now += StampIds::kLatest;
  for (packet::Token token = 1'000; token < 10'000; ++token) {
    ids.used(token, now);
    EXPECT_EQ(ids.software(static_cast<std::uint32_t>(token)), token);
  }
  EXPECT_LE(ids.room(), 16U);
  // As many at once as are remembered at all, and one more.
  for (packet::Token token = 10'000; token <= 10'000 + StampIds::kRemembered; ++token)
    ids.used(token, now);
  EXPECT_EQ(ids.room(), StampIds::kRemembered);
  EXPECT_EQ(ids.software(10'000), std::nullopt);
  for (packet::Token token = 10'001; token <= 10'000 + StampIds::kRemembered; ++token)
    ASSERT_EQ(ids.software(static_cast<std::uint32_t>(token)), token);
}

TEST(StampIds, ARestartLeavesOverAllThatIsRemembered) {
  StampIds ids;
  for (packet::Token token = 0; token < 100; ++token) ids.used(token, kNow);
  ids.restart(kNow);
  for (packet::Token token = 0; token < 100; ++token)
    EXPECT_EQ(ids.software(static_cast<std::uint32_t>(token)), token);
}

}  // namespace
}  // namespace wirestamp::net_linux
