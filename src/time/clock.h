// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp {

// What is known about the host's clocks. A value; compare two of them to see what happened between.
struct ClockState {
  bool synchronised = false;               // disciplined to UTC (adjtimex: not STA_UNSYNC)
  Duration error = Duration::seconds(16);  // bound of UTC error (adjtimex maxerror)
  // True seconds per raw second, minus one, in parts per billion: the discipline's frequency
  // (adjtimex freq and tick). Intervals on MonoTime are multiplied by 1 + rate_ppb * 1e-9.
  std::int64_t rate_ppb = 0;
  std::int64_t rate_error_ppb = 50'000;  // uncertainty of that rate; 50 ppm when undisciplined
  std::uint32_t steps = 0;               // counts steps of the wall clock seen so far
  Duration suspended;                    // total time the host was suspended since start
  int tai_minus_utc_s = 37;

  bool operator==(const ClockState&) const = default;
};

// The only way to read time above platform/ and net/. Implementations: platform::SystemClock, and a
// virtual one in tests.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime mono_now() = 0;
  // One reading of both clocks that belong together, as a User stamp with the bracket's width as
  // error.
  virtual Timestamp now() = 0;
  // Cheap: cached, refreshed at most once per second. Reports steps and suspends as soon as they
  // are seen.
  virtual ClockState state() = 0;
};

// A raw interval on the true scale; `rate_ppb` is ClockState::rate_ppb.
constexpr Duration scaled(Duration raw, std::int64_t rate_ppb) {
  // 128-bit so that days times ppb do not overflow.
  __extension__ using Wide = __int128;
  return Duration::nanoseconds(
      raw.ns() + static_cast<std::int64_t>(static_cast<Wide>(raw.ns()) * rate_ppb / 1'000'000'000));
}

}  // namespace wirestamp
