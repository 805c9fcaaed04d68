// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace wirestamp::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Big-endian integers at an octet offset. The caller has checked that offset + sizeof(T) fits.
template <std::unsigned_integral T>
T load_be(Bytes bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1)
    value = std::byteswap(value);
  return value;
}

template <std::unsigned_integral T>
void store_be(MutableBytes bytes, std::size_t offset, T value) {
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1)
    value = std::byteswap(value);
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace wirestamp::base
