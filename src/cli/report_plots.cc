// SPDX-License-Identifier: Apache-2.0
#include "cli/report_plots.h"

#include <fmt/format.h>

#include <vector>

#include "publish/plot.h"

namespace wirestamp::cli {

namespace {

publish::PlotKind kind_of(ReportPlot plot) {
  switch (plot) {
    case ReportPlot::RoundTrip:
      return publish::PlotKind::RoundTrip;
    case ReportPlot::Forward:
      return publish::PlotKind::ForwardDelay;
    case ReportPlot::Backward:
      return publish::PlotKind::BackwardDelay;
    case ReportPlot::Jitter:
      return publish::PlotKind::Jitter;
    case ReportPlot::Loss:
      return publish::PlotKind::Loss;
    case ReportPlot::Histogram:
      return publish::PlotKind::RoundTrips;
  }
  return publish::PlotKind::RoundTrip;
}

std::string_view title_of(ReportPlot plot) {
  switch (plot) {
    case ReportPlot::RoundTrip:
      return "round trip";
    case ReportPlot::Forward:
      return "one way there";
    case ReportPlot::Backward:
      return "one way back";
    case ReportPlot::Jitter:
      return "jitter";
    case ReportPlot::Loss:
      return "loss by direction";
    case ReportPlot::Histogram:
      return "round trips";
  }
  return "";
}

}  // namespace

std::string plot_of(const publish::PeriodReport& report, ReportPlot plot) {
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
  const std::string title = fmt::format("{} ({}): {}", period.session, period.host, title_of(plot));
  return publish::plot(kind_of(plot), series,
                       {.title = title, .from = period.from, .to = period.to, .marks = marks});
}

}  // namespace wirestamp::cli
