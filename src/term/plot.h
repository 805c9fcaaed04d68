// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "term/canvas.h"
#include "term/timeline.h"
#include "time/duration.h"

namespace wirestamp::term {

// Something that happened, shown below the plot.
struct Mark {
  WallTime at;
  char32_t code = U'!';
};

// Round trips over time. Below them, each in a row of its own: losses, then outages and marks, then
// the time. What cannot stand in `area` is left out, the time first.
struct Plot {
  WallTime from;
  Duration length;  // of a stretch
  std::span<const Stretch> stretches;
  std::span<const Mark> marks;
  bool logarithmic = false;
  // The axis holds these too, and two plots can so have the same one. Absent: nothing.
  std::optional<Duration> at_least_to;
};

// Columns of stretches that a plot in so many cells has; 0 when there is no room.
std::size_t stretches_in(int columns, Glyphs glyphs);

void draw_plot(Canvas& canvas, const Area& area, const Plot& plot);

}  // namespace wirestamp::term
