// SPDX-License-Identifier: Apache-2.0
#include "publish/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "publish/plot_background.h"
#include "publish/plot_canvas.h"
#include "publish/plot_frequency.h"
#include "publish/plot_steps.h"
#include "publish/text.h"

namespace wirestamp::publish {

namespace {

using Shape = LegendEntry::Shape;
using measure::Window;

bool wants_logarithm(const PlotOptions& options, double least, double most) {
  if (options.scale == PlotOptions::Scale::Fit) return least > 0 && most / least >= 30;
  return options.scale == PlotOptions::Scale::Logarithmic;
}

// --- delays ---

struct DelayPlot {
  Delays delays;
  std::string_view what;
  // Parts of a million, of the lines and bounds that are drawn, upwards; 0 and a million are the
  // exact extremes.
  std::vector<std::uint32_t> ppm;
  bool jitter = false;
};

struct DelayValues {
  Shown shown;
  std::vector<std::vector<double>> values;  // of each step; empty: none
};

DelayValues values_of_steps(const std::vector<Step>& steps, const DelayPlot& plot) {
  DelayValues made{.shown = shown_of(steps, plot.delays), .values = {}};
  for (const Step& step : steps) {
    auto& values = made.values.emplace_back();
    const auto* of_class = values_of(step.window, plot.delays, made.shown.stamps);
    if (of_class == nullptr) continue;
    for (const std::uint32_t ppm : plot.ppm) {
      const auto value = ppm == 0           ? of_class->smallest()
                         : ppm == 1'000'000 ? of_class->largest()
                                            : of_class->percentile(ppm);
      values.push_back(static_cast<double>(value->ns()));
    }
  }
  return made;
}

void append_delay_legend(std::vector<LegendEntry>& legend, const SeriesSteps& series, bool first,
                         bool jitter) {
  if (first && !jitter) {
    legend.push_back({Shape::Area, "wsp-outer", named(series, "min to max")});
    legend.push_back({Shape::Area, "wsp-inner", "p10 to p90"});
  }
  if (first && jitter) legend.push_back({Shape::Area, "wsp-outer", named(series, "p50 to p95")});
  const std::string_view line = first ? "wsp-line" : "wsp-second";
  const std::string_view high = first ? "wsp-high" : "wsp-second-high";
  legend.push_back({Shape::Line, line, first ? "p50" : named(series, "p50")});
  legend.push_back({Shape::Line, high, jitter ? "p95" : "p99"});
}

// Indices into DelayPlot::ppm.
constexpr std::size_t kMin = 0, kP10 = 1, kP50 = 2, kP90 = 3, kP99 = 4, kMax = 5;
constexpr std::size_t kJitterP50 = 0, kJitterP95 = 1;

void draw_delays(Canvas& canvas, const std::vector<DrawnStep>& drawn, bool first, bool jitter) {
  Svg& svg = canvas.svg();
  if (first && jitter) svg.path(area(drawn, kJitterP95, kJitterP50), "wsp-outer");
  if (first && !jitter) {
    svg.path(area(drawn, kMax, kMin), "wsp-outer");
    svg.path(area(drawn, kP90, kP10), "wsp-inner");
  }
  svg.path(outline(drawn, jitter ? kJitterP95 : kP99), first ? "wsp-high" : "wsp-second-high");
  svg.path(outline(drawn, jitter ? kJitterP50 : kP50), first ? "wsp-line" : "wsp-second");
}

std::string note_of(const SeriesSteps& series, const Shown& shown) {
  std::string text =
      named(series, fmt::format("{} values with {} stamps", shown.values, name(shown.stamps)));
  if (shown.others > 0) text += fmt::format("; {} with other stamps are not shown", shown.others);
  return text;
}

struct Extremes {
  std::optional<double> least, most;

