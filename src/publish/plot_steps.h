// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/window.h"
#include "publish/plot.h"
#include "time/duration.h"

// From windows to the steps that are drawn.
namespace wirestamp::publish {

// One window, or several that share a few pixels.
struct Step {
  WallTime begin, end;  // of the first and the last of them; with the shift of their series
  measure::Window window;
  std::optional<double> loss;  // the worst of them
};

// Those of the windows that lie in the range, if only in part, in order; at most kMostPlotSteps.
std::vector<Step> steps_of(const PlotSeries& series, WallTime from, WallTime to);

// Which delays a plot shows, all of one class of stamps: that with most values in all windows.
struct Shown {
  StampSource stamps = StampSource::Unknown;
  std::uint64_t values = 0, others = 0;  // of that class, and of the other ones
};
using Delays = measure::ClassedValues measure::Window::*;
Shown shown_of(const std::vector<Step>& steps, Delays delays);
const measure::Values* values_of(const measure::Window& window, Delays delays, StampSource stamps);

// A step in pixels.
struct DrawnStep {
  double x0 = 0, x1 = 0;
  bool joins = false;     // begins where the one before ended, and both have values
  std::vector<double> y;  // one for each value that is drawn; empty: a gap
};

// Says which steps join, and makes those that stand alone wide enough to be seen.
void join(const std::vector<Step>& steps, std::vector<DrawnStep>& drawn);

// The path of a line along one value, broken at gaps; of the area between two values.
std::string outline(const std::vector<DrawnStep>& steps, std::size_t value);
std::string area(const std::vector<DrawnStep>& steps, std::size_t upper, std::size_t lower);

}  // namespace wirestamp::publish
