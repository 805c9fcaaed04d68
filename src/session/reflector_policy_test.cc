// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_policy.h"

#include <gtest/gtest.h>

namespace wirestamp::session {
namespace {

const MonoTime kNow = MonoTime::from_ns(1'000'000'000);

packet::IpAddress address(const char* text) { return packet::IpAddress::parse(text).value(); }
constexpr Credentials kProven{.standing = Standing::Established, .authenticated = true};

Admission admit(ReflectorPolicy& policy, const char* source, MonoTime now = kNow) {
  return policy.admit(address(source), {}, now);
}
packet::Prefix prefix(const char* text) { return packet::Prefix::parse(text).value(); }

TEST(ReflectorPolicy, AnswersLoopbackPrivateLinkLocalAndConnectedSources) {
  ReflectorPolicy policy({.allowed = {}, .connected = {prefix("198.51.100.0/24")}});
  for (const char* source : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1",
                             "198.51.100.7", "::1", "fe80::1", "fd00::1"})
    EXPECT_EQ(admit(policy, source, kNow), Admission::Answer) << source;
}

TEST(ReflectorPolicy, AnswersANetworkThatCameUpLaterAndNotOneThatIsGone) {
  ReflectorPolicy policy({.allowed = {}, .connected = {prefix("198.51.100.0/24")}});
  policy.set_networks({.connected = {prefix("203.0.113.0/24")}, .addresses = {}});
  EXPECT_EQ(admit(policy, "203.0.113.9", kNow), Admission::Answer);
  EXPECT_EQ(admit(policy, "198.51.100.9", kNow), Admission::RefusedPrefix);
}

//= RFC8972:unmatched-discarded
TEST(ReflectorPolicy, RefusesStrangersUnlessListed) {
  ReflectorPolicy strict({});
  EXPECT_EQ(admit(strict, "203.0.113.5", kNow), Admission::RefusedPrefix);
  EXPECT_EQ(admit(strict, "2001:db8::1", kNow), Admission::RefusedPrefix);
  ReflectorPolicy listed({.allowed = {prefix("203.0.113.0/24")}, .connected = {}});
  EXPECT_EQ(admit(listed, "203.0.113.5", kNow), Admission::Answer);
}

//= RFC8085:replies-limited
TEST(ReflectorPolicy, LimitsTheRateOfOneAddressAndNotOfTheOthers) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 10, .total_rate = 0});
  int answered = 0;
  for (int n = 0; n < 100; ++n) answered += admit(policy, "10.0.0.1", kNow) == Admission::Answer;
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(admit(policy, "10.0.0.2", kNow), Admission::Answer);
  EXPECT_EQ(admit(policy, "10.0.0.1", kNow + Duration::milliseconds(150)), Admission::Answer);
}

//= RFC8085:replies-limited
TEST(ReflectorPolicy, LimitsAllAddressesTogether) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 10, .total_rate = 15});
  int answered = 0;
  for (int n = 0; n < 10; ++n) {
    answered += admit(policy, "10.0.0.1", kNow) == Admission::Answer;
    answered += admit(policy, "10.0.0.2", kNow) == Admission::Answer;
  }
  EXPECT_EQ(answered, 15);
}

TEST(ReflectorPolicy, AnIpv6GuestHasOneRateForItsWholeNetwork) {
  ReflectorPolicy policy({.allowed = {}, .connected = {}, .rate = 1, .total_rate = 0});
  EXPECT_EQ(admit(policy, "fd00::1", kNow), Admission::Answer);
  EXPECT_EQ(admit(policy, "fd00::2", kNow), Admission::RefusedRateSource);
  EXPECT_EQ(admit(policy, "fd00:0:0:1::2", kNow), Admission::Answer);
}

