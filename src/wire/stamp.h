// SPDX-License-Identifier: Apache-2.0
//
// STAMP base packets, unauthenticated mode (RFC 8762 4.2.1, 4.3.1; SSID from RFC 8972 3). Octets:
//
//        request                            reply
//    0   Sequence Number                    Sequence Number of the reflector
//    4   Timestamp (T1)                     Timestamp (T3)
//   12   Error Estimate | SSID              Error Estimate of T3 and T2 | SSID
//   16   zero                               Receive Timestamp (T2)
//   24   zero                               Session-Sender Sequence Number
//   28   zero                               Session-Sender Timestamp (T1)
//   36   zero                               Session-Sender Error Estimate | zero
//   40   zero                               Session-Sender TTL | zero
//   44   TLVs                               TLVs
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "time/duration.h"
#include "wire/error_estimate.h"
#include "wire/time_format.h"

namespace wirestamp::wire {

inline constexpr std::size_t kBaseSize = 44;
inline constexpr std::size_t kShortestRequest = 14;  // a TWAMP Light sender without padding
inline constexpr std::size_t kShortestReply = 41;    // a TWAMP Light reflector's header

// Values as on the wire: timestamps and error estimates are raw.
struct RequestBase {
  std::uint32_t sequence = 0;
  std::uint64_t timestamp = 0;
  std::uint16_t error_estimate = 0;
  std::uint16_t ssid = 0;
  bool operator==(const RequestBase&) const = default;
};

struct ReplyBase {
  std::uint32_t sequence = 0;
  std::uint64_t timestamp = 0;
  std::uint16_t error_estimate = 0;
  std::uint16_t ssid = 0;
  std::uint64_t receive_timestamp = 0;
  std::uint32_t sender_sequence = 0;
  std::uint64_t sender_timestamp = 0;
  std::uint16_t sender_error_estimate = 0;
  std::uint8_t sender_ttl = 0;
  bool operator==(const ReplyBase&) const = default;
};

// Writes 44 octets; `out` holds at least as many.
inline void encode_request(base::MutableBytes out, const RequestBase& request) {
  base::store_be(out, 0, request.sequence);
  base::store_be(out, 4, request.timestamp);
  base::store_be(out, 12, request.error_estimate);
  base::store_be(out, 14, request.ssid);
  std::memset(out.data() + 16, 0, kBaseSize - 16);
}

// Octets beyond a short request count as zero (protocols: TWAMP Light interworking). Absent
// below 14.
inline std::optional<RequestBase> decode_request(base::Bytes octets) {
  if (octets.size() < kShortestRequest) return std::nullopt;
  return RequestBase{
      .sequence = base::load_be<std::uint32_t>(octets, 0),
      .timestamp = base::load_be<std::uint64_t>(octets, 4),
      .error_estimate = base::load_be<std::uint16_t>(octets, 12),
      .ssid = octets.size() >= 16 ? base::load_be<std::uint16_t>(octets, 14) : std::uint16_t{0}};
}

inline void encode_reply(base::MutableBytes out, const ReplyBase& reply) {
  base::store_be(out, 0, reply.sequence);
  base::store_be(out, 4, reply.timestamp);
  base::store_be(out, 12, reply.error_estimate);
  base::store_be(out, 14, reply.ssid);
  base::store_be(out, 16, reply.receive_timestamp);
  base::store_be(out, 24, reply.sender_sequence);
  base::store_be(out, 28, reply.sender_timestamp);
  base::store_be(out, 36, reply.sender_error_estimate);
  base::store_be(out, 38, std::uint16_t{0});
  base::store_be(out, 40, static_cast<std::uint32_t>(reply.sender_ttl) << 24U);
}

// Absent below 41 octets. Octets from 41 on are padding of a peer that does not speak STAMP, unless
// it is known to do so.
inline std::optional<ReplyBase> decode_reply(base::Bytes octets) {
  if (octets.size() < kShortestReply) return std::nullopt;
  return ReplyBase{.sequence = base::load_be<std::uint32_t>(octets, 0),
                   .timestamp = base::load_be<std::uint64_t>(octets, 4),
                   .error_estimate = base::load_be<std::uint16_t>(octets, 12),
                   .ssid = base::load_be<std::uint16_t>(octets, 14),
                   .receive_timestamp = base::load_be<std::uint64_t>(octets, 16),
                   .sender_sequence = base::load_be<std::uint32_t>(octets, 24),
                   .sender_timestamp = base::load_be<std::uint64_t>(octets, 28),
                   .sender_error_estimate = base::load_be<std::uint16_t>(octets, 36),
                   .sender_ttl = base::load_be<std::uint8_t>(octets, 40)};
}

// STAMP packets carry no type, and one socket may serve both roles. They are told apart by what the
// honest reflector wrote (design: request or reply?), never by what is in flight.
enum class Kind : std::uint8_t {
  TooShort,   // no STAMP packet
  Request,    // octets 16-43 are all zero, or not there
  Reply,      // T2 is there and lies 0 to 10 s before T3: never reflected, whoever sent it
  Ambiguous,  // random padding or broken stamps: remote end and SSID must decide
};

inline constexpr Duration kLongestResidence = Duration::seconds(10);

// Octets 16 to 43, as far as they are there. Every packet that comes in is asked this.
inline bool zero_behind_header(base::Bytes octets) {
  if (octets.size() >= kBaseSize)
    return (base::load_be<std::uint64_t>(octets, 16) | base::load_be<std::uint64_t>(octets, 24) |
            base::load_be<std::uint64_t>(octets, 32) | base::load_be<std::uint32_t>(octets, 40)) ==
           0;
  std::byte all{};
  for (std::size_t i = 16; i < octets.size(); ++i) all |= octets[i];
  return all == std::byte{};
}

// Of a packet that is no plain request: raw T3, raw T2 and the Error Estimate that governs both.
inline Kind classify_stamps(std::uint64_t transmitted, std::uint64_t received,
                            std::uint16_t error_estimate) {
  if (received == 0) return Kind::Ambiguous;
  // Only the distance of the stamps matters, so neither era nor TAI does.
  const auto format = decode_error_estimate(error_estimate).format;
  const auto near = decode_time(received, format, WallTime::from_ns(0), 0);
  if (!near) return Kind::Ambiguous;
  const auto later = decode_time(transmitted, format, *near, 0);
  if (!later) return Kind::Ambiguous;
  const Duration residence = *later - *near;
  return residence >= Duration() && residence <= kLongestResidence ? Kind::Reply : Kind::Ambiguous;
}

inline Kind classify(base::Bytes octets) {
  if (octets.size() < kShortestRequest) return Kind::TooShort;
  if (zero_behind_header(octets)) return Kind::Request;
  if (octets.size() < kShortestReply) return Kind::Ambiguous;
  return classify_stamps(base::load_be<std::uint64_t>(octets, 4),
                         base::load_be<std::uint64_t>(octets, 16),
                         base::load_be<std::uint16_t>(octets, 12));
}

}  // namespace wirestamp::wire
