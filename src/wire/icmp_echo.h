// SPDX-License-Identifier: Apache-2.0
//
// ICMP echo messages (RFC 792 p. 14, RFC 4443 4.1 and 4.2). Octets, the same for both families:
//
//    0   Type | Code | Checksum
//    4   Identifier | Sequence Number
//    8   data: a cookie of ours, then zeros
//
// IPv4 asks with type 8 and answers with 0, IPv6 with 128 and 129; the code is 0. Whoever sends on
// an echo port writes neither identifier nor checksum: the system does, and verifies both of what
// comes in. The reply returns the data as they were sent; the cookie tells our echoes from those of
// another program that had the same identifier, and from forged ones.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "packet/address.h"

namespace wirestamp::wire {

inline constexpr std::size_t kEchoHeader = 8;
inline constexpr std::size_t kShortestEcho = kEchoHeader + 8;  // with the cookie

// Values as on the wire.
struct Echo {
  std::uint16_t sequence = 0;
  std::uint64_t cookie = 0;
  bool operator==(const Echo&) const = default;
};

// Fills all of `out`, at least kShortestEcho octets.
void encode_echo_request(base::MutableBytes out, packet::Family family, const Echo& echo);

// Absent for other types, other codes and messages that are too short.
std::optional<Echo> decode_echo_reply(base::Bytes octets, packet::Family family);
// The request that an ICMP error quotes.
std::optional<Echo> decode_echo_request(base::Bytes octets, packet::Family family);

}  // namespace wirestamp::wire
