// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cli/ping_events.h"
#include "measure/event.h"
#include "time/duration.h"

namespace wirestamp::cli {

// What happened, a line each, in order of time: events, notes, and losses, of which those that
// follow each other are one. Of very many the oldest are forgotten.
class PingTicker {
 public:
  enum class Weight : std::uint8_t { Note, Good, Warning, Bad };
  struct Line {
    WallTime at;
    std::string text;  // with the time
    Weight weight = Weight::Note;
  };

  void on_event(const measure::Event& event);
  void on_note(const std::string& text, WallTime now);
  void on_point(const PingEvents::Point& point);

  // The newest `most`, oldest first.
  std::vector<Line> newest(std::size_t most) const;

 private:
  struct Loss {
    WallTime first, last;
    std::uint64_t first_probe = 0, last_probe = 0;
    std::uint64_t there = 0, back = 0, unknown = 0, late = 0, closed = 0, too_big = 0;
  };

  static Line line_of(const Loss& loss);

  std::deque<Line> lines_;
  std::deque<Loss> losses_;
};

}  // namespace wirestamp::cli
