// SPDX-License-Identifier: Apache-2.0
#include "agent/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "api/answer_document.h"
#include "measure/delay.h"
#include "measure/longer_windows.h"
#include "publish/document.h"
#include "publish/window_document.h"

namespace wirestamp::agent {

namespace {

// How often the mailbox is looked into when nothing happens.
constexpr Duration kPace = Duration::milliseconds(200);
constexpr Duration kTick = Duration::seconds(10);
// What thresholds are held against.
constexpr Duration kHistory = Duration::hours(48);
constexpr Duration kTen = Duration::seconds(10), kMinute = Duration::minutes(1);
// The last second of a window is told so long after its end (SecondWindows), and some more on a
// busy machine.
constexpr Duration kSettled = Duration::seconds(20);

// Incidents that go on after a restart: a session has one at most.
constexpr std::size_t kMostOpen = 100'000;

std::string reply_json(const std::string& session, const measure::Sample& sample) {
  std::string text;
  publish::JsonWriter json(text);
  json.begin_object();
  json.member("session", session);
  json.member("probe", sample.probe);
  json.member("scheduled", publish::rfc3339(sample.scheduled_wall));
  if (const auto delay = measure::round_trip(sample)) json.member("rtt_ns", *delay);
  json.member("stamps", name(measure::round_trip_class(sample)));
  json.member("forward_ns", measure::forward_delay(sample));
  json.member("backward_ns", measure::backward_delay(sample));
  json.end_object();
  return text;
}

// The object with the name of its session in front, which needs no escapes.
std::string of_session(const std::string& name, const std::string& object) {
  return fmt::format(R"({{"session":"{}",{})", name, std::string_view(object).substr(1));
}

std::optional<api::SessionState> state_after(const measure::Event& event) {
  switch (event.kind) {
    case measure::EventKind::OutageBegan:
      return api::SessionState::Silent;
    case measure::EventKind::OutageEnded:
    case measure::EventKind::SessionUp:
      return api::SessionState::Up;
    case measure::EventKind::PeerStopping:
      return api::SessionState::Stopped;
    default:
      return std::nullopt;
  }
}

}  // namespace

// What the keeper knows of one session.
struct Keeper::Kept {
  explicit Kept(KeptSession session) : plan(std::move(session)) {
    status.name = plan.name;
    status.host = plan.options.host;
    status.interval = plan.options.interval;
    status.dscp = plan.options.dscp;
    status.protocol = plan.options.peer == session::PeerKind::TwampLight ? "twamp-light" : "stamp";
  }
  bool answered() const { return total.delivered > 0; }

