// SPDX-License-Identifier: Apache-2.0
#include "platform/wall_tie.h"

namespace wirestamp::platform {

namespace {

// Below this a jump cannot be told from what the readings themselves are wrong by.
constexpr Duration kFloor = Duration::microseconds(20);

Duration slewed(Duration time, std::int64_t slew_ppb) {
  __extension__ using Wide = __int128;  // hours times ten per cent
  return Duration::nanoseconds(
      static_cast<std::int64_t>(static_cast<Wide>(abs(time).ns()) * slew_ppb / 1'000'000'000));
}

}  // namespace

Duration WallTie::jump(const ClockReading& reading, std::int64_t slew_ppb) const {
  const Duration elapsed = reading.mono - newest_.mono;
  const Duration jump = (reading.wall - newest_.wall) - elapsed;
  const Duration bound = slewed(elapsed, slew_ppb) + newest_.width + reading.width + kFloor;
  return abs(jump) > bound ? jump : Duration();
}

void WallTie::take(const ClockReading& reading, bool set) {
  if (set) {
    before_ = newest_;
    set_seen_ = reading.mono;
  }
  newest_ = reading;
}

Timestamp WallTie::tie(WallTime stamp, Duration own_error, StampSource source,
                       std::int64_t slew_ppb) const {
  const auto instant = [&](const ClockReading& reading) {
    return reading.mono + (stamp - reading.wall);
  };
  const ClockReading* used = &newest_;
  if (before_) {
    const MonoTime by_newest = instant(newest_), by_before = instant(*before_);
    const bool newest_fits = by_newest <= newest_.mono + kFloor && by_newest >= before_->mono;
    const bool before_fits = by_before <= set_seen_;
    // Where both fit, the later one: stamps wait for us, but not for long.
    if (before_fits && (!newest_fits || by_before > by_newest)) used = &*before_;
  }
  return {.wall = stamp,
          .mono = instant(*used),
          .error = own_error + used->width / 2 + slewed(stamp - used->wall, slew_ppb),
          .source = source};
}

}  // namespace wirestamp::platform
