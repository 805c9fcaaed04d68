// SPDX-License-Identifier: Apache-2.0
#include "session/reflector.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace wirestamp::session {
namespace {

constexpr MonoTime kNow = MonoTime::from_ns(1'000'000'000'000);

Timestamp stamp(StampSource source) {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000),
          .mono = kNow,
          .error = Duration(),
          .source = source};
}

class ReflectorTest : public testing::Test {
 protected:
  ReflectorTest()
      : reflector_({.policy = {.allowed = {*packet::Prefix::parse("10.0.0.0/8")},
                               .connected = {*packet::Prefix::parse("192.0.2.0/24"),
                                             *packet::Prefix::parse("198.51.100.0/31"),
                                             *packet::Prefix::parse("203.0.113.4/30")}},
                    .random = [this] { return ++random_; },
                    .note = [](const std::string&) {}}) {}

  // The octets of the reply; empty: none.
  std::vector<std::byte> reflect(const std::vector<std::byte>& octets,
                                 const char* from = "10.0.0.1", const char* to = "192.0.2.1") {
    packet::ReceivedDatagram request;
    request.payload = octets;
    request.source = {*packet::IpAddress::parse(from), 50'000, 0};
    request.destination = {*packet::IpAddress::parse(to), 23'999, 0};
    request.arrival = stamp(StampSource::Kernel);
    std::vector<std::byte> buffer(std::max<std::size_t>(octets.size(), 44));
    const auto reply = reflector_.reflect(request, stamp(StampSource::User), {}, buffer);
    if (!reply) return {};
    return {reply->payload.begin(), reply->payload.end()};
  }

  // A request of `size` octets that are all `fill` from octet 14 on.
  static std::vector<std::byte> request(std::size_t size, unsigned char fill) {
    std::vector<std::byte> octets(size, std::byte{fill});
    std::fill_n(octets.begin(), 14, std::byte{1});
    return octets;
  }

  std::uint64_t random_ = 0;
  Reflector reflector_;
};

TEST_F(ReflectorTest, RandomPaddingIsNoNewSessionEachTime) {
  for (const std::size_t size : {41U, 43U, 44U, 100U}) {
    for (const std::uint8_t fill : std::array<std::uint8_t, 3>{0x11, 0x22, 0x33}) {
      const auto reply = reflect(request(size, fill));
      ASSERT_GE(reply.size(), 44U);
      EXPECT_EQ(reply[14], std::byte{fill}) << "octets 14 and 15 come back as they were";
      EXPECT_EQ(reply[15], std::byte{fill});
    }
  }
  EXPECT_EQ(reflector_.counters().sessions_created, 1U);
}

TEST_F(ReflectorTest, TheSsidOfAStampRequestNamesItsSession) {
  for (const std::uint8_t ssid : std::array<std::uint8_t, 3>{1, 2, 1}) {
    auto octets = request(44, 0);
    octets[15] = std::byte{ssid};
    reflect(octets);
  }
  EXPECT_EQ(reflector_.counters().sessions_created, 2U);
}

TEST_F(ReflectorTest, ADirectedBroadcastGetsNoReplyAndSendsNoRequest) {
  EXPECT_TRUE(reflect(request(44, 0), "192.0.2.7", "192.0.2.255").empty());
  EXPECT_TRUE(reflect(request(44, 0), "10.0.0.1", "203.0.113.7").empty());
  EXPECT_EQ(reflector_.counters().refused_destination, 2U);
  EXPECT_TRUE(reflect(request(44, 0), "192.0.2.255", "192.0.2.1").empty());
  EXPECT_EQ(reflector_.counters().refused_source, 1U);
}

TEST_F(ReflectorTest, ANetworkOfTwoAddressesHasNoBroadcast) {
  EXPECT_FALSE(reflect(request(44, 0), "198.51.100.1", "192.0.2.1").empty());
}

}  // namespace
}  // namespace wirestamp::session