TEST(ReflectorPolicy, OneNetworkHasOneRateAndLeavesTheOthersTheirs) {
  ReflectorPolicy policy({.rate = 10, .network_rate = 15, .total_rate = 0});
  int answered = 0;
  for (int n = 0; n < 10; ++n) {
    answered += admit(policy, "10.0.0.1") == Admission::Answer;
    answered += admit(policy, "10.0.0.254") == Admission::Answer;
  }
  EXPECT_EQ(answered, 15);
  EXPECT_EQ(admit(policy, "10.0.0.77"), Admission::RefusedRateNetwork);
  EXPECT_EQ(admit(policy, "10.0.1.1"), Admission::Answer);
  EXPECT_EQ(network_key(address("2001:db8:1:2::3")), address("2001:db8:1::"));
}

//= RFC8972:sessions-provisioned
TEST(ReflectorPolicy, ListedMeansTheListAlone) {
  ReflectorPolicy policy({.peers = Peers::Listed,
                          .allowed = {prefix("203.0.113.0/24"), prefix("10.1.0.0/16")},
                          .connected = {prefix("198.51.100.0/24")}});
  EXPECT_EQ(admit(policy, "203.0.113.5"), Admission::Answer);
  EXPECT_EQ(admit(policy, "10.1.2.3"), Admission::Answer);
  for (const char* source : {"10.2.0.1", "127.0.0.1", "198.51.100.7", "fe80::1"})
    EXPECT_EQ(admit(policy, source), Admission::RefusedPrefix) << source;
}

//= RFC8972:sessions-provisioned
TEST(ReflectorPolicy, PeersThatAreMeasuredCountAsListed) {
  ReflectorPolicy policy({.peers = Peers::Listed});
  policy.set_peers({address("203.0.113.9"), address("10.0.0.7"), address("2001:db8::1")});
  for (const char* peer : {"10.0.0.7", "203.0.113.9", "2001:db8::1"})
    EXPECT_EQ(admit(policy, peer), Admission::Answer) << peer;
  EXPECT_EQ(admit(policy, "10.0.0.8"), Admission::RefusedPrefix);
  policy.set_peers({});
  EXPECT_EQ(admit(policy, "10.0.0.7"), Admission::RefusedPrefix);
}

TEST(ReflectorPolicy, AuthenticatedMeansWhoProvesAKeyWhereverItIs) {
  ReflectorPolicy policy({.peers = Peers::Authenticated});
  EXPECT_EQ(admit(policy, "127.0.0.1"), Admission::RefusedUnauthenticated);
  EXPECT_EQ(admit(policy, "203.0.113.5"), Admission::RefusedUnauthenticated);
  EXPECT_EQ(policy.admit(address("203.0.113.5"), kProven, kNow), Admission::Answer);
}

TEST(ReflectorPolicy, AListBesideTheKeysHolds) {
  ReflectorPolicy policy({.peers = Peers::Authenticated, .allowed = {prefix("203.0.113.0/24")}});
  EXPECT_EQ(policy.admit(address("203.0.113.5"), kProven, kNow), Admission::Answer);
  EXPECT_EQ(policy.admit(address("10.0.0.1"), kProven, kNow), Admission::RefusedPrefix);
  EXPECT_EQ(admit(policy, "203.0.113.5"), Admission::RefusedUnauthenticated);
}

TEST(ReflectorPolicy, WhoProvesAKeyIsNoUnknownPeer) {
  for (const Peers peers : {Peers::Open, Peers::Listed}) {
    ReflectorPolicy policy({.peers = peers});
    EXPECT_EQ(policy.admit(address("203.0.113.5"), kProven, kNow), Admission::Answer);
  }
}

