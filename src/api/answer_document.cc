// SPDX-License-Identifier: Apache-2.0
#include "api/answer_document.h"

#include <algorithm>
#include <array>
#include <optional>
#include <variant>

#include "api/answer_shape.h"
#include "api/host_status.h"
#include "api/overview.h"
#include "api/problem.h"
#include "api/sparklines.h"
#include "publish/columns.h"
#include "publish/csv.h"
#include "publish/document.h"
#include "publish/period.h"

namespace wirestamp::publish {

namespace {

using namespace wirestamp::api;

constexpr std::string_view kLive = "while it is configured";
constexpr std::string_view kBegan = "once it began";

std::optional<std::string> time_text(const std::optional<WallTime>& time) {
  return time ? std::optional(rfc3339(*time)) : std::nullopt;
}

struct WindowType {
  static constexpr std::string_view kName = "window", kSuffix = "";
};
struct WindowsType {
  static constexpr std::string_view kName = "asked_window", kSuffix = "[]";
};
struct EventsType {
  static constexpr std::string_view kName = "recorded_event", kSuffix = "[]";
};
struct IncidentType {
  static constexpr std::string_view kName = "incident", kSuffix = "";
};
struct IncidentsType {
  static constexpr std::string_view kName = "incident", kSuffix = "[]";
};
struct SamplesType {
  static constexpr std::string_view kName = "sample", kSuffix = "[]";
};

void write_events(JsonWriter& json, std::string_view key,
                  const std::vector<measure::RecordedEvent>& events) {
  json.begin_array(key);
  for (const auto& event : events) write_recorded_event(json, event);
  json.end_array();
}

void write_sample(JsonWriter& json, const measure::Sample& sample) {
  json.begin_element();
  for (const Column& column : columns())
    std::visit(
        [&](const auto& value) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>)
            json.member(column.name, value);
        },
        column.get(sample));
  json.end_object();
}

}  // namespace

template <>
struct Shape<SessionView> {
  using T = SessionView;
  static constexpr std::string_view kName = "session",
                                    kMeaning = "A session as it runs and as it is kept.";
  static void last_minute(JsonWriter& json, std::string_view key, const T& of) {
    if (of.live == nullptr || !of.live->last_minute) return;
    write_window(json, key, {*of.live->last_minute, usual_percentiles()});
  }
  static void total(JsonWriter& json, std::string_view key, const T& of) {
    if (!of.whole || of.live == nullptr) return;
    const measure::TimedWindow window{
        .begin = of.began, .length = of.now - of.began, .window = of.live->total};
    write_window(json, key, {window, usual_percentiles()});
  }
  static constexpr std::array kRows{
      row<[](const T& of) { return of.name(); }>("name", kAlways, "as it is configured"),
      row<[](const T& of) { return of.host(); }>("host", kAlways, "the host as the user named it"),
      row<[](const T& of) { return of.live != nullptr; }>(
          "configured", kAlways, "it is measured now; else only its past is kept"),
      row<[](const T& of) {
        return of.live_value(&SessionStatus::state);
      }>("state", kLive,
         "waiting (it could not begin yet), up, silent (an outage), or stopped (the peer said so)"),
      row<[](const T& of) { return of.live ? time_text(of.live->since) : std::nullopt; }>(
          "since", "where known", "when that state began, RFC 3339, UTC"),
      row<[](const T& of) { return of.live_text(&SessionStatus::problem); }>(
          "problem", "while it waits", "why"),
      row<[](const T& of) { return of.live_text(&SessionStatus::peer); }>(
          "peer", kBegan, "address and port of the reflector"),
      row<[](const T& of) { return of.live_text(&SessionStatus::local); }>("local", kBegan,
                                                                           "address and port here"),
      row<[](const T& of) { return of.live_text(&SessionStatus::interface_name); }>(
          "interface", kBegan, "name of the interface its probes leave by"),
      row<[](const T& of) { return of.live_value(&SessionStatus::interval); }>(
          "interval_ns", kLive, "from probe to probe"),
      row<[](const T& of) {
        return of.live && of.live->size != 0 ? std::optional(of.live->size) : std::nullopt;
      }>("size", kBegan, "octets of UDP payload"),
      row<[](const T& of) { return of.live_value(&SessionStatus::dscp); }>("dscp", kLive,
                                                                           "as sent"),
      row<[](const T& of) { return of.live_text(&SessionStatus::protocol); }>(
          "protocol", kLive, "of its probes: stamp, or twamp-light (no extensions)"),
      row<[](const T& of) { return of.live_text(&SessionStatus::mode); }>(
          "mode", kBegan, "of its probes: open or authenticated"),
      row<[](const T& of) { return of.live_text(&SessionStatus::key_id); }>(
          "key_id", "in authenticated mode", "id of the key that its probes have"),
      row<[](const T& of) { return of.live_value(&SessionStatus::transmit); }>(
          "stamps.transmit", kLive, "source of the stamps this host gives to what it sends"),
      row<[](const T& of) { return of.live_value(&SessionStatus::receive); }>(
          "stamps.receive", kLive, "the same of what it receives"),
      row<[](const T& of) {
        return of.live && of.live->incident != 0 ? std::optional(of.live->incident) : std::nullopt;
      }>("incident", "while one is open", "its id"),
      row<[](const T& of) { return time_text(of.kept_time(&store::SessionRow::first)); }>(
          "kept_from", "when windows are kept", "begin of the oldest window"),
      row<[](const T& of) { return time_text(of.kept_time(&store::SessionRow::last)); }>(
          "kept_to", "when windows are kept", "end of the newest window"),
      told<T, &Shape::last_minute, WindowType>("last_minute", "once a minute is decided",
                                               "the newest minute that is decided"),
      told<T, &Shape::total, WindowType>("total", "in the answer for one session",
                                         "all since the agent began"),
  };
};

