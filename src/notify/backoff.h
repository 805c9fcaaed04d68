// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/random.h"
#include "time/duration.h"

namespace wirestamp::notify {

struct BackoffLimits {
  Duration first = Duration::seconds(1), most = Duration::minutes(5);
  Duration most_asked = Duration::hours(1);  // what a receiver may ask for with Retry-After
};

// How long one receiver is left alone after failures in a row: `first`, doubled each time up to
// `most`, of which a random half is taken away, so that many agents do not come back together.
class Backoff {
 public:
  Backoff(const BackoffLimits& limits, std::uint64_t seed) : limits_(limits), random_(seed) {}

  // The time until the next attempt. `asked`: by the receiver; it makes the time longer, never
  // shorter.
  Duration failed(std::optional<Duration> asked);
  void succeeded() { failures_ = 0; }
  std::uint64_t failures() const { return failures_; }  // in a row

 private:
  BackoffLimits limits_;
  base::Random random_;
  std::uint64_t failures_ = 0;
};

}  // namespace wirestamp::notify
