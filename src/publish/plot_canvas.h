// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "publish/plot.h"
#include "publish/plot_axis.h"
#include "publish/plot_steps.h"
#include "publish/plot_svg.h"

namespace wirestamp::publish {

struct LegendEntry {
  enum class Shape { Area, Line };
  Shape shape = Shape::Line;
  std::string_view style;
  std::string text;
};

// What stands around the values: title, legend, axes, marks and notes.
struct Around {
  std::vector<LegendEntry> legend;
  std::vector<std::string> notes;  // below the plot
  std::string described;           // in words, for those who do not see it
  bool of_time = true;             // the horizontal axis is time: marks are shown
};

class Canvas {
 public:
  Canvas(const PlotOptions& options, const Around& around);

  double left() const { return left_; }
  double right() const { return right_; }
  double top() const { return top_; }
  double bottom() const { return bottom_; }
  Svg& svg() { return svg_; }

  // Lines across the plot, with labels beside it.
  void vertical_axis(const Axis& axis, const std::vector<Tick>& ticks);
  void horizontal_axis(const Axis& axis, const std::vector<Tick>& ticks);
  void time_axis();
  void note_empty(std::string_view text);  // in the middle, in place of values
  // Frame and marks over everything.
  std::string finish();

 private:
  void legend(const Around& around);
  void below(const Around& around);

  PlotOptions options_;
  bool of_time_;
  double width_, height_, left_, right_, top_, bottom_;
  std::vector<PlotMark> marks_;  // those in the range
  Svg svg_;
};

// How many labels fit beside each other.
std::size_t labels_across(const PlotOptions& options);
// From the left to the right of every plot of this width; in nanoseconds after options.from.
Axis time_axis_of(const PlotOptions& options);
// Without its values.
DrawnStep place(const Step& step, const PlotOptions& options);

}  // namespace wirestamp::publish
