// SPDX-License-Identifier: Apache-2.0
#include "report/plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace wirestamp::report {

namespace {

constexpr std::array kPlots{
    NamedPlot{"latency", publish::PlotKind::RoundTrip, "round trip"},
    NamedPlot{"forward", publish::PlotKind::ForwardDelay, "one way there"},
    NamedPlot{"backward", publish::PlotKind::BackwardDelay, "one way back"},
    NamedPlot{"jitter", publish::PlotKind::Jitter, "jitter"},
    NamedPlot{"loss", publish::PlotKind::Loss, "loss by direction"},
    NamedPlot{"histogram", publish::PlotKind::RoundTrips, "round trips"},
};

std::string_view title_of(publish::PlotKind kind) {
  const auto* const found = std::ranges::find(kPlots, kind, &NamedPlot::kind);
  return found == kPlots.end() ? "" : found->title;
}

}  // namespace

std::span<const NamedPlot> named_plots() { return kPlots; }

std::string plot_of(const publish::PeriodReport& report, publish::PlotKind kind,
                    const PlotLook& look) {
  const publish::Period& period = report.period;
  std::string now = publish::human_time(period.from), before;
  std::vector<publish::PlotSeries> series{{.name = now, .windows = period.windows, .shift = {}}};
  if (report.before) {
    before = publish::human_time(report.before->from);
    series.push_back({.name = before,
                      .windows = report.before->windows,
                      .shift = period.from - report.before->from});
  }
  std::vector<std::string> texts;
  for (const measure::Incident& incident : period.incidents)
    texts.push_back(fmt::format("incident {}: {}", incident.id, incident.title));
  std::vector<publish::PlotMark> marks;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (period.incidents[i].opened >= period.from)
      marks.push_back({.at = period.incidents[i].opened, .text = texts[i]});
  const std::string title = fmt::format("{} ({}): {}", period.session, period.host, title_of(kind));
  return publish::plot(kind, series,
                       {.title = title,
                        .from = period.from,
                        .to = period.to,
                        .marks = marks,
                        .width = look.width,
                        .height = look.height,
                        .theme = look.theme});
}

}  // namespace wirestamp::report
