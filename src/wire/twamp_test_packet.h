// SPDX-License-Identifier: Apache-2.0
//
// TWAMP-Test packets (RFC 5357 4.1.2, 4.2.1; RFC 6038, RFC 7750). Octets, open and mixed mode:
//
//        sender                             reflector
//    0   Sequence Number                    Sequence Number of its own
//    4   Timestamp (T1)                     Timestamp (T3)
//   12   Error Estimate                     Error Estimate | zero
//   14   padding                            ...
//   16                                      Receive Timestamp (T2)
//   24                                      Sender Sequence Number
//   28                                      Sender Timestamp
//   36                                      Sender Error Estimate | zero
//   40                                      Sender TTL
//   41                                      padding; with DSCP and ECN monitoring S-DSCP-ECN, zero
//   (2)
//
// Authenticated and encrypted packets have the offsets of wire/stamp_auth.h, but the sender's ends
// at 48 with its HMAC at 32. Their first block (authenticated) or all before the HMAC (encrypted)
// is AES-128; the HMAC is SHA-1 over those octets in the clear, and padding is neither.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "wire/stamp.h"

namespace wirestamp::wire {

// Bits of Modes in TWAMP-Control (IANA "TWAMP-Modes").
enum TwampMode : std::uint32_t {
  kTwampOpen = 1,
  kTwampAuthenticated = 2,
  kTwampEncrypted = 4,
  kTwampMixed = 8,                // RFC 5618: control as encrypted, test as open
  kTwampIndividualSessions = 16,  // RFC 5938
  kTwampReflectOctets = 32,       // RFC 6038
  kTwampSymmetricalSize = 64,     // RFC 6038
  kTwampIkev2 = 128,              // RFC 7717
  kTwampDscpEcn = 256,            // RFC 7750
  kTwampPtp = 512,                // RFC 8186
};
inline constexpr std::uint32_t kTwampSecurityModes = 15;

// How the packets of one test session are laid out: what both ends agreed on.
struct TwampLayout {
  std::uint32_t modes = kTwampOpen;  // exactly one of the security modes, and features
  // Reflect Octets: so much of the padding comes back unchanged behind the reflector's header.
  std::uint16_t reflected = 0;

  bool keyed() const { return (modes & (kTwampAuthenticated | kTwampEncrypted)) != 0; }
  bool has(TwampMode mode) const { return (modes & mode) != 0; }

  std::size_t sender_header() const { return keyed() ? 48 : 14; }
  std::size_t reflector_header() const { return keyed() ? 112 : has(kTwampDscpEcn) ? 44 : 41; }
  // Where the sender's padding begins: with Symmetrical Size where the reflector's header ends, so
  // that both packets are of one size (RFC 6038 4.1; erratum 5045 of RFC 5357 for 64 octets).
  std::size_t padding_offset() const {
    return !has(kTwampSymmetricalSize) ? sender_header() : keyed() ? 112 : 41;
  }
  // Octets of the sender's packet for the Padding Length of the request.
  std::size_t sender_size(std::uint32_t padding_length) const {
    const std::size_t size = sender_header() + padding_length;
    return size < padding_offset() ? padding_offset() : size;
  }
  // RFC 5357 4.2.1: as long as the request, if that has room for the header.
  std::size_t reply_size(std::size_t request_size) const {
    return request_size < reflector_header() ? reflector_header() : request_size;
  }
};

// RFC 4656 6.10, RFC 5357 4.1.2: of one test session.
struct TwampTestKeys {
  crypto::Secret<16> aes;
  crypto::Secret<32> hmac;
};

struct TwampReply {
  ReplyBase base;                             // ssid is zero and not on the wire
  std::optional<std::uint8_t> traffic_class;  // S-DSCP-ECN: of the request as received
  bool operator==(const TwampReply&) const = default;
};

// Writes and reads the packets of one session at one end. Nothing is allocated per packet. One
// thread at a time.
class TwampTestCodec {
 public:
  // `keys` are needed in authenticated and encrypted mode, and not kept.
  static Result<TwampTestCodec> make(const TwampLayout& layout, const TwampTestKeys* keys);

  const TwampLayout& layout() const { return layout_; }

  // Write the header over the front of `packet`, which has at least its octets; what is behind
  // stays. In encrypted mode the stamps must have been taken before (RFC 5357 4.1.2).
  void encode_request(base::MutableBytes packet, const RequestBase& request);
  void encode_reply(base::MutableBytes packet, const TwampReply& reply);

  // Absent: too short, or the HMAC is wrong (`authentic` tells which).
  std::optional<RequestBase> decode_request(base::Bytes packet);
  std::optional<TwampReply> decode_reply(base::Bytes packet);
  bool authentic() const { return authentic_; }  // of the last packet that was decoded

  // The padding of the reply to `request` (RFC 5357 4.2.1, RFC 6038 4.2): what is reflected, then
  // the request's other padding as far as there is room, then zeros. `packet` has reply_size().
  void reflect_padding(base::Bytes request, base::MutableBytes packet) const;

 private:
  TwampTestCodec(const TwampLayout& layout, std::optional<crypto::Hmac> hmac,
                 std::optional<crypto::Aes128> encrypt, std::optional<crypto::Aes128> decrypt);
  void protect(base::MutableBytes header);
  bool unprotect(base::MutableBytes header);
  std::size_t covered(std::size_t header) const;

  TwampLayout layout_;
  std::optional<crypto::Hmac> hmac_;
  std::optional<crypto::Aes128> encrypt_, decrypt_;
  bool authentic_ = true;
};

}  // namespace wirestamp::wire
