// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "time/duration.h"

namespace wirestamp::term {

// What became of one probe, as far as a plot tells it apart.
enum class Fate : std::uint8_t { Answered, LostThere, LostBack, LostSomewhere, Unsent };

// A stretch of time: a column of a plot. Nothing in it is an average: an extreme value of a
// stretch is its extreme, however long it is.
struct Stretch {
  std::optional<Duration> low, high;  // of the round trips
  std::uint32_t answered = 0, lost_there = 0, lost_back = 0, lost_somewhere = 0, unsent = 0;
  bool silent = false;  // it was an outage

  std::uint32_t lost() const { return lost_there + lost_back + lost_somewhere; }
  void merge(const Stretch& other);
};

// What a plot over time needs to know of probes, in several resolutions, each of which goes so far
// back: bounded, however long and fast the measurement is.
class Timeline {
 public:
  Timeline();

  void add(WallTime due, Fate fate, std::optional<Duration> round_trip);
  // An outage began, or ended. Of very many the oldest are forgotten.
  void silent_from(WallTime from);
  void silent_until(WallTime until);

  // `count` stretches of this length, from that time on.
  std::vector<Stretch> read(WallTime from, Duration length, std::size_t count) const;
  // The most that read() can go back without becoming coarser than `length`.
  static Duration reach(Duration length);

 private:
  struct Slot {
    std::int64_t number = -1;  // of the time since 1970 in lengths
    Stretch stretch;
  };
  struct Ring {
    Duration length;
    std::vector<Slot> slots;
    std::int64_t newest = -1;
  };
  struct Silence {
    WallTime from;
    std::optional<WallTime> until;
  };

  static constexpr std::size_t kSlots = 1'500;

  std::array<Ring, 5> rings_;
  std::deque<Silence> silences_;
};

}  // namespace wirestamp::term
