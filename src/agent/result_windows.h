// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "measure/accumulator.h"
#include "measure/sample.h"
#include "measure/summary.h"
#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp::agent {

// The figures of one session over one window of time.
struct ResultWindow {
  WallTime begin, end;  // `end` is not in it; probes belong where they were due
  bool part = false;    // the session began or ended in it, or the clock was set back
  measure::Summary summary;
};

// Sorts the samples of one session into windows that begin at multiples of their length (UTC). A
// window is told when no probe of it can be undecided any more.
class ResultWindows {
 public:
  // `interval` as AccumulatorOptions has it. `length`: at least a second. `begin`: of the session.
  ResultWindows(Duration length, Duration interval, unsigned flows, WallTime begin);

  void add(const measure::Sample& sample);
  // Of the lost probes whose direction is unknown, so many were lost forward and backward: those of
  // the newest windows that are not told yet. What was told before stays unknown.
  void resolve_unknown(std::uint64_t forward, std::uint64_t backward);

  // Windows that are over and decided by now, in order.
  std::vector<ResultWindow> take(WallTime now);
  // At the end of the session all of them. `decided`: nothing was in flight; else what was is in
  // none of them, and those it could have been in are parts.
  std::vector<ResultWindow> take_all(WallTime now, bool decided);
  // When take() wants to be called; absent while there is no window.
  std::optional<WallTime> next() const;
  std::size_t waiting() const;  // samples held back in all windows

 private:
  struct Open {
    WallTime begin;
    bool part;
    measure::Accumulator accumulator;
  };
  Open& open_for(const measure::Sample& sample);
  WallTime decided_at(const Open& open) const;
  ResultWindow close_first();

  Duration length_, interval_;
  unsigned flows_;
  WallTime session_began_;
  std::deque<Open> open_;
  std::optional<WallTime> told_;  // end of the last one that was told
};

}  // namespace wirestamp::agent
