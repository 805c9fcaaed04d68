// SPDX-License-Identifier: Apache-2.0
#include "cli/evidence_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/streams.h"
#include "platform/system_clock.h"
#include "platform/terminal.h"

namespace wirestamp::cli {

namespace {

using measure::EventKind;

constexpr Duration kAround = Duration::minutes(15);
// A sweep follows the verdict by seconds; a time-out is measured after silences of up to 605 s, one
// after the other.
constexpr Duration kAfterwards = Duration::hours(3);
constexpr Duration kEdge = Duration::seconds(5);
constexpr std::size_t kMostWindows = 3'600, kMostEvents = 2'000, kMostSamples = 2'000;

// Told of the flow of the incident after it, when the incident may be closed already.
bool belongs_later(const measure::RecordedEvent& recorded, const std::string& old_flow) {
  const EventKind kind = recorded.event.kind;
  return (kind == EventKind::TimeoutMeasured || kind == EventKind::AccountTold ||
          kind == EventKind::PathSwept) &&
         recorded.event.old_flow == old_flow;
}

Result<void> read_events(store::Reader& reader, std::optional<std::uint32_t> session,
                         publish::Evidence& evidence) {
  const measure::Incident& incident = evidence.incident;
  evidence.events = TRY(reader.events({.incident = incident.id, .limit = kMostEvents}));
  evidence.more_events = evidence.events.size() == kMostEvents;
  std::string old_flow;
  for (const measure::RecordedEvent& recorded : evidence.events)
    if (recorded.event.kind == EventKind::Verdict && recorded.event.old_flow)
      old_flow = *recorded.event.old_flow;
  if (old_flow.empty() || !session) return {};
  std::set<std::uint64_t> known;
  for (const measure::RecordedEvent& recorded : evidence.events) known.insert(recorded.id);
  const WallTime until = incident.closed.value_or(incident.opened) + kAfterwards;
  auto later = TRY(reader.events({.session = session,
                                  .range = store::TimeRange{incident.opened, until},
                                  .limit = kMostEvents}));
  for (measure::RecordedEvent& recorded : later)
    if (belongs_later(recorded, old_flow) && !known.contains(recorded.id))
      evidence.events.push_back(std::move(recorded));
  std::ranges::stable_sort(evidence.events, {}, [](const measure::RecordedEvent& recorded) {
    return recorded.event.wall;
  });
  return {};
}

// What is not part of the incident, too.
Result<void> read_changes(store::Reader& reader, std::uint32_t session,
                          publish::Evidence& evidence) {
  publish::ChangesSought sought = publish::changes_sought(evidence.incident);
  auto near = TRY(reader.events({.session = session,
                                 .range = store::TimeRange{sought.from, sought.to},
                                 .kinds = std::move(sought.kinds),
                                 .limit = kMostEvents}));
  evidence.changes = publish::changes_near(evidence, std::move(near));
  return {};
}

Result<void> read_edge(store::Reader& reader, std::uint32_t session, const measure::ProbeMark& mark,
                       std::vector<measure::Sample>& found) {
  store::TimeRange range{mark.left - kEdge, mark.left + kEdge};
  for (;;) {
    const auto near = TRY(reader.samples(session, range, kMostSamples));
    for (const measure::Sample& sample : near)
      if (sample.probe == mark.probe && !sample.burst) found.push_back(sample);
    // A fast session has more of them than are asked for at once.
    if (near.size() < kMostSamples) return {};
    range.from = near.back().scheduled_wall + Duration::nanoseconds(1);
  }
}

// The probes that bound the outages, which of a long incident take most of the time.
Result<void> read_edges(store::Reader& reader, std::uint32_t session, publish::Evidence& evidence,
                        Progress& progress) {
  std::set<std::uint64_t> read;
  std::size_t done = 0;
  for (const measure::RecordedEvent& recorded : evidence.events) {
    progress.at(done++, evidence.events.size());
    const measure::Event& event = recorded.event;
    for (const auto& mark : {event.last_good, event.first_lost, event.first_good}) {
      if (!mark || !read.insert(mark->probe).second) continue;
      TRY_VOID(read_edge(reader, session, *mark, evidence.samples));
    }
  }
  return {};
}

Result<void> read_session(store::Reader& reader, const store::SessionRow& session,
                          publish::Evidence& evidence, Progress& progress) {
  evidence.host = session.info.host;
  evidence.peer = session.info.peer;
  evidence.interval = session.info.interval;
  evidence.dscp = session.info.dscp;
  const store::TimeRange range{evidence.from, evidence.to};
  const store::Reader::WindowQuery query{
      .session = session.id, .range = range, .step = {}, .most = kMostWindows};
  evidence.step = reader.step_of(query);
  evidence.windows = TRY(reader.windows(query));
  for (const store::FlowRow& flow : TRY(reader.flows(session.id, range)))
    evidence.flows.push_back({.tuple = flow.tuple, .began = flow.began, .ended = flow.ended});
  TRY_VOID(read_changes(reader, session.id, evidence));
  return read_edges(reader, session.id, evidence, progress);
}

}  // namespace

Result<std::uint64_t> parse_incident(const std::string& text) {
  const std::string_view digits = std::string_view(text).substr(text.starts_with('#') ? 1 : 0);
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size() || id == 0)
    return fail(
        fmt::format("'{}' is no incident: they have numbers, such as 12, and `wirestamp "
                    "report SESSION` lists them",
                    text));
  return id;
}