// A minute of a flood at twenty times the rate, from addresses that are all new.
TEST(ReflectorPolicy, AFloodOfNewcomersTakesNothingFromTheEstablished) {
  ReflectorPolicy policy({.rate = 10, .network_rate = 50, .total_rate = 200});
  std::uint32_t newcomer = 0x0a00'0000U;
  int refused = 0, established = 0;
  std::uint64_t answered = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    const MonoTime now = kNow + Duration::milliseconds(ms);
    for (int n = 0; n < 4; ++n, ++newcomer)
      answered += policy.admit(packet::IpAddress::v4(newcomer), {}, now) == Admission::Answer;
    // Ten sources, each eight times a second.
    if (ms % 125 != 0) continue;
    for (std::uint32_t host = 0; host < 10; ++host, ++established)
      refused += policy.admit(packet::IpAddress::v4(0xc0a8'0001U + 256 * host),
                              {.standing = Standing::Established}, now) != Admission::Answer;
  }
  EXPECT_EQ(refused, 0) << "of " << established;
  EXPECT_LE(answered + static_cast<std::uint64_t>(established), 200U * 60 + 300) << "in all";
  EXPECT_GE(answered, 100U * 60) << "what the established leave is for newcomers";
}

TEST(ReflectorPolicy, AForgerOfItsAddressTakesNothingFromAnEstablishedSession) {
  ReflectorPolicy policy({.rate = 10, .total_rate = 0});
  int refused = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    const MonoTime now = kNow + Duration::milliseconds(ms);
    policy.admit(address("10.0.0.1"), {}, now);
    if (ms % 200 == 0)
      refused += policy.admit(address("10.0.0.1"), {.standing = Standing::Established}, now) !=
                 Admission::Answer;
  }
  EXPECT_EQ(refused, 0);
}

// A loud source shares a bucket with some quiet ones, and both of its buckets with hardly any.
TEST(ReflectorPolicy, ALoudSourceIsNotTakenForAQuietOne) {
  ReflectorPolicy policy({.rate = 10, .network_rate = 0, .total_rate = 0}, {1, 2});
  for (std::uint32_t loud = 0; loud < 64; ++loud)
    for (int n = 0; n < 100; ++n)
      policy.admit(packet::IpAddress::v4(0x0a00'0000U + loud), {}, kNow);
  int refused = 0;
  for (std::uint32_t quiet = 0; quiet < 2'000; ++quiet)
    refused +=
        policy.admit(packet::IpAddress::v4(0x0a10'0000U + quiet), {}, kNow) != Admission::Answer;
  EXPECT_LE(refused, 3) << "of 2,000; expected: 0.1 to 0.2";
}

//= RFC8972:cos-policy
TEST(ReflectorPolicy, TheMarksOfRepliesFollowTheListUnlessTheyAreSaid) {
  const ReflectorPolicy open({.allowed = {prefix("203.0.113.0/24")}});
  EXPECT_EQ(open.permitted_dscp(address("10.0.0.1")) >> 47U, 1U);
  EXPECT_EQ(open.permitted_dscp(address("203.0.113.1")), kAnyDscp);
  const ReflectorPolicy said({.allowed = {prefix("203.0.113.0/24")}, .dscp = 1ULL << 46U});
  for (const char* source : {"10.0.0.1", "203.0.113.1"})
    EXPECT_EQ(said.permitted_dscp(address(source)), (1ULL << 46U) | 1U);
}

TEST(ReflectorPolicy, APortOfOurOwnIsOneThatThisProcessListensOn) {
  const ReflectorPolicy policy(
      {.addresses = {address("192.0.2.1"), address("2001:db8::1")},
       .own = {{address("0.0.0.0"), 23'999, 0}, {address("192.0.2.1"), 862, 0}}});
  const auto own = [&](const char* from, std::uint16_t port) {
    return policy.is_own({address(from), port, 0});
  };
  EXPECT_TRUE(own("192.0.2.1", 23'999));
  EXPECT_TRUE(own("127.0.0.5", 23'999));
  EXPECT_TRUE(own("192.0.2.1", 862));
  EXPECT_FALSE(own("127.0.0.1", 862));
  EXPECT_FALSE(own("192.0.2.2", 23'999)) << "another host";
  EXPECT_FALSE(own("192.0.2.1", 23'998));
  EXPECT_FALSE(own("2001:db8::1", 23'999)) << "IPv4 only";
}

}  // namespace
}  // namespace wirestamp::session
