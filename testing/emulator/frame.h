// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

// Ethernet frames as the relay sees them: finds UDP datagrams and rewrites their DSCP.
namespace wirestamp::emulator {

struct UdpFrame {
  bool v6 = false;
  std::uint8_t traffic_class = 0;  // DSCP << 2 | ECN
  std::uint16_t source_port = 0, destination_port = 0;
  std::size_t payload_offset = 0, payload_size = 0;  // both within the frame

  std::uint8_t dscp() const { return static_cast<std::uint8_t>(traffic_class >> 2U); }
};

// Absent for all that is not a whole, untagged UDP datagram over IPv4 or IPv6 without extension
// headers: ARP, neighbour discovery, ICMP, later fragments.
std::optional<UdpFrame> parse_udp(base::Bytes frame);

// What a router chooses one of equal-cost paths by: CRC-32 (IEEE 802.3, as zlib has it) of source
// address, destination address, source port and destination port as they are on the wire. `udp` is
// what parse_udp() said of this frame.
std::uint32_t flow_hash(base::Bytes frame, const UdpFrame& udp);

// Writes another DSCP; keeps ECN and corrects the checksum of the IPv4 header (the UDP checksum
// does not cover the traffic class). `udp` is what parse_udp() said of this frame.
void set_dscp(base::MutableBytes frame, const UdpFrame& udp, std::uint8_t dscp);

}  // namespace wirestamp::emulator
