// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "time/duration.h"

namespace wirestamp::platform {

// Boot time runs on while the host sleeps, monotonic time does not: when the first gets further
// ahead of the second, the host was suspended. The two cannot be read at once, so boot time is read
// between two readings of the other: how far it is ahead lies between two bounds, however long the
// program was pre-empted in between.
class SuspendWatch {
 public:
  static constexpr Duration kNoticed = Duration::milliseconds(50);

  // All three in nanoseconds of their clocks. Returns for how long the host slept since the last
  // call.
  Duration take(std::int64_t mono_before, std::int64_t boot, std::int64_t mono_after) {
    const Bounds now{Duration::nanoseconds(boot - mono_after),
                     Duration::nanoseconds(boot - mono_before)};
    const Bounds known = ahead_.value_or(now);
    if (now.least > known.most) {
      ahead_ = now;
      const Duration slept = now.least - known.most;
      return slept > kNoticed ? slept : Duration();
    }
    ahead_ = Bounds{std::max(known.least, now.least), std::min(known.most, now.most)};
    return {};
  }

 private:
  struct Bounds {
    Duration least, most;
  };
  std::optional<Bounds> ahead_;
};

}  // namespace wirestamp::platform
