// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace wirestamp::measure {

// Chance of at least so many hits when draw i hits with chances[i]: the sum over all outcomes. At
// most 31 draws, and slow long before.
inline double enumerated(std::size_t at_least, std::span<const double> chances) {
  double sum = 0;
  for (std::uint32_t hits = 0; hits < 1U << chances.size(); ++hits) {
    if (static_cast<std::size_t>(std::popcount(hits)) < at_least) continue;
    double chance = 1;
    for (std::size_t i = 0; i < chances.size(); ++i)
      chance *= (hits >> i & 1U) != 0 ? chances[i] : 1 - chances[i];
    sum += chance;
  }
  return sum;
}

}  // namespace wirestamp::measure
