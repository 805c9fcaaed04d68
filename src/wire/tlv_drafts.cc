// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv_drafts.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wirestamp::wire {

namespace {

constexpr std::array kPattern{std::byte{0xff}, std::byte{}};

bool asks_for(base::Bytes requested, base::Bytes header) {
  return std::ranges::all_of(requested, [](std::byte octet) { return octet == std::byte{}; }) ||
         std::ranges::equal(requested, header.first(requested.size()));
}

}  // namespace

const base::Bytes kDefaultPattern = kPattern;

//= draft-stamp-ber:bits-counted
BitErrors count_bit_errors(base::Bytes received, base::Bytes pattern) {
  BitErrors errors;
  if (pattern.empty()) return errors;
  std::uint32_t run = 0;
  for (std::size_t i = 0; i < received.size(); ++i) {
    const auto wrong = static_cast<unsigned>(received[i] ^ pattern[i % pattern.size()]);
    for (unsigned bit = 8; bit-- > 0;) {
      run = (wrong >> bit & 1U) != 0 ? run + 1 : 0;
      errors.count += wrong >> bit & 1U;
      errors.longest = std::max(errors.longest, run);
    }
  }
  return errors;
}

void repeat_pattern(base::MutableBytes padding, base::Bytes pattern) {
  for (std::size_t i = 0; i < padding.size(); ++i) padding[i] = pattern[i % pattern.size()];
}

//= draft-stamp-ext-hdr:header-copied
bool answer_header(base::MutableBytes value, std::size_t requested,
                   std::span<const base::Bytes> headers) {
  for (const base::Bytes header : headers) {
    if (header.size() != value.size() || !asks_for(value.first(requested), header)) continue;
    std::memcpy(value.data() + requested, header.data() + requested, value.size() - requested);
    return true;
  }
  return false;
}

}  // namespace wirestamp::wire
