// SPDX-License-Identifier: Apache-2.0
#include "session/ledger.h"

#include <gtest/gtest.h>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

MonoTime at(int ms) { return MonoTime::from_ns(0) + Duration::milliseconds(ms); }

//= RFC8762:sequence-from-zero
TEST(Ledger, NumbersProbesDenselyFromZero) {
  Ledger ledger;
  EXPECT_EQ(ledger.append(at(1)).sequence, 0U);
  EXPECT_EQ(ledger.append(at(2)).sequence, 1U);
  EXPECT_EQ(ledger.next_sequence(), 2U);
}

TEST(Ledger, FindsNothingThatIsFinishedOrNotSentYet) {
  Ledger ledger;
  ledger.append(at(1));
  ledger.append(at(1));
  ledger.erase(0);
  EXPECT_EQ(ledger.find(0), nullptr);
  EXPECT_NE(ledger.find(1), nullptr);
  EXPECT_EQ(ledger.find(2), nullptr);
}

TEST(Ledger, KeepsTheWindowWhenAMiddleProbeIsFinished) {
  Ledger ledger;
  for (int i = 0; i < 3; ++i) ledger.append(at(1));
  ledger.erase(1);
  EXPECT_EQ(ledger.size(), 2U);
  EXPECT_EQ(ledger.oldest()->sequence, 0U);
  ledger.erase(0);
  EXPECT_EQ(ledger.oldest()->sequence, 2U);
}

TEST(Ledger, GivesEachWakeUpOnceAndInOrder) {
  Ledger ledger;
  ledger.append(at(20));
  ledger.append(at(10));
  EXPECT_EQ(ledger.pop_due(at(5)), nullptr);
  EXPECT_EQ(ledger.pop_due(at(30))->sequence, 1U);
  EXPECT_EQ(ledger.pop_due(at(30))->sequence, 0U);
  EXPECT_EQ(ledger.pop_due(at(30)), nullptr);
}

TEST(Ledger, IsFullAtItsLimit) {
  Ledger ledger;
  while (!ledger.full()) ledger.append(at(1));
  EXPECT_EQ(ledger.size(), kMaxProbesInLedger);
  ledger.erase(0);
  EXPECT_FALSE(ledger.full());
}

}  // namespace
}  // namespace wirestamp::session
