// SPDX-License-Identifier: Apache-2.0
//
// TLVs of drafts whose numbers are experimental; a reflector does them only when it is told to.
//
// draft-gandhi-ippm-stamp-ber: the Extra Padding of the request is a bit pattern repeated, so what
// arrives tells the bit errors of the way. Types 240 (the pattern; ff00 where it is absent), 241
// (how many bits were wrong) and 242 (how many in a row), the latter two four octets of zero in the
// request.
//
// draft-ietf-ippm-stamp-ext-hdr-13: types 246 and 247 bring back the IPv6 extension headers and the
// fixed IP header as they arrived: Requested (8 or 4 octets; zero asks for the first one of that
// length) and Reflected (the header from octet 8 or 4 on).
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace wirestamp::wire {

struct BitErrors {
  std::uint32_t count = 0;
  std::uint32_t longest = 0;  // bits in a row, all wrong
  bool operator==(const BitErrors&) const = default;
};

// Both are at least as long as they say: `pattern` is repeated over `received`. A pattern without
// octets finds no errors.
BitErrors count_bit_errors(base::Bytes received, base::Bytes pattern);
void repeat_pattern(base::MutableBytes padding, base::Bytes pattern);
extern const base::Bytes kDefaultPattern;  // ff00

inline constexpr std::size_t kExtensionRequested = 8, kFixedRequested = 4;

// The value of type 246 or 247 from the headers of the request, as they stood in its packet. False:
// none of them was meant, and the value stays.
bool answer_header(base::MutableBytes value, std::size_t requested,
                   std::span<const base::Bytes> headers);

}  // namespace wirestamp::wire
