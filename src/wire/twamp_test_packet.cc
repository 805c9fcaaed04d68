// SPDX-License-Identifier: Apache-2.0
#include "wire/twamp_test_packet.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "wire/stamp_auth.h"

namespace wirestamp::wire {

namespace {

constexpr std::size_t kSenderHmac = 32;  // offset, of authenticated and encrypted requests
constexpr std::size_t kDscpOpen = 41, kDscpKeyed = 81;

void write_request(base::MutableBytes out, const RequestBase& request) {
  std::memset(out.data(), 0, 48);
  base::store_be(out, 0, request.sequence);
  base::store_be(out, 16, request.timestamp);
  base::store_be(out, 24, request.error_estimate);
}

}  // namespace

TwampTestCodec::TwampTestCodec(const TwampLayout& layout, std::optional<crypto::Hmac> hmac,
                               std::optional<crypto::Aes128> encrypt,
                               std::optional<crypto::Aes128> decrypt)
    : layout_(layout),
      hmac_(std::move(hmac)),
      encrypt_(std::move(encrypt)),
      decrypt_(std::move(decrypt)) {}

Result<TwampTestCodec> TwampTestCodec::make(const TwampLayout& layout, const TwampTestKeys* keys) {
  CHECK(std::has_single_bit(layout.modes & kTwampSecurityModes));
  if (!layout.keyed()) return TwampTestCodec(layout, std::nullopt, std::nullopt, std::nullopt);
  CHECK(keys != nullptr);
  using crypto::Aes128;
  // One block in ECB is a block in CBC with an IV of zeros, and the cheaper of the two.
  const auto mode = layout.has(kTwampEncrypted) ? Aes128::Mode::Cbc : Aes128::Mode::Ecb;
  Aes128 encrypt = TRY(Aes128::make(mode, Aes128::Direction::Encrypt, keys->aes.octets()));
  Aes128 decrypt = TRY(Aes128::make(mode, Aes128::Direction::Decrypt, keys->aes.octets()));
  return TwampTestCodec(layout, crypto::Hmac(crypto::Hash::Sha1, keys->hmac.octets()),
                        std::move(encrypt), std::move(decrypt));
}

// RFC 5357 4.1.2: what the HMAC covers and the cipher hides, of a header with that many octets.
//= RFC5357:covered
std::size_t TwampTestCodec::covered(std::size_t header) const {
  return layout_.has(kTwampEncrypted) ? header - crypto::kTagSize : crypto::kAesBlock;
}

//= RFC5357:cipher
void TwampTestCodec::protect(base::MutableBytes header) {
  const base::MutableBytes hidden = header.first(covered(header.size()));
  const crypto::Tag tag = hmac_->tag(hidden);
  std::memcpy(header.data() + header.size() - tag.size(), tag.data(), tag.size());
  if (layout_.has(kTwampEncrypted)) encrypt_->restart();
  encrypt_->process(hidden);
}

bool TwampTestCodec::unprotect(base::MutableBytes header) {
  const base::MutableBytes hidden = header.first(covered(header.size()));
  if (layout_.has(kTwampEncrypted)) decrypt_->restart();
  decrypt_->process(hidden);
  authentic_ = hmac_->verify(header.last(crypto::kTagSize), hidden);
  return authentic_;
}

//= RFC5357:sender-packet
void TwampTestCodec::encode_request(base::MutableBytes packet, const RequestBase& request) {
  if (layout_.keyed()) {
    write_request(packet, request);
    //= RFC6038:symmetrical
    if (layout_.has(kTwampSymmetricalSize)) std::memset(packet.data() + 48, 0, 64);
    protect(packet.first(kSenderHmac + crypto::kTagSize));
    return;
  }
  base::store_be(packet, 0, request.sequence);
  base::store_be(packet, 4, request.timestamp);
  base::store_be(packet, 12, request.error_estimate);
  //= RFC6038:symmetrical
  if (layout_.has(kTwampSymmetricalSize)) std::memset(packet.data() + 14, 0, 27);
}

//= RFC5357:reflector-packet
void TwampTestCodec::encode_reply(base::MutableBytes packet, const TwampReply& reply) {
  ReplyBase written = reply.base;
  written.ssid = 0;
  if (layout_.keyed()) {
    wire::encode_auth_reply(packet, written);
    //= RFC7750:marks-told
    if (layout_.has(kTwampDscpEcn)) packet[kDscpKeyed] = std::byte{reply.traffic_class.value_or(0)};
    protect(packet.first(kAuthBaseSize));
    return;
  }
  std::array<std::byte, kBaseSize> header;
  wire::encode_reply(header, written);
  //= RFC7750:marks-told
  if (layout_.has(kTwampDscpEcn)) header[kDscpOpen] = std::byte{reply.traffic_class.value_or(0)};
  std::memcpy(packet.data(), header.data(), layout_.reflector_header());
}

std::optional<RequestBase> TwampTestCodec::decode_request(base::Bytes packet) {
  authentic_ = true;
  if (packet.size() < layout_.sender_header()) return std::nullopt;
  if (!layout_.keyed()) {
    auto request = wire::decode_request(packet);
    if (request) request->ssid = 0;  // the first octets of the padding
    return request;
  }
  std::array<std::byte, 48> header;
  std::memcpy(header.data(), packet.data(), header.size());
  if (!unprotect(header)) return std::nullopt;
  return RequestBase{.sequence = base::load_be<std::uint32_t>(header, 0),
                     .timestamp = base::load_be<std::uint64_t>(header, 16),
                     .error_estimate = base::load_be<std::uint16_t>(header, 24),
                     .ssid = 0};
}

std::optional<TwampReply> TwampTestCodec::decode_reply(base::Bytes packet) {
  authentic_ = true;
  if (packet.size() < layout_.reflector_header()) return std::nullopt;
  TwampReply reply;
  if (layout_.keyed()) {
    std::array<std::byte, kAuthBaseSize> header;
    std::memcpy(header.data(), packet.data(), header.size());
    if (!unprotect(header)) return std::nullopt;
    reply.base = *decode_auth_reply(header);
    if (layout_.has(kTwampDscpEcn))
      reply.traffic_class = static_cast<std::uint8_t>(header[kDscpKeyed]);
  } else {
    reply.base = *wire::decode_reply(packet);
    if (layout_.has(kTwampDscpEcn))
      reply.traffic_class = static_cast<std::uint8_t>(packet[kDscpOpen]);
  }
  reply.base.ssid = 0;
  return reply;
}

//= RFC5357:padding-cut
void TwampTestCodec::reflect_padding(base::Bytes request, base::MutableBytes packet) const {
  const base::MutableBytes out = packet.subspan(layout_.reflector_header());
  const std::size_t from = std::min(layout_.padding_offset(), request.size());
  const base::Bytes padding = request.subspan(from);
  // The padding that is reflected stands first, so that one copy serves both.
  //= RFC6038:padding-reflected
  const std::size_t size = std::min(padding.size(), out.size());
  if (size > 0) std::memcpy(out.data(), padding.data(), size);
  if (size < out.size()) std::memset(out.data() + size, 0, out.size() - size);
}

}  // namespace wirestamp::wire
