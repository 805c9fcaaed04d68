// SPDX-License-Identifier: Apache-2.0
#include "session/session_table.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "session/limits.h"

namespace wirestamp::session {
namespace {

MonoTime at(int s) { return MonoTime::from_ns(0) + Duration::seconds(s); }

SessionKey key(std::uint32_t host, std::uint16_t ssid = 1) {
  return {.remote = {packet::IpAddress::v4(host), 5'000, 0},
          .local = {packet::IpAddress::v4(1), 23'999, 0},
          .ssid = ssid};
}

class SessionTableTest : public ::testing::Test {
 protected:
  base::Random random_{1};
  SessionTable table_{[this] { return random_.next(); }};
};

//= RFC8972:ssid-identifies
TEST_F(SessionTableTest, TheSameKeyIsTheSameSession) {
  ReflectorSession* first = table_.find_or_create(key(1), at(0));
  EXPECT_EQ(table_.find_or_create(key(1), at(1)), first);
  EXPECT_EQ(table_.created(), 1U);
}

//= RFC8972:ssid-identifies
TEST_F(SessionTableTest, AnotherSsidIsAnotherSessionWithAnotherEpochAndToken) {
  const ReflectorSession first = *table_.find_or_create(key(1, 1), at(0));
  const ReflectorSession second = *table_.find_or_create(key(1, 2), at(0));
  EXPECT_NE(first.epoch, second.epoch);
  EXPECT_NE(first.token, second.token);
}

TEST_F(SessionTableTest, AFullTableEvictsTheLeastRecentlyUsedIdleSession) {
  for (std::uint32_t host = 0; host < kMaxReflectorSessions; ++host)
    ASSERT_NE(table_.find_or_create(key(host), at(0)), nullptr);
  ASSERT_NE(table_.find_or_create(key(0), at(11)), nullptr);  // used again: not the oldest any more
  ASSERT_NE(table_.find_or_create(key(0xffff'ffff), at(11)), nullptr);
  EXPECT_NE(table_.find(key(0)), nullptr);
  EXPECT_EQ(table_.find(key(1)), nullptr);
  EXPECT_EQ(table_.evicted(), 1U);
  EXPECT_EQ(table_.size(), kMaxReflectorSessions);
}

TEST_F(SessionTableTest, ActiveSessionsAreNotEvictedForANewcomer) {
  for (std::uint32_t host = 0; host < kMaxReflectorSessions; ++host)
    table_.find_or_create(key(host), at(0));
  EXPECT_EQ(table_.find_or_create(key(0xffff'ffff), at(1)), nullptr);
}

TEST_F(SessionTableTest, OneSourceCannotTakeTheWholeTable) {
  for (std::uint32_t n = 0; n < kMaxSessionsPerSource; ++n)
    ASSERT_NE(table_.find_or_create(key(1, static_cast<std::uint16_t>(n)), at(0)), nullptr);
  EXPECT_EQ(table_.find_or_create(key(1, 0xffff), at(0)), nullptr);
  EXPECT_NE(table_.find_or_create(key(2), at(0)), nullptr);
}

// A host that opens a new port for each short run would otherwise be without state for ever.
TEST_F(SessionTableTest, IdleSessionsOfASourceMakeRoomForItsNewOnes) {
  for (std::uint32_t n = 0; n < kMaxSessionsPerSource; ++n)
    ASSERT_NE(table_.find_or_create(key(1, static_cast<std::uint16_t>(n)), at(0)), nullptr);
  const int idle = static_cast<int>(kSessionIdle.ns() / 1'000'000'000);
  EXPECT_EQ(table_.find_or_create(key(1, 0xffff), at(idle)), nullptr);
  for (std::uint32_t n = 0; n < kMaxSessionsPerSource; ++n)
    ASSERT_NE(table_.find_or_create(key(1, static_cast<std::uint16_t>(2'000 + n)), at(idle + 1)),
              nullptr);
  EXPECT_EQ(table_.size(), kMaxSessionsPerSource);
  EXPECT_EQ(table_.evicted(), kMaxSessionsPerSource);
}

// What a reflector does with each request of a session.
void answer(SessionTable& table, const SessionKey& whose, MonoTime now) {
  if (ReflectorSession* session = table.find_or_create(whose, now)) ++session->replies_sent;
}

// Twenty probes, one each half second.
MonoTime establish(SessionTable& table, const SessionKey& whose) {
  for (int n = 0; n <= 20; ++n) answer(table, whose, at(0) + Duration::milliseconds(500) * n);
  return at(10);
}

TEST_F(SessionTableTest, ASessionIsEstablishedByTenRepliesAndTenSeconds) {
  for (int n = 0; n < 100; ++n) answer(table_, key(1), at(9));
  EXPECT_EQ(table_.established(), 0U) << "a burst";
  answer(table_, key(1), at(19));
  EXPECT_EQ(table_.established(), 1U);
  for (int s = 0; s < 50; s += 5) answer(table_, key(2), at(s));
  EXPECT_EQ(table_.established(), 1U) << "it was not answered ten times";
  answer(table_, key(2), at(50));
  EXPECT_EQ(table_.established(), 2U);
}

// Millions of sources, each once: what an attacker has for nothing.
TEST_F(SessionTableTest, AFloodOfSourcesPushesOutNoEstablishedSession) {
  const MonoTime began = establish(table_, key(1));
  ReflectorSession* mine = table_.find(key(1));
  const std::uint64_t epoch = mine->epoch;
  // 2,000 a second for 2 minutes, beside a probe a minute: longer than ten idle seconds.
  std::uint32_t forged = 0x0a00'0000U;
  for (int ms = 0; ms <= 120'000; ms += 10) {
    const MonoTime now = began + Duration::milliseconds(ms);
    for (int n = 0; n < 20; ++n) table_.find_or_create(key(forged += 257), now);
    if (ms % 60'000 == 0) answer(table_, key(1), now);
  }
  ASSERT_NE(table_.find(key(1)), nullptr);
  EXPECT_EQ(table_.find(key(1))->epoch, epoch);
  EXPECT_EQ(table_.size(), kMaxReflectorSessions);
  EXPECT_GT(table_.evicted(), 100'000U) << "the flood pushes out itself";
}

TEST_F(SessionTableTest, ANewcomerInAFloodGetsAPlaceAndKeepsIt) {
  std::uint32_t forged = 0x0a00'0000U;
  bool placed = false;
  int asked = 0, without = 0;
  for (int ms = 0; ms < 90'000; ms += 10) {
    const MonoTime now = at(0) + Duration::milliseconds(ms);
    for (int n = 0; n < 20; ++n) {
      table_.find_or_create(key(forged += 257), now);
      if (n != 10 || ms < 30'000 || ms % 500 != 0) continue;
      const bool has = table_.find_or_create(key(1), now) != nullptr;
      if (!placed) ++asked;
      if (placed && !has) ++without;
      placed |= has;
    }
  }
  EXPECT_EQ(table_.size(), kMaxReflectorSessions);
  EXPECT_TRUE(placed);
  EXPECT_LE(asked, 20) << "ten seconds";
  EXPECT_EQ(without, 0);
}

TEST_F(SessionTableTest, TheEstablishedAreThreeQuartersAtMost) {
  for (std::uint32_t host = 0; host < kMaxReflectorSessions; ++host)
    for (int s = 0; s <= 10; ++s) answer(table_, key(host * 257), at(s));
  EXPECT_EQ(table_.established(), kMaxEstablishedSessions);
  EXPECT_NE(table_.find_or_create(key(0xffff'ffff), at(21)), nullptr) << "room for a newcomer";
  const int idle = static_cast<int>(kSessionIdle.ns() / 1'000'000'000);
  for (std::uint32_t n = 0; n < kMaxReflectorSessions; ++n)
    table_.find_or_create(key(n, 2), at(idle + 30));
  EXPECT_EQ(table_.established(), 0U) << "idle ones go";
}

TEST_F(SessionTableTest, OneNetworkCannotTakeTheWholeTable) {
  const auto from = [](std::uint32_t n) { return key(0x0a00'0000U + n % 256, std::uint16_t(n)); };
  for (std::uint32_t n = 0; n < kMaxSessionsPerNetwork; ++n)
    ASSERT_NE(table_.find_or_create(from(n), at(0)), nullptr);
  EXPECT_EQ(table_.find_or_create(key(0x0a00'0007U, 0xffff), at(0)), nullptr);
  EXPECT_NE(table_.find_or_create(key(0x0a00'0101U), at(0)), nullptr);
}

// Whoever knows the hash makes keys that fall into one place; each table has a secret of its own.
TEST_F(SessionTableTest, TheHashOfASessionIsASecret) {
  const SessionKeyHash one{{1, 2}}, other{{3, 4}};
  EXPECT_EQ(one(key(1)), one(key(1)));
  EXPECT_NE(one(key(1)), other(key(1)));
  const SourceHash first{{1, 2}}, second{{3, 4}};
  EXPECT_NE(first(key(1).remote.address), second(key(1).remote.address));
}

TEST_F(SessionTableTest, ANameFindsItsReplyUntilItIsOverwritten) {
  ReflectorSession* session = table_.find_or_create(key(1), at(0));
  for (std::uint32_t n = 0; n < 9; ++n) {
    session->replies[n % 8] = {.sender_sequence = n, .reflector_sequence = n, .departed = {}};
    ++session->next_sequence;
    ++session->replies_sent;
  }
  EXPECT_EQ(table_.find_reply(table_.name_of(*session, 8))->reflector_sequence, 8U);
  EXPECT_EQ(table_.find_reply(table_.name_of(*session, 0)), nullptr);
  EXPECT_EQ(table_.find_reply(~std::uint64_t{0} >> 20U), nullptr);
}

}  // namespace
}  // namespace wirestamp::session
