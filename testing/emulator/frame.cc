// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <algorithm>

namespace wirestamp::emulator {
namespace {

using base::load_be;
using base::store_be;

constexpr std::size_t kIpOffset = 14;  // behind the Ethernet header
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kV4Header = 20, kV6Header = 40;
constexpr std::size_t kV4Addresses = kIpOffset + 12, kV6Addresses = kIpOffset + 8;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint16_t kEtherV4 = 0x0800, kEtherV6 = 0x86dd;

std::uint8_t octet(base::Bytes bytes, std::size_t offset) {
  return std::to_integer<std::uint8_t>(bytes[offset]);
}

// The ports and the payload, once it is known where the UDP header is.
std::optional<UdpFrame> finish(base::Bytes frame, std::size_t udp_offset, UdpFrame udp) {
  if (frame.size() < udp_offset + kUdpHeader) return std::nullopt;
  udp.source_port = load_be<std::uint16_t>(frame, udp_offset);
  udp.destination_port = load_be<std::uint16_t>(frame, udp_offset + 2);
  const std::size_t length = load_be<std::uint16_t>(frame, udp_offset + 4);
  if (length < kUdpHeader) return std::nullopt;
  udp.payload_offset = udp_offset + kUdpHeader;
  // The first fragment of a large datagram has less than the length says.
  udp.payload_size = std::min(length - kUdpHeader, frame.size() - udp.payload_offset);
  return udp;
}

std::optional<UdpFrame> parse_v4(base::Bytes frame) {
  if (frame.size() < kIpOffset + kV4Header) return std::nullopt;
  const std::size_t header = std::size_t{4} * (octet(frame, kIpOffset) & 0x0fU);
  if (header < kV4Header || octet(frame, kIpOffset + 9) != kUdp) return std::nullopt;
  const bool later_fragment = (load_be<std::uint16_t>(frame, kIpOffset + 6) & 0x1fffU) != 0;
  if (later_fragment) return std::nullopt;
  return finish(frame, kIpOffset + header, {.traffic_class = octet(frame, kIpOffset + 1)});
}

std::optional<UdpFrame> parse_v6(base::Bytes frame) {
  if (frame.size() < kIpOffset + kV6Header || octet(frame, kIpOffset + 6) != kUdp)
    return std::nullopt;
  const auto traffic_class =
      static_cast<std::uint8_t>(load_be<std::uint16_t>(frame, kIpOffset) >> 4U);
  return finish(frame, kIpOffset + kV6Header, {.v6 = true, .traffic_class = traffic_class});
}

// RFC 791 3.1: the ones' complement sum over the header, with the checksum field itself as zero.
void correct_v4_checksum(base::MutableBytes frame) {
  const std::size_t header = std::size_t{4} * (octet(frame, kIpOffset) & 0x0fU);
  store_be<std::uint16_t>(frame, kIpOffset + 10, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < header; i += 2) sum += load_be<std::uint16_t>(frame, kIpOffset + i);
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
  store_be(frame, kIpOffset + 10, static_cast<std::uint16_t>(~sum));
}

}  // namespace

std::optional<UdpFrame> parse_udp(base::Bytes frame) {
  if (frame.size() < kIpOffset) return std::nullopt;
  switch (load_be<std::uint16_t>(frame, 12)) {
    case kEtherV4:
      return parse_v4(frame);
    case kEtherV6:
      return parse_v6(frame);
    default:
      return std::nullopt;
  }
}

std::uint32_t flow_hash(base::Bytes frame, const UdpFrame& udp) {
  const base::Bytes addresses =
      udp.v6 ? frame.subspan(kV6Addresses, 32) : frame.subspan(kV4Addresses, 8);
  const base::Bytes ports = frame.subspan(udp.payload_offset - kUdpHeader, 4);
  std::uint32_t crc = 0xffffffffU;
  for (const base::Bytes part : {addresses, ports})
    for (const std::byte value : part) {
      crc ^= std::to_integer<std::uint32_t>(value);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0xedb88320U : 0);
    }
  return ~crc;
}

void set_dscp(base::MutableBytes frame, const UdpFrame& udp, std::uint8_t dscp) {
  const auto traffic_class =
      static_cast<std::uint8_t>(unsigned{dscp} << 2U | (udp.traffic_class & 3U));
  if (udp.v6) {
    const auto first = load_be<std::uint16_t>(frame, kIpOffset);
    store_be(frame, kIpOffset,
             static_cast<std::uint16_t>((first & 0xf00fU) | unsigned{traffic_class} << 4U));
    return;
  }
  frame[kIpOffset + 1] = std::byte{traffic_class};
  correct_v4_checksum(frame);
}

}  // namespace wirestamp::emulator
