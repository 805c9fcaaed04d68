// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv_control.h"

#include <cstring>

#include "wire/tlv.h"
#include "wire/tlv_values.h"

namespace wirestamp::wire {

namespace {

constexpr std::size_t kFixed = 8;        // octets before the sub-TLVs
constexpr std::size_t kGroupHeader = 4;  // of a Layer 3 group: prefix length and three of zero

bool in_layer2_group(base::Bytes value, const std::optional<MacAddress>& own) {
  // Lengths 4 and 16 are of shorter and longer hardware addresses than those of Ethernet.
  if (!own || value.size() != 2 * own->size()) return false;
  for (std::size_t i = 0; i < own->size(); ++i)
    if (((*own)[i] & value[i]) != value[own->size() + i]) return false;
  return true;
}

std::optional<packet::Prefix> layer3_group(base::Bytes value) {
  const auto address = decode_address(value.subspan(kGroupHeader));
  const auto bits = static_cast<std::uint8_t>(value[0]);
  if (!address || bits > 8 * address_length(address->family())) return std::nullopt;
  return packet::Prefix{.address = *address, .length = bits};
}

// Whether this host is meant by all groups; a malformed one names nobody and is ignored.
//= draft-asymmetrical-pkts:groups
bool in_groups(base::MutableBytes area, const std::function<bool(const packet::Prefix&)>& own,
               const std::optional<MacAddress>& own_mac) {
  bool meant = true;
  TlvReader reader(area);
  while (const auto tlv = reader.next()) {
    const std::size_t size = tlv->value.size();
    std::byte& flags = area[tlv->offset];
    if (tlv->type == kLayer2Group && (size == 4 || size == 12 || size == 16)) {
      meant = meant && in_layer2_group(tlv->value, own_mac);
      flags = std::byte{};
    } else if (tlv->type == kLayer3Group && (size == 8 || size == 20)) {
      const auto prefix = layer3_group(tlv->value);
      meant = meant && prefix && own && own(*prefix);
      flags = std::byte{};
    } else if (tlv->type == kLayer2Group || tlv->type == kLayer3Group) {
      flags = std::byte{kMalformed};
      return meant;
    } else if (tlv->type != 0 ||
               size != 0) {  // four octets of zero fill up a value without sub-TLVs
      flags = std::byte{kUnrecognised};
    }
  }
  if (reader.end() == TlvReader::End::Overrun) area[reader.position()] = std::byte{kMalformed};
  return meant;
}

}  // namespace

std::size_t ReflectedControl::value_length() const {
  if (!layer3_group) return kShortest;
  return kFixed + kTlvHeader + kGroupHeader + address_length(layer3_group->address.family());
}

void ReflectedControl::encode(base::MutableBytes value) const {
  std::memset(value.data(), 0, value_length());
  base::store_be(value, 0, length);
  base::store_be(value, 2, count);
  base::store_be(value, 4, interval_ns);
  if (!layer3_group) return;
  const std::size_t size = kGroupHeader + address_length(layer3_group->address.family());
  write_tlv_header(value, kFixed, kUnrecognised, kLayer3Group, static_cast<std::uint16_t>(size));
  value[kFixed + kTlvHeader] = std::byte{layer3_group->length};
  encode_address(value.subspan(kFixed + kTlvHeader + kGroupHeader), layer3_group->address);
}

ReflectedControl ReflectedControl::decode(base::Bytes value) {
  return {.length = base::load_be<std::uint16_t>(value, 0),
          .count = base::load_be<std::uint16_t>(value, 2),
          .interval_ns = base::load_be<std::uint32_t>(value, 4),
          .layer3_group = std::nullopt};
}

ControlVerdict judge_control(base::MutableBytes value, const ControlPolicy& policy,
                             const std::function<bool(const packet::Prefix&)>& own,
                             const std::optional<MacAddress>& own_mac) {
  const ReflectedControl asked = ReflectedControl::decode(value);
  //= draft-asymmetrical-pkts:number-zero
  if (!in_groups(value.subspan(kFixed), own, own_mac) || asked.count == 0)
    return ControlVerdict::Silent;
  const std::uint32_t length = asked.rounded_length();
  const std::uint64_t octets = std::uint64_t{length} * asked.count;
  const bool too_fast = asked.count > 1 && Duration::nanoseconds(std::int64_t{asked.interval_ns}) <
                                               policy.shortest_interval;
  //= draft-asymmetrical-pkts:limits
  if (length > policy.largest || asked.count > policy.most_packets || octets > policy.most_octets ||
      too_fast)
    return ControlVerdict::Limited;
  return ControlVerdict::Granted;
}

}  // namespace wirestamp::wire
