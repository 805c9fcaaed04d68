// SPDX-License-Identifier: Apache-2.0
#include "cli/report_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/report_plots.h"
#include "cli/stored_session.h"
#include "cli/streams.h"
#include "cli/time_range.h"
#include "platform/system_clock.h"
#include "platform/terminal.h"
#include "publish/period.h"

namespace wirestamp::cli {

namespace {

// Of one session; of all of them together, what a table of their figures needs.
constexpr std::size_t kMostWindows = 2'000, kMostOverviewWindows = 20'000;
constexpr std::size_t kMostEvents = 20'000, kMostIncidents = 5'000;
constexpr int kPieces = 16;  // that a range is read in, so that progress can be told

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

using Read = std::expected<publish::Period, ReportFailure>;

struct Reading {
  store::Reader& reader;
  Progress& progress;
  std::size_t done = 0, of = 0;  // pieces

  void piece() { progress.at(++done, of); }
};

std::expected<void, ReportFailure> read_windows(Reading& reading, std::uint32_t session,
                                                std::optional<Duration> step, std::size_t most,
                                                publish::Period& period) {
  const store::Reader::WindowQuery whole{
      .session = session, .range = {period.from, period.to}, .step = step, .most = most};
  period.step = reading.reader.step_of(whole);
  // Pieces end where windows do.
  const Duration length = (period.to - period.from) / kPieces;
  const Duration piece = period.step * std::max<std::int64_t>(1, length / period.step + 1);
  const std::int64_t step_ns = period.step.ns();
  const WallTime first =
      WallTime::from_ns(period.from.ns() - (period.from.ns() % step_ns + step_ns) % step_ns);
  for (WallTime at = first; at < period.to; at += piece) {
    auto windows = TRY_READ(reading.reader.windows(
        {.session = session,
         .range = {std::max(at, period.from), std::min(at + piece, period.to)},
         .step = period.step,
         .most = most}));
    std::ranges::move(windows, std::back_inserter(period.windows));
    reading.piece();
  }
  return {};
}

std::expected<void, ReportFailure> read_events(store::Reader& reader, std::uint32_t session,
                                               publish::Period& period) {
  period.events = TRY_READ(reader.events({.session = session,
                                          .range = store::TimeRange{period.from, period.to},
                                          .limit = kMostEvents}));
  period.more_events = period.events.size() == kMostEvents;
  period.incidents = TRY_READ(reader.incidents({.session = session,
                                                .range = store::TimeRange{period.from, period.to},
                                                .limit = kMostIncidents}));
  period.more_incidents = period.incidents.size() == kMostIncidents;
  return {};
}

Read read_period(Reading& reading, const store::SessionRow& session, const TimeSpan& span,
                 std::optional<Duration> step, std::size_t most) {
  publish::Period period{.session = session.info.name,
                         .host = session.info.host,
                         .peer = session.info.peer,
                         .interval = session.info.interval,
                         .dscp = session.info.dscp,
                         .from = span.from,
                         .to = span.to,
                         .until_now = span.until_now};
  if (auto read = read_windows(reading, session.id, step, most, period); !read)
    return std::unexpected(std::move(read).error());
  if (auto read = read_events(reading.reader, session.id, period); !read)
    return std::unexpected(std::move(read).error());
  publish::sum_up(period);
  return period;
}

// What the range has to do with what there is.
void note_age(const store::SessionRow& session, const TimeSpan& span,
              std::vector<std::string>& notes) {
  if (session.first == session.last) {
    notes.emplace_back("no window of this session is kept");
  } else if (span.from < session.first && session.first < span.to) {
    notes.push_back(
        fmt::format("data of this session begin at {} UTC", publish::human_time(session.first)));
  } else if (session.first >= span.to || session.last <= span.from) {
    notes.push_back(fmt::format("data of this session are from {} to {} UTC",
                                publish::human_time(session.first),
                                publish::human_time(session.last)));
  }
}

std::expected<MadeReport, ReportFailure> one_session(Reading reading, const ReportRequest& request,
                                                     const store::SessionRow& session,
                                                     const TimeSpan& span, WallTime now) {
  publish::PeriodReport report{.version = kVersion, .notes = span.notes};
  std::optional<TimeSpan> other;
  if (!request.compare.empty()) {
    auto compared = compared_span(request.compare, span, now);
    if (!compared) return wrong(std::move(compared).error());
    other = *std::move(compared);
    std::ranges::copy(other->notes, std::back_inserter(report.notes));
  }
  reading.of = other ? 2 * kPieces : kPieces;
  note_age(session, span, report.notes);
  auto period = read_period(reading, session, span, request.step, kMostWindows);
  if (!period) return std::unexpected(std::move(period).error());
  report.period = *std::move(period);
  if (other) {
    auto before = read_period(reading, session, *other, report.period.step, kMostWindows);
    if (!before) return std::unexpected(std::move(before).error());
    report.before = *std::move(before);
    report.comparison = publish::compare(*report.before, report.period);
  }
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
      made.text = plot_of(report, request.plot);
      break;
  }
  return made;
}

std::expected<MadeReport, ReportFailure> all_sessions(
    Reading reading, const ReportRequest& request, const std::vector<store::SessionRow>& sessions,
    const TimeSpan& span) {
  if (request.format == ReportFormat::Svg)
    return wrong({"a plot is of one session: name it, such as `wirestamp report SESSION`"});
  if (!request.compare.empty())
    return wrong({"a comparison is of one session: name it, such as `wirestamp report SESSION`"});
  publish::Overview overview{
      .version = kVersion, .from = span.from, .to = span.to, .sessions = {}, .notes = span.notes};
  reading.of = sessions.size() * kPieces;
  const std::size_t most =
      std::max<std::size_t>(50, kMostOverviewWindows / std::max<std::size_t>(sessions.size(), 10));
  MadeReport made;
  for (const store::SessionRow& session : sessions) {
    auto period = read_period(reading, session, span, request.step, most);
    if (!period) return std::unexpected(std::move(period).error());
    made.data |= !period->windows.empty();
    if (request.format != ReportFormat::Json) period->windows.clear();
    overview.sessions.push_back(*std::move(period));
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
  const auto sessions = TRY_READ(reader.sessions());
  const Reading reading{.reader = reader, .progress = progress};
  if (!request.session) return all_sessions(reading, request, sessions, *span);
  auto session = find_session(sessions, *request.session);
  if (!session) return wrong(std::move(session).error());
  return one_session(reading, request, *session, *span, now);
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
