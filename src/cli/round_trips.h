// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "client/agent.h"
#include "term/canvas.h"
#include "term/timeline.h"

// Round trips over time, as `ping` and `top` draw them.
namespace wirestamp::cli {

struct RoundTrips {
  WallTime from;
  Duration length;  // of a stretch
  std::span<const term::Stretch> stretches;
  std::vector<WallTime> marks = {};  // when something happened
  bool logarithmic = false;
};
// How many stretches such a plot has.
std::size_t stretches_on(const term::Canvas& canvas);
// In so many rows from `row` on, over all columns but the last.
void draw_round_trips(term::Canvas& canvas, int row, int rows, const RoundTrips& plot);

// A column of a line of bars: the worst round trip, and what stands over it ('x'); 0: nothing.
struct LineColumn {
  std::optional<Duration> worst;
  char32_t mark = 0;
};
// As high as a row is the largest, or twice their median where that is more: what does not change
// is half as high, and not a wall.
void draw_line_of_round_trips(term::Canvas& canvas, int row, int column,
                              std::span<const LineColumn> columns);

// What an agent's windows tell of so many stretches: of each the smallest and the largest value, so
// that the worst of it is seen. A window that is longer than a stretch is in all that it touches.
std::vector<term::Stretch> stretches_of(std::span<const client::Figures> windows, WallTime from,
                                        Duration length, std::size_t count);

}  // namespace wirestamp::cli
