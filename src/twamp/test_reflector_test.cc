// SPDX-License-Identifier: Apache-2.0
#include "twamp/test_reflector.h"

#include <gtest/gtest.h>

#include <cstring>

#include "wire/time_format.h"

namespace wirestamp::twamp {
namespace {

constexpr TestReflector::Port kPort = 3;
const packet::Endpoint kSender{packet::IpAddress::v4(0xc633640a), 40'000, 0};
const packet::Endpoint kReceiver{packet::IpAddress::v4(0xc0000214), 18'760, 0};
constexpr WallTime kThen = WallTime::from_ns(1'700'000'000'000'000'000);

TestSession agreed(std::uint32_t modes = wire::kTwampOpen, std::uint16_t reflected = 0) {
  TestSession session{.number = 1,
                      .layout = {.modes = modes, .reflected = reflected},
                      .keys = std::nullopt,
                      .sender = kSender,
                      .receiver = kReceiver,
                      .dscp = 46,
                      .timeout = Duration::seconds(2)};
  if (session.layout.keyed()) session.keys.emplace();
  return session;
}

class TwampReflector : public testing::Test {
 protected:
  void begin(const TestSession& session) {
    ASSERT_TRUE(reflector.add(kPort, session, now));
    reflector.start(session.number, now);
  }
  wire::TwampTestCodec codec_of(const TestSession& session) {
    return *wire::TwampTestCodec::make(session.layout, session.keys ? &*session.keys : nullptr);
  }
  std::vector<std::byte> request(const TestSession& session, std::uint32_t sequence,
                                 std::uint32_t padding) {
    auto codec = codec_of(session);
    std::vector<std::byte> octets(session.layout.sender_size(padding));
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::byte>(i | 0x80U);
    codec.encode_request(octets, {.sequence = sequence,
                                  .timestamp = 0xe8fe'6f80'1f9a'dd37,
                                  .error_estimate = 0x8f84,
                                  .ssid = 0});
    return octets;
  }
  std::optional<packet::OutgoingDatagram> send(base::Bytes octets,
                                               const packet::Endpoint& from = kSender,
                                               const packet::Endpoint& to = kReceiver) {
    packet::ReceivedDatagram datagram{.payload = octets,
                                      .source = from,
                                      .destination = to,
                                      .traffic_class = 0xb9,
                                      .hop_limit = 61,
                                      .arrival = {.wall = kThen,
                                                  .mono = now,
                                                  .error = Duration::microseconds(1),
                                                  .source = StampSource::Kernel}};
    datagram.truncated = truncated;
    buffer.assign(TestReflector::longest_reply(octets.size()), std::byte{0xee});
    return reflector.reflect(
        kPort, datagram,
        {.wall = kThen + Duration::microseconds(150), .mono = now, .error = Duration()}, clock,
        buffer);
  }

  TestReflector reflector{Limits{}};
  MonoTime now = MonoTime::from_ns(5'000'000'000);
  ClockState clock;
  bool truncated = false;
  std::vector<std::byte> buffer;
};

// RFC 5357 4.2.1.
//= RFC5357:type-p-reflected RFC5357:own-number RFC5357:sender-ttl RFC5357:ttl-255 RFC7750:not-ect
//= RFC8186:twamp-z
TEST_F(TwampReflector, answers_with_its_own_numbers_and_what_it_saw) {
  begin(agreed());
  auto codec = codec_of(agreed());
  for (const std::uint32_t sequence : {7U, 9U}) {
    const auto reply = send(request(agreed(), sequence, 27));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->payload.size(), 41U);
    EXPECT_EQ(reply->destination, kSender);
    EXPECT_EQ(reply->source, kReceiver.address);
    EXPECT_EQ(reply->traffic_class, 46U << 2U);  // of Type-P; Not-ECT
    EXPECT_EQ(reply->hop_limit, 255);
    const auto told = codec.decode_reply(reply->payload);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->base.sequence, sequence == 7 ? 0U : 1U);
    EXPECT_EQ(told->base.sender_sequence, sequence);
    EXPECT_EQ(told->base.sender_timestamp, 0xe8fe'6f80'1f9a'dd37U);
    EXPECT_EQ(told->base.sender_error_estimate, 0x8f84);
    EXPECT_EQ(told->base.sender_ttl, 61);
    EXPECT_EQ(told->base.receive_timestamp, wire::encode_time(kThen, wire::TimeFormat::Ntp, 37));
    EXPECT_NE(told->base.error_estimate & 0xffU, 0U);    // a multiplier of 0 is forbidden
    EXPECT_EQ(told->base.error_estimate & 0x4000U, 0U);  // RFC 8186: NTP, no other was agreed on
    EXPECT_FALSE(told->traffic_class);
  }
  EXPECT_EQ(reflector.counters().requests, 2U);
}

//= RFC5357:equal-size
TEST_F(TwampReflector, answers_as_long_as_the_request_and_gives_padding_back) {
  begin(agreed());
  EXPECT_EQ(send(request(agreed(), 0, 0))->payload.size(), 41U);
  const auto asked = request(agreed(), 1, 100);
  const auto reply = send(asked);
  ASSERT_EQ(reply->payload.size(), 114U);
  EXPECT_TRUE(
      std::ranges::equal(reply->payload.subspan(41), base::Bytes(asked).subspan(14, 114 - 41)));
}

//= RFC6038:padding-reflected RFC7750:marks-told
TEST_F(TwampReflector, has_the_layouts_of_the_features) {
  const TestSession dscp = agreed(wire::kTwampOpen | wire::kTwampDscpEcn);
  begin(dscp);
  const auto reply = send(request(dscp, 0, 0));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->payload.size(), 44U);
  EXPECT_EQ(codec_of(dscp).decode_reply(reply->payload)->traffic_class, 0xb9);
  reflector.abandon(1);

  const TestSession symmetrical = agreed(wire::kTwampOpen | wire::kTwampSymmetricalSize);
  begin(symmetrical);
  const auto asked = request(symmetrical, 0, 40);
  EXPECT_EQ(asked.size(), 54U);
  EXPECT_EQ(send(asked)->payload.size(), 54U);
  EXPECT_TRUE(
      std::ranges::equal(base::Bytes(buffer).subspan(41, 13), base::Bytes(asked).subspan(41)));
  reflector.abandon(1);

  // RFC 6038 4.2.
  const TestSession reflecting = agreed(wire::kTwampOpen | wire::kTwampReflectOctets, 8);
  begin(reflecting);
  const auto padded = request(reflecting, 0, 35);
  EXPECT_EQ(send(padded)->payload.size(), 49U);
  EXPECT_TRUE(
      std::ranges::equal(base::Bytes(buffer).subspan(41, 8), base::Bytes(padded).subspan(14, 8)));
}

//= RFC5357:wrong-hmac
TEST_F(TwampReflector, answers_only_who_has_the_keys) {
  for (const auto mode : {wire::kTwampAuthenticated, wire::kTwampEncrypted}) {
    const TestSession session = agreed(mode);
    begin(session);
    auto octets = request(session, 5, 64);
    const auto reply = send(octets);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->payload.size(), 112U);
    EXPECT_EQ(codec_of(session).decode_reply(reply->payload)->base.sender_sequence, 5U);
    octets[3] ^= std::byte{1};
    EXPECT_FALSE(send(octets));
    reflector.abandon(1);
  }
  EXPECT_EQ(reflector.counters().wrong_hmac, 2U);
}

//= RFC5357:agreed-ends
TEST_F(TwampReflector, answers_the_agreed_ends_only) {
  begin(agreed());
  const auto octets = request(agreed(), 0, 27);
  EXPECT_FALSE(send(octets, {kSender.address, 40'001, 0}));
  EXPECT_FALSE(send(octets, {packet::IpAddress::v4(0xc633640b), 40'000, 0}));
  EXPECT_FALSE(send(octets, kSender, {packet::IpAddress::v4(0xc0000215), 18'760, 0}));
  EXPECT_EQ(reflector.counters().strangers, 3U);
  EXPECT_TRUE(send(octets));
}

TEST_F(TwampReflector, ignores_packets_before_the_start) {
  ASSERT_TRUE(reflector.add(kPort, agreed(), now));
  EXPECT_FALSE(send(request(agreed(), 0, 27)));
  EXPECT_EQ(reflector.counters().early, 1U);
  EXPECT_FALSE(reflector.next_wake());
}

TEST_F(TwampReflector, drops_what_is_no_request) {
  begin(agreed());
  EXPECT_FALSE(send(std::vector<std::byte>(13)));
  EXPECT_EQ(reflector.counters().too_short, 1U);
  truncated = true;
  EXPECT_FALSE(send(request(agreed(), 0, 27)));
  EXPECT_EQ(reflector.counters().truncated, 1U);
  truncated = false;
  // What another reflector sent: two of them must never answer each other.
  const auto reply = send(request(agreed(), 0, 27));
  const std::vector<std::byte> echo(reply->payload.begin(), reply->payload.end());
  EXPECT_FALSE(send(echo));
  EXPECT_EQ(reflector.counters().replies_ignored, 1U);
}

TEST_F(TwampReflector, answers_a_thousand_packets_a_second) {
  begin(agreed());
  const auto octets = request(agreed(), 0, 27);
  unsigned answered = 0;
  for (unsigned i = 0; i < 1'500; ++i)
    if (send(octets)) ++answered;
  EXPECT_EQ(answered, 1'000U);
  EXPECT_EQ(reflector.counters().over_rate, 500U);
  now += Duration::milliseconds(10);
  for (unsigned i = 0; i < 100; ++i)
    if (send(octets)) ++answered;
  EXPECT_EQ(answered, 1'010U);
}

// RFC 5357 3.8, 4.2: the Timeout, and REFWAIT.
//= RFC5357:timeout
TEST_F(TwampReflector, goes_on_for_the_timeout_after_the_stop) {
  begin(agreed());
  reflector.stop(1, now);
  now += Duration::milliseconds(1'900);
  EXPECT_TRUE(send(request(agreed(), 0, 27)));
  EXPECT_TRUE(reflector.take_ended().empty());
  now += Duration::milliseconds(200);
  EXPECT_FALSE(send(request(agreed(), 1, 27)));
  ASSERT_TRUE(reflector.next_wake());
  reflector.on_time(now);
  const auto ended = reflector.take_ended();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].number, 1U);
  EXPECT_EQ(ended[0].port, kPort);
  EXPECT_EQ(reflector.counters().expired, 0U);
}

//= RFC5357:refwait
TEST_F(TwampReflector, ends_a_session_without_packets) {
  begin(agreed());
  now += Duration::seconds(800);
  EXPECT_TRUE(send(request(agreed(), 0, 27)));
  now += Duration::seconds(800);
  reflector.on_time(now);
  EXPECT_EQ(reflector.sessions(), 1U);
  now += Duration::seconds(100);
  reflector.on_time(now);
  EXPECT_EQ(reflector.sessions(), 0U);
  EXPECT_EQ(reflector.counters().expired, 1U);
}

TEST_F(TwampReflector, a_sender_has_a_port_once_until_it_stops) {
  begin(agreed());
  EXPECT_FALSE(reflector.has_room(kPort, kSender));
  EXPECT_TRUE(reflector.has_room(kPort, {kSender.address, 40'001, 0}));
  EXPECT_TRUE(reflector.has_room(kPort + 1, kSender));
  reflector.stop(1, now);
  EXPECT_TRUE(reflector.has_room(kPort, kSender));
  TestSession next = agreed();
  next.number = 2;
  begin(next);
  EXPECT_EQ(reflector.take_ended().at(0).number, 1U);
  const auto reply = send(request(next, 0, 27));
  ASSERT_TRUE(reply);
  EXPECT_EQ(codec_of(next).decode_reply(reply->payload)->base.sequence, 0U);
}

}  // namespace
}  // namespace wirestamp::twamp