template <>
struct Shape<SessionsAnswer> {
  using T = SessionsAnswer;
  static constexpr std::string_view kName = "sessions", kMeaning = "All sessions.";
  static constexpr std::array kRows{
      row<&T::sessions>("sessions", kAlways, "those that are measured, then those of the past"),
      row<[](const T& of) { return unless_empty(of.kept_problem); }>(
          "kept_problem", "when what is kept cannot be read",
          "why; sessions of the past and `kept_from` and `kept_to` are missing then"),
  };
};

template <>
struct Shape<WindowsAnswer> {
  using T = WindowsAnswer;
  static constexpr std::string_view kName = "windows",
                                    kMeaning = "Windows of a session, or of several as one.";
  static void windows(JsonWriter& json, std::string_view key, const T& of) {
    json.begin_array(key);
    for (const auto& window : of.windows)
      write_window(json,
                   {window, of.percentiles, of.histograms, of.fields ? &*of.fields : nullptr});
    json.end_array();
  }
  static constexpr std::array kRows{
      row<&T::sessions>("sessions", kAlways, "whose windows these are; of several: merged"),
      row<[](const T& of) { return rfc3339(of.range.from); }>(
          "from", kAlways, "windows that begin at this time or later, RFC 3339, UTC"),
      row<[](const T& of) { return rfc3339(of.range.to); }>("to", kAlways, "and before this"),
      row<&T::step>("step_ns", kAlways, "length of a window; they begin at multiples of it"),
      told<T, &Shape::windows, WindowsType>("windows", kAlways,
                                            "in order of time; stretches without data have none"),
  };
};

template <>
struct Shape<SamplesAnswer> {
  using T = SamplesAnswer;
  static constexpr std::string_view kName = "samples", kMeaning = "Single probes of a session.";
  static void samples(JsonWriter& json, std::string_view key, const T& of) {
    json.begin_array(key);
    for (const auto& sample : of.samples) write_sample(json, sample);
    json.end_array();
  }
  static constexpr std::array kRows{
      row<&T::session>("session", kAlways, "name of the session"),
      row<[](const T& of) { return rfc3339(of.range.from); }>(
          "from", kAlways, "probes due at this time or later, RFC 3339, UTC"),
      row<[](const T& of) { return rfc3339(of.range.to); }>("to", kAlways, "and before this"),
      row<&T::complete>("complete", kAlways,
                        "false when there are more than `limit`, or too many to look through: "
                        "these are the first"),
      row<[](const T& of) { return of.next ? std::optional(of.next->ns()) : std::nullopt; }>(
          "next_ns", "when it is not complete", "`from` for those that follow"),
      told<T, &Shape::samples, SamplesType>("samples", kAlways, "oldest first"),
  };
};

