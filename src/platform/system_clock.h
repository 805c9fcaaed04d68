// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/steady_rate.h"
#include "platform/suspend_watch.h"
#include "platform/wall_tie.h"
#include "time/clock.h"

namespace wirestamp::platform {

// The raw monotonic clock alone, for who needs no more. Any thread.
MonoTime mono_now();

// This host's clocks: raw monotonic and real time tied together by the best of five brackets. That
// the wall clock was set shows in two successive readings, and a timer that the kernel cancels then
// wakes whoever waits; suspends show in boot time running ahead of monotonic time. One per
// measuring thread.
class SystemClock final : public Clock {
 public:
  SystemClock();
  ~SystemClock() override;
  SystemClock(const SystemClock&) = delete;
  SystemClock& operator=(const SystemClock&) = delete;

  MonoTime mono_now() override;
  Timestamp now() override;
  ClockState state() override;

  // A kernel stamp (real time) on both clocks: `wall` as given, `mono` through the newest bracket,
  // or the last one before the wall clock was set when the stamp is older than that; `error` grows
  // with the age of the bracket by the clock's largest slew. Call refresh() once per batch before.
  Timestamp tie(WallTime stamp, Duration own_error, StampSource source) const;
  void refresh();

  // Readable when the wall clock was set; -1 when the system has no such thing. Call
  // on_step_event() then.
  int step_fd() const { return step_fd_; }
  void on_step_event();

 private:
  void read_discipline();
  void arm_step_timer();
  void check_suspend();
  std::int64_t slew_ppb() const;

  SuspendWatch suspends_;
  WallTie tie_;
  SteadyRate rate_;
  std::int64_t set_rate_ppb_ = 0;  // what the daemon set, slews included
  ClockState state_;
  MonoTime state_read_;
  // Since the last reading: suspends are no steps, but the clocks move apart by them.
  Duration slept_;
  bool step_noticed_ = false;  // by a reading; the timer's event for it is still to come
  int step_fd_ = -1;
};

}  // namespace wirestamp::platform
