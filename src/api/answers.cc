// SPDX-License-Identifier: Apache-2.0
#include "api/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/answer_document.h"
#include "api/lookup.h"
#include "api/overview.h"
#include "api/values.h"
#include "measure/event_kinds.h"

namespace wirestamp::api {

namespace {

Answer<store::EventQuery> event_query(const Request& request, Desk& desk) {
  store::EventQuery query;
  const auto asked = request.query.text("session");
  if (asked && asked->empty()) {
    query.session = store::kOfTheAgent;
  } else if (asked) {
    const Known session = TRY(known_session(*asked, desk));
    // One of which nothing is kept has no events either; no row has this id.
    query.session = session.row ? session.row->id : UINT32_MAX;
  }
  query.range = range_of(TRY(request.query.range()));
  query.incident = TRY(request.query.count("incident"));
  TRY_VOID(request.query.check_choices("kind"));
  for (const std::string& kind : request.query.texts("kind"))
    if (const auto known = measure::event_kind(kind)) query.kinds.push_back(*known);
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

namespace {

template <typename T>
Answer<Reply> all_sessions(const Request& request, Desk& desk) {
  const auto live = desk.service().brief_sessions();
  const auto kept = kept_sessions(desk);
  const auto rows = kept.value_or(std::vector<store::SessionRow>());
  // What runs is known without the store.
  T answer;
  if (!kept) answer.kept_problem = kept.error().message;
  answer.sessions = views_of(live, rows, request.now);
  return json_reply(answer);
}

}  // namespace

Answer<Reply> answer_sessions(const Request& request, Desk& desk) {
  return all_sessions<SessionsAnswer>(request, desk);
}

Answer<Reply> answer_overview(const Request& request, Desk& desk) {
  return all_sessions<OverviewAnswer>(request, desk);
}

Answer<Reply> answer_session(const Request& request, Desk& desk) {
  const std::string& name = request.names.front();
  const auto live = desk.service().sessions();
  const auto kept = kept_sessions(desk);
  const auto rows = kept.value_or(std::vector<store::SessionRow>());
  const auto running = std::ranges::find(live, name, &SessionStatus::name);
  const SessionView view{.live = running == live.end() ? nullptr : &*running,
                         .kept = find_row(rows, name),
                         .began = desk.service().status().began,
                         .now = request.now,
                         .whole = true};
  // What does not run may be one of the past.
  if (view.live == nullptr && !kept) return std::unexpected(kept.error());
  if (view.live == nullptr && view.kept == nullptr)
    return unknown_session(name, some_names(live, rows, name));
  return json_reply(view);
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
