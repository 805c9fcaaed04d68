// SPDX-License-Identifier: Apache-2.0
//
// Windows and events become numbered events and incidents. What a figure means is judge.h, what an
// event means is severity.h; here is what they add up to.
#include "alert/watch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "alert/judge.h"
#include "alert/severity.h"
#include "alert/words.h"

namespace wirestamp::alert {

using measure::Event;
using measure::EventKind;
using measure::Incident;
using measure::RecordedEvent;
using measure::Severity;

namespace {

// Larger leaps of the clock between two calls are no time that went by.
constexpr Duration kLongestTick = Duration::minutes(2);
// A window that begins so long after a silence did and has answers: it is over, whoever told it.
constexpr Duration kSurelySilent = Duration::seconds(30);
constexpr std::size_t kMostSilences = 16;  // that windows may still be about

// How much a title says, see title_of().
enum class Title : std::uint8_t { None, Info, Warning, Error, Verdict };

Title title_of(const Meaning& meaning) {
  if (meaning.role == Role::Diagnosis) return Title::Verdict;
  switch (meaning.severity) {
    case Severity::Info:
      return Title::Info;
    case Severity::Warning:
      return Title::Warning;
    case Severity::Error:
      return Title::Error;
  }
  return Title::None;
}

// Begin and end of the trouble that an event tells, as far as it knows more than when it was known.
WallTime begin_of(const Event& event) {
  if (event.crossing) return event.crossing->since;
  if (event.first_lost) return std::min(event.first_lost->left, event.wall);
  return event.wall;
}

WallTime end_of(const Event& event) {
  if (event.crossing && event.crossing->until) return *event.crossing->until;
  if (event.first_good) return std::min(event.first_good->left, event.wall);
  return event.wall;
}

// A stretch in which nothing came back, and an event said so.
struct Silence {
  WallTime from;
  std::optional<WallTime> to;
};

bool is_worse(const measure::Crossing& one, const measure::Crossing& other) {
  if (one.loss && other.loss) return *one.loss > *other.loss;
  return one.delay && other.delay && *one.delay > *other.delay;
}

// What a title says before its silence.
std::string words_of(const Incident& incident) {
  const std::string silence = incident.silent ? silence_text(*incident.silent) : std::string();
  std::string words = incident.title;
  if (words.ends_with(silence)) words.resize(words.size() - silence.size());
  return words;
}

struct Session {
  std::optional<Judge> judge;  // absent: no windows, or not watched
  std::optional<Incident> incident;
  Title title = Title::None;
  std::string words;                   // of the title, where it is not of a figure
  bool of_silence = false;             // which are about an outage
  bool path_wanted = false;            // and do not say where: a sweep may
  std::uint32_t active = 0;            // bits by Source
  std::optional<WallTime> ended;       // latest end of trouble of the incident that is known
  std::optional<WallTime> quiet_from;  // while nothing is active; moved when the clock leaps
  bool set_back = false;               // the clock was, since `ended`
  std::vector<Silence> silences;
  std::uint32_t epoch = 0;

  bool open_silence() const { return !silences.empty() && !silences.back().to; }
};

constexpr std::uint32_t bit(Source source) {
  return source == Source::None ? 0 : std::uint32_t{1} << static_cast<unsigned>(source);
}

}  // namespace

struct Watch::State {
  explicit State(const WatchOptions& given)
      : options(given), last_event(given.last_event), last_incident(given.last_incident) {}

  bool maintained(WallTime time) const {
    return std::ranges::any_of(options.maintenance,
                               [time](const Maintenance& one) { return one.covers(time); });
  }
  void take(const std::string& name, const Event& event, Told& told);
  void open(const std::string& name, Session& session, const Event& event, const Meaning& meaning);
  static void join(Session& session, const Event& event, const Meaning& meaning);
  static void take_title(Session& session, const Event& event, const Meaning& meaning);
  static void take_figure(Session& session, const Event& event, bool for_title);
  static void put_title(Session& session);
  static void note_worst(Session& session, Told& told);
  static void note_silence(Session& session, const Event& event);
  static void end_stale_silence(Session& session, const measure::TimedWindow& window, Told& told);
  static void end_trouble(Session& session, WallTime end);
  static void close(Session& session, WallTime now, Told& told);
  void leap(Duration by, WallTime now);

