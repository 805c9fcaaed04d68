// SPDX-License-Identifier: Apache-2.0
#include "report/period_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/steps.h"

namespace wirestamp::report {

namespace {

constexpr std::size_t kMostEvents = 20'000, kMostIncidents = 5'000;

Result<void> read_windows(store::Reader& reader, std::uint32_t session,
                          std::optional<Duration> step, std::size_t most,
                          const std::function<void()>& read, publish::Period& period) {
  const store::Reader::WindowQuery whole{
      .session = session, .range = {period.from, period.to}, .step = step, .most = most};
  period.step = reader.step_of(whole);
  // Pieces end where windows do.
  const Duration length = (period.to - period.from) / kPieces;
  const Duration piece = period.step * std::max<std::int64_t>(1, length / period.step + 1);
  for (WallTime at = store::step_begin(period.from, period.step); at < period.to; at += piece) {
    auto windows =
        TRY(reader.windows({.session = session,
                            .range = {std::max(at, period.from), std::min(at + piece, period.to)},
                            .step = period.step,
                            .most = most}));
    std::ranges::move(windows, std::back_inserter(period.windows));
    read();
  }
  return {};
}

Result<void> read_events(store::Reader& reader, std::uint32_t session, publish::Period& period) {
  const store::TimeRange range{period.from, period.to};
  period.events = TRY(reader.events({.session = session, .range = range, .limit = kMostEvents}));
  period.more_events = period.events.size() == kMostEvents;
  period.incidents =
      TRY(reader.incidents({.session = session, .range = range, .limit = kMostIncidents}));
  period.more_incidents = period.incidents.size() == kMostIncidents;
  return {};
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

}  // namespace

Result<publish::Period> read_period(store::Reader& reader, const store::SessionRow& session,
                                    const TimeSpan& span, std::optional<Duration> step,
                                    std::size_t most, const std::function<void()>& read) {
  publish::Period period{.session = session.info.name,
                         .host = session.info.host,
                         .peer = session.info.peer,
                         .interval = session.info.interval,
                         .dscp = session.info.dscp,
                         .from = span.from,
                         .to = span.to,
                         .until_now = span.until_now};
  TRY_VOID(read_windows(reader, session.id, step, most, read, period));
  TRY_VOID(read_events(reader, session.id, period));
  publish::sum_up(period);
  return period;
}

Result<publish::PeriodReport> read_report(store::Reader& reader, const store::SessionRow& session,
                                          const Question& question,
                                          const std::function<void()>& read) {
  publish::PeriodReport report{.version = question.version, .notes = question.span.notes};
  if (question.compared)
    std::ranges::copy(question.compared->notes, std::back_inserter(report.notes));
  note_age(session, question.span, report.notes);
  report.period =
      TRY(read_period(reader, session, question.span, question.step, kMostWindows, read));
  if (!question.compared) return report;
  // What is kept of a time further back may be of longer windows alone.
  report.before =
      TRY(read_period(reader, session, *question.compared, question.step, kMostWindows, read));
  report.comparison = publish::compare(*report.before, report.period);
  return report;
}

}  // namespace wirestamp::report