  void take(double value) {
    least = std::min(least.value_or(value), value);
    most = std::max(most.value_or(value), value);
  }
};

Extremes extremes_of(const std::vector<DelayValues>& all) {
  Extremes found;
  for (const DelayValues& of_series : all)
    for (const auto& values : of_series.values)
      for (const double value : values) found.take(value);
  return found;
}

std::string range_text(double least, double most) {
  return fmt::format(", {} to {}", human(Duration::nanoseconds(std::llround(least))),
                     human(Duration::nanoseconds(std::llround(most))));
}

std::string delay_plot(const DelayPlot& what, const std::vector<SeriesSteps>& series,
                       const PlotOptions& options) {
  std::vector<DelayValues> values;
  for (const SeriesSteps& one : series) values.push_back(values_of_steps(one.steps, what));
  const Extremes found = extremes_of(values);
  const Background background(series, options, Background::Loss::Shown);

  Around around{.described = fmt::format("{} over time", what.what)};
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (values[i].shown.values == 0) continue;
    append_delay_legend(around.legend, series[i], i == 0, what.jitter);
    around.notes.push_back(note_of(series[i], values[i].shown));
  }
  if (found.least) around.described += range_text(*found.least, *found.most);
  background.describe(around);

  Canvas canvas(options, around);
  background.draw(canvas);
  Axis vertical = duration_axis(found.least.value_or(0), found.most.value_or(1e6),
                                found.least && wants_logarithm(options, *found.least, *found.most));
  vertical.begin = canvas.bottom();
  vertical.end = canvas.top();
  if (found.least)
    canvas.vertical_axis(vertical, duration_ticks(vertical, vertical.logarithmic ? 12 : 6));
  canvas.time_axis();
  for (std::size_t i = 0; i < series.size(); ++i) {
    std::vector<DrawnStep> drawn;
    for (std::size_t k = 0; k < series[i].steps.size(); ++k) {
      DrawnStep& step = drawn.emplace_back(place(series[i].steps[k], options));
      for (const double value : values[i].values[k]) step.y.push_back(vertical.at(value));
    }
    join(series[i].steps, drawn);
    draw_delays(canvas, drawn, i == 0, what.jitter);
  }
  if (!found.least)
    canvas.note_empty(background.anything_sent() ? "no probe was answered" : "no data");
  return canvas.finish();
}

// --- loss ---

constexpr std::size_t kNone = 0, kForward = 1, kBackward = 2, kAll = 3;

// Shares of what was sent, stacked: bounds upwards; empty where nothing was sent.
std::vector<double> loss_shares(const Window& window) {
  const auto all = window.network_loss_ratio(), forward = window.forward_loss_ratio(),
             backward = window.backward_loss_ratio();
  if (!all || !forward || !backward) return {};
  return {0, *forward, *forward + *backward, *all};
}

void append_loss_legend(Around& around, const SeriesSteps& series, bool first) {
  std::uint64_t sent = 0, lost = 0;
  for (const Step& step : series.steps) {
    sent += step.window.sent;
    lost += step.window.lost_total();
  }
  if (sent == 0) return;
  around.notes.push_back(named(
      series, fmt::format("{} of {} probes lost, {}", lost, sent,
                          human_percent(static_cast<double>(lost) / static_cast<double>(sent)))));
  if (!first) {
    around.legend.push_back({Shape::Line, "wsp-second", named(series, "all loss")});
    return;
  }
  around.legend.push_back({Shape::Area, "wsp-forward", named(series, "lost on the way there")});
  around.legend.push_back({Shape::Area, "wsp-backward", "on the way back"});
  around.legend.push_back({Shape::Area, "wsp-unknown", "direction unknown, late, refused"});
}

std::vector<DrawnStep> placed_losses(const std::vector<Step>& steps, const PlotOptions& options,
                                     const Axis& vertical) {
  constexpr double kLeast = 1.5;  // pixels: one lost probe of many is to be seen
  std::vector<DrawnStep> drawn;
  for (const Step& one : steps) {
    DrawnStep& step = drawn.emplace_back(place(one, options));
    const std::vector<double> shares = loss_shares(one.window);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      double y = vertical.at(shares[i]);
      if (i > 0 && shares[i] > shares[i - 1]) y = std::min(y, step.y.back() - kLeast);
      step.y.push_back(i > 0 ? std::min(y, step.y.back()) : y);
    }
  }
  join(steps, drawn);
  return drawn;
}

