// SPDX-License-Identifier: Apache-2.0
#include "cli/report_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/stored_session.h"
#include "cli/streams.h"
#include "cli/time_range.h"
#include "platform/system_clock.h"
#include "platform/terminal.h"
#include "publish/period.h"
#include "report/period_reading.h"
#include "report/plots.h"

namespace wirestamp::cli {

namespace {

// Of all sessions together: what a table of their figures needs.
constexpr std::size_t kMostOverviewWindows = 20'000;

std::unexpected<ReportFailure> wrong(Error error) {
  return std::unexpected(ReportFailure{.error = std::move(error), .usage = true});
}

// TRY for a store that cannot be read.
#define TRY_READ(expr)                                                                \
  __extension__({                                                                     \
    auto read_result = (expr);                                                        \
    if (!read_result)                                                                 \
      return std::unexpected(ReportFailure{.error = std::move(read_result).error()}); \
    *std::move(read_result);                                                          \
  })

// Tells how many pieces of a range are read.
std::function<void()> counted(Progress& progress, std::size_t of) {
  return [&progress, of, done = std::size_t{0}]() mutable { progress.at(++done, of); };
}

std::expected<MadeReport, ReportFailure> one_session(store::Reader& reader, Progress& progress,
                                                     const ReportRequest& request,
                                                     const store::SessionRow& session,
                                                     const TimeSpan& span, WallTime now) {
  report::Question question{.version = kVersion, .span = span, .step = request.step};
  if (!request.compare.empty()) {
    auto compared = compared_span(request.compare, span, now);
    if (!compared) return wrong(std::move(compared).error());
    question.compared = *std::move(compared);
  }
  const publish::PeriodReport report = TRY_READ(report::read_report(
      reader, session, question,
      counted(progress, question.compared ? 2 * report::kPieces : report::kPieces)));
  MadeReport made{.text = {}, .data = !report.period.windows.empty()};
  switch (request.format) {
    case ReportFormat::Text:
      made.text = publish::period_text(report);
      break;
    case ReportFormat::Json:
      made.text = publish::period_json(report);
      break;
    case ReportFormat::Csv:
      made.text = publish::period_csv(report);
      break;
    case ReportFormat::Svg:
      made.text = report::plot_of(report, request.plot.value_or(publish::PlotKind::RoundTrip));
      break;
  }
  return made;
}

std::expected<MadeReport, ReportFailure> all_sessions(
    store::Reader& reader, Progress& progress, const ReportRequest& request,
    const std::vector<store::SessionRow>& sessions, const TimeSpan& span) {
  if (request.format == ReportFormat::Svg)
    return wrong({"a plot is of one session: name it, such as `wirestamp report SESSION`"});
  if (!request.compare.empty())
    return wrong({"a comparison is of one session: name it, such as `wirestamp report SESSION`"});
  publish::Overview overview{
      .version = kVersion, .from = span.from, .to = span.to, .sessions = {}, .notes = span.notes};
  const auto read = counted(progress, sessions.size() * report::kPieces);
  const std::size_t most =
      std::max<std::size_t>(50, kMostOverviewWindows / std::max<std::size_t>(sessions.size(), 10));
  MadeReport made;
  for (const store::SessionRow& session : sessions) {
    auto period = TRY_READ(report::read_period(reader, session, span, request.step, most, read));
    made.data |= !period.windows.empty();
    if (request.format != ReportFormat::Json) period.windows.clear();
    overview.sessions.push_back(std::move(period));
  }
  made.text = request.format == ReportFormat::Json  ? publish::overview_json(overview)
              : request.format == ReportFormat::Csv ? publish::overview_csv(overview)
                                                    : publish::overview_text(overview);
  return made;
}

int complain_of(const ReportFailure& failure) {
  complain(failure.error.text);
  return failure.usage ? kUsage : kRefused;
}

}  // namespace

std::expected<MadeReport, ReportFailure> make_report(store::Reader& reader,
                                                     const ReportRequest& request, WallTime now,
                                                     Progress& progress) {
  auto span = parse_span(request.from, request.to, now);
  if (!span) return wrong(std::move(span).error());
  if (request.step && *request.step < Duration::seconds(1))
    return wrong({"a window is at least a second long"});
  if (request.plot && request.format != ReportFormat::Svg)
    return wrong({"--plot is what --format svg draws: add --format svg"});
  const auto sessions = TRY_READ(reader.sessions());
  if (!request.session) return all_sessions(reader, progress, request, sessions, *span);
  auto session = find_session(sessions, *request.session);
  if (!session) return wrong(std::move(session).error());
  return one_session(reader, progress, request, *session, *span, now);
}

int run_report(const ReportRequest& request) {
  auto reader = store::Reader::open(request.store);
  if (!reader) return complain_of({.error = std::move(reader).error()});
  platform::SystemClock clock;
  std::expected<MadeReport, ReportFailure> made;
  {
    Progress progress("reading the store", clock,
                      platform::terminal_columns(stderr) ? stderr : nullptr);
    made = make_report(**reader, request, clock.now().wall, progress);
  }
  if (!made) return complain_of(made.error());
  const int code = print_to(request.output, made->text);
  return code == kMeasured && !made->data ? kNoReply : code;
}

}  // namespace wirestamp::cli
