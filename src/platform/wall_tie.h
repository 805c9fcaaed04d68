// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp::platform {

// Both clocks read at the same moment, to within `width`.
struct ClockReading {
  MonoTime mono;
  WallTime wall;
  Duration width;
};

// Ties instants of the wall clock (kernel stamps) to the monotonic one by the newest reading of
// both. When the wall clock is set, stamps from before are still on their way to us and belong to
// the last reading before: both are kept. Knows no system.
class WallTie {
 public:
  explicit WallTie(const ClockReading& first) : newest_(first) {}

  const ClockReading& newest() const { return newest_; }
  // By how much the wall clock was set between the newest reading and this one; 0 when it need not
  // have been: it may be slewed by `slew_ppb`.
  Duration jump(const ClockReading& reading, std::int64_t slew_ppb) const;
  // `set`: the wall clock was set since the newest reading.
  void take(const ClockReading& reading, bool set);

  // `mono` is the instant nearest before now that `stamp` may mean; `error` grows with the age of
  // the reading used.
  Timestamp tie(WallTime stamp, Duration own_error, StampSource source,
                std::int64_t slew_ppb) const;

 private:
  ClockReading newest_;
  std::optional<ClockReading> before_;  // the last one before the wall clock was set
  MonoTime set_seen_;                   // it was set at this time at the latest
};

}  // namespace wirestamp::platform
