// SPDX-License-Identifier: Apache-2.0
#include "term/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "publish/plot_axis.h"
#include "term/dots.h"

namespace wirestamp::term {

namespace {

constexpr int kLabel = 9;  // "1.25 ms" and the axis

struct Bounds {
  double least = 0, most = 1e6;
  bool any = false;
};

Bounds bounds_of(const Plot& plot) {
  Bounds bounds;
  const auto take = [&](Duration low, Duration high) {
    const auto least = static_cast<double>(low.ns()), most = static_cast<double>(high.ns());
    bounds.least = bounds.any ? std::min(bounds.least, least) : least;
    bounds.most = bounds.any ? std::max(bounds.most, most) : most;
    bounds.any = true;
  };
  for (const Stretch& stretch : plot.stretches)
    if (stretch.low && stretch.high) take(*stretch.low, *stretch.high);
  if (plot.at_least_to && bounds.any) take(*plot.at_least_to, *plot.at_least_to);
  return bounds;
}

// The values' axis at the left; its labels.
void draw_values(Canvas& canvas, const Area& area, int rows, const publish::Axis& axis) {
  const bool ascii = canvas.glyphs() == Glyphs::Ascii;
  for (int row = 0; row < rows; ++row)
    canvas.set(area.row + row, area.column + kLabel - 1, ascii ? U'|' : U'│', kQuiet);
  int free_to = rows;  // rows below are taken
  for (const publish::Tick& tick :
       publish::duration_ticks(axis, static_cast<std::size_t>(std::max(2, rows / 2)))) {
    const int row = rows - 1 - static_cast<int>(axis.at(tick.value)) / dots_down(canvas.glyphs());
    if (tick.label.empty() || row < 0 || row >= free_to) continue;
    canvas.put_right(area.row + row, area.column, tick.label, kQuiet, kLabel - 1);
    canvas.set(area.row + row, area.column + kLabel - 1, ascii ? U'+' : U'┤', kQuiet);
    free_to = row;
  }
}

// Stretches of one cell.
Stretch cell_of(const Plot& plot, int cell, int across) {
  Stretch merged;
  for (int i = 0; i < across; ++i) {
    const auto index = static_cast<std::size_t>(cell) * static_cast<std::size_t>(across) +
                       static_cast<std::size_t>(i);
    if (index < plot.stretches.size()) merged.merge(plot.stretches[index]);
  }
  return merged;
}

void draw_curve(Canvas& canvas, const Area& area, int rows, const Plot& plot,
                const publish::Axis& axis) {
  const int columns = area.columns - kLabel;
  Dots dots(columns, rows, canvas.glyphs());
  const int across = dots_across(canvas.glyphs());
  // Where nothing came back the whole height says so.
  for (int cell = 0; cell < columns; ++cell) {
    const Stretch stretch = cell_of(plot, cell, across);
    if (stretch.answered > 0 || (stretch.lost() == 0 && !stretch.silent)) continue;
    const bool ascii = canvas.glyphs() == Glyphs::Ascii;
    canvas.fill(
        {.row = area.row, .column = area.column + kLabel + cell, .columns = 1, .rows = rows},
        ascii ? U'/' : U'░', kBad);
  }
  for (std::size_t i = 0; i < plot.stretches.size(); ++i) {
    const Stretch& stretch = plot.stretches[i];
    if (!stretch.low || !stretch.high) continue;
    const auto height = [&](Duration value) {
      return static_cast<int>(axis.at(static_cast<double>(value.ns())));
    };
    dots.line(static_cast<int>(i), height(*stretch.low), height(*stretch.high));
  }
  dots.draw(canvas, area.row, area.column + kLabel, {.tone = Tone::Accent});
}

// '>' lost there, '<' lost back, 'x' both or not known which; inverse: nothing came back.
void draw_losses(Canvas& canvas, const Area& area, int row, const Plot& plot) {
  const int across = dots_across(canvas.glyphs());
  canvas.put_right(row, area.column, "lost", kQuiet, kLabel - 2);
  for (int cell = 0; cell < area.columns - kLabel; ++cell) {
    const Stretch stretch = cell_of(plot, cell, across);
    Style style = kBad;
    char32_t code = U' ';
    if (stretch.lost() > 0) {
      code = stretch.lost() == stretch.lost_there  ? U'>'
             : stretch.lost() == stretch.lost_back ? U'<'
                                                   : U'x';
      style.inverse = stretch.answered == 0;
    } else if (stretch.unsent > 0) {
      code = U'u';
      style = kWarning;
    }
    if (code != U' ') canvas.set(row, area.column + kLabel + cell, code, style);
  }
}

void draw_stalls(Canvas& canvas, const Area& area, int row, const Plot& plot) {
  const int across = dots_across(canvas.glyphs());
  canvas.put_right(row, area.column, "stall", kQuiet, kLabel - 2);
  for (int cell = 0; cell < area.columns - kLabel; ++cell)
    if (cell_of(plot, cell, across).silent)
      canvas.set(row, area.column + kLabel + cell, canvas.glyphs() == Glyphs::Ascii ? U'=' : U'━',
                 kBad);
  const Duration whole = plot.length * across;
  for (const Mark& mark : plot.marks) {
    if (mark.at < plot.from || whole <= Duration()) continue;
    const auto cell = (mark.at - plot.from) / whole;
    if (cell < area.columns - kLabel)
      canvas.set(row, area.column + kLabel + static_cast<int>(cell), mark.code, kWarning);
  }
}

// Labels of the time below, where they do not touch each other.
void draw_times(Canvas& canvas, const Area& area, int row, const Plot& plot) {
  const int columns = area.columns - kLabel;
  const Duration span = plot.length * static_cast<std::int64_t>(plot.stretches.size());
  if (columns < 10 || span <= Duration()) return;
  const auto ticks =
      publish::time_ticks(plot.from, plot.from + span, static_cast<std::size_t>(columns / 13));
  int free_from = 0;
  for (const publish::Tick& tick : ticks) {
    const auto size = static_cast<int>(tick.label.size());
    const int at = static_cast<int>(tick.value / static_cast<double>(span.ns()) * columns);
    const int begin = std::max(at - size / 2, 0);
    if (begin < free_from || begin + size > columns) continue;
    canvas.put(row, area.column + kLabel + begin, tick.label, kQuiet);
    free_from = begin + size + 2;
  }
  canvas.put_right(row, area.column, "UTC", kQuiet, kLabel - 2);
}

}  // namespace

std::size_t stretches_in(int columns, Glyphs glyphs) {
  return static_cast<std::size_t>(std::max(0, columns - kLabel) * dots_across(glyphs));
}

void draw_plot(Canvas& canvas, const Area& area, const Plot& plot) {
  if (area.columns <= kLabel || area.rows < 1) return;
  const bool time = area.rows >= 5, stalls = area.rows >= 4, losses = area.rows >= 2;
  const int rows = area.rows - (time ? 1 : 0) - (stalls ? 1 : 0) - (losses ? 1 : 0);
  const Bounds bounds = bounds_of(plot);
  publish::Axis axis = publish::duration_axis(bounds.least, bounds.most, plot.logarithmic);
  axis.begin = 0;
  axis.end = rows * dots_down(canvas.glyphs()) - 1;
  if (bounds.any) draw_values(canvas, area, rows, axis);
  draw_curve(canvas, area, rows, plot, axis);
  int row = area.row + rows;
  if (losses) draw_losses(canvas, area, row++, plot);
  if (stalls) draw_stalls(canvas, area, row++, plot);
  if (time) draw_times(canvas, area, row, plot);
}

}  // namespace wirestamp::term
