// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/progress.h"
#include "publish/plot.h"
#include "store/store.h"
#include "time/duration.h"

// `wirestamp report`: figures and plots from the store.
namespace wirestamp::cli {

enum class ReportFormat : std::uint8_t { Text, Json, Csv, Svg };

struct ReportRequest {
  std::string store;                   // path of the file
  std::optional<std::string> session;  // absent: a table of all of them
  std::string from, to;                // cli/time_range.h
  std::string compare;                 // the same; "": with nothing
  std::optional<Duration> step;        // of the windows; absent: chosen
  ReportFormat format = ReportFormat::Text;
  std::optional<publish::PlotKind> plot;  // of Svg; absent: round trips
  std::string output = "-";               // a file; "-": standard output
};

// What was made, and whether there were any data.
struct MadeReport {
  std::string text;
  bool data = false;
};

// Something that is wrong with what was asked is told apart from a store that cannot be read.
struct ReportFailure {
  Error error;
  bool usage = false;
};

std::expected<MadeReport, ReportFailure> make_report(store::Reader& reader,
                                                     const ReportRequest& request, WallTime now,
                                                     Progress& progress);

// Writes it to request.output. Exit codes: 0; 1 when there are no data in the range; 2 when what
// was asked cannot be; 3 when the store cannot be read.
int run_report(const ReportRequest& request);

}  // namespace wirestamp::cli
