// SPDX-License-Identifier: Apache-2.0
#include "wire/stamp.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "wire/reflect_packet.h"
#include "wire/vectors_test.h"

// Base packets both ways, and TWAMP Light peers.
namespace wirestamp::wire {

namespace {

// What is written in the "ee" of a vector is made of the error it stands for: 1 ms or 1 us.
std::uint16_t estimate_of(std::int64_t raw) {
  const ErrorEstimate estimate = decode_error_estimate(static_cast<std::uint16_t>(raw));
  const Duration error =
      (raw & 0x3fff) == 0x0f84 ? Duration::milliseconds(1) : Duration::microseconds(1);
  return encode_error_estimate(estimate.synchronised, estimate.format, error);
}

RequestBase request_of(const Vector& vector) {
  const std::uint16_t estimate = estimate_of(vector.number("ee"));
  return {.sequence = static_cast<std::uint32_t>(vector.number("sequence")),
          .timestamp =
              encode_time(vector.instant("t1_unix"), decode_error_estimate(estimate).format, kTai),
          .error_estimate = estimate,
          .ssid = static_cast<std::uint16_t>(vector.has("ssid") ? vector.number("ssid") : 0)};
}

ReplyBase reply_of(const Vector& vector) {
  const RequestBase request = request_of(vector);
  return {.sequence = static_cast<std::uint32_t>(vector.number("reflector_sequence")),
          .timestamp = encode_time(vector.instant("t3_unix"), TimeFormat::Ntp, kTai),
          .error_estimate = estimate_of(vector.number("reflector_ee")),
          .ssid = request.ssid,
          .receive_timestamp = encode_time(vector.instant("t2_unix"), TimeFormat::Ntp, kTai),
          .sender_sequence = request.sequence,
          .sender_timestamp = request.timestamp,
          .sender_error_estimate = request.error_estimate,
          .sender_ttl = static_cast<std::uint8_t>(vector.number("sender_ttl"))};
}

// A buffer that held something else before: every octet must be written.
Octets dirty(std::size_t size) { return Octets(size, std::byte{0xee}); }

}  // namespace

// RFC 8762 4.2.1, RFC 8972 3.
//= RFC8762:sender-layout-open RFC8762:mbz-zero
void check_request(const Vector& vector) {
  Octets out = dirty(kBaseSize);
  encode_request(out, request_of(vector));
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_EQ(decode_request(vector.octets), request_of(vector));
  EXPECT_EQ(classify(vector.octets), Kind::Request);
}

// RFC 8762 4.3.1, RFC 8972 3.
//= RFC8762:reflector-layout-open RFC8762:mbz-zero RFC8972:ssid-copied
void check_reply(const Vector& vector) {
  Octets out = dirty(kBaseSize);
  encode_reply(out, reply_of(vector));
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_EQ(decode_reply(vector.octets), reply_of(vector));
  EXPECT_EQ(classify(vector.octets), Kind::Reply);
}

// RFC 8762 4.6: a sender that knows no STAMP; octets 14 and 15 are padding of its own.
void check_twamp_light_request(const Vector& vector) {
  const auto request = decode_request(vector.octets);
  ASSERT_TRUE(request);
  RequestBase wanted = request_of(vector);
  if (vector.octets.size() > kShortestRequest)
    wanted.ssid = base::load_be<std::uint16_t>(vector.octets, 14);
  EXPECT_EQ(*request, wanted);
  Octets out = dirty(kBaseSize);
  encode_request(out, *request);
  const std::size_t header = std::min<std::size_t>(vector.octets.size(), 16);
  EXPECT_EQ(to_hex(base::Bytes(out).first(header)),
            to_hex(base::Bytes(vector.octets).first(header)));
}

// RFC 8762 4.6: the base packet, and behind it what the request had there.
//= RFC8762:light-padding-copied
void check_twamp_light_reply(const Vector& vector) {
  const Octets& request = stamp_vector(vector.request).octets;
  const ReplyBase told = reply_of(vector);
  TlvAnswers answers;
  Octets out = dirty(packet_room(request.size(), nullptr));
  const ReflectedPacket reply = reflect_packet(request, check_request(request, {}), {},
                                               {.sequence = told.sequence,
                                                .receive_timestamp = told.receive_timestamp,
                                                .ttl = told.sender_ttl},
                                               answers, out);
  stamp_reply(out, {}, told.timestamp, told.error_estimate);
  out.resize(reply.size);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_FALSE(reply.tlvs.malformed);
  EXPECT_EQ(reply.tlvs.unrecognised, 0U);
  EXPECT_EQ(decode_reply(vector.octets), reply_of(vector));
}

namespace {

TEST(BasePackets, below_14_octets_are_no_request) {
  const Octets& packet = stamp_vector("sender-unauth-ssid").octets;
  for (std::size_t size = 0; size < kShortestRequest; ++size)
    EXPECT_FALSE(decode_request(base::Bytes(packet).first(size))) << size;
  EXPECT_TRUE(decode_request(base::Bytes(packet).first(kShortestRequest)));
}

TEST(BasePackets, cut_within_the_ssid_have_none) {
  const Octets& packet = stamp_vector("sender-unauth-ssid").octets;
  EXPECT_EQ(decode_request(base::Bytes(packet).first(15))->ssid, 0);
  EXPECT_EQ(decode_request(base::Bytes(packet).first(16))->ssid, 0x1234);
}

//= RFC8762:light-41-octets
TEST(BasePackets, below_41_octets_are_no_reply) {
  const Octets& packet = stamp_vector("reflector-unauth-stateful").octets;
  for (std::size_t size = 0; size < kShortestReply; ++size)
    EXPECT_FALSE(decode_reply(base::Bytes(packet).first(size))) << size;
  // A TWAMP Light reflector may send the header alone.
  EXPECT_EQ(decode_reply(base::Bytes(packet).first(kShortestReply)), decode_reply(packet));
}

}  // namespace

}  // namespace wirestamp::wire
