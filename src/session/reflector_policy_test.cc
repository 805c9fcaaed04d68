// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_policy.h"

#include <gtest/gtest.h>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

const MonoTime kNow = MonoTime::from_ns(1'000'000'000);

packet::IpAddress address(const char* text) { return packet::IpAddress::parse(text).value(); }
packet::Prefix prefix(const char* text) { return packet::Prefix::parse(text).value(); }

TEST(ReflectorPolicy, AnswersLoopbackPrivateLinkLocalAndConnectedSources) {
  ReflectorPolicy policy({.allowed = {}, .connected = {prefix("198.51.100.0/24")}});
  for (const char* source : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1",
                             "198.51.100.7", "::1", "fe80::1", "fd00::1"})
    EXPECT_EQ(policy.admit(address(source), kNow), Admission::Answer) << source;
}

TEST(ReflectorPolicy, AnswersANetworkThatCameUpLaterAndNotOneThatIsGone) {
  ReflectorPolicy policy({.allowed = {}, .connected = {prefix("198.51.100.0/24")}});
  policy.set_connected({prefix("203.0.113.0/24")});
  EXPECT_EQ(policy.admit(address("203.0.113.9"), kNow), Admission::Answer);
  EXPECT_EQ(policy.admit(address("198.51.100.9"), kNow), Admission::RefusedPrefix);
}

TEST(ReflectorPolicy, RefusesStrangersUnlessListed) {
  ReflectorPolicy strict({});
  EXPECT_EQ(strict.admit(address("203.0.113.5"), kNow), Admission::RefusedPrefix);
  EXPECT_EQ(strict.admit(address("2001:db8::1"), kNow), Admission::RefusedPrefix);
  ReflectorPolicy listed({.allowed = {prefix("203.0.113.0/24")}, .connected = {}});
  EXPECT_EQ(listed.admit(address("203.0.113.5"), kNow), Admission::Answer);
}

TEST(ReflectorPolicy, LimitsTheRateOfOneAddressAndNotOfTheOthers) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 10, .total_rate = 0});
  int answered = 0;
  for (int n = 0; n < 100; ++n)
    answered += policy.admit(address("10.0.0.1"), kNow) == Admission::Answer;
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(policy.admit(address("10.0.0.2"), kNow), Admission::Answer);
  EXPECT_EQ(policy.admit(address("10.0.0.1"), kNow + Duration::milliseconds(150)),
            Admission::Answer);
}

TEST(ReflectorPolicy, LimitsAllAddressesTogether) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 10, .total_rate = 15});
  int answered = 0;
  for (int n = 0; n < 10; ++n) {
    answered += policy.admit(address("10.0.0.1"), kNow) == Admission::Answer;
    answered += policy.admit(address("10.0.0.2"), kNow) == Admission::Answer;
  }
  EXPECT_EQ(answered, 15);
}

TEST(ReflectorPolicy, AnIpv6GuestHasOneRateForItsWholeNetwork) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 1, .total_rate = 0});
  EXPECT_EQ(policy.admit(address("fd00::1"), kNow), Admission::Answer);
  EXPECT_EQ(policy.admit(address("fd00::2"), kNow), Admission::RefusedRateSource);
  EXPECT_EQ(policy.admit(address("fd00:0:0:1::2"), kNow), Admission::Answer);
}

TEST(ReflectorPolicy, RemembersABoundedNumberOfSources) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 10, .total_rate = 0});
  for (std::uint32_t n = 0; n < kMaxRateSources; ++n)
    ASSERT_EQ(policy.admit(packet::IpAddress::v4(0x0a00'0000U + n), kNow), Admission::Answer);
  EXPECT_EQ(policy.admit(address("10.200.0.1"), kNow), Admission::RefusedRateTotal);
  EXPECT_EQ(policy.admit(address("10.200.0.1"), kNow + Duration::seconds(1)), Admission::Answer);
}

TEST(ReflectorPolicyTest, AFullTableIsSweptTenTimesASecondAtMost) {
  ReflectorPolicy policy({.rate = 10, .total_rate = 0});
  const MonoTime start = MonoTime::from_ns(1'000'000'000'000);
  const auto address = [](std::uint32_t n) { return packet::IpAddress::v4(0x0a00'0000U + n); };
  for (std::uint32_t n = 0; n < kMaxRateSources; ++n) policy.admit(address(n), start);
  const auto newcomer_at = [&](std::int64_t ms) {
    return policy.admit(address(kMaxRateSources), start + Duration::milliseconds(ms));
  };
  EXPECT_EQ(newcomer_at(950), Admission::RefusedRateTotal);
  EXPECT_EQ(newcomer_at(1'040), Admission::RefusedRateTotal) << "swept 90 ms ago";
  EXPECT_EQ(newcomer_at(1'050), Admission::Answer);
}

}  // namespace
}  // namespace wirestamp::session
