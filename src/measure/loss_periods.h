// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace wirestamp::measure {

// RFC 3357 loss periods, of the probes in send order.
struct LossPeriods {
  std::uint64_t count = 0, longest = 0, current = 0;
  std::uint64_t probes = 0, lost = 0;

  void add(bool is_lost) {
    ++probes;
    if (!is_lost) {
      current = 0;
      return;
    }
    ++lost;
    if (current++ == 0) ++count;
    longest = std::max(longest, current);
  }
};

}  // namespace wirestamp::measure