template <>
struct Shape<store::FlowRow> {
  using T = store::FlowRow;
  static constexpr std::string_view kName = "kept_flow",
                                    kMeaning = "A 5-tuple and when it was in use.";
  static constexpr std::array kRows{
      row<&T::flow>("flow", kAlways, "its number within the session"),
      row<&T::tuple>("tuple", kAlways, "source > destination"),
      row<[](const T& of) { return rfc3339(of.began); }>("began", kAlways, "RFC 3339, UTC"),
      row<[](const T& of) { return time_text(of.ended); }>("ended", "when it is over",
                                                           "RFC 3339, UTC"),
  };
};

template <>
struct Shape<FlowsAnswer> {
  using T = FlowsAnswer;
  static constexpr std::string_view kName = "flows", kMeaning = "Flows of a session.";
  static constexpr std::array kRows{
      row<&T::session>("session", kAlways, "name of the session"),
      row<&T::flows>("flows", kAlways, "those in use in the range"),
  };
};

template <>
struct Shape<EventsAnswer> {
  using T = EventsAnswer;
  static constexpr std::string_view kName = "events", kMeaning = "What happened.";
  static void events(JsonWriter& json, std::string_view key, const T& of) {
    write_events(json, key, of.events);
  }
  static constexpr std::array kRows{
      row<&T::complete>("complete", kAlways,
                        "false when there are more than `limit`: these are the newest"),
      told<T, &Shape::events, EventsType>("events", kAlways, "oldest first"),
  };
};

template <>
struct Shape<IncidentsAnswer> {
  using T = IncidentsAnswer;
  static constexpr std::string_view kName = "incidents", kMeaning = "Events that belong together.";
  static void incidents(JsonWriter& json, std::string_view key, const T& of) {
    json.begin_array(key);
    for (const auto& incident : of.incidents) write_incident(json, incident);
    json.end_array();
  }
  static constexpr std::array kRows{
      row<&T::complete>("complete", kAlways,
                        "false when there are more than `limit`: these are the newest"),
      told<T, &Shape::incidents, IncidentsType>("incidents", kAlways, "oldest first"),
  };
};

template <>
struct Shape<IncidentAnswer> {
  using T = IncidentAnswer;
  static constexpr std::string_view kName = "one_incident",
                                    kMeaning = "An incident with its events.";
  static void incident(JsonWriter& json, std::string_view key, const T& of) {
    write_incident(json, key, of.incident);
  }
  static void events(JsonWriter& json, std::string_view key, const T& of) {
    write_events(json, key, of.events);
  }
  static constexpr std::array kRows{
      told<T, &Shape::incident, IncidentType>("incident", kAlways, "the incident"),
      row<&T::complete>("complete", kAlways, "false when it has more events: these are the newest"),
      told<T, &Shape::events, EventsType>("events", kAlways, "oldest first"),
  };
};

template <>
struct Shape<Setting> {
  using T = Setting;
  static constexpr std::string_view kName = "setting", kMeaning = "An option in force.";
  static constexpr std::array kRows{
      row<[](const T& of) { return unless_empty(of.session); }>(
          "session", "of one session", "its name; the others are of the agent"),
      row<&T::name>("name", kAlways, "of the option"),
      row<[](const T& of) { return unless_empty(of.value); }>(
          "value", "where it is set and no secret", "as the user would write it"),
      row<&T::origin>("origin", kAlways, "where it comes from: flag, variable, file or default"),
  };
};

template <>
struct Shape<ConfigurationAnswer> {
  using T = ConfigurationAnswer;
  static constexpr std::string_view kName = "configuration", kMeaning = "What is in force.";
  static constexpr std::array kRows{
      row<&T::settings>("settings", kAlways, "each option of the agent and of each session"),
  };
};

template <>
struct Shape<ReloadAnswer> {
  using T = ReloadAnswer;
  static constexpr std::string_view kName = "reloaded", kMeaning = "What a reload changed.";
  static constexpr std::array kRows{
      row<&T::changed>("changed", kAlways, "a line each; empty when nothing changed"),
  };
};

