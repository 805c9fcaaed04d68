// SPDX-License-Identifier: Apache-2.0
#include "platform/steady_rate.h"

#include <algorithm>
#include <cstdlib>

namespace wirestamp::platform {

Rate SteadyRate::take(std::int64_t ppb, std::int64_t claimed_error_ppb) {
  const bool moved = last_ && std::abs(ppb - *last_) > claimed_error_ppb;
  looks_ = moved ? 0 : looks_ + 1;
  last_ = ppb;
  const bool possible = std::abs(ppb) <= kMostPpb;
  const bool as_before = steady_ && std::abs(ppb - *steady_) <= claimed_error_ppb;
  if (possible && (!steady_ || as_before || looks_ >= kSteadyLooks)) {
    steady_ = ppb;
    return {ppb, claimed_error_ppb};
  }
  const std::int64_t believed = steady_.value_or(0);
  return {believed, std::max(claimed_error_ppb, std::abs(ppb - believed))};
}

}  // namespace wirestamp::platform
