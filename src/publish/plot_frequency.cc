// SPDX-License-Identifier: Apache-2.0
#include "publish/plot_frequency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "publish/plot_canvas.h"
#include "publish/text.h"

namespace wirestamp::publish {

namespace {

using Shape = LegendEntry::Shape;

constexpr std::size_t kBars = 120;

// Counts in bars of equal width on the axis; each is a share of all values.
struct Bars {
  std::vector<double> shares;
  double most = 0;
};

// A position on the axis in bars: fractions of 0 to kBars.
double position(const Axis& axis, double value) {
  Axis in_bars = axis;
  in_bars.begin = 0;
  in_bars.end = static_cast<double>(kBars);
  return in_bars.at(value);
}

// The values of a bucket may lie anywhere in it, but not beyond the extremes.
Bars bars_of(const measure::Values& values, const Axis& axis) {
  Bars bars{.shares = std::vector<double>(kBars), .most = 0};
  const auto spread = [&](double from, double to, std::uint64_t times) {
    from = position(
        axis, std::clamp(from, static_cast<double>(values.min), static_cast<double>(values.max)));
    to = position(axis,
                  std::clamp(to, static_cast<double>(values.min), static_cast<double>(values.max)));
    const double share = static_cast<double>(times) / static_cast<double>(values.count());
    const auto last = static_cast<double>(kBars - 1);
    const auto first_bar = static_cast<std::size_t>(std::min(std::floor(from), last));
    const auto last_bar = static_cast<std::size_t>(std::min(std::floor(to), last));
    if (first_bar == last_bar || to <= from) {
      bars.shares[first_bar] += share;
      return;
    }
    for (std::size_t i = first_bar; i <= last_bar; ++i) {
      const double begin = std::max(from, static_cast<double>(i));
      const double end = std::min(to, static_cast<double>(i + 1));
      bars.shares[i] += share * (end - begin) / (to - from);
    }
  };
  if (values.histogram.zero() > 0) spread(0, 0, values.histogram.zero());
  values.histogram.for_each_bucket([&](int sign, int index, std::uint64_t times) {
    const double lower = measure::Histogram::upper(index - 1);
    const double upper = measure::Histogram::upper(index);
    if (sign > 0)
      spread(lower, upper, times);
    else
      spread(-upper, -lower, times);
  });
  for (const double share : bars.shares) bars.most = std::max(bars.most, share);
  return bars;
}

// Round bounds, but none that leave half of the plot empty.
Axis horizontal_of(const std::vector<Frequencies>& series, const PlotOptions& options) {
  std::optional<double> least, most;
  for (const Frequencies& one : series) {
    if (one.values.count() == 0) continue;
    least = std::min(least.value_or(HUGE_VAL), static_cast<double>(one.values.min));
    most = std::max(most.value_or(-HUGE_VAL), static_cast<double>(one.values.max));
  }
  if (!least) return duration_axis(0, 1e6, false);
  const bool fits = *least > 0 && *most / *least >= 10;
  return duration_axis(*least, *most,
                       options.scale == PlotOptions::Scale::Fit
                           ? fits
                           : options.scale == PlotOptions::Scale::Logarithmic);
}

std::string outline_of(const Bars& bars, const Axis& horizontal, const Axis& vertical,
                       bool closed) {
  const double wide = (horizontal.end - horizontal.begin) / static_cast<double>(kBars);
  std::string path =
      fmt::format("M{} {}", coordinate(horizontal.begin), coordinate(vertical.begin));
  double before = vertical.begin;
  for (std::size_t i = 0; i < bars.shares.size(); ++i) {
    // A single value of a million is to be seen.
    const double y = bars.shares[i] > 0
                         ? std::min(vertical.at(bars.shares[i]), vertical.begin - 1.5)
                         : vertical.begin;
    if (coordinate(y) != coordinate(before)) path += 'V' + coordinate(y);
    path += 'H' + coordinate(horizontal.begin + wide * static_cast<double>(i + 1));
    before = y;
  }
  path += 'V' + coordinate(vertical.begin);
  if (closed) path += 'Z';
  return path;
}

std::string told(std::optional<Duration> value) { return value ? human(*value) : "-"; }

std::string note_of(const Frequencies& one) {
  std::string text = one.name.empty() ? "" : one.name + ": ";
  text += fmt::format("{} values with {} stamps: min {}, p50 {}, p90 {}, p99 {}, max {}",
                      one.shown.values, name(one.shown.stamps), told(one.values.smallest()),
                      told(one.values.percentile(500'000)), told(one.values.percentile(900'000)),
                      told(one.values.percentile(990'000)), told(one.values.largest()));
  if (one.shown.others > 0) text += fmt::format("; {} other values", one.shown.others);
  return text;
}

// p50 and p99 as lines.
void draw_percentiles(Canvas& canvas, const Frequencies& one, const Axis& horizontal, bool first) {
  for (const auto& [ppm, high] : {std::pair{500'000U, false}, std::pair{990'000U, true}}) {
    const double x = horizontal.at(static_cast<double>(one.values.percentile(ppm)->ns()));
    const std::string_view style =
        first ? (high ? "wsp-high" : "wsp-line") : (high ? "wsp-second-high" : "wsp-second");
    canvas.svg().line(x, canvas.top(), x, canvas.bottom(), style);
  }
}

}  // namespace

Frequencies frequencies_of(std::string_view name, const std::vector<Step>& steps, Delays delays) {
  Frequencies made{.name = std::string(name), .shown = shown_of(steps, delays), .values = {}};
  for (const Step& step : steps)
    if (const auto* values = values_of(step.window, delays, made.shown.stamps))
      made.values.merge(*values);
  return made;
}

std::string frequency_plot(const std::vector<Frequencies>& series, const PlotOptions& options) {
  Around around{.described = "how often each delay occurred", .of_time = false};
  Axis horizontal = horizontal_of(series, options);
  std::vector<Bars> bars;
  double most = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Frequencies& one = series[i];
    bars.push_back(one.values.count() == 0 ? Bars() : bars_of(one.values, horizontal));
    most = std::max(most, bars.back().most);
    if (one.values.count() == 0) continue;
    const std::string before = one.name.empty() ? "" : one.name + ": ";
    if (i == 0) around.legend.push_back({Shape::Area, "wsp-inner", before + "share of the values"});
    around.legend.push_back(
        {Shape::Line, i == 0 ? "wsp-line" : "wsp-second", (i == 0 ? "" : before) + "p50"});
    around.legend.push_back({Shape::Line, i == 0 ? "wsp-high" : "wsp-second-high", "p99"});
    around.notes.push_back(note_of(one));
  }
  Canvas canvas(options, around);
  horizontal.begin = canvas.left();
  horizontal.end = canvas.right();
  Axis vertical = share_axis(most);
  vertical.begin = canvas.bottom();
  vertical.end = canvas.top();
  canvas.vertical_axis(vertical, share_ticks(vertical, 5));
  if (most > 0)
    canvas.horizontal_axis(horizontal, duration_ticks(horizontal, labels_across(options)));
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (series[i].values.count() == 0) continue;
    canvas.svg().path(outline_of(bars[i], horizontal, vertical, i == 0),
                      i == 0 ? "wsp-inner" : "wsp-second");
    draw_percentiles(canvas, series[i], horizontal, i == 0);
  }
  if (most <= 0) canvas.note_empty("no data");
  return canvas.finish();
}

}  // namespace wirestamp::publish
