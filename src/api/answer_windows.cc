// SPDX-License-Identifier: Apache-2.0
//
// Figures over time, of one session or of several as one.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "api/answer_document.h"
#include "api/answers.h"
#include "api/lookup.h"

namespace wirestamp::api {

namespace {

Answer<std::optional<Duration>> step_of(const Request& request, const Range& range) {
  const auto step = TRY(whole_step(request.query));
  const Duration length = range.to - range.from;
  if (step && length / *step >= static_cast<std::int64_t>(kMostWindows))
    return wrong_step(
        fmt::format("more than {} windows: ask for a shorter range, or for a step of "
                    "{} or more",
                    kMostWindows, length_text(fitting_step(length, kMostWindows))));
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

// Names that were given for a parameter that a table has no place for.
Answer<std::vector<std::string>> names_of(const Request& request, const std::string& parameter) {
  std::vector<std::string> names = request.query.texts(parameter);
  if (names.empty() || !wants_csv(request)) return names;
  return refuse(
      {.status = 400,
       .code = "wrong_parameter",
       .message = fmt::format("{}: a table has columns of its own: ask for format=json", parameter),
       .parameter = parameter});
}

Answer<publish::WindowHistograms> histograms_of(const Request& request) {
  publish::WindowHistograms asked;
  for (const std::string& name : TRY(names_of(request, "histogram"))) {
    asked.rtt |= name == "rtt";
    asked.forward |= name == "forward";
    asked.backward |= name == "backward";
    asked.ipdv |= name == "ipdv";
  }
  return asked;
}

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

  WindowsAnswer answer{.range = range_of(range), .step = step};
  answer.percentiles = TRY(request.query.percentiles("percentiles"));
  answer.histograms = TRY(histograms_of(request));
  const std::vector<std::string> fields = TRY(names_of(request, "fields"));
  if (!fields.empty()) answer.fields.emplace(fields);
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

}  // namespace

Answer<Reply> answer_session_windows(const Request& request, Desk& desk) {
  return windows_of(request, desk, {TRY(known_session(request.names.front(), desk))});
}

Answer<Reply> answer_windows(const Request& request, Desk& desk) {
  std::vector<std::string> names = request.query.texts("session");
  if (names.empty())
    for (const SessionStatus& status : desk.service().brief_sessions())
      names.push_back(status.name);
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

}  // namespace wirestamp::api
