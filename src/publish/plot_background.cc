// SPDX-License-Identifier: Apache-2.0
#include "publish/plot_background.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "publish/text.h"

namespace wirestamp::publish {

namespace {

struct Grade {
  double below;  // losses; of all lost ones nothing is below
  std::string_view style, text;
};
constexpr std::array<Grade, 4> kGradesOfLoss{{{0.02, "wsp-loss1", "loss under 2 %"},
                                              {0.05, "wsp-loss2", "loss 2 to 5 %"},
                                              {1, "wsp-loss3", "loss over 5 %"},
                                              {2, "wsp-loss4", "all lost"}}};

std::size_t grade_of(double loss) {
  std::size_t grade = 0;
  while (grade + 1 < kGradesOfLoss.size() && loss >= kGradesOfLoss[grade].below) ++grade;
  return grade;
}

bool was_sent(const Step& step) { return step.window.sent > 0 || step.loss; }

}  // namespace

std::string named(const SeriesSteps& series, std::string_view what) {
  return series.name.empty() ? std::string(what) : fmt::format("{}: {}", series.name, what);
}

Background::Background(const std::vector<SeriesSteps>& series, const PlotOptions& options,
                       Loss loss) {
  for (const SeriesSteps& one : series) {
    names_.push_back(one.name);
    anything_sent_ = anything_sent_ || std::ranges::any_of(one.steps, was_sent);
  }
  if (anything_sent_) find_gaps(series, options);
  if (loss == Loss::Shown)
    for (std::size_t i = 0; i < series.size(); ++i) find_losses(series[i].steps, i, options);
}

// Where none of the series sent anything.
void Background::find_gaps(const std::vector<SeriesSteps>& series, const PlotOptions& options) {
  constexpr double kSeen = 0.5;
  std::vector<std::pair<double, double>> covered;
  for (const SeriesSteps& one : series)
    for (const Step& step : one.steps)
      if (was_sent(step)) {
        const DrawnStep drawn = place(step, options);
        covered.emplace_back(drawn.x0, drawn.x1);
      }
  std::ranges::sort(covered);
  const Axis time = time_axis_of(options);
  double until = time.begin;
  covered.emplace_back(time.end, time.end);
  for (const auto& [begin, end] : covered) {
    if (begin - until >= kSeen) gaps_.emplace_back(until, begin);
    until = std::max(until, end);
  }
}

// Neighbours of one grade are one stretch.
void Background::find_losses(const std::vector<Step>& steps, std::size_t series,
                             const PlotOptions& options) {
  constexpr double kNarrowest = 1;
  bool joins = false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double loss = steps[i].loss.value_or(0);
    joins = joins && i > 0 && steps[i].begin <= steps[i - 1].end;
    if (loss <= 0) {
      joins = false;
      continue;
    }
    const DrawnStep drawn = place(steps[i], options);
    if (joins && losses_.back().grade == grade_of(loss)) {
      losses_.back().x1 = drawn.x1;
      losses_.back().worst = std::max(losses_.back().worst, loss);
    } else {
      losses_.push_back({.x0 = drawn.x0,
                         .x1 = std::max(drawn.x1, drawn.x0 + kNarrowest),
                         .grade = grade_of(loss),
                         .series = series,
                         .worst = loss});
    }
    joins = true;
  }
}

void Background::describe(Around& around) const {
  for (std::size_t i = 0; i < kGradesOfLoss.size(); ++i)
    if (std::ranges::count(losses_, i, &Stretch::grade) > 0)
      around.legend.push_back(
          {LegendEntry::Shape::Area, kGradesOfLoss[i].style, std::string(kGradesOfLoss[i].text)});
  if (!gaps_.empty()) around.legend.push_back({LegendEntry::Shape::Area, "wsp-gap", "no data"});
  if (names_.size() > 1 && !losses_.empty())
    around.notes.push_back(
        fmt::format("strips at the top: loss of {}, below it of {}", names_[0], names_[1]));
}

// Loss over the whole height; of two series as a strip each.
void Background::draw(Canvas& canvas) const {
  constexpr double kStrip = 7;
  const double height = canvas.bottom() - canvas.top();
  for (const auto& [begin, end] : gaps_)
    canvas.svg().rectangle(begin, canvas.top(), end - begin, height, "wsp-gap", "no data");
  const bool strips = names_.size() > 1;
  for (const Stretch& one : losses_)
    canvas.svg().rectangle(
        one.x0, canvas.top() + (strips ? kStrip * static_cast<double>(one.series) : 0),
        one.x1 - one.x0, strips ? kStrip - 1 : height, kGradesOfLoss[one.grade].style,
        fmt::format("loss {}", human_percent(one.worst)));
}

}  // namespace wirestamp::publish
