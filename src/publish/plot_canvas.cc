// SPDX-License-Identifier: Apache-2.0
#include "publish/plot_canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace wirestamp::publish {

namespace {

constexpr double kLeft = 66, kRight = 16, kTitle = 26, kRow = 16, kAxis = 36;
constexpr double kSwatch = 22, kBetween = 16;
// Of a character in the font of the style sheet; nothing here depends on it being exact.
constexpr double kCharacter = 6.2, kTitleCharacter = 8;

double width_of(std::string_view text) {
  const auto characters = std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
  return kCharacter * static_cast<double>(characters);
}

double width_of(const LegendEntry& entry) { return kSwatch + 4 + width_of(entry.text) + kBetween; }

double pixels(unsigned asked) { return std::clamp(static_cast<double>(asked), 320.0, 4000.0); }

std::size_t legend_rows(const PlotOptions& options, const Around& around) {
  const double room = pixels(options.width) - kLeft - kRight;
  std::size_t rows = around.legend.empty() ? 0 : 1;
  double x = 0;
  for (const LegendEntry& entry : around.legend) {
    if (x > 0 && x + width_of(entry) - kBetween > room) {
      ++rows;
      x = 0;
    }
    x += width_of(entry);
  }
  return rows;
}

std::vector<PlotMark> marks_of(const PlotOptions& options, const Around& around) {
  std::vector<PlotMark> marks;
  if (!around.of_time) return marks;
  for (const PlotMark& mark : options.marks)
    if (mark.at >= options.from && mark.at <= options.to) marks.push_back(mark);
  std::ranges::stable_sort(marks, {}, &PlotMark::at);
  return marks;
}

double rows_below(const Around& around, const std::vector<PlotMark>& marks) {
  const std::size_t told = std::min(marks.size(), kMostMarksTold);
  return static_cast<double>(around.notes.size() + told + (marks.size() > told ? 1 : 0));
}

}  // namespace

Canvas::Canvas(const PlotOptions& options, const Around& around)
    : options_(options),
      of_time_(around.of_time),
      width_(pixels(options.width)),
      height_(pixels(options.height)),
      left_(kLeft),
      right_(width_ - kRight),
      top_(kTitle + kRow * static_cast<double>(legend_rows(options, around)) +
           (marks_of(options, around).empty() ? 6 : 20)),
      bottom_(std::max(height_ - kAxis, top_ + 120)),
      marks_(marks_of(options, around)),
      svg_(width_, bottom_ + kAxis + kRow * rows_below(around, marks_) + 4, options.title,
           around.described, options.theme) {
  const auto fit = static_cast<std::size_t>((width_ - 2 * kRight) / kTitleCharacter);
  svg_.text(kRight, 18, Svg::Anchor::Start, "wsp-title", shortened(options.title, fit));
  legend(around);
  below(around);
}

void Canvas::legend(const Around& around) {
  double x = left_, y = kTitle + kRow / 2;
  for (const LegendEntry& entry : around.legend) {
    if (x > left_ && x + width_of(entry) - kBetween > right_) {
      x = left_;
      y += kRow;
    }
    if (entry.shape == LegendEntry::Shape::Area)
      svg_.rectangle(x, y - 5, kSwatch, 10, entry.style);
    else
      svg_.line(x, y, x + kSwatch, y, entry.style);
    svg_.text(x + kSwatch + 4, y + 4, Svg::Anchor::Start, {}, entry.text);
    x += width_of(entry);
  }
}

void Canvas::below(const Around& around) {
  const auto fit = static_cast<std::size_t>((right_ - kRight) / kCharacter);
  double y = bottom_ + kAxis + kRow / 2 + 2;
  const auto tell = [&](std::string_view text) {
    svg_.text(kRight, y, Svg::Anchor::Start, {}, shortened(text, fit));
    y += kRow;
  };
  const std::size_t told = std::min(marks_.size(), kMostMarksTold);
  for (std::size_t i = 0; i < told; ++i)
    tell(fmt::format("{}  {}  {}", i + 1, time_text(marks_[i].at), marks_[i].text));
  if (marks_.size() > told) tell(fmt::format("and {} more", marks_.size() - told));
  for (const std::string& note : around.notes) tell(note);
}