  KeptSession plan;
  measure::LongerWindows tens{kTen}, minutes{kMinute};
  api::SessionStatus status;  // without its total
  measure::Window total;
  std::optional<store::FlowRow> flow;  // probes go over
  // Seconds in a row of whose probes none was answered.
  struct Unanswered {
    WallTime from;
    std::uint64_t probes = 0;
  };
  std::optional<Unanswered> unanswered;
};

// What the session's seconds say of its state. Of sessions that fall silent together one alone
// tells of the outage: the others are no more answered than that one. As patient as the session
// itself (session/silence_watch.h); windows from before the last change say nothing.
std::optional<Keeper::Change> Keeper::change_by(Kept& session, const measure::TimedWindow& second) {
  constexpr std::int64_t kFewest = 3;
  const measure::Window& window = second.window;
  const api::SessionStatus& status = session.status;
  const bool answered = window.delivered + window.late > 0;
  if (answered) session.unanswered.reset();
  // Those that are still told of a session that cannot go on are from before it had to wait.
  if (status.since && second.begin < *status.since) return std::nullopt;
  if (answered &&
      (status.state == api::SessionState::Waiting || status.state == api::SessionState::Silent))
    return Change{api::SessionState::Up, second.begin};
  const std::uint64_t tried = window.sent + window.unsent_total();
  if (status.state != api::SessionState::Up || answered || tried == 0) return std::nullopt;
  if (!session.unanswered) session.unanswered = {.from = second.begin};
  Kept::Unanswered& unanswered = *session.unanswered;
  unanswered.probes += tried;
  const PingOptions& options = session.plan.options;
  if (unanswered.probes < static_cast<std::uint64_t>(kFewest) ||
      second.end() - unanswered.from < std::max(options.silence, options.interval * kFewest))
    return std::nullopt;
  return Change{api::SessionState::Silent, unanswered.from};
}

Keeper::Keeper(const KeeperOptions& options, std::unique_ptr<store::Store> store,
               std::unique_ptr<store::Reader> reader, api::Feed& feed, KeeperOutput& output,
               Clock& clock)
    : options_(options),
      store_(std::move(store)),
      reader_(std::move(reader)),
      feed_(feed),
      output_(output),
      clock_(clock) {
  if (store_) {
    options_.watch.last_event = store_->last_event();
    options_.watch.last_incident = store_->last_incident();
    newest_epoch_ = store_->last_epoch();
  }
  watch_ = std::make_unique<alert::Watch>(options_.watch);
  if (!reader_) return;
  // What was open when the agent ended goes on, or closes when it stays quiet.
  if (const auto incidents = reader_->incidents({.open_only = true, .limit = kMostOpen}))
    for (const measure::Incident& incident : *incidents) {
      watch_->reopen(incident);
      open_incidents_[incident.session] = incident.id;
      output_.on_reopened(incident);
    }
}

Keeper::~Keeper() = default;

void Keeper::plan(std::vector<KeptSession> sessions) {
  const std::lock_guard lock(mutex_);
  planned_ = std::move(sessions);
}

void Keeper::set_maintenance(std::vector<alert::Maintenance> maintenance) {
  const std::lock_guard lock(mutex_);
  maintenance_ = std::move(maintenance);
}

void Keeper::apply_plan() {
  std::optional<std::vector<KeptSession>> planned;
  std::optional<std::vector<alert::Maintenance>> maintenance;
  {
    const std::lock_guard lock(mutex_);
    planned = std::exchange(planned_, std::nullopt);
    maintenance = std::exchange(maintenance_, std::nullopt);
  }
  if (maintenance) watch_->set_maintenance(std::move(*maintenance));
  if (!planned) return;
  wanted_before_ = std::exchange(wanted_, {});
  std::set<std::uint32_t> ids;
  for (KeptSession& session : *planned) {
    wanted_.insert(session.name);
    ids.insert(session.id);
    begin(std::move(session));
  }
  const std::lock_guard lock(mutex_);
  wanted_ids_ = std::move(ids);
}

void Keeper::begin(KeptSession session) {
  watch_->watch(session.name, session.thresholds);
  if (Kept* known = kept(session.id)) {
    const std::lock_guard lock(mutex_);
    known->plan = std::move(session);
    return;
  }
  if (reader_ && !wanted_before_.contains(session.name)) to_remember_.insert(session.name);
  const std::uint32_t id = session.id;
  auto begun = std::make_unique<Kept>(std::move(session));
  const std::lock_guard lock(mutex_);
  if (const auto open = open_incidents_.find(begun->plan.name); open != open_incidents_.end())
    begun->status.incident = open->second;
  sessions_.emplace(id, std::move(begun));
}

Keeper::Kept* Keeper::kept(std::uint32_t session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Keeper::tell(measure::EventKind kind, const std::string& text) {
  measure::Event event;
  event.kind = kind;
  const Timestamp now = clock_.now();
  event.at = now.mono.value_or(MonoTime());
  event.wall = now.wall;
  event.text = text;
  record(watch_->event({}, event));
}

// Told once until it is well again.
void Keeper::store_is(const std::string& problem) {
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(store_problem_, problem);
  }
  if (before.empty() && !problem.empty()) tell(measure::EventKind::StoreFailed, problem);
  if (!before.empty() && problem.empty())
    tell(measure::EventKind::StoreRestored, "the store can be written again");
}

std::optional<std::uint32_t> Keeper::row_of(const std::string& name) {
  if (!store_) return std::nullopt;
  if (name.empty()) return store::kOfTheAgent;
  if (const auto known = rows_.find(name); known != rows_.end()) return known->second;
  store::SessionInfo info{.name = name};
  for (const auto& [id, session] : sessions_)
    if (session->plan.name == name) {
      info.host = session->plan.options.host;
      info.interval = session->plan.options.interval;
      info.dscp = session->plan.options.dscp;
      info.peer = session->status.peer;
    }
  const auto row = store_->session(info);
  if (!row) return std::nullopt;
  return rows_.emplace(name, *row).first->second;
}

void Keeper::take(const Mailbox::Begun& begun) {
  Kept* session = kept(begun.session);
  if (session == nullptr) return;
  const PingStart& start = begun.start;
  {
    const std::lock_guard lock(mutex_);
    api::SessionStatus& status = session->status;
    status.peer = packet::to_string(start.remote);
    status.local = packet::to_string(start.local);
    status.interface_name = start.interface_name;
    status.size = start.size;
    status.mode = start.key_id.empty() ? "open" : "authenticated";
    status.key_id = start.key_id;
    status.transmit = start.stamping.transmit;
    status.receive = start.stamping.receive;
    status.problem.clear();
  }
  rows_.erase(session->plan.name);  // its peer is known now
  use_flow(*session, 0,
           fmt::format("{} > {}", packet::to_string(start.local), packet::to_string(start.remote)),
           clock_.now().wall);
  output_.on_session(session->plan, start);
}

// An empty tuple ends the one in use.
void Keeper::use_flow(Kept& session, std::uint32_t flow, const std::string& tuple, WallTime since) {
  const auto row = row_of(session.plan.name);
  if (!row) return;
  if (session.flow) {
    session.flow->ended = since;
    store_->put_flow(*session.flow);
    session.flow.reset();
  }
  if (tuple.empty()) return;
  session.flow = {
      .session = *row, .flow = flow, .tuple = tuple, .began = since, .ended = std::nullopt};
  store_->put_flow(*session.flow);
}

void Keeper::set_state(Kept& session, api::SessionState state, WallTime since,
                       const std::string& problem) {
  api::SessionStatus told;
  {
    const std::lock_guard lock(mutex_);
    session.status.state = state;
    session.status.since = since;
    session.status.problem = problem;
    told = session.status;
  }
  feed_.publish(api::Feed::Kind::Status, told.name, api::session_status_json(told));
}

void Keeper::take(const Mailbox::Rekeyed& rekeyed) {
  Kept* session = kept(rekeyed.session);
  if (session == nullptr) return;
  api::SessionStatus told;
  {
    const std::lock_guard lock(mutex_);
    session->status.key_id = rekeyed.key_id;
    told = session->status;
  }
  feed_.publish(api::Feed::Kind::Status, told.name, api::session_status_json(told));
}

void Keeper::take(const Mailbox::Waits& waits) {
  Kept* session = kept(waits.session);
  if (session == nullptr) return;
  const WallTime now = clock_.now().wall;
  use_flow(*session, 0, {}, now);
  set_state(*session, api::SessionState::Waiting, now, waits.why);
}

void Keeper::take(const Mailbox::Ended& ended) {
  Kept* session = kept(ended.session);
  if (session == nullptr) return;
  use_flow(*session, 0, {}, clock_.now().wall);
  const std::string name = session->plan.name;
  {
    const std::lock_guard lock(mutex_);
    ended_unanswered_ = ended_unanswered_ || !session->answered();
    sessions_.erase(ended.session);
  }
  // It may go on under the same name with other options, or after a restart of the agent.
  if (!wanted_.contains(name)) record(watch_->forget(name, clock_.now().wall));
}

void Keeper::take(const Mailbox::Note& note) {
  if (!note.session) return output_.on_note({}, note.text);
  Kept* session = kept(*note.session);
  if (session == nullptr) return;
  if (session->status.state == api::SessionState::Waiting) {
    const std::lock_guard lock(mutex_);
    session->status.problem = note.text;
  }
  output_.on_note(session->plan.name, note.text);
}

void Keeper::take(const Mailbox::Happened& happened) {
  std::string name;
  if (happened.session) {
    Kept* session = kept(*happened.session);
    if (session == nullptr) return;
    name = session->plan.name;
    if (happened.event.kind == measure::EventKind::FlowChanged && happened.event.new_flow)
      use_flow(*session, happened.event.flow.value_or(0), *happened.event.new_flow,
               happened.event.wall);
    if (const auto state = state_after(happened.event))
      set_state(*session, *state, happened.event.wall, {});
  }
  record(watch_->event(name, happened.event));
  // Of an agent that is killed soon after it started that is all there is to know.
  if (happened.event.kind == measure::EventKind::AgentStarted) flush_now_ = true;
}

void Keeper::take(const Mailbox::Result& result) {
  if (const Kept* session = kept(result.session)) output_.on_window(session->plan, *result.window);
}

void Keeper::take(const Mailbox::Second& second) {
  Kept* session = kept(second.session);
  if (session == nullptr) return;
  const measure::TimedWindow& window = *second.window;
  if (const auto row = row_of(session->plan.name)) store_->add_window(*row, window);
  auto minute = session->minutes.add(window);
  std::optional<Change> change;
  {
    const std::lock_guard lock(mutex_);
    session->total.merge(window.window);
    newest_epoch_ = std::max(newest_epoch_, window.epoch);
    if (minute) session->status.last_minute = std::move(minute);
    change = change_by(*session, window);
  }
  if (change) set_state(*session, change->state, change->since, {});
  if (const auto ten = session->tens.add(window)) judge(*session, *ten);
  if (feed_.wanted(api::Feed::Kind::Window))
    feed_.publish(api::Feed::Kind::Window, session->plan.name,
                  of_session(session->plan.name,
                             publish::window_json({window, publish::usual_percentiles()})));
}

void Keeper::take(const Mailbox::Decided& decided) {
  Kept* session = kept(decided.session);
  if (session == nullptr) return;
  if (const auto row = row_of(session->plan.name)) store_->add_sample(*row, *decided.sample);
}

void Keeper::take(const Mailbox::Reply& reply) {
  if (const Kept* session = kept(reply.session))
    feed_.publish(api::Feed::Kind::Sample, session->plan.name,
                  reply_json(session->plan.name, *reply.sample));
}

void Keeper::judge(Kept& session, const measure::TimedWindow& ten) {
  record(watch_->window(session.plan.name, ten));
}

void Keeper::record(const alert::Told& told) {
  for (const measure::RecordedEvent& event : told.events) {
    if (const auto row = row_of(event.session)) store_->add_event(*row, event);
    feed_.publish(api::Feed::Kind::Event, event.session, publish::recorded_event_json(event));
    output_.on_event(event);
  }
  for (const measure::Incident& incident : told.incidents) {
    if (const auto row = row_of(incident.session)) store_->put_incident(*row, incident);
    feed_.publish(api::Feed::Kind::Incident, incident.session, publish::incident_json(incident));
    {
      const std::lock_guard lock(mutex_);
      if (incident.closed)
        open_incidents_.erase(incident.session);
      else
        open_incidents_[incident.session] = incident.id;
      for (const auto& [id, session] : sessions_)
        if (session->plan.name == incident.session)
          session->status.incident = incident.closed ? 0 : incident.id;
    }
    output_.on_incident(incident);
  }
}

// Of a thousand sessions it is three million rows: what comes meanwhile is to be taken, too.
void Keeper::remember_some() {
  const MonoTime until = clock_.mono_now() + kPace / 2;
  do {
    remember_next();
  } while (!to_remember_.empty() && clock_.mono_now() < until);
}

// One session's last 48 hours.
void Keeper::remember_next() {
  if (to_remember_.empty()) return;
  const std::string name = to_remember_.extract(to_remember_.begin()).value();
  const auto row = row_of(name);
  if (!row) return;
  const WallTime now = clock_.now().wall;
  const store::TimeRange range{.from = now - kHistory, .to = now};
  const auto windows =
      reader_->windows({.session = *row, .range = range, .step = kMinute, .most = 3'000});
  const auto incidents = reader_->incidents({.session = row, .range = range});
  if (!windows || !incidents)
    return output_.on_note(name, "what was kept of it cannot be read: " +
                                     (windows ? incidents.error() : windows.error()).text);
  for (const measure::TimedWindow& minute : *windows)
    watch_->remember(name, minute, std::ranges::any_of(*incidents, [&](const auto& incident) {
                       return incident.opened < minute.end() &&
                              incident.closed.value_or(now) >= minute.begin;
                     }));
}

void Keeper::tick() {
  const WallTime now = clock_.now().wall;
  for (const auto& [id, session] : sessions_) {
    const WallTime settled = now - kSettled - session->plan.options.interval * 2;
    if (const auto ten = session->tens.older_than(settled)) judge(*session, *ten);
    if (auto minute = session->minutes.older_than(settled)) {
      const std::lock_guard lock(mutex_);
      session->status.last_minute = std::move(minute);
    }
  }
  record(watch_->tick(now));
}

void Keeper::flush() {
  if (!store_) return;
  auto flushed = store_->flush();
  if (flushed) flushed = store_->retain(clock_.now().wall);
  const std::vector<store::Note> notes = store_->take_notes();
  {
    const std::lock_guard lock(mutex_);
    store_octets_ = store_->octets();
    store_dropped_ = store_->dropped();
  }
  for (const store::Note& note : notes) {
    if (note.set_aside)
      tell(measure::EventKind::StoreSetAside, note.text);
    else
      output_.on_note({}, note.text);
  }
  store_is(flushed ? std::string() : flushed.error().text);
}

void Keeper::run(Mailbox& mailbox, const std::function<void()>& turn) {
  MonoTime tick_due = clock_.mono_now() + kTick, flush_due = clock_.mono_now() + options_.flush;
  while (!mailbox.ended()) {
    const std::vector<Mailbox::Item> items = mailbox.take(kPace);
    apply_plan();  // behind take(): what is told of a session comes after it was planned
    mailbox.watch_replies(feed_.wanted(api::Feed::Kind::Sample));
    for (const Mailbox::Item& item : items) std::visit([&](const auto& one) { take(one); }, item);
    const MonoTime now = clock_.mono_now();
    remember_some();
    if (now >= tick_due) {
      tick();
      tick_due = now + kTick;
    }
    if (std::exchange(flush_now_, false) || now >= flush_due) {
      flush();
      // From the end of it: a disk that takes longer than the time between commits is not to be
      // written to all the time.
      flush_due = clock_.mono_now() + options_.flush;
    }
    if (turn) turn();
  }
  flush();
}

std::vector<api::SessionStatus> Keeper::sessions(bool totals) const {
  const std::lock_guard lock(mutex_);
  std::vector<api::SessionStatus> all;
  all.reserve(sessions_.size());
  // One that ends may have a successor of the same name.
  for (const auto& [id, session] : sessions_)
    if (wanted_ids_.contains(id)) {
      all.push_back(session->status);
      if (totals) all.back().total = session->total;
    }
  return all;
}

void Keeper::fill(api::AgentStatus& status) const {
  const std::lock_guard lock(mutex_);
  status.store_well = store_problem_.empty();
  status.store_problem = store_problem_;
  status.store_octets = store_octets_;
  status.store_dropped = store_dropped_;
}

bool Keeper::every_session_answered() const {
  const std::lock_guard lock(mutex_);
  return !ended_unanswered_ &&
         std::ranges::all_of(sessions_, [](const auto& one) { return one.second->answered(); });
}

std::uint32_t Keeper::newest_epoch() const {
  const std::lock_guard lock(mutex_);
  return newest_epoch_;
}

}  // namespace wirestamp::agent
