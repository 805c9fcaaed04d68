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

TEST_F(SessionTableTest, TheSameKeyIsTheSameSession) {
  ReflectorSession* first = table_.find_or_create(key(1), at(0));
  EXPECT_EQ(table_.find_or_create(key(1), at(1)), first);
  EXPECT_EQ(table_.created(), 1U);
}

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
