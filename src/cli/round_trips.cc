// SPDX-License-Identifier: Apache-2.0
#include "cli/round_trips.h"

#include <algorithm>
#include <cstdint>

#include "term/dots.h"
#include "term/plot.h"

namespace wirestamp::cli {

namespace {

std::uint32_t narrow(std::uint64_t count) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 1'000'000));
}

term::Stretch stretch_of(const client::Figures& window) {
  term::Stretch one{.low = window.min, .high = window.max};
  one.answered = narrow(window.received);
  one.lost_there = narrow(window.lost_there);
  one.lost_back = narrow(window.lost_back);
  const std::uint64_t known = std::min(window.lost, window.lost_there + window.lost_back);
  one.lost_somewhere = narrow(window.lost - known);
  one.unsent = narrow(window.unsent);
  one.silent = window.sent > 0 && window.received == 0;
  return one;
}

}  // namespace

std::size_t stretches_on(const term::Canvas& canvas) {
  return term::stretches_in(canvas.columns() - 1, canvas.glyphs());
}

void draw_round_trips(term::Canvas& canvas, int row, int rows, const RoundTrips& plot) {
  std::vector<term::Mark> marks;
  for (const WallTime at : plot.marks) marks.push_back({.at = at});
  term::draw_plot(canvas, {.row = row, .column = 0, .columns = canvas.columns() - 1, .rows = rows},
                  {.from = plot.from,
                   .length = plot.length,
                   .stretches = plot.stretches,
                   .marks = marks,
                   .logarithmic = plot.logarithmic,
                   .at_least_to = {}});
}

void draw_line_of_round_trips(term::Canvas& canvas, int row, int column,
                              std::span<const LineColumn> columns) {
  std::vector<double> known;
  for (const LineColumn& one : columns)
    if (one.worst) known.push_back(static_cast<double>(one.worst->ns()));
  double most = 1;
  if (!known.empty()) {
    const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
    std::ranges::nth_element(known, middle);
    most = std::max({most, 2 * *middle, std::ranges::max(known)});
  }
  std::vector<double> heights;
  for (const LineColumn& one : columns)
    heights.push_back(one.worst ? static_cast<double>(one.worst->ns()) / most : -1);
  term::draw_bars(canvas, row, column, heights, {.tone = term::Tone::Accent});
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].mark != 0)
      canvas.set(row, column + static_cast<int>(i), columns[i].mark, term::kBad);
}

std::vector<term::Stretch> stretches_of(std::span<const client::Figures> windows, WallTime from,
                                        Duration length, std::size_t count) {
  std::vector<term::Stretch> stretches(count);
  const auto last = static_cast<std::int64_t>(count) - 1;
  for (const client::Figures& window : windows) {
    const auto place = [&](WallTime time) {
      return std::clamp<std::int64_t>((time - from) / length, -1, last + 1);
    };
    const term::Stretch one = stretch_of(window);
    const WallTime end = window.begin + std::max(window.length, Duration::nanoseconds(1));
    if (end <= from) continue;
    const std::int64_t to = std::min(place(end - Duration::nanoseconds(1)), last);
    for (std::int64_t i = std::max<std::int64_t>(place(window.begin), 0); i <= to; ++i)
      stretches[static_cast<std::size_t>(i)].merge(one);
  }
  return stretches;
}

}  // namespace wirestamp::cli