void Canvas::vertical_axis(const Axis& axis, const std::vector<Tick>& ticks) {
  for (const Tick& tick : ticks) {
    const double y = axis.at(tick.value);
    svg_.line(left_, y, right_, y, tick.value == 0 && axis.from < 0 ? "wsp-axis" : "wsp-grid");
    if (!tick.label.empty()) svg_.text(left_ - 6, y + 4, Svg::Anchor::End, {}, tick.label);
  }
}

void Canvas::horizontal_axis(const Axis& axis, const std::vector<Tick>& ticks) {
  for (const Tick& tick : ticks) {
    const double x = axis.at(tick.value);
    svg_.line(x, top_, x, bottom_, "wsp-grid");
    if (tick.label.empty()) continue;
    svg_.line(x, bottom_, x, bottom_ + 4, "wsp-axis");
    // The last one may be wider than what is left beside the plot.
    const double half = std::max(width_of(tick.label), width_of(tick.further)) / 2;
    const bool fits = x + half <= width_ - 2;
    const double where = fits ? x : width_ - 2;
    const auto anchor = fits ? Svg::Anchor::Middle : Svg::Anchor::End;
    svg_.text(where, bottom_ + 16, anchor, {}, tick.label);
    if (!tick.further.empty()) svg_.text(where, bottom_ + 30, anchor, {}, tick.further);
  }
  if (of_time_) svg_.text(4, bottom_ + 16, Svg::Anchor::Start, {}, "UTC");
}

void Canvas::note_empty(std::string_view text) {
  const double x = (left_ + right_) / 2, y = (top_ + bottom_) / 2;
  const double wide = kTitleCharacter * static_cast<double>(text.size());
  svg_.rectangle(x - wide / 2, y - 15, wide, 22, "wsp-paper");
  svg_.text(x, y, Svg::Anchor::Middle, "wsp-empty", text);
}

void Canvas::time_axis() {
  horizontal_axis(time_axis_of(options_),
                  time_ticks(options_.from, options_.to, labels_across(options_)));
}

std::string Canvas::finish() {
  svg_.path(fmt::format("M{0} {1}V{2}H{3}", coordinate(left_), coordinate(top_),
                        coordinate(bottom_), coordinate(right_)),
            "wsp-axis");
  const Axis time = time_axis_of(options_);
  const std::size_t shown = std::min(marks_.size(), kMostMarks);
  for (std::size_t i = 0; i < shown; ++i) {
    const double x = time.at(static_cast<double>((marks_[i].at - options_.from).ns()));
    svg_.line(x, top_ - 2, x, bottom_, "wsp-mark");
    if (i >= kMostMarksTold) continue;
    svg_.rectangle(x - 7, top_ - 14, 14, 12, "wsp-flag", marks_[i].text);
    svg_.text(x, top_ - 5, Svg::Anchor::Middle, "wsp-number", std::to_string(i + 1));
  }
  return svg_.finish();
}

std::size_t labels_across(const PlotOptions& options) {
  return static_cast<std::size_t>(std::max(2.0, (pixels(options.width) - kLeft - kRight) / 90));
}

Axis time_axis_of(const PlotOptions& options) {
  return {.from = 0,
          .to = static_cast<double>((options.to - options.from).ns()),
          .begin = kLeft,
          .end = pixels(options.width) - kRight,
          .logarithmic = false};
}

DrawnStep place(const Step& step, const PlotOptions& options) {
  const Axis time = time_axis_of(options);
  return {.x0 = time.at(static_cast<double>((step.begin - options.from).ns())),
          .x1 = time.at(static_cast<double>((step.end - options.from).ns())),
          .joins = false,
          .y = {}};
}

}  // namespace wirestamp::publish