std::string loss_plot(const std::vector<SeriesSteps>& series, const PlotOptions& options) {
  double most = 0;
  Around around{.described = "loss over time, by direction"};
  for (std::size_t i = 0; i < series.size(); ++i) {
    append_loss_legend(around, series[i], i == 0);
    for (const Step& step : series[i].steps)
      for (const double share : loss_shares(step.window)) most = std::max(most, share);
  }
  const Background background(series, options, Background::Loss::Hidden);
  background.describe(around);
  Canvas canvas(options, around);
  background.draw(canvas);
  Axis vertical = share_axis(most);
  vertical.begin = canvas.bottom();
  vertical.end = canvas.top();
  canvas.vertical_axis(vertical, share_ticks(vertical, 5));
  canvas.time_axis();
  for (std::size_t i = 0; i < series.size(); ++i) {
    const auto drawn = placed_losses(series[i].steps, options, vertical);
    Svg& svg = canvas.svg();
    if (i > 0) {
      svg.path(outline(drawn, kAll), "wsp-second");
      continue;
    }
    svg.path(area(drawn, kForward, kNone), "wsp-forward");
    svg.path(area(drawn, kBackward, kForward), "wsp-backward");
    svg.path(area(drawn, kAll, kBackward), "wsp-unknown");
  }
  if (!background.anything_sent()) canvas.note_empty("no data");
  return canvas.finish();
}

// Differences of times must fit, and an axis needs a length.
PlotOptions sound(PlotOptions options) {
  const auto bounded = [](WallTime time) {
    constexpr std::int64_t kFarthest = 4'000'000'000'000'000'000;
    return WallTime::from_ns(std::clamp(time.ns(), -kFarthest, kFarthest));
  };
  options.from = bounded(options.from);
  options.to = bounded(options.to);
  if (options.to <= options.from) options.to = options.from + Duration::seconds(1);
  return options;
}

}  // namespace

std::string plot(PlotKind kind, std::span<const PlotSeries> series, const PlotOptions& options) {
  const PlotOptions checked = sound(options);
  if (options.to <= options.from) series = {};
  std::vector<SeriesSteps> steps;
  for (const PlotSeries& one : series.first(std::min<std::size_t>(series.size(), 2)))
    steps.push_back(
        {.name = shortened(one.name, 40), .steps = steps_of(one, checked.from, checked.to)});
  const std::vector<std::uint32_t> band{0, 100'000, 500'000, 900'000, 990'000, 1'000'000};
  switch (kind) {
    case PlotKind::RoundTrip:
      return delay_plot({&Window::rtt, "round trip", band}, steps, checked);
    case PlotKind::ForwardDelay:
      return delay_plot({&Window::forward_delay, "delay on the way there", band}, steps, checked);
    case PlotKind::BackwardDelay:
      return delay_plot({&Window::backward_delay, "delay on the way back", band}, steps, checked);
    case PlotKind::Jitter:
      return delay_plot(
          {&Window::ipdv, "difference of consecutive round trips", {500'000, 950'000}, true}, steps,
          checked);
    case PlotKind::Loss:
      return loss_plot(steps, checked);
    default:
      break;
  }
  std::vector<Frequencies> frequencies;
  const Delays delays = kind == PlotKind::RoundTrips      ? &Window::rtt
                        : kind == PlotKind::ForwardDelays ? &Window::forward_delay
                                                          : &Window::backward_delay;
  for (const SeriesSteps& one : steps)
    frequencies.push_back(frequencies_of(one.name, one.steps, delays));
  return frequency_plot(frequencies, checked);
}

}  // namespace wirestamp::publish
