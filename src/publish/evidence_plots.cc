// SPDX-License-Identifier: Apache-2.0
#include "publish/evidence_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "publish/plot.h"

namespace wirestamp::publish {

namespace {

constexpr Duration kNear = Duration::minutes(1);

// Lines that say when something happened, told once below each plot.
std::vector<PlotMark> marks_of(const Evidence& evidence) {
  std::vector<PlotMark> marks;
  for (const measure::RecordedEvent& recorded : evidence.events) {
    const measure::Event& event = recorded.event;
    if (event.wall < evidence.from || event.wall >= evidence.to) continue;
    // What is about probes stands where they left, not where it was known.
    const bool began = event.kind == measure::EventKind::OutageBegan && event.first_lost;
    const bool ended = event.kind == measure::EventKind::OutageEnded && event.first_good;
    marks.push_back({.at = began   ? event.first_lost->left
                           : ended ? event.first_good->left
                                   : event.wall,
                     .text = event.text});
  }
  return marks;
}

// As little longer as it takes to cut none of the windows: whole ones tell of both sides of a cut.
void fit_windows(const Evidence& evidence, PlotOptions& range) {
  for (const measure::TimedWindow& one : evidence.windows) {
    if (one.begin < range.from && range.from < one.end())
      range.from = std::max(evidence.from, one.begin);
    if (one.begin < range.to && range.to < one.end()) range.to = std::min(evidence.to, one.end());
  }
}

// Each plot defines patterns of the same names, and a page must have each id once.
void rename_ids(std::string& svg, std::size_t number) {
  for (const std::string_view reference : {"id=\"wsp-", "url(#wsp-"}) {
    std::size_t at = 0;
    while ((at = svg.find(reference, at)) != std::string::npos) {
      at += reference.size();
      svg.insert(at, fmt::format("{}-", number));
    }
  }
}

}  // namespace

std::vector<EvidencePlot> evidence_plots(const Evidence& evidence) {
  if (evidence.windows.empty()) return {};
  const std::vector<PlotMark> marks = marks_of(evidence);
  const std::array series{PlotSeries{.name = "", .windows = evidence.windows, .shift = {}}};
  std::vector<EvidencePlot> plots;
  const auto add = [&](PlotKind kind, std::string_view title, PlotOptions options,
                       std::string caption) {
    options.title = title;
    options.height = 300;
    plots.push_back({std::move(caption), plot(kind, series, options)});
    rename_ids(plots.back().svg, plots.size());
  };
  // A short incident is a line in half an hour.
  const PlotOptions all{.from = evidence.from, .to = evidence.to, .marks = marks};
  const WallTime end = evidence.incident.closed.value_or(evidence.to);
  PlotOptions near{.from = std::max(evidence.from, evidence.incident.opened - kNear),
                   .to = std::min(evidence.to, end + kNear),
                   .marks = {}};
  fit_windows(evidence, near);
  const bool is_short = near.from < near.to && (near.to - near.from) * 4 < all.to - all.from;
  // The texts of the events are long: once is enough.
  PlotOptions bare = all;
  bare.marks = {};
  add(PlotKind::RoundTrip, "Round trip", all,
      "Round trip, and the share of lost probes behind it. The numbers are events.");
  if (is_short)
    add(PlotKind::RoundTrip, "Round trip, close up", near, "The same, a minute around it.");
  add(PlotKind::Loss, "Loss", bare, "Loss by direction.");
  add(PlotKind::Jitter, "Jitter", bare,
      "Jitter: the difference between round trips of consecutive probes.");
  return plots;
}

}  // namespace wirestamp::publish
