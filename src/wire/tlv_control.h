// SPDX-License-Identifier: Apache-2.0
//
// The Reflected Test Packet Control TLV (draft-ietf-ippm-asymmetrical-pkts): asks for replies of
// another length, and for several of them. Value:
//
//    0  Length of the Reflected Packet (octets of UDP payload) | Number of the Reflected Packets
//    4  Interval Between the Reflected Packets, nanoseconds
//    8  sub-TLVs: which reflectors are meant. Without one, four octets of zero stand here.
//
// It lets one small packet ask for many large ones, so a reflector does not do it unless told to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "packet/address.h"
#include "time/duration.h"
#include "wire/tlv_location.h"

namespace wirestamp::wire {

enum ControlSubTlv : std::uint8_t { kLayer2Group = 10, kLayer3Group = 11 };

struct ReflectedControl {
  static constexpr std::size_t kShortest = 12;
  std::uint16_t length = 0;       // octets of UDP payload of each reply
  std::uint16_t count = 0;        // replies; 0: none
  std::uint32_t interval_ns = 0;  // between them
  std::optional<packet::Prefix> layer3_group;

  // The draft: replies are multiples of four octets long.
  std::uint32_t rounded_length() const { return (std::uint32_t{length} + 3U) / 4U * 4U; }
  std::size_t value_length() const;
  // Writes value_length() octets.
  void encode(base::MutableBytes value) const;
  // `value` has at least kShortest octets. Reads no sub-TLVs.
  static ReflectedControl decode(base::Bytes value);
  bool operator==(const ReflectedControl&) const = default;
};

// Limits of what one request may cause. The draft wants them to exist.
struct ControlPolicy {
  std::uint16_t largest = 1472;  // octets of UDP payload that fit the egress
  std::uint16_t most_packets = 100;
  std::uint32_t most_octets = 150'000;  // of UDP payload, for all packets of one request
  Duration shortest_interval = Duration::milliseconds(1);
};

enum class ControlVerdict : std::uint8_t {
  Granted,
  Limited,  // C, and one reply
  Silent,   // no reply: number 0, or another group is meant
};

// `own` tells whether an address of this host lies in a prefix. A Layer 2 group is compared with
// `own_mac`; without one this host is in none. Flags of sub-TLVs are written in place.
ControlVerdict judge_control(base::MutableBytes value, const ControlPolicy& policy,
                             const std::function<bool(const packet::Prefix&)>& own,
                             const std::optional<MacAddress>& own_mac);

}  // namespace wirestamp::wire
