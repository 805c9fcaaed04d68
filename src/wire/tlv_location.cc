// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv_location.h"

#include <algorithm>
#include <cstring>

#include "wire/tlv.h"
#include "wire/tlv_values.h"

namespace wirestamp::wire {

namespace {

constexpr std::size_t kMacLength = 8, kAddressLength = 16;

bool all_zero(base::Bytes octets) {
  return std::ranges::all_of(octets, [](std::byte octet) { return octet == std::byte{}; });
}

std::size_t length_of(std::uint8_t generic) {
  return generic == kSourceMac ? kMacLength : kAddressLength;
}

// The type of the answer; its octets go to `out`, which is zero before.
std::uint8_t answer_one(std::uint8_t generic, const LocationAnswer& answer,
                        base::MutableBytes out) {
  if (generic == kSourceMac) {
    if (!answer.source_mac) return kSourceEui64;
    std::ranges::copy(*answer.source_mac, out.begin());
    return kSourceEui48;
  }
  const bool destination = generic == kDestinationIp;
  const packet::IpAddress& address = (destination ? answer.destination : answer.source).address;
  if (destination ? answer.tell_destination : answer.tell_source) encode_address(out, address);
  const bool v4 = address.family() == packet::Family::V4;
  return static_cast<std::uint8_t>(generic + (v4 ? 1 : 2));
}

std::optional<packet::IpAddress> address_of(const Tlv& tlv, bool v4) {
  if (tlv.value.size() != kAddressLength) return std::nullopt;
  return decode_address(v4 ? tlv.value.first(4) : tlv.value);
}

}  // namespace

std::size_t LocationQuestion::length() const {
  return kLocationShortest + (source_mac ? kTlvHeader + kMacLength : 0) +
         (destination ? kTlvHeader + kAddressLength : 0) +
         (source ? kTlvHeader + kAddressLength : 0);
}

//= RFC8972:location-question
void LocationQuestion::encode(base::MutableBytes value) const {
  std::memset(value.data(), 0, length());
  std::size_t at = kLocationShortest;
  const auto ask = [&](bool wanted, std::uint8_t type) {
    if (!wanted) return;
    write_tlv_header(value, at, kUnrecognised, type, static_cast<std::uint16_t>(length_of(type)));
    at += kTlvHeader + length_of(type);
  };
  ask(source_mac, kSourceMac);
  ask(destination, kDestinationIp);
  ask(source, kSourceIp);
}

void answer_location(base::MutableBytes value, const LocationAnswer& answer) {
  //= RFC8972:location-ports
  base::store_be(value, 0, answer.tell_ports ? answer.destination.port : std::uint16_t{0});
  base::store_be(value, 2, answer.tell_ports ? answer.source.port : std::uint16_t{0});
  const base::MutableBytes area = value.subspan(kLocationShortest);
  TlvReader reader(area);
  while (const auto tlv = reader.next()) {
    std::byte& flags = area[tlv->offset];
    if (tlv->type != kSourceMac && tlv->type != kDestinationIp && tlv->type != kSourceIp) {
      //= RFC8972:sub-tlv-flags
      flags = std::byte{kUnrecognised};
      continue;
    }
    //= RFC8972:location-length
    if (tlv->value.size() != length_of(tlv->type)) {
      flags = std::byte{kMalformed};
      return;
    }
    const base::MutableBytes out = area.subspan(tlv->offset + kTlvHeader, tlv->value.size());
    std::memset(out.data(), 0, out.size());
    //= RFC8972:location-answer
    area[tlv->offset + 1] = std::byte{answer_one(tlv->type, answer, out)};
    flags = std::byte{};
  }
  if (reader.end() == TlvReader::End::Overrun) area[reader.position()] = std::byte{kMalformed};
}

std::optional<Location> decode_location(base::Bytes value) {
  if (value.size() < kLocationShortest) return std::nullopt;
  Location location{.destination_port = base::load_be<std::uint16_t>(value, 0),
                    .source_port = base::load_be<std::uint16_t>(value, 2)};
  TlvReader reader(value.subspan(kLocationShortest));
  while (const auto tlv = reader.next()) {
    if ((tlv->flags & kMalformed) != 0) break;
    if ((tlv->flags & kUnrecognised) != 0) continue;
    switch (tlv->type) {
      case kSourceEui48:
        if (tlv->value.size() != kMacLength || all_zero(tlv->value)) break;
        location.source_mac.emplace();
        std::memcpy(location.source_mac->data(), tlv->value.data(), location.source_mac->size());
        break;
      case kDestinationIpv4:
      case kDestinationIpv6:
        location.destination = address_of(*tlv, tlv->type == kDestinationIpv4);
        break;
      case kSourceIpv4:
      case kSourceIpv6:
        location.source = address_of(*tlv, tlv->type == kSourceIpv4);
        break;
      default:
        break;
    }
  }
  return location;
}

}  // namespace wirestamp::wire
