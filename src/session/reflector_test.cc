// SPDX-License-Identifier: Apache-2.0
#include "session/reflector.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "session/limits.h"
#include "wire/request_layout.h"

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
                                             *packet::Prefix::parse("203.0.113.4/30")},
                               .rate = 0,
                               .total_rate = 0},
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

//= RFC8972:ssid-copied
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

//= RFC8972:ssid-identifies
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

//= RFC8762:reply-to-source RFC8762:ttl-copied
TEST_F(ReflectorTest, AReplyGoesBackFromWhereTheRequestWentWithItsTtl) {
  const auto octets = request(44, 0);
  packet::ReceivedDatagram asked;
  asked.payload = octets;
  asked.source = {*packet::IpAddress::parse("10.0.0.1"), 50'000, 0};
  asked.destination = {*packet::IpAddress::parse("192.0.2.1"), 23'999, 0};
  asked.arrival = stamp(StampSource::Kernel);
  std::array<std::byte, 44> buffer;
  for (const std::optional<std::uint8_t> ttl :
       {std::optional<std::uint8_t>(61), std::optional<std::uint8_t>()}) {
    asked.hop_limit = ttl;
    const auto reply = reflector_.reflect(asked, stamp(StampSource::User), {}, buffer);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->destination, asked.source);
    EXPECT_EQ(reply->source, asked.destination.address);
    EXPECT_EQ(reply->hop_limit, 255);
    EXPECT_EQ(buffer[40], std::byte{ttl.value_or(255)}) << "255 where it is not told";
  }
}

// RFC 8762 4.3.1: one Error Estimate for both stamps, so it is that of the weaker one.
//= RFC8762:error-of-both
TEST_F(ReflectorTest, TheErrorEstimateHoldsForBothStamps) {
  const auto octets = request(44, 0);
  ClockState clock;
  clock.synchronised = true;
  clock.error = Duration::microseconds(100);
  for (const bool late_arrival : {false, true}) {
    packet::ReceivedDatagram asked;
    asked.payload = octets;
    asked.source = {*packet::IpAddress::parse("10.0.0.1"), 50'000, 0};
    asked.destination = {*packet::IpAddress::parse("192.0.2.1"), 23'999, 0};
    asked.arrival = stamp(StampSource::Kernel);
    Timestamp now = stamp(StampSource::User);
    (late_arrival ? asked.arrival : now).error = Duration::microseconds(50);
    std::array<std::byte, 44> buffer;
    ASSERT_TRUE(reflector_.reflect(asked, now, clock, buffer));
    const auto told = wire::decode_error_estimate(base::load_be<std::uint16_t>(buffer, 12));
    EXPECT_TRUE(told.synchronised);
    EXPECT_EQ(told.format, wire::TimeFormat::Ntp);
    ASSERT_TRUE(told.error);
    EXPECT_GE(*told.error, Duration::microseconds(150));
    EXPECT_LE(*told.error, Duration::microseconds(155));
  }
}

// A token that nobody has, or that somebody guesses, tells nothing and moves nothing.
TEST_F(ReflectorTest, AQuestionWithAForgedTokenIsAnsweredToItsSourceAndTellsNothing) {
  const auto layout = wire::plan_request(std::nullopt);
  std::vector<std::byte> octets(layout->size);
  wire::encode_probe(*layout, {.timestamp = 1, .error_estimate = 1, .ssid = 1}, octets);
  ASSERT_FALSE(reflect(octets).empty());
  for (std::uint8_t guess = 0; guess < 200; ++guess) {
    wire::WstpToken token{};
    token[15] = std::byte{guess};
    wire::encode_probe(*layout, {.timestamp = 1, .error_estimate = 1, .ssid = 2, .asked = token},
                       octets);
    const auto reply = reflect(octets, "10.0.0.9");
    ASSERT_EQ(reply.size(), octets.size());
  }
  EXPECT_EQ(reflector_.counters().unknown_tokens, 200U);
  EXPECT_EQ(reflector_.counters().accounts_told, 0U);
  EXPECT_EQ(reflector_.counters().sessions_created, 2U);
}

// Thousands of sources that claim one session have one of their own each, and a bounded number.
//= RFC8762:stateless-number
TEST_F(ReflectorTest, SourcesThatClaimOneSessionLeaveItAlone) {
  auto mine = request(44, 0);
  mine[15] = std::byte{7};
  reflect(mine);
  for (std::uint32_t n = 0; n < 20'000; ++n) {
    reflect(mine, packet::to_string(packet::IpAddress::v4(0x0a01'0000U + n)).c_str());
    if (n % 1'000 == 0) reflect(mine);
  }
  const auto reply = reflect(mine);
  EXPECT_EQ(base::load_be<std::uint32_t>(reply, 0), 21U) << "the number of its own replies";
  // Of those for whom there is no room each gets back the number of its request.
  EXPECT_EQ(base::load_be<std::uint32_t>(reflect(mine, "10.250.0.1"), 0), 0x0101'0101U);
  EXPECT_EQ(reflector_.counters().sessions_created, kMaxReflectorSessions);
  EXPECT_EQ(reflector_.counters().stateless_replies, 20'002U - kMaxReflectorSessions);
}

// Both have clocks that step back between receiving and sending, so what they write is no honest
// reply and is told from none by its stamps. A forged request begins it.
TEST(ReflectorLoop, TwoReflectorsNeverAnswerEachOtherForLong) {
  std::uint64_t random = 0;
  const ReflectorOptions options{
      .policy = {}, .random = [&random] { return ++random; }, .note = [](const std::string&) {}};
  std::array<Reflector, 2> reflectors{Reflector(options), Reflector(options)};
  const std::array ends{packet::Endpoint{*packet::IpAddress::parse("10.0.0.1"), 862, 0},
                        packet::Endpoint{*packet::IpAddress::parse("10.0.0.2"), 862, 0}};
  std::vector<std::byte> packet(44);
  std::size_t at = 0, answers = 0;
  for (MonoTime now = kNow;; now += Duration::milliseconds(1), ++answers) {
    ASSERT_LT(answers, 10U);
    packet::ReceivedDatagram request;
    request.payload = packet;
    request.source = ends[1 - at];
    request.destination = ends[at];
    Timestamp sent = stamp(StampSource::User);
    sent.wall += now - kNow;
    request.arrival = sent;
    request.arrival.wall += Duration::seconds(1);
    std::vector<std::byte> buffer(44);
    const auto reply = reflectors.at(at).reflect(request, sent, {}, buffer);
    if (!reply) break;
    ASSERT_EQ(wire::classify(buffer), wire::Kind::Ambiguous);
    packet = buffer;
    at = 1 - at;
  }
  EXPECT_EQ(answers, 2U);
  EXPECT_EQ(reflectors[0].counters().refused_loop + reflectors[1].counters().refused_loop, 1U);
}

TEST_F(ReflectorTest, ANetworkOfTwoAddressesHasNoBroadcast) {
  EXPECT_FALSE(reflect(request(44, 0), "198.51.100.1", "192.0.2.1").empty());
}

}  // namespace
}  // namespace wirestamp::session
