// SPDX-License-Identifier: Apache-2.0
//
// STAMP base packets, authenticated mode (RFC 8762 4.2.2, 4.3.2; SSID from RFC 8972 3). Octets:
//
//        request                            reply
//    0   Sequence Number                    Sequence Number of the reflector
//    4   zero                               zero
//   16   Timestamp (T1)                     Timestamp (T3)
//   24   Error Estimate | SSID              Error Estimate of T3 and T2 | SSID
//   28   zero                               zero
//   32   zero                               Receive Timestamp (T2)
//   40   zero                               zero
//   48   zero                               Session-Sender Sequence Number
//   52   zero                               zero
//   64   zero                               Session-Sender Timestamp (T1)
//   72   zero                               Session-Sender Error Estimate | zero
//   80   zero                               Session-Sender TTL | zero
//   96   HMAC over octets 0 to 95           HMAC over octets 0 to 95
//  112   TLVs                               TLVs
//
// The zeros are ignored when read, but the HMAC covers them as they came.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "wire/stamp.h"

namespace wirestamp::wire {

// How the base packet of a session is laid out. Nothing on the wire says it: it is configuration.
enum class Mode : std::uint8_t { Open, Authenticated };

inline constexpr std::size_t kAuthBaseSize = 112;
inline constexpr std::size_t kHmacOffset = 96;
inline constexpr std::size_t kAuthHeaderSize = 28;  // up to the SSID

constexpr std::size_t base_size(Mode mode) {
  return mode == Mode::Authenticated ? kAuthBaseSize : kBaseSize;
}

// Write octets 0 to 95, and zeros in place of the HMAC; `out` holds at least 112 octets. seal()
// then makes it a packet.
void encode_auth_request(base::MutableBytes out, const RequestBase& request);
void encode_auth_reply(base::MutableBytes out, const ReplyBase& reply);

// RFC 8762 4.4.1: the HMAC of the base packet, written last. `packet` has at least 112 octets.
void seal(base::MutableBytes packet, const crypto::Hmac& key);
// To be asked before any field is believed. False below 112 octets.
bool authentic(base::Bytes packet, const crypto::Hmac& key);

// Of a request that an ICMP error quotes in part. Absent below 28 octets.
std::optional<RequestBase> decode_auth_header(base::Bytes octets);

// Absent below 112 octets. The caller has asked authentic().
std::optional<RequestBase> decode_auth_request(base::Bytes octets);
std::optional<ReplyBase> decode_auth_reply(base::Bytes octets);

// As classify() for the open mode, with the octets of this one. Below 112 octets: TooShort.
Kind classify_auth(base::Bytes octets);

// For the message to a user whose peer speaks the other mode: what an unreadable packet most
// likely is. An authenticated packet has zeros in octets 4 to 15, where an open one has its
// Timestamp and Error Estimate.
Mode likely_mode(base::Bytes octets);

}  // namespace wirestamp::wire
