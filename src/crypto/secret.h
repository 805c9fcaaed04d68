// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "base/bytes.h"

// What is done with keys besides using them.
namespace wirestamp::crypto {

// In a time that depends on the sizes alone. False when they differ.
bool equal(base::Bytes one, base::Bytes other);

// Overwrites a key that is no longer needed; the compiler cannot leave it out.
void wipe(base::MutableBytes secret);

// Octets that are gone from memory with their owner. A copy is a secret of its own.
template <std::size_t Size>
class Secret {
 public:
  Secret() = default;
  explicit Secret(const std::array<std::byte, Size>& octets) : octets_(octets) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { wipe(octets_); }

  base::Bytes octets() const { return octets_; }
  base::MutableBytes octets() { return octets_; }

 private:
  std::array<std::byte, Size> octets_{};
};

}  // namespace wirestamp::crypto
