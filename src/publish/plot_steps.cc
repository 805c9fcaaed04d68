// SPDX-License-Identifier: Apache-2.0
#include "publish/plot_steps.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>

#include "publish/plot_svg.h"

namespace wirestamp::publish {

namespace {

// Length of a step: a multiple of that of the windows, so that none is cut.
Duration step_length(std::span<const measure::TimedWindow> windows, WallTime from, WallTime to) {
  Duration longest = Duration::nanoseconds(1);
  for (const measure::TimedWindow& window : windows) longest = std::max(longest, window.length);
  const std::int64_t fit = (to - from) / longest;
  return longest * (fit / static_cast<std::int64_t>(kMostPlotSteps) + 1);
}

}  // namespace

std::vector<Step> steps_of(const PlotSeries& series, WallTime from, WallTime to) {
  const auto begin_of = [&](const measure::TimedWindow& one) { return one.begin + series.shift; };
  const auto counts = [&](const measure::TimedWindow& one) {
    const WallTime begin = begin_of(one);
    return begin < to && (begin >= from || begin + one.length > from);
  };
  // Where the first step begins: a window that the range cuts is a step like the others.
  WallTime first = from;
  for (const measure::TimedWindow& one : series.windows)
    if (counts(one)) first = std::min(first, begin_of(one));
  const Duration length = step_length(series.windows, first, to);
  // By place: after the clock was set back, windows lie where others were.
  std::map<std::int64_t, Step> places;
  for (const measure::TimedWindow& one : series.windows) {
    if (!counts(one)) continue;
    const WallTime begin = begin_of(one);
    const auto [found, fresh] = places.try_emplace((begin - first) / length);
    Step& step = found->second;
    step.begin = fresh ? begin : std::min(step.begin, begin);
    step.end = fresh ? begin + one.length : std::max(step.end, begin + one.length);
    step.window.merge(one.window);
    std::optional<double> loss = one.window.loss_ratio();
    if (one.window.worst) loss = std::max(loss.value_or(0), one.window.worst->loss_ratio);
    if (loss) step.loss = std::max(step.loss.value_or(0), *loss);
  }
  std::vector<Step> steps;
  steps.reserve(places.size());
  for (auto& [place, step] : places) steps.push_back(std::move(step));
  return steps;
}

Shown shown_of(const std::vector<Step>& steps, Delays delays) {
  std::array<std::uint64_t, 5> counts{};  // indexed by StampSource
  for (const Step& step : steps)
    for (const auto& of_class : (step.window.*delays).classes)
      counts[static_cast<std::size_t>(of_class.stamps)] += of_class.values.count();
  Shown shown;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all += counts[i];
    if (counts[i] < shown.values) continue;
    shown.stamps = static_cast<StampSource>(i);
    shown.values = counts[i];
  }
  shown.others = all - shown.values;
  return shown;
}

const measure::Values* values_of(const measure::Window& window, Delays delays, StampSource stamps) {
  for (const auto& of_class : (window.*delays).classes)
    if (of_class.stamps == stamps && of_class.values.count() > 0) return &of_class.values;
  return nullptr;
}

void join(const std::vector<Step>& steps, std::vector<DrawnStep>& drawn) {
  constexpr double kNarrowest = 3;
  for (std::size_t i = 1; i < drawn.size(); ++i)
    drawn[i].joins =
        !drawn[i].y.empty() && !drawn[i - 1].y.empty() && steps[i].begin <= steps[i - 1].end;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    DrawnStep& step = drawn[i];
    if (step.joins || (i + 1 < drawn.size() && drawn[i + 1].joins)) continue;
    const double lacking = kNarrowest - (step.x1 - step.x0);
    if (lacking <= 0) continue;
    step.x0 -= lacking / 2;
    step.x1 += lacking / 2;
  }
}

namespace {

void move_to(std::string& path, double x, double y) {
  path += 'M' + coordinate(x) + ' ' + coordinate(y);
}

// Up or down where it differs, then along.
void go(std::string& path, double x, double y, double before) {
  if (coordinate(y) != coordinate(before)) path += 'V' + coordinate(y);
  path += 'H' + coordinate(x);
}

}  // namespace

std::string outline(const std::vector<DrawnStep>& steps, std::size_t value) {
  std::string path;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].y.empty()) continue;
    const double y = steps[i].y[value];
    if (!steps[i].joins) move_to(path, steps[i].x0, y);
    go(path, steps[i].x1, y, steps[i].joins ? steps[i - 1].y[value] : y);
  }
  return path;
}

std::string area(const std::vector<DrawnStep>& steps, std::size_t upper, std::size_t lower) {
  std::string path;
  for (std::size_t first = 0; first < steps.size();) {
    std::size_t end = first + 1;
    while (end < steps.size() && steps[end].joins) ++end;
    if (steps[first].y.empty()) {
      first = end;
      continue;
    }
    double y = steps[first].y[upper];
    move_to(path, steps[first].x0, y);
    for (std::size_t i = first; i < end; ++i) {
      go(path, steps[i].x1, steps[i].y[upper], y);
      y = steps[i].y[upper];
    }
    for (std::size_t i = end; i-- > first;) {
      go(path, steps[i].x0, steps[i].y[lower], y);
      y = steps[i].y[lower];
    }
    path += 'Z';
    first = end;
  }
  return path;
}

}  // namespace wirestamp::publish
