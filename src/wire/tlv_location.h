// SPDX-License-Identifier: Apache-2.0
//
// The Location TLV (RFC 8972 4.2): from where and to where the reflector saw the request come,
// which shows every address translation on the way. Value:
//
//    0  Destination Port | Source Port of the request as it was received; zero in the request
//    4  sub-TLVs
//
// The request asks with generic sub-TLVs of zeros; the answer to each stands in its place under the
// type of what it is, with the same length.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "packet/address.h"

namespace wirestamp::wire {

using MacAddress = std::array<std::byte, 6>;

enum LocationSubTlv : std::uint8_t {
  kSourceMac = 1,    // asks; the answer is one of the next two
  kSourceEui48 = 2,  // 6 octets and 2 of zero
  kSourceEui64 = 3,  // 8 octets, zero: no MAC address is known
  kDestinationIp = 4,
  kDestinationIpv4 = 5,  // 4 octets and 12 of zero
  kDestinationIpv6 = 6,
  kSourceIp = 7,
  kSourceIpv4 = 8,
  kSourceIpv6 = 9,
};

// What a request asks for besides the ports.
struct LocationQuestion {
  bool source_mac = true, destination = true, source = true;

  std::size_t length() const;
  // Writes length() octets.
  void encode(base::MutableBytes value) const;
};

// What a reflector has to tell. What it may not tell (RFC 8972 4.2.1 wants that choice) stays zero.
struct LocationAnswer {
  packet::Endpoint destination;  // the local end the request was sent to
  packet::Endpoint source;       // its source as seen here
  std::optional<MacAddress> source_mac;
  bool tell_ports = true, tell_destination = true, tell_source = true;
};

// Answers in place. `value` has at least kLocationShortest octets. A sub-TLV that is not known, or
// is no question, keeps U; one of a wrong length gets M and ends the processing of this TLV.
inline constexpr std::size_t kLocationShortest = 4;
void answer_location(base::MutableBytes value, const LocationAnswer& answer);

// A reply, read. Absent: not told, or not understood there. Zeros mean that policy withheld it.
struct Location {
  std::uint16_t destination_port = 0, source_port = 0;
  std::optional<MacAddress> source_mac;
  std::optional<packet::IpAddress> destination, source;
  bool operator==(const Location&) const = default;
};
// Absent below kLocationShortest octets.
std::optional<Location> decode_location(base::Bytes value);

}  // namespace wirestamp::wire
