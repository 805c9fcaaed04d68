// SPDX-License-Identifier: Apache-2.0
#include "session/port_budget.h"

#include <gtest/gtest.h>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
const packet::IpAddress kPeer = packet::IpAddress::v4(0xc000'0201);

packet::IpAddress peer(std::uint32_t n) { return packet::IpAddress::v4(0x0a00'0000U + n); }

TEST(PortBudget, four_sessions_of_one_peer_try_until_one_is_answered) {
  PortBudget budget;
  unsigned trying = 0;
  for (std::uint32_t n = 0; n < 100; ++n) trying += budget.may_try(n, kPeer, kStart) ? 1U : 0U;
  EXPECT_EQ(trying, 4U);
  EXPECT_TRUE(budget.may_try(0, kPeer, kStart)) << "who tries goes on";
  budget.on_answered(2, kPeer, kStart);
  EXPECT_TRUE(budget.may_try(50, kPeer, kStart));
}

TEST(PortBudget, sixteen_sessions_of_an_agent_try_behind_a_dead_uplink) {
  PortBudget budget;
  unsigned trying = 0, telling = 0;
  for (std::uint32_t n = 0; n < 500; ++n) {
    if (!budget.may_try(n, peer(n), kStart)) continue;
    ++trying;
    telling += budget.first_to_tell(n, kStart) ? 1U : 0U;
  }
  EXPECT_EQ(trying, 16U);
  EXPECT_EQ(telling, 1U);
}

TEST(PortBudget, who_falls_silent_later_tells_of_it_too) {
  PortBudget budget;
  const MonoTime later = kStart + Duration::minutes(1);
  EXPECT_TRUE(budget.may_try(1, peer(1), kStart));
  EXPECT_TRUE(budget.may_try(2, peer(2), later));
  EXPECT_TRUE(budget.first_to_tell(2, later));
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
  for (std::uint32_t n = 0; n < 4; ++n) EXPECT_TRUE(budget.may_try(n, kPeer, kStart));
  budget.forget(1, kPeer);
  EXPECT_TRUE(budget.may_try(9, kPeer, kStart));
}

}  // namespace
}  // namespace wirestamp::session
