// SPDX-License-Identifier: Apache-2.0
#include "notify/backoff.h"

#include <algorithm>

namespace wirestamp::notify {

Duration Backoff::failed(std::optional<Duration> asked) {
  Duration whole = limits_.first;
  for (std::uint64_t i = 0; i < failures_ && whole < limits_.most; ++i) whole = whole * 2;
  whole = std::min(whole, limits_.most);
  ++failures_;
  const auto half = static_cast<std::uint64_t>(whole.ns() / 2);
  const Duration own =
      whole - Duration::nanoseconds(static_cast<std::int64_t>(random_.below(half + 1)));
  return std::max(own, std::min(asked.value_or(own), limits_.most_asked));
}

}  // namespace wirestamp::notify
