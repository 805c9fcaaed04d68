// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "alert/baseline.h"
#include "alert/watch.h"
#include "measure/event.h"
#include "measure/incident.h"
#include "measure/window.h"
#include "time/duration.h"

namespace wirestamp::alert {

// The figures of one session against its thresholds. docs/events.md has the rules for its users;
// the reasons are here.
//
// Loss is a share, and a window of ten seconds with twenty probes has no share of 2 %: one lost
// probe is 5 %. So windows are merged over the delay of the threshold, and where that holds too few
// probes to tell, over twice and four times as much. A share above the threshold counts when it is
// no chance: it would come up once in a million looks on a line that loses half of the threshold.
// So heavy loss is told at once and slight loss when it is sure. And it must have lasted: each
// third of the stretch is above the threshold, so a single hole, however deep, is no loss that
// lasts (from five seconds on it is an outage, which is an event of its own).
//
// Latency (p50 of a window) and jitter (mean difference of neighbours) are above a threshold for a
// while when five of six windows of that while are.
//
// What was crossed is cleared at another level, further below, so that a value that hovers about
// the threshold does not flap; and where it comes back within six hours after it was cleared, it
// must stay good for twice as long the next time, up to four times.
//
// A window without probes, or without replies for the delays, is no value: neither good nor bad.
class Judge {
 public:
  explicit Judge(const Thresholds& thresholds);
  void set(const Thresholds& thresholds);

  // Windows in order; one that is not later than the one before within its epoch is ignored.
  // `loss_known`: its losses were told otherwise, as an outage; they count neither way.
  // `in_trouble`: an incident goes on, so that it is left out of the median.
  // At most one crossing for each figure.
  std::vector<measure::Crossing> add(const measure::TimedWindow& window, bool loss_known,
                                     bool in_trouble);
  // Windows of a minute from before, in order; what add() took already stays.
  void remember(const measure::TimedWindow& minute, bool in_trouble);
  // What a figure is now that was crossed and is not cleared, of as long a stretch as its threshold
  // is judged by: value, time and direction. Absent for one that is not crossed, or has no value.
  std::optional<measure::IncidentFigure> standing(measure::Figure figure) const;
  // An incident began then: what was taken for usual since is forgotten.
  void on_trouble(WallTime since);

 private:
  // One window, as far as it is judged. Times are those of the wall clock, moved on where that was
  // set back, so that they only grow.
  struct Entry {
    WallTime begin, end;
    std::uint32_t probes = 0, lost = 0;       // 0: its loss is not judged
    std::uint32_t forward = 0, backward = 0;  // of the lost ones
    float latency = 0, jitter = 0;            // nanoseconds; 0: none
  };
  // The newest entries within a period.
  struct Look {
    WallTime from;
    bool covered = false;  // each third has a value
    // Loss
    std::uint64_t probes = 0, lost = 0;
    bool throughout = true;  // each third is above the threshold
    // Delays
    std::size_t values = 0, over = 0;
    WallTime oldest, first;  // begin of the first window, and of the first one that is bad
    bool lasted(WallTime end, Duration after) const {
      return first == oldest || end - first >= after;
    }
  };
  struct State {
    bool warned = false, failed = false;  // told, and not cleared
    WallTime since;
    std::optional<WallTime> cleared;
    unsigned returned = 0;  // times in a row that it came back soon after it was cleared

    bool raised() const { return warned || failed; }
  };
  struct Level {
    Duration above, clear;
    std::optional<Duration> median;
  };

  std::optional<WallTime> place(const measure::TimedWindow& window);
  void keep(const Entry& entry);
  void keep_minute(const Entry& entry, bool in_trouble);
  void forget_all(WallTime now);
  Duration longest() const;
  Duration period(Duration wanted) const;
  Duration clear_period(const State& state) const;
  Look look_at_loss(Duration length, double above) const;
  Look look_at(float Entry::* value, Duration length, Duration above) const;
  std::optional<measure::Crossing> judge_loss();
  WallTime end_of_trouble(WallTime from, const std::function<bool(const Entry&)>& is_bad) const;
  std::optional<Look> loss_above(double threshold, Duration after) const;
  std::optional<measure::Crossing> clear_loss();
  std::optional<measure::Crossing> judge_delay(measure::Figure figure);
  std::optional<Level> level(measure::Figure figure, bool error);
  std::optional<measure::Crossing> clear_delay(measure::Figure figure, State& state,
                                               float Entry::* value, const Level* lowest);
  void raise(State& state, measure::Crossing& crossing, WallTime first);
  void clear(State& state, measure::Crossing& crossing, WallTime until);
  WallTime told(WallTime inner) const { return inner - moved_; }
  Duration typical(float Entry::* value, WallTime from) const;
  std::optional<std::string> direction_of_loss(WallTime from) const;

  Thresholds thresholds_;
  std::deque<Entry> recent_;
  std::array<State, 3> states_;  // by Figure
  Baseline baseline_;
  std::vector<Entry> minute_;  // windows of the minute that goes on
  std::optional<std::uint32_t> epoch_;
  std::optional<WallTime> last_end_;  // moved
  Duration moved_;                    // inner time is that of the wall clock and this
};

}  // namespace wirestamp::alert
