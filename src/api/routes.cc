// SPDX-License-Identifier: Apache-2.0
#include "api/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/answers.h"
#include "api/headers.h"
#include "api/page.h"
#include "api/values.h"
#include "measure/event_kinds.h"
#include "publish/window_document.h"

namespace wirestamp::api {

namespace {

constexpr Parameter kFromHour{
    .name = "from",
    .kind = ParameterKind::Time,
    .meaning = "Begin: RFC 3339, Unix time in nanoseconds, or a time before now such as -1h.",
    .fallback = "-1h"};
constexpr Parameter kFromMinutes{
    .name = "from", .kind = ParameterKind::Time, .meaning = kFromHour.meaning, .fallback = "-10m"};
constexpr Parameter kFromEver{
    .name = "from", .kind = ParameterKind::Time, .meaning = kFromHour.meaning};
constexpr Parameter kTo{.name = "to",
                        .kind = ParameterKind::Time,
                        .meaning = "End, which is not in it; without it, now."};
constexpr Parameter kStep{
    .name = "step",
    .kind = ParameterKind::Length,
    .meaning =
        "Length of a window in whole seconds: 10s, 1m, 1h. Without it, such that there are "
        "at most 2,000 windows."};
constexpr Parameter kPercentiles{.name = "percentiles",
                                 .kind = ParameterKind::Percentiles,
                                 .meaning = "Percentiles of delays, with commas between them.",
                                 .fallback = "50,95,99"};
constexpr Parameter kHistogram{.name = "histogram",
                               .kind = ParameterKind::Choice,
                               .meaning =
                                   "Delays of which each window tells its histogram; given several "
                                   "times, or with commas, for several. Without it, none.",
                               .choices = "rtt forward backward ipdv",
                               .repeated = true};
constexpr Parameter kFields{
    .name = "fields",
    .kind = ParameterKind::Choice,
    .meaning =
        "Members of a window that are told, begin beside them; given several "
        "times, or with commas, for several. Without it, all.",
    .choices = publish::WindowFields::kNames,
    .repeated = true};
constexpr Parameter kSparklineStep{.name = "step",
                                   .kind = ParameterKind::Length,
                                   .meaning = "Length of a step in whole seconds.",
                                   .fallback = "1m"};
constexpr Parameter kFromDay{
    .name = "from", .kind = ParameterKind::Time, .meaning = kFromHour.meaning, .fallback = "-24h"};
constexpr Parameter kReportStep{
    .name = "step",
    .kind = ParameterKind::Length,
    .meaning =
        "Length of a window in whole seconds. Without it, such that there are at most "
        "2,000 windows."};
constexpr Parameter kReportWindows{
    .name = "windows",
    .kind = ParameterKind::Choice,
    .meaning =
        "Its windows are most of it: with none their list is empty, all else stays as it is.",
    .fallback = "all",
    .choices = "all none"};
constexpr Parameter kComparedFrom{
    .name = "compare_from",
    .kind = ParameterKind::Time,
    .meaning = "Begin of a stretch of time to compare with. Without it, with nothing."};
constexpr Parameter kComparedTo{.name = "compare_to",
                                .kind = ParameterKind::Time,
                                .meaning = "Its end. Without it, such that both are equally long."};
constexpr Parameter kPlot{.name = "plot",
                          .kind = ParameterKind::Choice,
                          .meaning = "What is drawn. Without it, latency.",
                          .choices = "latency forward backward jitter loss histogram"};
constexpr Parameter kWidth{.name = "width",
                           .kind = ParameterKind::Count,
                           .meaning = "In pixels.",
                           .fallback = "960",
                           .least = 320,
                           .most = 4'000};
constexpr Parameter kHeight{.name = "height",
                            .kind = ParameterKind::Count,
                            .meaning = "In pixels, without the list of incidents below.",
                            .fallback = "340",
                            .least = 320,
                            .most = 4'000};
constexpr Parameter kTheme{
    .name = "theme",
    .kind = ParameterKind::Choice,
    .meaning = "Colours. Without it, light, and dark where the viewer asks for it.",
    .choices = "light dark"};
constexpr Parameter kFormat{.name = "format",
                            .kind = ParameterKind::Choice,
                            .meaning = "Of the answer; without it, as Accept says.",
                            .choices = "json csv"};
constexpr Parameter kLimit{.name = "limit",
                           .kind = ParameterKind::Count,
                           .meaning = "At most so many.",
                           .fallback = "1000",
                           .least = 1,
                           .most = 10'000};
constexpr Parameter kOutcome{
    .name = "outcome",
    .kind = ParameterKind::Choice,
    .meaning =
        "Of probes: answered (delivered, late), lost (all that left and were not answered in "
        "time), not_sent (unsent, withheld, late_schedule), or one outcome; given several "
        "times, or with commas, for several. Without it, any.",
    .choices =
        "answered lost not_sent delivered late lost_forward lost_backward lost_unknown "
        "unsent withheld late_schedule peer_closed too_big refused_by_peer",
    .repeated = true};
constexpr Parameter kProbe{.name = "probe",
                           .kind = ParameterKind::Count,
                           .meaning = "Number of a probe.",
                           .least = 0,
                           .most = UINT64_MAX};
constexpr Parameter kSequence{.name = "sequence",
                              .kind = ParameterKind::Count,
                              .meaning = "STAMP sequence number of a probe.",
                              .least = 0,
                              .most = UINT32_MAX};
constexpr Parameter kSession{
    .name = "session",
    .meaning = "Name of a session; empty: what concerns the agent as a whole and no session."};
constexpr Parameter kEventKind{
    .name = "kind",
    .kind = ParameterKind::Choice,
    .meaning = "Of this kind; given several times, or with commas, for several. Without it, any.",
    .choices = measure::kEventKindNames,
    .repeated = true};
constexpr Parameter kSessions{.name = "session",
                              .meaning = "Name of a session; given several times for several.",
                              .repeated = true};
constexpr Parameter kSeverity{.name = "severity",
                              .kind = ParameterKind::Choice,
                              .meaning = "Of this severity or worse.",
                              .choices = "info warning error"};
constexpr Parameter kIncident{.name = "incident",
                              .kind = ParameterKind::Count,
                              .meaning = "Of the incident of this id.",
                              .least = 1,
                              .most = UINT64_MAX};
constexpr Parameter kKinds{.name = "kind",
                           .kind = ParameterKind::Choice,
                           .meaning =
                               "Kind of messages; given several times, or with commas, for "
                               "several. Without it, all.",
                           .choices = "sample window event incident status",
                           .repeated = true};
constexpr Parameter kLastEvent{
    .name = "last_event_id",
    .meaning = "The id of the last message seen, for clients that cannot send Last-Event-ID."};

constexpr std::array kSparklineParameters{kSessions, kFromHour, kTo, kSparklineStep};
constexpr std::array kWindowParameters{kFromHour,  kTo,     kStep,  kPercentiles,
                                       kHistogram, kFields, kFormat};
constexpr std::array kMergedParameters{kSessions,    kFromHour,  kTo,     kStep,
                                       kPercentiles, kHistogram, kFields, kFormat};
constexpr std::array kReportParameters{kFromDay,      kTo,         kReportStep,
                                       kComparedFrom, kComparedTo, kReportWindows};
constexpr std::array kPlotParameters{kPlot,       kFromDay, kTo,     kReportStep, kComparedFrom,
                                     kComparedTo, kWidth,   kHeight, kTheme};
constexpr std::array kSampleParameters{kFromMinutes, kTo,    kOutcome, kProbe,
                                       kSequence,    kLimit, kFormat};
constexpr std::array kFlowParameters{kFromEver, kTo};
constexpr std::array kEventParameters{kSession,  kFromEver,  kTo,   kSeverity,
                                      kIncident, kEventKind, kLimit};
constexpr std::array kIncidentParameters{kSession, kFromEver, kTo, kSeverity, kLimit};
constexpr std::array kLiveParameters{kSessions, kKinds, kLastEvent};

constexpr std::array<std::string_view, 1> kJson{"application/json"};
constexpr std::array<std::string_view, 2> kTable{"application/json", "text/csv"};
constexpr std::array<std::string_view, 1> kPicture{"image/svg+xml"};
constexpr std::array<std::string_view, 1> kEvents{"text/event-stream"};
constexpr std::array<std::string_view, 3> kMetrics{"text/plain", "application/openmetrics-text",
                                                   "application/vnd.google.protobuf"};

constexpr std::array<unsigned, 3> kKept{401, 406, 503};
constexpr std::array<unsigned, 4> kKeptOne{401, 404, 406, 503};
constexpr std::array<unsigned, 3> kStream{401, 406, 503};
constexpr std::array<unsigned, 3> kLogin{401, 413, 429};
constexpr std::array<unsigned, 1> kScrape{401};
constexpr std::array<unsigned, 4> kReload{401, 403, 422, 429};

constexpr std::array kRoutes{
    Route{.method = "GET",
          .path = "/healthz",
          .id = "alive",
          .summary = "The process answers.",
          .access = Access::Open,
          .place = Place::Here,
          .types = kJson,
          .schema = "liveness",
          .answer = answer_alive},
    Route{.method = "GET",
          .path = "/readyz",
          .id = "ready",
          .summary = "It measures and its store is well: 200, else 503 with the reasons.",
          .access = Access::Open,
          .place = Place::Here,
          .types = kJson,
          .schema = "readiness",
          .answer = answer_ready},
    Route{.method = "GET",
          .path = "/metrics",
          .id = "metrics",
          .summary = "Figures for Prometheus, in the format that Accept asks for.",
          .types = kMetrics,
          .problems = kScrape,
          .answer = answer_metrics},
    Route{.method = "GET",
          .path = "/api/v1/openapi.json",
          .id = "openapi",
          .summary = "This document.",
          .place = Place::Document,
          .types = kJson,
          .problems = kScrape},
    Route{.method = "POST",
          .path = "/api/v1/session",
          .id = "log_in",
          .summary = "Exchanges the token, in the body or as Authorization, for a cookie.",
          .access = Access::Open,
          .place = Place::Login,
          .types = kJson,
          .schema = "login",
          .body = "credentials",
          .problems = kLogin},
    Route{.method = "DELETE",
          .path = "/api/v1/session",
          .id = "log_out",
          .summary = "Ends the cookie that comes with it.",
          .access = Access::Open,
          .place = Place::Logout},
    Route{.method = "GET",
          .path = "/api/v1/sessions",
          .id = "sessions",
          .summary = "All sessions: state, path, the newest minute.",
          .types = kJson,
          .schema = "sessions",
          .problems = kKept,
          .answer = answer_sessions},
    Route{.method = "GET",
          .path = "/api/v1/overview",
          .id = "overview",
          .summary = "The same in brief: what an overview shows, named alike.",
          .types = kJson,
          .schema = "overview",
          .problems = kKept,
          .answer = answer_overview},
    Route{.method = "GET",
          .path = "/api/v1/sparklines",
          .id = "sparklines",
          .summary = "Main figures of all sessions at once, side by side, for an overview.",
          .parameters = kSparklineParameters,
          .types = kJson,
          .schema = "sparklines",
          .problems = kKeptOne,
          .answer = answer_sparklines},
    Route{.method = "GET",
          .path = "/api/v1/sessions/{name}",
          .id = "session",
          .summary = "One session, with its figures since the agent began.",
          .types = kJson,
          .schema = "session",
          .problems = kKeptOne,
          .answer = answer_session},
    Route{.method = "GET",
          .path = "/api/v1/sessions/{name}/windows",
          .id = "session_windows",
          .summary = "Its figures over time.",
          .parameters = kWindowParameters,
          .types = kTable,
          .schema = "windows",
          .problems = kKeptOne,
          .answer = answer_session_windows},
    Route{.method = "GET",
          .path = "/api/v1/windows",
          .id = "windows",
          .summary =
              "Figures of several sessions merged as if they were one; without a session, of "
              "all that are configured.",
          .parameters = kMergedParameters,
          .types = kTable,
          .schema = "windows",
          .problems = kKeptOne,
          .answer = answer_windows},
    Route{.method = "GET",
          .path = "/api/v1/sessions/{name}/report",
          .id = "report",
          .summary = "What `wirestamp report NAME --format json` tells of that range: see "
                     "docs/report.md.",
          .parameters = kReportParameters,
          .types = kJson,
          .schema = "report",
          .problems = kKeptOne,
          .answer = answer_report},
    Route{.method = "GET",
          .path = "/api/v1/sessions/{name}/plot",
          .id = "plot",
          .summary = "What `wirestamp report NAME --format svg` draws of that range.",
          .parameters = kPlotParameters,
          .types = kPicture,
          .problems = kKeptOne,
          .answer = answer_plot},
    Route{.method = "GET",
          .path = "/api/v1/sessions/{name}/samples",
          .id = "samples",
          .summary = "Its single probes, of the last hours.",
          .parameters = kSampleParameters,
          .types = kTable,
          .schema = "samples",
          .problems = kKeptOne,
          .answer = answer_samples},
    Route{.method = "GET",
          .path = "/api/v1/sessions/{name}/flows",
          .id = "flows",
          .summary = "The 5-tuples it used.",
          .parameters = kFlowParameters,
          .types = kJson,
          .schema = "flows",
          .problems = kKeptOne,
          .answer = answer_flows},
    Route{.method = "GET",
          .path = "/api/v1/events",
          .id = "events",
          .summary = "What happened.",
          .parameters = kEventParameters,
          .types = kJson,
          .schema = "events",
          .problems = kKeptOne,
          .answer = answer_events},
    Route{.method = "GET",
          .path = "/api/v1/incidents",
          .id = "incidents",
          .summary = "Events that belong together.",
          .parameters = kIncidentParameters,
          .types = kJson,
          .schema = "incidents",
          .problems = kKeptOne,
          .answer = answer_incidents},
    Route{.method = "GET",
          .path = "/api/v1/incidents/{id}",
          .id = "incident",
          .summary = "One incident with its events.",
          .types = kJson,
          .schema = "one_incident",
          .problems = kKeptOne,
          .answer = answer_incident},
    Route{.method = "GET",
          .path = "/api/v1/configuration",
          .id = "configuration",
          .summary = "Each option in force and where it comes from.",
          .types = kJson,
          .schema = "configuration",
          .problems = kKept,
          .answer = answer_configuration},
    Route{.method = "POST",
          .path = "/api/v1/reload",
          .id = "reload",
          .summary = "Reads the configuration again; a wrong one keeps what runs.",
          .access = Access::Write,
          .types = kJson,
          .schema = "reloaded",
          .problems = kReload,
          .answer = answer_reload},
    Route{.method = "GET",
          .path = "/api/v1/health",
          .id = "health",
          .summary = "How the agent, its store and its reflector are.",
          .types = kJson,
          .schema = "health",
          .problems = kKept,
          .answer = answer_health},
    Route{.method = "GET",
          .path = "/api/v1/host",
          .id = "host",
          .summary = "The host it measures from: interfaces, what they stamp, its clock, its own "
                     "drops.",
          .types = kJson,
          .schema = "host",
          .problems = kKept,
          .answer = answer_host},
    Route{.method = "GET",
          .path = "/api/v1/live",
          .id = "live",
          .summary = "What happens, as it happens: server-sent events of the kinds sample, window, "
                     "event, incident and status, and gap where messages were missed.",
          .place = Place::Stream,
          .parameters = kLiveParameters,
          .types = kEvents,
          .problems = kStream},
};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  path.remove_prefix(1);
  for (bool more = true; more;) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, slash));
    more = slash < path.size();
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

bool fits(const Route& route, std::span<const std::string> segments,
          std::vector<std::string>& names) {
  names.clear();
  const auto parts = split(route.path);
  if (parts.size() != segments.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool named = parts[i].starts_with('{');
    if (named ? segments[i].empty() : parts[i] != segments[i]) return false;
    if (named) names.push_back(segments[i]);
  }
  return true;
}

std::unexpected<Problem> not_found(std::span<const std::string> segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  std::vector<std::string_view> paths;
  for (const Route& route : kRoutes)
    if (std::ranges::find(paths, route.path) == paths.end()) paths.push_back(route.path);
  const std::string_view meant = nearest(path, paths);
  return refuse(
      {.status = 404,
       .code = "unknown_address",
       .message = meant.empty()
                      ? std::string("nothing is at this address: see /api/v1/openapi.json")
                      : fmt::format("nothing is at this address: was {} meant?", meant),
       .allowed = {paths.begin(), paths.end()}});
}

// "application/json;q=0.5": the range and its weight in thousandths.
struct MediaRange {
  std::string_view type;
  unsigned weight = 1'000;
};

// How well a range fits: 0 not at all, 1 */*, 2 text/*, 3 exactly.
unsigned fit(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  if (same_letters(range, type)) return 3;
  if (range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1))) return 2;
  return 0;
}

unsigned weight_for(std::string_view accept, std::string_view type) {
  unsigned best_fit = 0, weight = 0;
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    const std::string_view item = accept.substr(0, end);
    accept.remove_prefix(std::min(end + 1, accept.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const MediaRange range{.type = without_blanks(item.substr(0, semicolon)),
                           .weight = weight_of(item.substr(std::min(semicolon + 1, item.size())))};
    if (const unsigned fitting = fit(range.type, type); fitting > best_fit)
      best_fit = fitting, weight = range.weight;
  }
  return weight;
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

Answer<const Route*> find_route(std::string_view method, std::span<const std::string> segments,
                                std::vector<std::string>& names) {
  if (method == "HEAD") method = "GET";
  std::vector<std::string> allowed;
  for (const auto table : {routes(), page_routes()}) {
    for (const Route& route : table) {
      if (!fits(route, segments, names)) continue;
      if (route.method == method) return &route;
      allowed.emplace_back(route.method);
      if (route.method == "GET") allowed.emplace_back("HEAD");
    }
  }
  if (allowed.empty()) return not_found(segments);
  std::string list;
  for (const std::string& one : allowed) list += (list.empty() ? "" : ", ") + one;
  return refuse({.status = 405,
                 .code = "wrong_method",
                 .message = "this address answers " + list,
                 .allowed = allowed,
                 .headers = {{"Allow", list}}});
}

Answer<std::string> choose_type(std::string_view accept,
                                std::span<const std::string_view> offered) {
  if (offered.empty()) return std::string();
  if (without_blanks(accept).empty()) return std::string(offered.front());
  std::string_view best;
  unsigned weight = 0;
  for (const std::string_view type : offered)
    if (const unsigned its = weight_for(accept, type); its > weight) weight = its, best = type;
  if (!best.empty()) return std::string(best);
  return refuse({.status = 406,
                 .code = "not_acceptable",
                 .message = "Accept names no form that this address answers in",
                 .allowed = {offered.begin(), offered.end()}});
}

}  // namespace wirestamp::api