template <>
struct Shape<WebhookStatus> {
  using T = WebhookStatus;
  static constexpr std::string_view kName = "webhook",
                                    kMeaning = "A webhook and its messages since the agent began.";
  static constexpr std::array kRows{
      row<&T::url>("url", kAlways, "scheme and host; a path, which may be a secret, is \"/...\""),
      row<&T::delivered>("delivered", kAlways, "messages that were taken"),
      row<&T::failed>("failed", kAlways, "attempts that failed"),
      row<&T::given_up>("given_up", kAlways,
                        "messages that were refused for good, too old or tried too often"),
      row<&T::dropped>("dropped", kAlways, "messages that found no room"),
      row<&T::pending>("pending", kAlways, "messages that wait or are under way"),
      row<&T::failing>("failing", kAlways, "the last attempt failed"),
      row<[](const T& of) { return unless_empty(of.last_error); }>(
          "last_error", "once an attempt failed", "what the last one that failed said"),
  };
};

template <>
struct Shape<HealthAnswer> {
  using T = HealthAnswer;
  static constexpr std::string_view kName = "health", kMeaning = "How the agent itself is.";
  static constexpr std::array kRows{
      row<[](const T& of) { return problems_of(of.status).empty(); }>(
          "ready", kAlways, "it measures and its store is well"),
      row<[](const T& of) { return of.status.version; }>("version", kAlways, "of the program"),
      row<[](const T& of) { return rfc3339(of.status.began); }>("began", kAlways,
                                                                "when the agent did"),
      row<[](const T& of) { return rfc3339(of.now); }>("now", kAlways, "the clock of its host"),
      row<[](const T& of) { return of.status.measuring; }>(
          "measuring", kAlways, "the measuring thread runs and turned lately"),
      row<[](const T& of) { return of.status.store_well; }>("store.well", kAlways,
                                                            "the last commit succeeded"),
      row<[](const T& of) {
        return of.status.store_problem.empty() ? std::nullopt
                                               : std::optional(of.status.store_problem);
      }>("store.problem", "while it is not well", "what the last commit said"),
      row<[](const T& of) { return of.status.store_octets; }>("store.octets", kAlways,
                                                              "of the file and its log"),
      row<[](const T& of) { return of.status.store_dropped; }>(
          "store.dropped", kAlways, "windows, samples and events that found no room"),
      row<[](const T& of) { return of.status.samples_dropped; }>(
          "samples_dropped", kAlways, "samples lost between measuring and keeping them"),
      row<[](const T& of) {
        return of.status.configuration_problem.empty()
                   ? std::nullopt
                   : std::optional(of.status.configuration_problem);
      }>("configuration_problem", "when the last reload was refused", "why"),
      row<[](const T& of) { return of.status.reflector.listening; }>(
          "reflector.listening", kAlways, "addresses and ports it answers at"),
      row<[](const T& of) { return Named<std::uint64_t>(of.status.reflector.counters); }>(
          "reflector.counters", kAlways, "what happened to packets, by name"),
      row<[](const T& of) -> const auto& { return of.status.webhooks; }>("webhooks", kAlways,
                                                                         "each that is configured"),
  };
};

template <>
struct Shape<ReadyAnswer> {
  using T = ReadyAnswer;
  static constexpr std::string_view kName = "readiness", kMeaning = "Whether the agent works.";
  static constexpr std::array kRows{
      row<[](const T& of) { return of.problems.empty(); }>("ready", kAlways,
                                                           "it measures and its store is well"),
      row<&T::problems>("problems", kAlways, "what keeps it from that"),
  };
};

template <>
struct Shape<AliveAnswer> {
  using T = AliveAnswer;
  static constexpr std::string_view kName = "liveness", kMeaning = "The process answers.";
  static constexpr std::array kRows{
      row<[](const T&) { return true; }>("alive", kAlways, "always true"),
  };
};

struct LoginAnswer {
  Duration lifetime;
};
template <>
struct Shape<LoginAnswer> {
  using T = LoginAnswer;
  static constexpr std::string_view kName = "login", kMeaning = "A cookie was given.";
  static constexpr std::array kRows{
      row<&T::lifetime>("lifetime_ns", kAlways, "of the cookie"),
  };
};

