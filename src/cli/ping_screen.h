// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/ping_events.h"
#include "cli/ping_ticker.h"
#include "publish/report.h"
#include "term/canvas.h"
#include "term/keys.h"
#include "term/timeline.h"

namespace wirestamp::cli {

// How far a measurement of known length has come.
struct PingGoal {
  std::optional<std::uint64_t> count;  // probes
  std::optional<Duration> duration;
  Duration interval;  // this and the count are of each flow
  unsigned flows = 1;
};
// "45 %, 2m05s left"; "" where no end is known. `done`: probes that were due, of all flows.
std::string progress_text(const PingGoal& goal, std::uint64_t done, Duration elapsed);

// The live view of `wirestamp ping`: what it knows, and the screen that this makes. No I/O.
class PingScreen {
 public:
  // `labels`: of the measurements, "" where there is only one.
  PingScreen(std::vector<std::string> labels, PingGoal goal, unsigned flows);

  void on_batch(std::size_t measurement, const PingEvents::Batch& batch, WallTime now);
  // Before the first probe.
  void on_start(std::size_t measurement, publish::Report start, MonoTime now);
  void on_points_dropped(std::uint64_t count) { points_dropped_ = count; }
  // The run was told to end.
  void on_stop() { stopping_ = true; }
  // True: the run is to end.
  bool on_key(const term::Key& key);

  // Both times of now: how long it has run is not told by a clock that is set meanwhile.
  term::Canvas draw(term::Size size, term::Glyphs glyphs, WallTime now, MonoTime mono) const;

 private:
  // Of one flow, of the probes of late.
  struct Flow {
    std::uint64_t answered = 0, lost = 0;
    std::optional<Duration> least, most, last;
  };
  struct Lane {
    std::string label;
    std::optional<publish::Report> start;
    MonoTime began;
    std::optional<PingEvents::Progress> progress;
    term::Timeline timeline;
    PingTicker ticker;
    std::vector<WallTime> marks;
    std::map<std::uint32_t, Flow> flows;
    bool silent = false, ended = false;
    std::optional<measure::Finding> finding;  // the newest of this silence
  };
  class Layout;

  const Lane& shown() const { return lanes_[selected_]; }
  static void on_event(Lane& lane, const measure::Event& event);
  static void on_point(Lane& lane, const PingEvents::Point& point);

  std::vector<Lane> lanes_;
  PingGoal goal_;
  unsigned flows_ = 1;
  std::size_t selected_ = 0;
  std::size_t zoom_ = 0;  // of kSpans
  std::uint64_t points_dropped_ = 0;
  bool logarithmic_ = false, help_ = false, stopping_ = false;
};

}  // namespace wirestamp::cli
