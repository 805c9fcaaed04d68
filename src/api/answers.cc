// SPDX-License-Identifier: Apache-2.0
#include "api/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "api/answer_document.h"
#include "api/values.h"

namespace wirestamp::api {

namespace {

template <typename T>
Reply json_reply(const T& answer, unsigned status = 200) {
  return {.status = status, .body = to_json(answer)};
}

Reply csv_reply(std::string body) {
  return {.type = "text/csv; charset=utf-8; header=present", .body = std::move(body)};
}

bool wants_csv(const Request& request) { return request.type == "text/csv"; }

const store::SessionRow* find(const std::vector<store::SessionRow>& rows, std::string_view name) {
  const auto found = std::ranges::find(
      rows, name, [](const store::SessionRow& row) { return std::string_view(row.info.name); });
  return found == rows.end() ? nullptr : &*found;
}

// Names to choose from, not all of hundreds.
std::vector<std::string> some_names(const std::vector<SessionStatus>& live,
                                    const std::vector<store::SessionRow>& rows,
                                    std::string_view wanted) {
  constexpr std::size_t kMost = 20;
  std::vector<std::string_view> all;
  for (const SessionStatus& status : live) all.emplace_back(status.name);
  for (const store::SessionRow& row : rows)
    if (std::ranges::find(all, row.info.name) == all.end()) all.emplace_back(row.info.name);
  std::vector<std::string> names;
  if (const std::string_view meant = nearest(wanted, all); !meant.empty())
    names.emplace_back(meant);
  for (const std::string_view name : all) {
    if (names.size() == kMost) break;
    if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
  return names;
}

// What is known of a session under its name.
struct Known {
  std::string name;
  std::optional<store::SessionRow> row;  // absent: configured, and nothing kept yet
};

std::unexpected<Problem> unknown_session(const std::string& name, std::vector<std::string> names) {
  return refuse({.status = 404,
                 .code = "unknown_session",
                 .message = fmt::format("there is no session \"{}\"", name),
                 .allowed = std::move(names)});
}

Answer<std::vector<store::SessionRow>> kept_sessions(Desk& desk) {
  store::Reader* const reader = TRY(desk.reader());
  return desk.kept(reader->sessions());
}

Answer<Known> known_session(const std::string& name, Desk& desk) {
  const auto rows = TRY(kept_sessions(desk));
  if (const store::SessionRow* const row = find(rows, name)) return Known{name, *row};
  const auto live = desk.service().sessions();
  if (std::ranges::find(live, name, &SessionStatus::name) != live.end()) return Known{name, {}};
  return unknown_session(name, some_names(live, rows, name));
}

store::TimeRange range_of(const Range& range) { return {range.from, range.to}; }

std::unexpected<Problem> wrong_step(std::string message) {
  return refuse({.status = 400,
                 .code = "wrong_parameter",
                 .message = "step: " + std::move(message),
                 .parameter = "step"});
}

std::string length_text(Duration length) {
  const std::int64_t seconds = length.ns() / 1'000'000'000;
  if (seconds % 86'400 == 0) return fmt::format("{}d", seconds / 86'400);
  if (seconds % 3'600 == 0) return fmt::format("{}h", seconds / 3'600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

// The next of the usual lengths that makes few enough windows of a range.
Duration fitting_step(Duration range) {
  constexpr std::int64_t kUsual[] = {1,   2,     5,     10,    30,     60,     300,
                                     600, 1'800, 3'600, 7'200, 21'600, 43'200, 86'400};
  for (const std::int64_t seconds : kUsual)
    if (range / Duration::seconds(seconds) < static_cast<std::int64_t>(kMostWindows))
      return Duration::seconds(seconds);
  return Duration::hours(std::int64_t{24} * 30);
}

Answer<std::optional<Duration>> step_of(const Request& request, const Range& range) {
  const auto step = TRY(request.query.length("step"));
  if (!step) return std::nullopt;
  if (step->ns() % 1'000'000'000 != 0) return wrong_step("it is a whole number of seconds");
  const Duration length = range.to - range.from;
  if (length / *step >= static_cast<std::int64_t>(kMostWindows))
    return wrong_step(
        fmt::format("more than {} windows: ask for a shorter range, or for a step of "
                    "{} or more",
                    kMostWindows, length_text(fitting_step(length))));
  return step;
}

// Of several sessions windows that begin alike become one. Each session counts epochs of its own,
// and the store tells one window of a step whatever epochs are in it: the newest stands here too.
class Merged {
 public:
  void add(const std::vector<measure::TimedWindow>& windows) {
    for (const measure::TimedWindow& window : windows) {
      const auto [place, added] = windows_.try_emplace(window.begin, window);
      if (added) continue;
      place->second.epoch = std::max(place->second.epoch, window.epoch);
      place->second.part |= window.part;
      place->second.window.merge(window.window);
      note_worst(window.window.worst, place->second.window.worst);
    }
  }
  std::vector<measure::TimedWindow> take() {
    std::vector<measure::TimedWindow> windows;
    windows.reserve(windows_.size());
    for (auto& [begin, window] : windows_) windows.push_back(std::move(window));
    windows_.clear();
    return windows;
  }

 private:
  static void note_worst(const std::optional<measure::Worst>& other,
                         std::optional<measure::Worst>& worst) {
    if (!other) return;
    if (!worst) {
      worst = other;
      return;
    }
    if (other->loss_ratio > worst->loss_ratio)
      worst->loss_ratio = other->loss_ratio, worst->loss_at = other->loss_at;
    if (other->rtt_p99 && (!worst->rtt_p99 || *other->rtt_p99 > *worst->rtt_p99))
      worst->rtt_p99 = other->rtt_p99, worst->rtt_p99_at = other->rtt_p99_at;
  }
  std::map<WallTime, measure::TimedWindow> windows_;
};

Answer<Reply> windows_of(const Request& request, Desk& desk, const std::vector<Known>& sessions) {
  const Range range = TRY(request.query.range());
  const auto asked = TRY(step_of(request, range));
  store::Reader* const reader = TRY(desk.reader());
  store::Reader::WindowQuery query{.range = range_of(range), .step = asked};
  // Of several sessions the one whose windows are kept the coarsest decides for all.
  Duration step = asked.value_or(Duration());
  for (const Known& session : sessions) {
    if (asked || !session.row) continue;
    query.session = session.row->id;
    step = std::max(step, reader->step_of(query));
  }
  if (step == Duration()) step = reader->step_of(query);
  query.step = step;

  WindowsAnswer answer{.range = range_of(range),
                       .step = step,
                       .percentiles = TRY(request.query.percentiles("percentiles"))};
  Merged merged;
  for (const Known& session : sessions) {
    answer.sessions.push_back(session.name);
    if (!session.row) continue;
    query.session = session.row->id;
    merged.add(TRY(desk.kept(reader->windows(query))));
  }
  answer.windows = merged.take();
  if (wants_csv(request)) return csv_reply(to_csv(answer));
  return json_reply(answer);
}

Answer<store::EventQuery> event_query(const Request& request, Desk& desk) {
  store::EventQuery query;
  if (const auto name = request.query.text("session")) {
    const Known session = TRY(known_session(*name, desk));
    // One of which nothing is kept has no events either; no row has this id.
    query.session = session.row ? session.row->id : UINT32_MAX;
  }
  query.range = range_of(TRY(request.query.range()));
  query.incident = TRY(request.query.count("incident"));
  if (const auto severity = TRY(request.query.choice("severity"))) {
    for (const auto one :
         {measure::Severity::Info, measure::Severity::Warning, measure::Severity::Error})
      if (name(one) == *severity) query.at_least = one;
  }
  // One more than is told, to know whether there are more.
  query.limit = TRY(request.query.count("limit")).value_or(1'000) + 1;
  return query;
}

// Takes what is above the limit off the front, where the oldest are.
template <typename T>
bool keep_newest(std::vector<T>& found, std::size_t limit) {
  if (found.size() <= limit) return true;
  found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  return false;
}

}  // namespace

Answer<Reply> answer_alive(const Request&, Desk&) { return json_reply(AliveAnswer{}); }

Answer<Reply> answer_ready(const Request&, Desk& desk) {
  const ReadyAnswer answer{problems_of(desk.service().status())};
  return json_reply(answer, answer.problems.empty() ? 200 : 503);
}

Answer<Reply> answer_metrics(const Request& request, Desk& desk) {
  Exposition exposition = desk.sources().metrics(request.accept);
  return Reply{.type = std::move(exposition.type), .body = std::move(exposition.body)};
}

Answer<Reply> answer_health(const Request& request, Desk& desk) {
  return json_reply(HealthAnswer{desk.service().status(), request.now});
}

Answer<Reply> answer_configuration(const Request&, Desk& desk) {
  return json_reply(ConfigurationAnswer{desk.service().configuration()});
}

Answer<Reply> answer_reload(const Request&, Desk& desk) {
  auto changed = desk.service().reload();
  if (!changed)
    return refuse({.status = 422,
                   .code = "configuration_refused",
                   .message = changed.error().text + " (what ran before runs on)"});
  return json_reply(ReloadAnswer{*std::move(changed)});
}

Answer<Reply> answer_sessions(const Request& request, Desk& desk) {
  const auto live = desk.service().sessions();
  const auto kept = kept_sessions(desk);
  const auto rows = kept.value_or(std::vector<store::SessionRow>());
  // What runs is known without the store.
  SessionsAnswer answer;
  if (!kept) answer.kept_problem = kept.error().message;
  for (const SessionStatus& status : live)
    answer.sessions.push_back({.live = &status, .kept = find(rows, status.name)});
  for (const store::SessionRow& row : rows)
    if (std::ranges::find(live, row.info.name, &SessionStatus::name) == live.end())
      answer.sessions.push_back({.kept = &row});
  for (SessionView& view : answer.sessions) view.now = request.now;
  return json_reply(answer);
}

Answer<Reply> answer_session(const Request& request, Desk& desk) {
  const std::string& name = request.names.front();
  const auto live = desk.service().sessions();
  const auto kept = kept_sessions(desk);
  const auto rows = kept.value_or(std::vector<store::SessionRow>());
  const auto running = std::ranges::find(live, name, &SessionStatus::name);
  const SessionView view{.live = running == live.end() ? nullptr : &*running,
                         .kept = find(rows, name),
                         .began = desk.service().status().began,
                         .now = request.now,
                         .whole = true};
  // What does not run may be one of the past.
  if (view.live == nullptr && !kept) return std::unexpected(kept.error());
  if (view.live == nullptr && view.kept == nullptr)
    return unknown_session(name, some_names(live, rows, name));
  return json_reply(view);
}

Answer<Reply> answer_session_windows(const Request& request, Desk& desk) {
  return windows_of(request, desk, {TRY(known_session(request.names.front(), desk))});
}

Answer<Reply> answer_windows(const Request& request, Desk& desk) {
  std::vector<std::string> names = request.query.texts("session");
  if (names.empty())
    for (const SessionStatus& status : desk.service().sessions()) names.push_back(status.name);
  // A session named twice would count twice.
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  if (names.size() > kMostSessions)
    return refuse({.status = 400,
                   .code = "wrong_parameter",
                   .message = fmt::format("session: {} sessions, at most {} are merged at once: "
                                          "name those that are wanted",
                                          names.size(), kMostSessions),
                   .parameter = "session"});
  std::vector<Known> sessions;
  for (const std::string& name : names) sessions.push_back(TRY(known_session(name, desk)));
  return windows_of(request, desk, sessions);
}

Answer<Reply> answer_samples(const Request& request, Desk& desk) {
  const Known session = TRY(known_session(request.names.front(), desk));
  const Range range = TRY(request.query.range());
  const std::size_t limit = TRY(request.query.count("limit")).value_or(1'000);
  SamplesAnswer answer{.session = session.name, .range = range_of(range)};
  if (session.row) {
    store::Reader* const reader = TRY(desk.reader());
    answer.samples = TRY(desk.kept(reader->samples(session.row->id, range_of(range), limit + 1)));
  }
  if (answer.samples.size() > limit) {
    answer.complete = false;
    answer.samples.resize(limit);
  }
  if (wants_csv(request)) return csv_reply(to_csv(answer));
  return json_reply(answer);
}

Answer<Reply> answer_flows(const Request& request, Desk& desk) {
  const Known session = TRY(known_session(request.names.front(), desk));
  const Range range = TRY(request.query.range());
  FlowsAnswer answer{.session = session.name};
  if (session.row) {
    store::Reader* const reader = TRY(desk.reader());
    answer.flows = TRY(desk.kept(reader->flows(session.row->id, range_of(range))));
  }
  return json_reply(answer);
}

Answer<Reply> answer_events(const Request& request, Desk& desk) {
  const store::EventQuery query = TRY(event_query(request, desk));
  store::Reader* const reader = TRY(desk.reader());
  EventsAnswer answer{.events = TRY(desk.kept(reader->events(query)))};
  answer.complete = keep_newest(answer.events, query.limit - 1);
  return json_reply(answer);
}

Answer<Reply> answer_incidents(const Request& request, Desk& desk) {
  const store::EventQuery query = TRY(event_query(request, desk));
  store::Reader* const reader = TRY(desk.reader());
  IncidentsAnswer answer{.incidents = TRY(desk.kept(reader->incidents(query)))};
  answer.complete = keep_newest(answer.incidents, query.limit - 1);
  return json_reply(answer);
}

Answer<Reply> answer_incident(const Request& request, Desk& desk) {
  const auto id = parse_count(request.names.front(), 1, UINT64_MAX);
  if (!id)
    return refuse({.status = 400,
                   .code = "wrong_parameter",
                   .message = "id: " + id.error().text,
                   .parameter = "id"});
  store::Reader* const reader = TRY(desk.reader());
  auto incident = TRY(desk.kept(reader->incident(*id)));
  if (!incident)
    return refuse(
        {.status = 404,
         .code = "unknown_incident",
         .message = fmt::format("there is no incident {}: /api/v1/incidents lists them", *id)});
  constexpr std::size_t kLimit = 1'000;
  IncidentAnswer answer{.incident = *std::move(incident)};
  answer.events = TRY(desk.kept(reader->events({.incident = *id, .limit = kLimit + 1})));
  answer.complete = keep_newest(answer.events, kLimit);
  return json_reply(answer);
}

}  // namespace wirestamp::api