  WatchOptions options;
  std::uint64_t last_event, last_incident;
  std::map<std::string, Session> sessions;
  std::optional<WallTime> last_tick;
};

// --- incidents

void Watch::State::open(const std::string& name, Session& session, const Event& event,
                        const Meaning& meaning) {
  session.incident = Incident{.id = ++last_incident,
                              .session = name,
                              .severity = meaning.severity,
                              .opened = begin_of(event),
                              .closed = std::nullopt,
                              .in_maintenance = false,
                              .title = {},
                              .events = 0};
  session.incident->in_maintenance = maintained(session.incident->opened);
  session.title = Title::None;
  session.of_silence = session.path_wanted = false;
  session.active = 0;
  session.ended.reset();
  session.quiet_from.reset();
  if (session.judge) session.judge->on_trouble(session.incident->opened);
}

// --- titles

void Watch::State::put_title(Session& session) {
  Incident& incident = *session.incident;
  if (incident.by_figure)
    incident.title = incident_text(*incident.worst);
  else if (session.of_silence && incident.silent)
    incident.title = session.words + silence_text(*incident.silent);
  else
    incident.title = session.words;
}

// Of a figure that crosses anew, or another threshold, the worst is what it was.
void Watch::State::take_figure(Session& session, const Event& event, bool for_title) {
  Incident& incident = *session.incident;
  const bool same = incident.worst && incident.worst->crossing.figure == event.crossing->figure;
  if (incident.worst && !same && !for_title) return;
  measure::IncidentFigure now{.crossing = *event.crossing, .at = event.wall};
  if (const auto standing =
          session.judge ? session.judge->standing(event.crossing->figure) : std::nullopt)
    now.direction = standing->direction;
  if (!same) {
    incident.crossed = incident.worst = now;
    return;
  }
  if (!is_worse(now.crossing, incident.worst->crossing)) {
    now.crossing.loss = incident.worst->crossing.loss;
    now.crossing.delay = incident.worst->crossing.delay;
    now.at = incident.worst->at;
    now.direction = incident.worst->direction;
  }
  // The graver threshold is told with it.
  if (event.crossing->error || !incident.worst->crossing.error) incident.worst = now;
}

void Watch::State::take_title(Session& session, const Event& event, const Meaning& meaning) {
  Incident& incident = *session.incident;
  const Title title = title_of(meaning);
  // The first one of its kind, but the last verdict: it knows most.
  const bool taken = title > session.title || (title == session.title && title == Title::Verdict);
  const bool crossed = event.kind == EventKind::ThresholdCrossed && event.crossing;
  if (crossed) take_figure(session, event, taken);
  if (taken) {
    session.title = title;
    session.words = event.text;
    session.of_silence = meaning.source == Source::Outage || title == Title::Verdict;
    session.path_wanted = event.finding == measure::Finding::PeerOrPathDown;
    incident.by_figure = crossed;
  }
  if (event.kind == EventKind::PathSwept && session.path_wanted && !event.text.empty()) {
    session.words += ", " + event.text;
    session.path_wanted = false;
  }
  if (event.kind == EventKind::OutageEnded && event.at_least)
    incident.silent = std::max(incident.silent.value_or(Duration()), *event.at_least);
  put_title(session);
  if (incident.events == 1) incident.opened_as = incident.title;
}

// With each window while a figure of the incident is crossed.
void Watch::State::note_worst(Session& session, Told& told) {
  Incident& incident = *session.incident;
  if (!incident.worst) return;
  const auto now = session.judge->standing(incident.worst->crossing.figure);
  if (!now || !is_worse(now->crossing, incident.worst->crossing)) return;
  incident.worst->crossing.loss = now->crossing.loss;
  incident.worst->crossing.delay = now->crossing.delay;
  incident.worst->direction = now->direction;
  incident.worst->at = now->at;
  const std::string before = incident.title;
  put_title(session);
  if (incident.title != before) told.incidents.push_back(incident);
}

// An event of the incident that is open.
void Watch::State::join(Session& session, const Event& event, const Meaning& meaning) {
  Incident& incident = *session.incident;
  ++incident.events;
  incident.severity = std::max(incident.severity, meaning.severity);
  take_title(session, event, meaning);
  switch (meaning.role) {
    case Role::Begins:
      session.active |= bit(meaning.source);
      session.quiet_from.reset();
      break;
    case Role::Ends:
      if ((session.active & bit(meaning.source)) == 0) break;
      session.active &= ~bit(meaning.source);
      end_trouble(session, end_of(event));
      break;
    case Role::Moment:
      end_trouble(session, end_of(event));
      break;
    case Role::Diagnosis:
      if (!session.ended) end_trouble(session, end_of(event));  // it opened the incident
      break;
    case Role::Note:
      break;
  }
}

void Watch::State::end_trouble(Session& session, WallTime end) {
  session.ended = session.ended && !session.set_back ? std::max(*session.ended, end) : end;
  session.set_back = false;
  if (session.active == 0) session.quiet_from = session.ended;
}

void Watch::State::close(Session& session, WallTime now, Told& told) {
  const WallTime end = session.active == 0 ? session.ended.value_or(now) : now;
  session.incident->closed = std::max(end, session.incident->opened);
  told.incidents.push_back(*session.incident);
  session.incident.reset();
  session.active = 0;
}

void Watch::State::take(const std::string& name, const Event& event, Told& told) {
  Session& session = sessions[name];
  const Meaning meaning = meaning_of(event);
  note_silence(session, event);
  const bool opens = meaning.role != Role::Note && meaning.role != Role::Ends;
  if (opens && !session.incident) open(name, session, event, meaning);
  RecordedEvent recorded{.id = ++last_event,
                         .session = name,
                         .severity = meaning.severity,
                         .incident = 0,
                         .event = event};
  if (session.incident) {
    join(session, event, meaning);
    recorded.incident = session.incident->id;
  }
  told.events.push_back(std::move(recorded));
  if (session.incident) told.incidents.push_back(*session.incident);
}

// --- silences

void Watch::State::note_silence(Session& session, const Event& event) {
  switch (event.kind) {
    case EventKind::OutageBegan:
    case EventKind::PeerStopping:
      if (!session.open_silence()) {
        if (session.silences.size() == kMostSilences)
          session.silences.erase(session.silences.begin());
        session.silences.push_back({.from = begin_of(event), .to = std::nullopt});
      }
      break;
    case EventKind::OutageEnded:
    case EventKind::SessionUp:
      if (session.open_silence()) session.silences.back().to = end_of(event);
      break;
    default:
      break;
  }
}

// A session that was begun anew tells nothing of the end of what it knew nothing about.
void Watch::State::end_stale_silence(Session& session, const measure::TimedWindow& window,
                                     Told& told) {
  if (window.epoch != session.epoch) {
    session.epoch = window.epoch;
    std::erase_if(session.silences, [](const Silence& silence) { return silence.to.has_value(); });
    for (Silence& silence : session.silences) silence.from = std::min(silence.from, window.begin);
  }
  if (window.window.delivered == 0 || !session.open_silence() ||
      window.begin < session.silences.back().from + kSurelySilent)
    return;
  session.silences.back().to = window.begin;
  if ((session.active & bit(Source::Outage)) == 0) return;
  session.active &= ~bit(Source::Outage);
  end_trouble(session, window.begin);
  if (session.incident) told.incidents.push_back(*session.incident);
}

// --- time

// The clock was set by so much, or nobody called: that is no quiet time. What ended behind the leap
// and was told before this tick has its time from the clock of now.
void Watch::State::leap(Duration by, WallTime now) {
  const auto of_now = [&](WallTime time) {
    return by > Duration() ? time > *last_tick + kLongestTick
                           : time <= now && now - time <= kLongestTick;
  };
  for (auto& [name, session] : sessions) {
    session.set_back |= by < Duration();
    if (session.quiet_from && !of_now(*session.quiet_from)) *session.quiet_from += by;
  }
}

Watch::Watch(const WatchOptions& options) : state_(std::make_unique<State>(options)) {}

Watch::~Watch() = default;

void Watch::watch(const std::string& name, const Thresholds& thresholds) {
  Session& session = state_->sessions[name];
  if (session.judge)
    session.judge->set(thresholds);
  else
    session.judge.emplace(thresholds);
}

void Watch::remember(const std::string& name, const measure::TimedWindow& minute,
                     bool in_incident) {
  const auto session = state_->sessions.find(name);
  if (session == state_->sessions.end() || !session->second.judge) return;
  session->second.judge->remember(minute, in_incident);
}

void Watch::reopen(const Incident& open) {
  Session& session = state_->sessions[open.session];
  session.incident = open;
  session.incident->closed.reset();
  session.title = Title::Verdict;
  if (open.by_figure && open.worst)
    session.title = open.severity == Severity::Error ? Title::Error : Title::Warning;
  session.words = words_of(open);
  session.of_silence = !open.by_figure;
  session.path_wanted = false;
  session.active = 0;
  session.ended.reset();
  session.quiet_from.reset();
  state_->last_incident = std::max(state_->last_incident, open.id);
}

Told Watch::forget(const std::string& name, WallTime now) {
  Told told;
  const auto session = state_->sessions.find(name);
  if (session == state_->sessions.end()) return told;
  if (session->second.incident) State::close(session->second, now, told);
  state_->sessions.erase(session);
  return told;
}

Told Watch::window(const std::string& name, const measure::TimedWindow& window) {
  Told told;
  const auto found = state_->sessions.find(name);
  if (found == state_->sessions.end() || !found->second.judge) return told;
  Session& session = found->second;
  State::end_stale_silence(session, window, told);
  std::erase_if(session.silences,
                [&](const Silence& silence) { return silence.to && *silence.to <= window.begin; });
  const bool loss_known = std::ranges::any_of(session.silences, [&](const Silence& silence) {
    return silence.from < window.end() && (!silence.to || *silence.to > window.begin);
  });
  for (const measure::Crossing& crossing :
       session.judge->add(window, loss_known, session.active != 0)) {
    Event event;
    event.kind = crossing.until ? EventKind::ThresholdCleared : EventKind::ThresholdCrossed;
    event.wall = window.end();
    event.text = crossing.until ? cleared_text(crossing) : crossed_text(crossing);
    event.crossing = crossing;
    state_->take(name, event, told);
  }
  if (session.incident) State::note_worst(session, told);
  return told;
}

Told Watch::event(const std::string& name, const Event& event) {
  Told told;
  state_->take(name, event, told);
  return told;
}

Told Watch::tick(WallTime now) {
  Told told;
  State& state = *state_;
  if (state.last_tick) {
    const Duration passed = now - *state.last_tick;
    const Duration believed = std::clamp(passed, Duration(), kLongestTick);
    if (passed != believed) state.leap(passed - believed, now);
  }
  state.last_tick = now;
  for (auto& [name, session] : state.sessions) {
    if (!session.incident) continue;
    // One from before a restart: that its trouble is over is known now at the latest.
    if (session.active == 0 && !session.quiet_from) State::end_trouble(session, now);
    if (session.active == 0) {
      if (now - *session.quiet_from >= state.options.quiet) State::close(session, now, told);
    } else if (session.incident->in_maintenance && !state.maintained(now)) {
      // The work is over and the trouble is not: somebody should know.
      session.incident->in_maintenance = false;
      told.incidents.push_back(*session.incident);
    }
  }
  return told;
}

void Watch::set_maintenance(std::vector<Maintenance> maintenance) {
  state_->options.maintenance = std::move(maintenance);
}

}  // namespace wirestamp::alert
