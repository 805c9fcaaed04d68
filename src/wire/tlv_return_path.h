// SPDX-License-Identifier: Apache-2.0
//
// The Return Path TLV (RFC 9503 4): how the reply shall travel. Its value is sub-TLVs: a Control
// Code (no reply, or reply on the same link), a Return Address, or segments of a path.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "packet/address.h"

namespace wirestamp::wire {

enum ReturnPathSubTlv : std::uint8_t {
  kControlCode = 1,
  kReturnAddress = 2,
  kSrMplsStack = 3,
  kSrv6Segments = 4,
};

// What a request asks. RFC 9503 4.1: a Control Code stands alone; an address may go with one kind
// of segments.
struct ReturnPath {
  static constexpr std::uint32_t kNoReply = 0, kSameLink = 1;
  std::optional<std::uint32_t> control_code;  // only the lowest bit has a meaning
  std::optional<packet::IpAddress> address;
  std::vector<std::uint32_t> label_stack;  // entries: label(20) TC(3) S(1) TTL(8)
  std::vector<packet::IpAddress> segments;

  bool valid() const;
  std::size_t length() const;
  // Writes length() octets.
  void encode(base::MutableBytes value) const;
  bool operator==(const ReturnPath&) const = default;
};

// Absent where a sub-TLV is malformed, unknown, or there twice; it may still be no valid() one.
std::optional<ReturnPath> decode_return_path(base::Bytes value);

struct ReturnPathPolicy {
  // RFC 9503 4.1.2: who may be answered elsewhere. Empty: nobody.
  std::function<bool(const packet::IpAddress&)> may_answer;
};

// What the reflector shall do with its reply.
struct ReturnPathAnswer {
  bool usable = false;    // else U in the outer TLV and a normal reply
  bool no_reply = false;  // goes before everything else
  bool same_link = false;
  std::optional<packet::IpAddress> address;
};

// Clears U in the sub-TLVs that are understood, whether or not they are fulfilled, and sets M in
// one of a wrong length. Segment routing is understood but never done here. Allocates nothing.
ReturnPathAnswer answer_return_path(base::MutableBytes value, const ReturnPathPolicy& policy);

}  // namespace wirestamp::wire
