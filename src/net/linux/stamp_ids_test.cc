// SPDX-License-Identifier: Apache-2.0
#include "net/linux/stamp_ids.h"

#include <gtest/gtest.h>

namespace wirestamp::net_linux {
namespace {

constexpr MonoTime kNow = MonoTime::from_ns(1'000'000'000'000);

StampIds used(std::initializer_list<packet::Token> tokens) {
  StampIds ids;
  for (const packet::Token token : tokens) ids.used(token);
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
  ids.used(20);
  EXPECT_FALSE(ids.ambiguous(0));
  EXPECT_EQ(ids.software(0), 20U);
  EXPECT_EQ(ids.software(1), std::nullopt);
}

TEST(StampIds, ALateStampOfBeforeARestartFindsItsDatagram) {
  StampIds ids = used({10, 11, 12});
  ids.software(0);
  ids.restart(kNow);
  ids.used(20);
  EXPECT_EQ(ids.software(2), 12U);
  EXPECT_EQ(ids.software(2), std::nullopt);
  EXPECT_EQ(ids.software(0), 20U);
}

TEST(StampIds, AnIdThatMayMeanTwoDatagramsIsNoUse) {
  StampIds ids = used({10, 11});
  ids.restart(kNow);
  EXPECT_FALSE(ids.ambiguous(0));
  ids.used(20);
  EXPECT_TRUE(ids.ambiguous(0));
  ids.restart(kNow);
  EXPECT_TRUE(ids.ambiguous(0)) << "two of before";
  EXPECT_FALSE(ids.ambiguous(1));
}

TEST(StampIds, WhatWasLeftOverIsForgottenInTime) {
  StampIds ids = used({10});
  ids.restart(kNow);
  ids.used(20);
  ids.forget_before(kNow);
  EXPECT_TRUE(ids.ambiguous(0));
  ids.forget_before(kNow + Duration::nanoseconds(1));
  EXPECT_FALSE(ids.ambiguous(0));
  EXPECT_EQ(ids.software(0), 20U);
}

}  // namespace
}  // namespace wirestamp::net_linux
