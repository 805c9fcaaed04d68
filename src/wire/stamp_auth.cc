// SPDX-License-Identifier: Apache-2.0
#include "wire/stamp_auth.h"

#include <algorithm>
#include <cstring>

namespace wirestamp::wire {

namespace {

bool all_zero(base::Bytes octets) {
  return std::ranges::all_of(octets, [](std::byte octet) { return octet == std::byte{}; });
}

}  // namespace

//= RFC8762:sender-layout-auth
void encode_auth_request(base::MutableBytes out, const RequestBase& request) {
  //= RFC8762:mbz-zero
  std::memset(out.data(), 0, kAuthBaseSize);
  base::store_be(out, 0, request.sequence);
  base::store_be(out, 16, request.timestamp);
  base::store_be(out, 24, request.error_estimate);
  base::store_be(out, 26, request.ssid);
}

//= RFC8762:reflector-layout-auth
void encode_auth_reply(base::MutableBytes out, const ReplyBase& reply) {
  //= RFC8762:mbz-zero
  std::memset(out.data(), 0, kAuthBaseSize);
  base::store_be(out, 0, reply.sequence);
  base::store_be(out, 16, reply.timestamp);
  base::store_be(out, 24, reply.error_estimate);
  base::store_be(out, 26, reply.ssid);
  base::store_be(out, 32, reply.receive_timestamp);
  base::store_be(out, 48, reply.sender_sequence);
  base::store_be(out, 64, reply.sender_timestamp);
  base::store_be(out, 72, reply.sender_error_estimate);
  out[80] = std::byte{reply.sender_ttl};
}

//= RFC8762:hmac-96
void seal(base::MutableBytes packet, const crypto::Hmac& key) {
  const crypto::Tag tag = key.tag(packet.first(kHmacOffset));
  std::memcpy(packet.data() + kHmacOffset, tag.data(), tag.size());
}

bool authentic(base::Bytes packet, const crypto::Hmac& key) {
  return packet.size() >= kAuthBaseSize &&
         key.verify(packet.subspan(kHmacOffset, crypto::kTagSize), packet.first(kHmacOffset));
}

std::optional<RequestBase> decode_auth_request(base::Bytes octets) {
  if (octets.size() < kAuthBaseSize) return std::nullopt;
  return decode_auth_header(octets);
}

std::optional<RequestBase> decode_auth_header(base::Bytes octets) {
  if (octets.size() < kAuthHeaderSize) return std::nullopt;
  return RequestBase{.sequence = base::load_be<std::uint32_t>(octets, 0),
                     .timestamp = base::load_be<std::uint64_t>(octets, 16),
                     .error_estimate = base::load_be<std::uint16_t>(octets, 24),
                     .ssid = base::load_be<std::uint16_t>(octets, 26)};
}

std::optional<ReplyBase> decode_auth_reply(base::Bytes octets) {
  if (octets.size() < kAuthBaseSize) return std::nullopt;
  return ReplyBase{.sequence = base::load_be<std::uint32_t>(octets, 0),
                   .timestamp = base::load_be<std::uint64_t>(octets, 16),
                   .error_estimate = base::load_be<std::uint16_t>(octets, 24),
                   .ssid = base::load_be<std::uint16_t>(octets, 26),
                   .receive_timestamp = base::load_be<std::uint64_t>(octets, 32),
                   .sender_sequence = base::load_be<std::uint32_t>(octets, 48),
                   .sender_timestamp = base::load_be<std::uint64_t>(octets, 64),
                   .sender_error_estimate = base::load_be<std::uint16_t>(octets, 72),
                   .sender_ttl = base::load_be<std::uint8_t>(octets, 80)};
}

Kind classify_auth(base::Bytes octets) {
  if (octets.size() < kAuthBaseSize) return Kind::TooShort;
  if (all_zero(octets.subspan(28, kHmacOffset - 28))) return Kind::Request;
  return classify_stamps(base::load_be<std::uint64_t>(octets, 16),
                         base::load_be<std::uint64_t>(octets, 32),
                         base::load_be<std::uint16_t>(octets, 24));
}

Mode likely_mode(base::Bytes octets) {
  return octets.size() >= kAuthBaseSize && all_zero(octets.subspan(4, 12)) &&
                 base::load_be<std::uint64_t>(octets, 16) != 0
             ? Mode::Authenticated
             : Mode::Open;
}

}  // namespace wirestamp::wire
