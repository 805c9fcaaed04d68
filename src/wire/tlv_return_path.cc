// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv_return_path.h"

#include <array>

#include "wire/tlv.h"
#include "wire/tlv_values.h"

namespace wirestamp::wire {

namespace {

constexpr std::size_t kLabel = 4, kSegment = 16;
constexpr std::size_t kKinds = kSrv6Segments + 1;

bool known(std::uint8_t type) { return type >= kControlCode && type <= kSrv6Segments; }

//= RFC9503:path-lengths
bool valid_length(const Tlv& tlv) {
  const std::size_t size = tlv.value.size();
  switch (tlv.type) {
    case kControlCode:
      return size == 4;
    case kReturnAddress:
      return size == 4 || size == 16;
    case kSrMplsStack:
      return size > 0 && size % kLabel == 0;
    default:
      return size > 0 && size % kSegment == 0;
  }
}

std::size_t part(std::size_t length) { return length == 0 ? 0 : kTlvHeader + length; }

// Copies a sub-TLV into what it means. False: there twice.
bool take(const Tlv& tlv, ReturnPath& path) {
  switch (tlv.type) {
    case kControlCode:
      if (path.control_code) return false;
      path.control_code = base::load_be<std::uint32_t>(tlv.value, 0) & 1U;
      return true;
    case kReturnAddress:
      if (path.address) return false;
      path.address = decode_address(tlv.value);
      return true;
    case kSrMplsStack:
      if (!path.label_stack.empty()) return false;
      for (std::size_t at = 0; at < tlv.value.size(); at += kLabel)
        path.label_stack.push_back(base::load_be<std::uint32_t>(tlv.value, at));
      return true;
    default:
      if (!path.segments.empty()) return false;
      for (std::size_t at = 0; at < tlv.value.size(); at += kSegment)
        path.segments.push_back(*decode_address(tlv.value.subspan(at, kSegment)));
      return true;
  }
}

}  // namespace

//= RFC9503:path-sender
bool ReturnPath::valid() const {
  const bool path = address || !label_stack.empty() || !segments.empty();
  if (control_code) return !path;
  return path && (label_stack.empty() || segments.empty());
}

std::size_t ReturnPath::length() const {
  return part(control_code ? 4 : 0) + part(address ? address_length(address->family()) : 0) +
         part(kLabel * label_stack.size()) + part(kSegment * segments.size());
}

void ReturnPath::encode(base::MutableBytes value) const {
  std::size_t at = 0;
  const auto add = [&](std::uint8_t type, std::size_t length) {
    write_tlv_header(value, at, kUnrecognised, type, static_cast<std::uint16_t>(length));
    const base::MutableBytes out = value.subspan(at + kTlvHeader, length);
    at += kTlvHeader + length;
    return out;
  };
  if (control_code) base::store_be(add(kControlCode, 4), 0, *control_code);
  if (address) encode_address(add(kReturnAddress, address_length(address->family())), *address);
  if (!label_stack.empty()) {
    const base::MutableBytes out = add(kSrMplsStack, kLabel * label_stack.size());
    for (std::size_t i = 0; i < label_stack.size(); ++i)
      base::store_be(out, kLabel * i, label_stack[i]);
  }
  if (!segments.empty()) {
    const base::MutableBytes out = add(kSrv6Segments, kSegment * segments.size());
    for (std::size_t i = 0; i < segments.size(); ++i)
      encode_address(out.subspan(kSegment * i), segments[i]);
  }
}

std::optional<ReturnPath> decode_return_path(base::Bytes value) {
  ReturnPath path;
  TlvReader reader(value);
  while (const auto tlv = reader.next())
    if (!known(tlv->type) || !valid_length(*tlv) || !take(*tlv, path)) return std::nullopt;
  if (reader.end() != TlvReader::End::Complete) return std::nullopt;
  return path;
}

ReturnPathAnswer answer_return_path(base::MutableBytes value, const ReturnPathPolicy& policy) {
  std::array<unsigned, kKinds> seen{};
  std::uint32_t code = 0;
  std::optional<packet::IpAddress> address;
  bool sound = true;
  TlvReader reader(value);
  while (const auto tlv = reader.next()) {
    if (!known(tlv->type)) {
      //= RFC8972:sub-tlv-flags
      value[tlv->offset] = std::byte{kUnrecognised};
      sound = false;
      continue;
    }
    if (!valid_length(*tlv)) {
      value[tlv->offset] = std::byte{kMalformed};
      sound = false;
      break;
    }
    value[tlv->offset] = std::byte{};
    if (++seen[tlv->type] > 1) sound = false;
    if (tlv->type == kControlCode && seen[kControlCode] == 1)
      //= RFC9503:path-code-bits
      code = base::load_be<std::uint32_t>(tlv->value, 0) & 1U;
    if (tlv->type == kReturnAddress) address = decode_address(tlv->value);
  }
  if (reader.end() == TlvReader::End::Overrun) value[reader.position()] = std::byte{kMalformed};
  if (reader.end() == TlvReader::End::Overrun || reader.end() == TlvReader::End::ShortTail)
    sound = false;

  ReturnPathAnswer answer;
  // RFC 9503 4.1.1: no reply means none, whatever stands beside it.
  //= RFC9503:path-no-reply
  answer.no_reply = seen[kControlCode] > 0 && code == ReturnPath::kNoReply;
  if (!sound || seen[kSrMplsStack] > 0 || seen[kSrv6Segments] > 0) return answer;
  if (seen[kControlCode] > 0) {
    answer.usable = !address;
    answer.same_link = answer.usable && code == ReturnPath::kSameLink;
    return answer;
  }
  if (address && policy.may_answer && policy.may_answer(*address)) {
    answer.usable = true;
    answer.address = address;
  }
  return answer;
}

}  // namespace wirestamp::wire
