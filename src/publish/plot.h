// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "measure/window.h"
#include "time/duration.h"

// Pictures of windows, as SVG that stands by itself: in a page, in a file, on paper. No script, no
// font of its own; light or dark as the page is; what colours tell, shapes tell too. The same input
// gives the same octets.
//
// Each window is drawn as a step as long as it lasted, so that nothing is shown between windows
// that was not measured: where there is none, there is a gap. Windows that share a few pixels are
// merged, so that percentiles are those of all values, and minimum, maximum and worst loss are
// kept.
namespace wirestamp::publish {

enum class PlotKind : std::uint8_t {
  RoundTrip,     // minimum to maximum, p10 to p90, p50 and p99; loss as background
  ForwardDelay,  // the same one way, with the difference of the clocks: may be negative
  BackwardDelay,
  Jitter,         // p50 and p95 of the difference between consecutive round trips
  Loss,           // share of what was sent, stacked by direction
  RoundTrips,     // how often each round trip occurred
  ForwardDelays,  // the same one way
  BackwardDelays,
};

struct PlotSeries {
  std::string_view name;  // for the legend
  // One that an end of the plotted range cuts tells what was measured within it and nothing else,
  // as those of store::Reader do.
  std::span<const measure::TimedWindow> windows;
  Duration shift;  // added to their times: lays one period over another
};

// Something that happened, as a vertical line with a number; the text stands below the plot.
struct PlotMark {
  WallTime at;
  std::string_view text;
};

enum class PlotTheme : std::uint8_t {
  Viewer,  // light, or dark where the viewer asks for that
  Light,
  Dark,
};

struct PlotOptions {
  std::string_view title;
  WallTime from, to;  // of the axis of time; windows that lie in it, if only in part, count
  std::span<const PlotMark> marks;
  unsigned width = 960, height = 340;  // pixels, without the list of marks; kept within 320 to 4000
  enum class Scale : std::uint8_t {
    Fit,  // logarithmic where the values span a factor of 30 and are all above zero
    Linear,
    Logarithmic,  // linear all the same where values are not above zero
  } scale = Scale::Fit;
  PlotTheme theme = PlotTheme::Viewer;
};

inline constexpr std::size_t kMostPlotSteps = 480;  // of a series
inline constexpr std::size_t kMostMarks = 100;      // lines; the newest are left out
inline constexpr std::size_t kMostMarksTold = 12;   // texts

// Of one series, or of two: the first filled, the second dashed over it. Further ones are ignored.
// Any text is permitted. A plot without data says so.
std::string plot(PlotKind kind, std::span<const PlotSeries> series, const PlotOptions& options);

}  // namespace wirestamp::publish
