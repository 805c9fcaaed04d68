// SPDX-License-Identifier: Apache-2.0
#include "session/port_budget.h"

#include <gtest/gtest.h>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
const packet::IpAddress kPeer = packet::IpAddress::v4(0xc000'0201);

packet::IpAddress peer(std::uint32_t n) { return packet::IpAddress::v4(0x0a00'0000U + n); }

// Falls silent and asks whether it may try a new port.
bool falls_silent(PortBudget& budget, PortBudget::SessionId session, const packet::IpAddress& to,
                  MonoTime now) {
  budget.on_silent(session, now);
  return budget.may_try(session, to);
}

TEST(PortBudget, four_sessions_of_one_peer_try_until_one_is_answered) {
  PortBudget budget;
  unsigned trying = 0;
  for (std::uint32_t n = 0; n < 100; ++n)
    trying += falls_silent(budget, n, kPeer, kStart) ? 1U : 0U;
  EXPECT_EQ(trying, 4U);
  EXPECT_TRUE(budget.may_try(0, kPeer)) << "who tries goes on";
  budget.on_answered(2, kPeer, kStart + Duration::seconds(1));
  for (std::uint32_t n = 50; n < 60; ++n) EXPECT_TRUE(budget.may_try(n, kPeer)) << "they follow";
}

TEST(PortBudget, an_answer_in_an_earlier_outage_is_none_in_this_one) {
  PortBudget budget;
  falls_silent(budget, 0, kPeer, kStart);
  budget.on_answered(0, kPeer, kStart + Duration::seconds(1));
  unsigned trying = 0;
  for (std::uint32_t n = 0; n < 100; ++n)
    trying += falls_silent(budget, n, kPeer, kStart + Duration::minutes(1)) ? 1U : 0U;
  EXPECT_EQ(trying, 4U);
}

TEST(PortBudget, sixteen_sessions_of_an_agent_try_behind_a_dead_uplink) {
  PortBudget budget;
  unsigned trying = 0, telling = 0;
  for (std::uint32_t n = 0; n < 500; ++n) {
    trying += falls_silent(budget, n, peer(n), kStart) ? 1U : 0U;
    telling += budget.tells(n, kStart) ? 1U : 0U;
  }
  EXPECT_EQ(trying, 16U);
  EXPECT_EQ(telling, 1U);
}

// Sixteen peers that are off for the weekend once kept all others from new ports.
TEST(PortBudget, peers_that_are_dead_for_long_take_no_place) {
  PortBudget budget;
  for (std::uint32_t n = 0; n < 100; ++n) falls_silent(budget, n, peer(n), kStart);
  const MonoTime later = kStart + Duration::minutes(1);
  EXPECT_TRUE(falls_silent(budget, 1'000, peer(1'000), later));
  EXPECT_TRUE(budget.tells(1'000, later));
  for (std::uint32_t n = 0; n < 4; ++n)
    EXPECT_TRUE(falls_silent(budget, 2'000 + n, peer(1), later)) << "also of a peer that is dead";
  EXPECT_FALSE(falls_silent(budget, 3'000, peer(1), later));
}

// A peer that had said that it would stop is told otherwise, and silences no other session.
TEST(PortBudget, a_silence_that_was_expected_leaves_the_telling_to_others) {
  PortBudget budget;
  budget.on_silent(0, MonoTime::from_ns(1), /*expected=*/true);
  budget.on_silent(1, MonoTime::from_ns(2));
  budget.on_silent(2, MonoTime::from_ns(3));
  EXPECT_TRUE(budget.tells(1, MonoTime::from_ns(4)));
  EXPECT_FALSE(budget.tells(2, MonoTime::from_ns(4)));
}

TEST(PortBudget, another_one_tells_when_the_teller_is_long_answered) {
  PortBudget budget;
  for (std::uint32_t n = 0; n < 10; ++n) budget.on_silent(n, kStart);
  ASSERT_TRUE(budget.tells(0, kStart));
  const MonoTime answered = kStart + Duration::seconds(2);
  budget.on_answered(0, kPeer, answered);
  EXPECT_FALSE(budget.tells(5, answered + Duration::seconds(1))) << "it may be answered as well";
  const MonoTime later = answered + Duration::seconds(11);
  EXPECT_TRUE(budget.tells(5, later));
  EXPECT_FALSE(budget.tells(6, later));
}

TEST(PortBudget, sixteen_new_ports_in_ten_minutes) {
  PortBudget budget;
  unsigned taken = 0;
  for (int n = 0; n < 100; ++n) taken += budget.take(1, kPeer, kStart) ? 1U : 0U;
  EXPECT_EQ(taken, 16U);
  EXPECT_FALSE(budget.take(1, kPeer, kStart + Duration::minutes(9)));
  EXPECT_TRUE(budget.take(1, kPeer, kStart + Duration::minutes(10)));
}

TEST(PortBudget, sixty_four_to_one_peer_and_256_sockets_in_all) {
  PortBudget budget;
  unsigned taken = 0;
  for (std::uint32_t n = 0; n < 100; ++n) taken += budget.take(n, kPeer, kStart) ? 1U : 0U;
  EXPECT_EQ(taken, 64U);
  for (std::uint32_t n = 0; n < 1'000; ++n)
    taken += budget.take(1'000 + n, peer(n), kStart) ? 1U : 0U;
  EXPECT_EQ(taken, 256U);
  budget.give_back();
  EXPECT_TRUE(budget.take(5'000, peer(5'000), kStart));
}

TEST(PortBudget, a_session_that_ends_leaves_its_place) {
  PortBudget budget;
  for (std::uint32_t n = 0; n < 5; ++n)
    EXPECT_EQ(falls_silent(budget, n, kPeer, kStart), n < 4) << n;
  budget.forget(1, kPeer);
  EXPECT_TRUE(budget.may_try(4, kPeer));
}

TEST(PortBudget, peers_that_were_left_long_ago_take_no_memory) {
  PortBudget budget;
  for (std::uint32_t n = 0; n < 100'000; ++n) {
    if (budget.take(1, peer(n), kStart + Duration::minutes(n))) budget.give_back();
    ASSERT_LE(budget.peers(), 128U);
  }
}

}  // namespace
}  // namespace wirestamp::session
