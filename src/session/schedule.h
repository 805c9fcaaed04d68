// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/random.h"
#include "time/duration.h"

namespace wirestamp::session {

enum class ScheduleKind : std::uint8_t {
  Periodic,  // RFC 3432: a start and a fixed interval
  Poisson,   // RFC 2330 11.1: exponential gaps, drawn again above ten times their mean
};

struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::Periodic;
  Duration interval = Duration::milliseconds(500);  // > 0; the mean for Poisson
  bool at_once = true;  // false: the first probe at a random phase within one interval (RFC 3432)
  std::optional<std::uint64_t> count;
  std::optional<Duration> duration;
  bool bursts = false;
};

// When probes are due. Times are absolute, so lateness does not add up (RFC 3432).
class Schedule {
 public:
  Schedule(const ScheduleOptions& options, MonoTime start, base::Random random);

  // The next scheduled probe; absent when the schedule is over.
  std::optional<MonoTime> next() const { return next_; }
  void advance();

  // The next burst of S17: once a minute at a random offset, burst_clearance() away from scheduled
  // probes. With Poisson gaps it moves on until one is long enough.
  std::optional<MonoTime> next_burst() const { return next_burst_; }
  // 100 ms, or half the (mean) interval where that is shorter.
  Duration burst_clearance() const;
  void advance_burst();

  // After a suspend: probes that were due while the host slept do not exist.
  void skip_to(MonoTime now);
  void end() { next_.reset(), next_burst_.reset(); }

 private:
  Duration gap();
  void place_burst();
  void keep_burst_clear();

  ScheduleOptions options_;
  MonoTime start_;
  base::Random random_;
  MonoTime minute_;
  std::uint64_t issued_ = 0;
  std::optional<MonoTime> previous_, next_, next_burst_;  // previous_: the scheduled probe before
};

}  // namespace wirestamp::session
