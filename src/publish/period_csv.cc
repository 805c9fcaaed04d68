// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "publish/foreign_rows.h"
#include "publish/period.h"
#include "publish/window_document.h"

namespace wirestamp::publish {

namespace {

// A field as RFC 4180 wants it: quoted where it has a comma, a quote or a line end.
void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_header(std::string& out) {
  out += "session,";
  append_window_csv_header(report_percentiles(), out);
}

void append_line(std::string& out, const Period& period, const measure::TimedWindow& window) {
  append_field(out, period.session);
  out += ',';
  append_window_csv_line({window, report_percentiles()}, out);
}

}  // namespace

std::span<const Percentile> report_percentiles() {
  static const std::array<Percentile, 5> told{
      Percentile{"p50", 500'000}, Percentile{"p90", 900'000}, Percentile{"p95", 950'000},
      Percentile{"p99", 990'000}, Percentile{"p99.9", 999'000}};
  return told;
}

std::string period_csv(const PeriodReport& report) {
  std::string out;
  append_header(out);
  for (const Period* period : {report.before ? &*report.before : nullptr, &report.period})
    if (period != nullptr)
      for (const measure::TimedWindow& window : period->windows) append_line(out, *period, window);
  return out;
}

std::string overview_csv(const Overview& overview) {
  std::string out;
  append_header(out);
  for (const Period& period : overview.sessions) append_line(out, period, period.whole());
  return out;
}

}  // namespace wirestamp::publish