template <>
struct Shape<Problem> {
  using T = Problem;
  static constexpr std::string_view kName = "error", kMeaning = "Why a request was refused.";
  static constexpr std::array kRows{
      row<&T::code>("error.code", kAlways, "for programs"),
      row<&T::message>("error.message", kAlways, "for a person: what to do"),
      row<[](const T& of) { return unless_empty(of.parameter); }>("error.parameter",
                                                                  "where one is wrong", "its name"),
      row<[](const T& of) { return unless_empty(of.allowed); }>(
          "error.allowed", "where there is a list", "what would be taken"),
  };
};

}  // namespace wirestamp::publish

namespace wirestamp::api {

std::vector<std::string> problems_of(const AgentStatus& status) {
  std::vector<std::string> problems;
  if (!status.measuring) problems.emplace_back("the measuring thread does not run");
  if (!status.store_well)
    problems.push_back(status.store_problem.empty() ? "the store is not open"
                                                    : "the store: " + status.store_problem);
  return problems;
}

std::string to_json(const SessionsAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const SessionView& answer) { return publish::answer_text(answer); }
std::string to_json(const WindowsAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const SamplesAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const FlowsAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const EventsAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const IncidentsAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const IncidentAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const ConfigurationAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const ReloadAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const HealthAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const ReadyAnswer& answer) { return publish::answer_text(answer); }
std::string to_json(const AliveAnswer& answer) { return publish::answer_text(answer); }

Reply to_reply(const Problem& problem) {
  return {
      .status = problem.status, .body = publish::answer_text(problem), .headers = problem.headers};
}

std::string session_status_json(const SessionStatus& status) {
  return publish::answer_text(SessionView{.live = &status});
}

std::string to_csv(const WindowsAnswer& answer) {
  std::string out;
  publish::append_window_csv_header(answer.percentiles, out);
  for (const auto& window : answer.windows)
    publish::append_window_csv_line({window, answer.percentiles}, out);
  return out;
}

std::string to_csv(const SamplesAnswer& answer) {
  std::string out;
  publish::append_csv_header(out);
  for (const auto& sample : answer.samples) publish::append_csv_line(sample, out);
  return out;
}

std::vector<publish::DocumentShape> answer_shapes() {
  constexpr std::array<std::string_view, 5> kUsedShapes{"event", "mark", "hop", "crossing",
                                                        "stamps"};
  std::vector<publish::DocumentShape> shapes = publish::window_document_shapes();
  for (publish::DocumentShape& shape : publish::document_shapes())
    if (std::ranges::find(kUsedShapes, shape.name) != kUsedShapes.end())
      shapes.push_back(std::move(shape));
  publish::DocumentShape asked =
      *std::ranges::find(shapes, std::string_view("window"), &publish::DocumentShape::name);
  asked.name = "asked_window";
  asked.meaning = "A window, or the members of it that `fields` names.";
  for (publish::DocumentField& member : asked.members)
    if (member.presence == publish::kAlways && member.path != "begin")
      member.presence = "unless `fields` leaves it out";
  shapes.push_back(std::move(asked));
  publish::DocumentShape sample{"sample", "One probe; absent is what is not known.", {}};
  for (const publish::Column& column : publish::columns())
    sample.members.push_back({.path = std::string(column.name),
                              .type = column.type,
                              .presence = "where it is known",
                              .meaning = column.meaning});
  shapes.push_back(std::move(sample));
  publish::add_shapes<SessionView, SessionsAnswer, WindowsAnswer, SamplesAnswer, store::FlowRow,
                      FlowsAnswer, EventsAnswer, IncidentsAnswer, IncidentAnswer, Setting,
                      ConfigurationAnswer, ReloadAnswer, WebhookStatus, HealthAnswer, ReadyAnswer,
                      AliveAnswer, publish::LoginAnswer, Problem>(shapes);
  add_overview_shapes(shapes);
  add_sparkline_shapes(shapes);
  add_host_shapes(shapes);
  for (publish::DocumentShape& shape : publish::period_shapes()) shapes.push_back(std::move(shape));
  return shapes;
}

}  // namespace wirestamp::api
