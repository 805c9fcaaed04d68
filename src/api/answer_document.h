// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "api/service.h"
#include "measure/incident.h"
#include "measure/sample.h"
#include "measure/window.h"
#include "publish/document_reference.h"
#include "publish/window_document.h"
#include "store/store.h"

// Each answer as a JSON document, and what stands in it, from one table each.
namespace wirestamp::api {

// A session as it runs, as it is kept, or both.
struct SessionView {
  const SessionStatus* live = nullptr;      // null: it is not configured any more
  const store::SessionRow* kept = nullptr;  // null: nothing is kept of it
  WallTime began, now;                      // of the agent
  bool whole = false;                       // with the figures since the agent began

  const std::string& name() const { return live != nullptr ? live->name : kept->info.name; }
  const std::string& host() const { return live != nullptr ? live->host : kept->info.host; }
  // Of what is measured now; absent where it is not, and where the text is empty.
  std::optional<std::string> live_text(std::string SessionStatus::* member) const {
    if (live == nullptr || (live->*member).empty()) return std::nullopt;
    return live->*member;
  }
  template <typename M>
  std::optional<M> live_value(M SessionStatus::* member) const {
    if (live == nullptr) return std::nullopt;
    return live->*member;
  }
  // Absent where no window is kept.
  std::optional<WallTime> kept_time(WallTime store::SessionRow::* member) const {
    if (kept == nullptr || kept->first == kept->last) return std::nullopt;
    return kept->*member;
  }
};
struct SessionsAnswer {
  std::string kept_problem;  // why those of the past are not known; "": they are
  std::vector<SessionView> sessions;
};
struct WindowsAnswer {
  std::vector<std::string> sessions;
  store::TimeRange range;
  Duration step;
  std::vector<publish::Percentile> percentiles;
  publish::WindowHistograms histograms;
  std::optional<publish::WindowFields> fields;  // without, all
  std::vector<measure::TimedWindow> windows;
};
struct SamplesAnswer {
  std::string session;
  store::TimeRange range;
  bool complete = true;
  std::optional<WallTime> next;  // where to go on when it is not complete
  std::vector<measure::Sample> samples;
};
struct FlowsAnswer {
  std::string session;
  std::vector<store::FlowRow> flows;
};
struct EventsAnswer {
  bool complete = true;
  std::vector<measure::RecordedEvent> events;
};
struct IncidentsAnswer {
  bool complete = true;
  std::vector<measure::Incident> incidents;
};
struct IncidentAnswer {
  measure::Incident incident;
  bool complete = true;
  std::vector<measure::RecordedEvent> events;
};
struct ConfigurationAnswer {
  std::vector<Setting> settings;
};
struct ReloadAnswer {
  std::vector<std::string> changed;
};
struct HealthAnswer {
  AgentStatus status;
  WallTime now;
};
// What keeps the agent from being ready; empty when it is.
std::vector<std::string> problems_of(const AgentStatus& status);
struct ReadyAnswer {
  std::vector<std::string> problems;
};
struct AliveAnswer {};

std::string to_json(const SessionsAnswer& answer);
std::string to_json(const SessionView& answer);
std::string to_json(const WindowsAnswer& answer);
std::string to_json(const SamplesAnswer& answer);
std::string to_json(const FlowsAnswer& answer);
std::string to_json(const EventsAnswer& answer);
std::string to_json(const IncidentsAnswer& answer);
std::string to_json(const IncidentAnswer& answer);
std::string to_json(const ConfigurationAnswer& answer);
std::string to_json(const ReloadAnswer& answer);
std::string to_json(const HealthAnswer& answer);
std::string to_json(const ReadyAnswer& answer);
std::string to_json(const AliveAnswer& answer);

template <typename T>
Reply json_reply(const T& answer, unsigned status = 200) {
  return {.status = status, .body = to_json(answer)};
}
inline Reply csv_reply(std::string body) {
  return {.type = "text/csv; charset=utf-8; header=present", .body = std::move(body)};
}

// A session as it is now, for live data: the object of /api/v1/sessions without what is kept.
std::string session_status_json(const SessionStatus& status);

std::string to_csv(const WindowsAnswer& answer);
std::string to_csv(const SamplesAnswer& answer);

// Every object that an answer is or has in it, by its name.
std::vector<publish::DocumentShape> answer_shapes();

}  // namespace wirestamp::api
