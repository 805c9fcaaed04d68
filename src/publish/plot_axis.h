// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "time/duration.h"

namespace wirestamp::publish {

// Values onto pixels.
struct Axis {
  double from = 0, to = 1;      // values
  double begin = 0, end = 100;  // pixels of them
  bool logarithmic = false;     // `from` is above zero then

  double at(double value) const;  // kept within begin and end
};

struct Tick {
  double value = 0;
  std::string label;    // "": a line only
  std::string further;  // a second line: the day
};

// Widens from and to so that they are round, chooses the scale; `least` <= `most`, nanoseconds.
Axis duration_axis(double least, double most, bool logarithmic);
// "0 us", "200 us", "1.5 ms". About `wanted` of them are told.
std::vector<Tick> duration_ticks(const Axis& axis, std::size_t wanted);

// From 0 to a round share of 1.
Axis share_axis(double most);
std::vector<Tick> share_ticks(const Axis& axis, std::size_t wanted);

// UTC, at round times; `value` is nanoseconds after `from`. At most `most` labels.
std::vector<Tick> time_ticks(WallTime from, WallTime to, std::size_t most);
// "2026-11-26 18:04:05", UTC.
std::string time_text(WallTime time);

}  // namespace wirestamp::publish
