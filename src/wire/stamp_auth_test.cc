// SPDX-License-Identifier: Apache-2.0
#include "wire/stamp_auth.h"

#include <gtest/gtest.h>

#include "wire/vectors_test.h"

namespace wirestamp::wire {

namespace {

crypto::Hmac key_of(const Vector& vector) {
  return {crypto::Hash::Sha256, from_hex(vector.text("key"))};
}

RequestBase asked(std::uint16_t ssid) {
  return {.sequence = 7,
          .timestamp = encode_time(kT1, TimeFormat::Ntp, kTai),
          .error_estimate = encode_error_estimate(true, TimeFormat::Ntp, Duration::milliseconds(1)),
          .ssid = ssid};
}

Octets sealed_request(const crypto::Hmac& key) {
  Octets packet(kAuthBaseSize, std::byte{0xee});
  encode_auth_request(packet, asked(0x1234));
  seal(packet, key);
  return packet;
}

// RFC 8762 4.4.1: each octet before the HMAC is covered, those that must be zero too.
TEST(AuthenticatedPacket, is_refused_with_any_bit_changed) {
  const crypto::Hmac key(crypto::Hash::Sha256, Octets(32, std::byte{1}));
  const Octets packet = sealed_request(key);
  EXPECT_TRUE(authentic(packet, key));
  for (std::size_t bit = 0; bit < kAuthBaseSize * 8; ++bit) {
    Octets bad = packet;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(authentic(bad, key)) << bit;
  }
}

// RFC 8762 4.4.1: the HMAC covers the first six blocks, no more.
TEST(AuthenticatedPacket, may_be_followed_by_anything) {
  const crypto::Hmac key(crypto::Hash::Sha256, Octets(32, std::byte{1}));
  Octets packet = sealed_request(key);
  packet.push_back(std::byte{0x55});
  EXPECT_TRUE(authentic(packet, key));
}

TEST(AuthenticatedPacket, is_refused_under_another_key) {
  const Octets packet = sealed_request({crypto::Hash::Sha256, Octets(32, std::byte{1})});
  EXPECT_FALSE(authentic(packet, {crypto::Hash::Sha256, Octets(32, std::byte{2})}));
}

TEST(AuthenticatedPacket, is_none_when_it_is_too_short) {
  const crypto::Hmac key(crypto::Hash::Sha256, Octets(32, std::byte{1}));
  const Octets packet = sealed_request(key);
  for (std::size_t size = 0; size < kAuthBaseSize; ++size) {
    const auto part = base::Bytes(packet).first(size);
    EXPECT_FALSE(authentic(part, key));
    EXPECT_FALSE(decode_auth_request(part) || decode_auth_reply(part));
    EXPECT_EQ(classify_auth(part), Kind::TooShort);
  }
}

TEST(AuthenticatedPacket, is_told_from_an_open_one) {
  EXPECT_EQ(likely_mode(stamp_vector("sender-auth-ssid").octets), Mode::Authenticated);
  EXPECT_EQ(likely_mode(stamp_vector("reflector-auth-stateful").octets), Mode::Authenticated);
  EXPECT_EQ(likely_mode(stamp_vector("auth-tlv-reply").octets), Mode::Authenticated);
  EXPECT_EQ(likely_mode(stamp_vector("tlv-10-srv6-request").octets), Mode::Open);
  Octets long_one = stamp_vector("sender-unauth-ssid").octets;
  long_one.resize(200);
  EXPECT_EQ(likely_mode(long_one), Mode::Open);
  EXPECT_EQ(likely_mode(Octets(200)), Mode::Open);
}

TEST(AuthenticatedPacket, with_stamps_that_no_reflector_writes_is_ambiguous) {
  Octets packet = stamp_vector("reflector-auth-stateful").octets;
  EXPECT_EQ(classify_auth(packet), Kind::Reply);
  // T2 after T3; then none at all.
  base::store_be(packet, 32, base::load_be<std::uint64_t>(packet, 16) + 1'000'000);
  EXPECT_EQ(classify_auth(packet), Kind::Ambiguous);
  base::store_be(packet, 32, std::uint64_t{0});
  EXPECT_EQ(classify_auth(packet), Kind::Ambiguous);
}

}  // namespace

// RFC 8762 4.2.2.
//= RFC8762:sender-layout-auth RFC8762:mbz-zero RFC8762:hmac-96
void check_auth_request(const Vector& vector) {
  const crypto::Hmac key = key_of(vector);
  const RequestBase request = asked(static_cast<std::uint16_t>(vector.number("ssid")));
  Octets out(kAuthBaseSize, std::byte{0xee});
  encode_auth_request(out, request);
  seal(out, key);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_TRUE(authentic(vector.octets, key));
  EXPECT_EQ(decode_auth_request(vector.octets), request);
  EXPECT_EQ(classify_auth(vector.octets), Kind::Request);
}

// RFC 8762 4.4.1: discarded.
void check_bad_auth_request(const Vector& vector) {
  EXPECT_FALSE(authentic(vector.octets, key_of(vector)));
  // It is the good one but for one bit.
  Octets mended = vector.octets;
  mended[23] ^= std::byte{1};
  EXPECT_TRUE(authentic(mended, key_of(vector)));
  EXPECT_EQ(to_hex(mended), to_hex(stamp_vector("sender-auth-ssid").octets));
}

// RFC 8762 4.3.2.
//= RFC8762:reflector-layout-auth RFC8762:mbz-zero
void check_auth_reply(const Vector& vector) {
  const crypto::Hmac key = key_of(vector);
  const RequestBase request = *decode_auth_request(stamp_vector(vector.request).octets);
  const ReplyBase reply{
      .sequence = static_cast<std::uint32_t>(vector.number("reflector_sequence")),
      .timestamp = encode_time(kT3, TimeFormat::Ntp, kTai),
      .error_estimate = encode_error_estimate(true, TimeFormat::Ntp, Duration::microseconds(1)),
      .ssid = request.ssid,
      .receive_timestamp = encode_time(kT2, TimeFormat::Ntp, kTai),
      .sender_sequence = request.sequence,
      .sender_timestamp = request.timestamp,
      .sender_error_estimate = request.error_estimate,
      .sender_ttl = static_cast<std::uint8_t>(vector.number("sender_ttl"))};
  Octets out(kAuthBaseSize, std::byte{0xee});
  encode_auth_reply(out, reply);
  seal(out, key);
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_TRUE(authentic(vector.octets, key));
  EXPECT_EQ(decode_auth_reply(vector.octets), reply);
  EXPECT_EQ(classify_auth(vector.octets), Kind::Reply);
}

}  // namespace wirestamp::wire
