// SPDX-License-Identifier: Apache-2.0
#include "publish/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "publish/plot_axis.h"
#include "publish/plot_steps.h"
#include "publish/plot_svg.h"

namespace wirestamp::publish {
namespace {

using measure::TimedWindow;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kBegin = 1'700'006'400;  // 2023-11-15 00:00:00, seconds
constexpr std::int64_t kDay = 86'400;

WallTime at(std::int64_t seconds) { return WallTime::from_ns((kBegin + seconds) * 1'000'000'000); }

// A window of `length` seconds with round trips of so many microseconds each.
TimedWindow window(std::int64_t second, std::int64_t length,
                   const std::vector<std::int64_t>& round_trips_us, std::uint64_t lost = 0) {
  TimedWindow made{.begin = at(second), .length = Duration::seconds(length)};
  made.window.sent = made.window.scheduled = round_trips_us.size() + lost;
  made.window.delivered = round_trips_us.size();
  made.window.lost.forward = lost;
  for (const std::int64_t us : round_trips_us)
    made.window.rtt.add(StampSource::Kernel, Duration::microseconds(us));
  return made;
}

PlotOptions range(std::int64_t seconds) {
  return {.title = "office", .from = at(0), .to = at(seconds)};
}

std::string plot_of(const std::vector<TimedWindow>& windows, const PlotOptions& options,
                    PlotKind kind = PlotKind::RoundTrip) {
  const std::vector<PlotSeries> series{{.name = {}, .windows = windows}};
  return plot(kind, series, options);
}

// The data of all paths of a style, but those of the legend and of the style sheet.
std::vector<std::string> paths(const std::string& picture, const std::string& style) {
  std::vector<std::string> found;
  const std::string begin = "<path class=\"" + style + "\" d=\"";
  for (std::size_t i = picture.find(begin); i != std::string::npos;
       i = picture.find(begin, i + 1)) {
    const std::size_t first = i + begin.size();
    found.push_back(picture.substr(first, picture.find('"', first) - first));
  }
  // The first line of a style is that of the legend, where it has one.
  if (found.size() > 1 && found.front().find('L') != std::string::npos) found.erase(found.begin());
  return found;
}

struct Frame {
  double left = 0, top = 0, bottom = 0, right = 0;

  double y(double share) const { return bottom - share * (bottom - top); }
  double x(double share) const { return left + share * (right - left); }
};

Frame frame_of(const std::string& picture) {
  const std::string data = paths(picture, "wsp-axis").back();
  Frame frame;
  const char* next = data.data();
  for (double* value : {&frame.left, &frame.top, &frame.bottom, &frame.right})
    next = std::from_chars(next + 1, data.data() + data.size(), *value).ptr;
  return frame;
}

std::string steps(std::initializer_list<double> values) {
  // x0 y0 x1 [y1 x2]...
  std::string path;
  std::size_t i = 0;
  for (const double value : values) {
    path += i == 0 ? "M" : i == 1 ? " " : i % 2 == 0 ? "H" : "V";
    path += coordinate(value);
    ++i;
  }
  return path;
}

TEST(Plot, a_small_one_is_as_it_was) {
  const std::vector<PlotMark> marks{{at(30), "outage <began> & \"so\""}};
  PlotOptions options = range(60);
  options.marks = marks;
  const std::string picture = plot_of({window(0, 10, {1'000, 1'200, 3'000}),
                                       window(10, 10, {1'100, 1'150}, 1), window(30, 10, {}, 3)},
                                      options);
  std::ifstream file(std::string(WIRESTAMP_VECTORS) + "/plot_small.svg");
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_TRUE(picture == golden.str())
      << "look at it, then write it to tests/vectors/plot_small.svg:\n"
      << picture;
}

TEST(Plot, values_are_drawn_at_their_places) {
  const std::string picture = plot_of(
      {window(0, 10, {2'000}), window(10, 10, {8'000}), window(20, 10, {10'000})}, range(40));
  const Frame frame = frame_of(picture);
  // From 0 to 10 ms.
  EXPECT_THAT(picture, HasSubstr(">10 ms<"));
  EXPECT_THAT(paths(picture, "wsp-line"),
              ElementsAre(steps({frame.x(0), frame.y(0.2), frame.x(0.25), frame.y(0.8),
                                 frame.x(0.5), frame.y(1), frame.x(0.75)})));
}

TEST(Plot, a_gap_is_a_gap) {
  const std::string picture =
      plot_of({window(0, 10, {4'000}), window(30, 10, {10'000})}, range(40));
  const Frame frame = frame_of(picture);
  EXPECT_THAT(paths(picture, "wsp-line"),
              ElementsAre(steps({frame.x(0), frame.y(0.4), frame.x(0.25)}) +
                          steps({frame.x(0.75), frame.y(1), frame.x(1)})));
  EXPECT_THAT(picture, HasSubstr("class=\"wsp-gap\"><title>no data</title>"));
  EXPECT_THAT(plot_of({window(0, 20, {5'000}), window(20, 20, {10'000})}, range(40)),
              Not(HasSubstr("\"wsp-gap\"")));
}

TEST(Plot, lost_windows_have_no_delay_and_are_hatched) {
  const std::string picture = plot_of(
      {window(0, 10, {5'000}), window(10, 10, {}, 20), window(20, 10, {10'000})}, range(30));
  EXPECT_EQ(std::ranges::count(paths(picture, "wsp-line").at(0), 'M'), 2);
  const Frame frame = frame_of(picture);
  EXPECT_THAT(picture, HasSubstr("<rect x=\"" + coordinate(frame.x(1.0 / 3)) + "\" y=\"" +
                                 coordinate(frame.top) + "\" width=\"" +
                                 coordinate(frame.x(2.0 / 3) - frame.x(1.0 / 3)) + "\" height=\"" +
                                 coordinate(frame.bottom - frame.top) +
                                 "\" class=\"wsp-loss4\"><title>loss 100 %</title>"));
  EXPECT_THAT(plot_of({window(0, 10, {}, 20)}, range(10)), HasSubstr("no probe was answered"));
}

TEST(Plot, a_window_by_itself_is_wide_enough_to_be_seen) {
  const std::string picture = plot_of({window(43'200, 1, {5'000})}, range(86'400));
  const Frame frame = frame_of(picture);
  const double middle = frame.x(0.5) + (frame.right - frame.left) / 86'400 / 2;
  const auto found = paths(picture, "wsp-line");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], testing::StartsWith("M" + coordinate(middle - 1.5) + " "));
  EXPECT_THAT(found[0], testing::EndsWith("H" + coordinate(middle + 1.5)));
}

TEST(Plot, a_spike_and_a_bad_second_survive_the_merging_of_a_day) {
  std::vector<TimedWindow> windows;
  for (std::int64_t second = 0; second < 86'400; ++second)
    windows.push_back(
        window(second, 1, {second == 50'000 ? 4'000'000 : 10'000}, second == 60'000 ? 1 : 0));
  const std::string picture = plot_of(windows, range(86'400));
  const std::vector<PlotSeries> series{{.name = {}, .windows = windows}};
  EXPECT_LE(steps_of(series[0], at(0), at(86'400)).size(), kMostPlotSteps);
  EXPECT_LT(picture.size(), 200'000U);
  EXPECT_THAT(picture, HasSubstr("10.0 ms to 4.00 s"));
  EXPECT_THAT(picture, HasSubstr("<title>loss 50 %</title>"));
  // 4 s on a logarithmic axis from 10 ms to 5 s.
  Axis axis = duration_axis(10e6, 4e9, true);
  const Frame frame = frame_of(picture);
  axis.begin = frame.bottom;
  axis.end = frame.top;
  EXPECT_THAT(paths(picture, "wsp-outer").at(0), HasSubstr("V" + coordinate(axis.at(4e9)) + "H"));
}

TEST(Plot, steps_have_the_percentiles_of_all_their_values) {
  std::vector<TimedWindow> windows;
  for (std::int64_t second = 0; second < 1'000; ++second)
    windows.push_back(window(second, 1, {1'000 + second}));
  const auto made = steps_of({.name = {}, .windows = windows}, at(0), at(1'000));
  std::uint64_t sent = 0;
  for (const Step& step : made) sent += step.window.sent;
  EXPECT_EQ(sent, 1'000U);
  ASSERT_EQ(made[0].window.sent, 3U);
  EXPECT_EQ(made[0].begin, at(0));
  EXPECT_EQ(made[0].end, at(3));
}

TEST(Plot, windows_outside_of_the_range_do_not_count) {
  const auto made = steps_of(
      {.name = {},
       .windows = std::vector{window(-10, 10, {1}), window(0, 10, {2}), window(10, 10, {3})}},
      at(0), at(10));
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].window.sent, 1U);
}

// What a store has of a window that the begin of the range cuts: its place, and what is within.
TEST(Plot, a_window_that_the_begin_of_the_range_cuts_is_drawn_from_there_on) {
  const std::vector<TimedWindow> windows{window(-40, 60, {2'000}), window(20, 60, {10'000}),
                                         window(80, 60, {5'000})};
  const auto made = steps_of({.name = {}, .windows = windows}, at(0), at(100));
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0].end, at(20)) << "a step by itself";
  const std::string picture = plot_of(windows, range(100));
  const Frame frame = frame_of(picture);
  EXPECT_THAT(paths(picture, "wsp-line"),
              ElementsAre(steps({frame.left, frame.y(0.2), frame.x(0.2), frame.y(1), frame.x(0.8),
                                 frame.y(0.5), frame.right})));
  EXPECT_THAT(picture, Not(HasSubstr("\"wsp-gap\"")));
}

TEST(Plot, a_cut_window_is_one_of_the_steps_that_are_allowed) {
  constexpr auto kMost = static_cast<std::int64_t>(kMostPlotSteps);
  std::vector<TimedWindow> windows;
  for (std::int64_t i = 0; i <= kMost; ++i) windows.push_back(window(i * 10 - 5, 10, {1'000}));
  const auto made = steps_of({.name = {}, .windows = windows}, at(0), at(kMost * 10));
  EXPECT_LE(made.size(), kMostPlotSteps);
  std::uint64_t sent = 0;
  for (const Step& step : made) sent += step.window.sent;
  EXPECT_EQ(sent, windows.size());
}

TEST(Plot, windows_after_the_clock_was_set_back_join_those_of_before) {
  const std::vector<TimedWindow> windows{window(0, 10, {1}), window(10, 10, {2}),
                                         window(5, 10, {3}), window(15, 10, {4})};
  const auto made = steps_of({.name = {}, .windows = windows}, at(0), at(30));
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].window.sent, 2U);
  EXPECT_EQ(made[1].window.sent, 2U);
}

TEST(Plot, negative_delays_are_on_a_linear_axis_with_a_line_at_zero) {
  TimedWindow one{.begin = at(0), .length = Duration::seconds(10)};
  one.window.sent = 2;
  for (const std::int64_t us : {-5'000, 5'000})
    one.window.forward_delay.add(StampSource::Kernel, Duration::microseconds(us));
  PlotOptions options = range(10);
  options.scale = PlotOptions::Scale::Logarithmic;
  const std::string picture = plot_of({one}, options, PlotKind::ForwardDelay);
  const Frame frame = frame_of(picture);
  EXPECT_THAT(picture, HasSubstr(">-4 ms<"));
  EXPECT_THAT(picture, HasSubstr("<path class=\"wsp-axis\" d=\"M" + coordinate(frame.left) + " " +
                                 coordinate(frame.y(0.5)) + "L"));
}

TEST(Plot, only_one_class_of_stamps_is_drawn_and_the_others_are_counted) {
  TimedWindow one = window(0, 10, {1'000, 1'000});
  one.window.rtt.add(StampSource::User, Duration::seconds(1));
  const std::string picture = plot_of({one}, range(10));
  EXPECT_THAT(picture, HasSubstr("2 values with kernel stamps; 1 with other stamps are not shown"));
  EXPECT_THAT(picture, HasSubstr(", 1.00 ms to 1.00 ms<"));
}

TEST(Plot, loss_is_stacked_by_direction) {
  TimedWindow one = window(0, 10, {});
  one.window.sent = 10;
  one.window.lost = {.forward = 2, .backward = 3, .unknown = 5};
  const std::string picture = plot_of({one}, range(10), PlotKind::Loss);
  const Frame frame = frame_of(picture);
  const auto box = [&](double upper, double lower) {
    return "M" + coordinate(frame.left) + " " + coordinate(frame.y(upper)) + "H" +
           coordinate(frame.right) + "V" + coordinate(frame.y(lower)) + "H" +
           coordinate(frame.left) + "Z";
  };
  EXPECT_THAT(paths(picture, "wsp-forward"), ElementsAre(box(0.2, 0)));
  EXPECT_THAT(paths(picture, "wsp-backward"), ElementsAre(box(0.5, 0.2)));
  EXPECT_THAT(paths(picture, "wsp-unknown"), ElementsAre(box(1, 0.5)));
  EXPECT_THAT(picture, HasSubstr("10 of 10 probes lost, 100 %"));
}

TEST(Plot, one_lost_probe_of_very_many_is_seen) {
  std::vector<TimedWindow> windows{window(0, 10, {}, 1), window(10, 10, {})};
  windows[0].window.sent = 1'000'000;
  windows[1].window.sent = 1'000'000;
  const std::string picture = plot_of(windows, range(20), PlotKind::Loss);
  const Frame frame = frame_of(picture);
  EXPECT_THAT(paths(picture, "wsp-forward").at(0),
              HasSubstr(" " + coordinate(frame.bottom - 1.5) + "H"));
}

TEST(Plot, a_second_series_lies_over_the_first) {
  const std::vector<TimedWindow> now{window(0, 10, {2'000})};
  const std::vector<TimedWindow> before{window(-3'600, 10, {500})};
  const std::vector<PlotSeries> series{
      {.name = "now", .windows = now},
      {.name = "an hour <ago>", .windows = before, .shift = Duration::hours(1)}};
  const std::string picture = plot(PlotKind::RoundTrip, series, range(10));
  const Frame frame = frame_of(picture);
  EXPECT_THAT(paths(picture, "wsp-second"),
              ElementsAre(steps({frame.left, frame.y(0.25), frame.right})));
  EXPECT_THAT(picture, HasSubstr(">an hour &lt;ago&gt;: p50<"));
}

TEST(Plot, equal_values_are_one_bar) {
  const std::string picture =
      plot_of({window(0, 10, {1'000, 1'000, 1'000})}, range(10), PlotKind::RoundTrips);
  const Frame frame = frame_of(picture);
  const std::string bars = paths(picture, "wsp-inner").at(0);
  EXPECT_THAT(bars, HasSubstr("V" + coordinate(frame.top) + "H"));
  EXPECT_THAT(picture, HasSubstr("3 values with kernel stamps: min 1.00 ms, p50 1.00 ms"));
}

TEST(Plot, marks_are_numbered_told_and_bounded) {
  std::vector<PlotMark> marks;
  for (std::int64_t i = 0; i < 1'000; ++i) marks.push_back({at(i % 60), "it happened"});
  marks.push_back({at(-1), "before"});
  PlotOptions options = range(60);
  options.marks = marks;
  const std::string picture = plot_of({window(0, 60, {1'000})}, options);
  EXPECT_THAT(picture, HasSubstr(">1  2023-11-15 00:00:00  it happened<"));
  EXPECT_THAT(picture, HasSubstr(">and 988 more<"));
  EXPECT_THAT(picture, Not(HasSubstr("before")));
  EXPECT_EQ(paths(picture, "wsp-mark").size(), kMostMarks - 1) << "paths() takes the first away";
}

TEST(Plot, any_text_is_text) {
  PlotOptions options = range(60);
  const std::string title =
      "<script>&\"\x01\xff\xed\xa0\x80\xef\xbf\xbf\n ü" + std::string(10'000, 'x');
  options.title = title;
  const std::string picture = plot_of({window(0, 60, {1'000})}, options);
  const std::string r = "\xef\xbf\xbd";
  EXPECT_THAT(picture,
              HasSubstr("<title>&lt;script&gt;&amp;&quot;" + r + r + r + r + r + r + "  ü"));
  EXPECT_THAT(picture, Not(HasSubstr("<script")));
}

TEST(Plot, no_data_and_odd_ranges_are_told_and_not_drawn) {
  EXPECT_THAT(plot_of({}, range(60)), HasSubstr("no data"));
  EXPECT_THAT(plot(PlotKind::Loss, {}, range(60)), HasSubstr("no data"));
  EXPECT_THAT(plot(PlotKind::RoundTrips, {}, range(60)), HasSubstr("no data"));
  EXPECT_THAT(plot_of({window(0, 10, {1})}, range(-60)), HasSubstr("no data"));
  PlotOptions century{
      .title = "", .from = WallTime::from_ns(INT64_MIN), .to = WallTime::from_ns(INT64_MAX)};
  for (const unsigned size : {0U, 1U, 100'000'000U}) {
    century.width = century.height = size;
    const std::string picture = plot_of({window(0, 10, {1}), window(5, 0, {2})}, century);
    EXPECT_LT(picture.size(), 20'000U);
    EXPECT_EQ(picture.find("nan"), std::string::npos);
    EXPECT_EQ(picture.find("inf"), std::string::npos);
  }
}

TEST(Plot, the_same_input_gives_the_same_picture) {
  const std::vector<TimedWindow> windows{window(0, 10, {1, 2, 3}, 1), window(20, 10, {9})};
  for (const PlotKind kind : {PlotKind::RoundTrip, PlotKind::Jitter, PlotKind::RoundTrips})
    EXPECT_EQ(plot_of(windows, range(60), kind), plot_of(windows, range(60), kind));
}

// --- axes ---

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> found;
  for (const Tick& tick : ticks)
    if (!tick.label.empty()) found.push_back(tick.label);
  return found;
}

TEST(PlotAxis, durations_have_round_bounds_and_units) {
  const Axis ms = duration_axis(3e6, 18.2e6, false);
  EXPECT_EQ(ms.from, 0);
  EXPECT_THAT(labels(duration_ticks(ms, 6)),
              ElementsAre("0 ms", "5 ms", "10 ms", "15 ms", "20 ms"));
  const Axis narrow = duration_axis(20.1e6, 20.9e6, false);
  EXPECT_THAT(labels(duration_ticks(narrow, 6)),
              ElementsAre("20 ms", "20.2 ms", "20.4 ms", "20.6 ms", "20.8 ms", "21 ms"));
  const Axis logarithmic = duration_axis(300, 40e3, true);
  EXPECT_THAT(labels(duration_ticks(logarithmic, 12)),
              ElementsAre("200 ns", "500 ns", "1 us", "2 us", "5 us", "10 us", "20 us", "50 us"));
  EXPECT_THAT(labels(duration_ticks(logarithmic, 4)), ElementsAre("1 us", "10 us"));
  EXPECT_THAT(labels(duration_ticks(duration_axis(0, 0, false), 3)),
              ElementsAre("0 ns", "2 ns", "4 ns"));
}

TEST(PlotAxis, values_beyond_the_axis_stay_at_its_ends) {
  Axis axis = duration_axis(1e6, 1e8, true);
  axis.begin = 200;
  axis.end = 0;
  EXPECT_EQ(axis.at(-5), 200);
  EXPECT_EQ(axis.at(0), 200);
  EXPECT_EQ(axis.at(1e7), 100);
  EXPECT_EQ(axis.at(1e12), 0);
}

TEST(PlotAxis, times_are_round_and_name_the_day) {
  const auto hours = time_ticks(at(-1'800), at(86'400), 10);
  EXPECT_THAT(labels(hours), ElementsAre("00:00", "03:00", "06:00", "09:00", "12:00", "15:00",
                                         "18:00", "21:00", "00:00"));
  EXPECT_EQ(hours.front().further, "2023-11-15");
  EXPECT_EQ(hours[1].further, "");
  EXPECT_EQ(hours.back().further, "2023-11-16");
  EXPECT_EQ(hours.front().value, 1'800e9);
  EXPECT_THAT(labels(time_ticks(at(0), at(10), 5)),
              ElementsAre("00:00:00", "00:00:02", "00:00:04", "00:00:06", "00:00:08", "00:00:10"));
  EXPECT_THAT(labels(time_ticks(at(0), at(28 * kDay), 4)),
              ElementsAre("2023-11-20", "2023-11-27", "2023-12-04", "2023-12-11"))
      << "Mondays";
  EXPECT_THAT(labels(time_ticks(at(0), at(366 * kDay), 5)),
              ElementsAre("2024-01", "2024-04", "2024-07", "2024-10"));
}

TEST(PlotAxis, times_before_1970_do_not_disturb) {
  const auto ticks = time_ticks(WallTime::from_ns(-90 * 1'000'000'000LL), WallTime(), 5);
  EXPECT_THAT(labels(ticks), ElementsAre("23:58:30", "23:59:00", "23:59:30", "00:00:00"));
  EXPECT_EQ(ticks.front().further, "1969-12-31");
}

TEST(PlotSvg, coordinates_are_short_and_finite) {
  EXPECT_EQ(coordinate(12), "12");
  EXPECT_EQ(coordinate(12.34), "12.3");
  EXPECT_EQ(coordinate(-0.01), "0");
  EXPECT_EQ(coordinate(NAN), "0");
  EXPECT_EQ(coordinate(HUGE_VAL), "0");
}

TEST(PlotSvg, long_texts_are_cut_between_characters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab\xe2\x80\xa6");
  EXPECT_EQ(shortened("üüüü", 3), "üü\xe2\x80\xa6");
  EXPECT_EQ(shortened("\xff\xff\xff\xff", 3), "\xff\xff\xe2\x80\xa6");
}

}  // namespace
}  // namespace wirestamp::publish