Result<std::optional<publish::Evidence>> collect_evidence(
    store::Reader& reader, std::uint64_t incident,
    const std::vector<publish::EvidenceSetting>& settings, WallTime now, Progress& progress) {
  const auto found = TRY(reader.incident(incident));
  if (!found) return std::nullopt;
  publish::Evidence evidence{.version = kVersion, .made = now, .incident = *found};
  evidence.settings = settings;
  evidence.from = evidence.incident.opened - kAround;
  evidence.to = std::max(evidence.incident.opened,
                         std::min(now, evidence.incident.closed.value_or(now) + kAround));
  const auto sessions = TRY(reader.sessions());
  const auto session = std::ranges::find_if(sessions, [&](const store::SessionRow& row) {
    return row.info.name == evidence.incident.session;
  });
  const bool known = session != sessions.end();
  TRY_VOID(read_events(reader, known ? std::optional(session->id) : std::nullopt, evidence));
  if (known) TRY_VOID(read_session(reader, *session, evidence, progress));
  return evidence;
}

std::string no_such_incident(store::Reader& reader, std::uint64_t incident) {
  const auto newest = reader.incidents({.limit = 1});
  if (!newest || newest->empty())
    return fmt::format("the store has no incident {}, nor any other one", incident);
  return fmt::format(
      "the store has no incident {}; the newest is {}, of {}: `wirestamp report {}` "
      "lists those of a range",
      incident, newest->back().id, newest->back().session, newest->back().session);
}

int run_evidence(const EvidenceRequest& request) {
  const auto refuse = [](const std::string& text, int code) {
    complain(text);
    return code;
  };
  const auto id = parse_incident(request.incident);
  if (!id) return refuse(id.error().text, kUsage);
  auto reader = store::Reader::open(request.store);
  if (!reader) return refuse(reader.error().text, kRefused);
  platform::SystemClock clock;
  Result<std::optional<publish::Evidence>> evidence;
  {
    Progress progress("reading the store", clock,
                      platform::terminal_columns(stderr) ? stderr : nullptr);
    evidence = collect_evidence(**reader, *id, request.settings, clock.now().wall, progress);
  }
  if (!evidence) return refuse(evidence.error().text, kRefused);
  if (!*evidence) return refuse(no_such_incident(**reader, *id), kUsage);
  return print_to(request.output, request.json ? publish::evidence_json(**evidence)
                                               : publish::evidence_html(**evidence));
}

}  // namespace wirestamp::cli
