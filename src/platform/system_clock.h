// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "time/clock.h"

namespace wirestamp::platform {

// This host's clocks: raw monotonic and real time tied together by the best of five brackets
// steps told by a timer that the kernel cancels when the wall clock is set, suspends
// by boot time running ahead of monotonic time. One per measuring thread.
class SystemClock final : public Clock {
 public:
  SystemClock();
  ~SystemClock() override;
  SystemClock(const SystemClock&) = delete;
  SystemClock& operator=(const SystemClock&) = delete;

  MonoTime mono_now() override;
  Timestamp now() override;
  ClockState state() override;

  // A kernel stamp (real time) on both clocks: `wall` as given, `mono` through the newest bracket;
  // `error` grows with the age of the bracket by the clock's largest slew. Call refresh() once per
  // batch before.
  Timestamp tie(WallTime stamp, Duration own_error, StampSource source) const;
  void refresh();

  // Readable when the wall clock was set; -1 when the system has no such thing. Call
  // on_step_event() then.
  int step_fd() const { return step_fd_; }
  void on_step_event();

 private:
  void arm_step_timer();
  void check_suspend();
  struct Bracket {
    MonoTime mono;
    WallTime wall;
    Duration width;
  };
  Bracket bracket_;
  Bracket before_step_;
  ClockState state_;
  MonoTime state_read_;
  Duration boot_ahead_;
  int step_fd_ = -1;
};

}  // namespace wirestamp::platform
