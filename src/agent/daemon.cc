// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "agent/engine.h"
#include "agent/goodbye.h"
#include "agent/key_source.h"
#include "agent/name_follower.h"
#include "agent/reflector_ports.h"
#include "agent/second_windows.h"
#include "agent/session_plan.h"
#include "agent/twamp_server.h"
#include "base/check.h"
#include "measure/clock_events.h"
#include "platform/entropy.h"
#include "platform/resolve.h"
#include "platform/route.h"
#include "session/reflector.h"
#include "wire/request_layout.h"

namespace wirestamp::agent {

namespace {

// A session that could not begin is tried again after this time.
constexpr Duration kBeginAgain = Duration::seconds(10);
// Windows that are decided are told at least this long apart, so that thousands of sessions are not
// all asked at every packet; and the thread turns at least so often, which shows that it lives.
constexpr Duration kTellEvery = Duration::milliseconds(500);
// Sessions that end do so within a second.
constexpr Duration kLookAtEnding = Duration::milliseconds(50);
constexpr Duration kTellCounters = Duration::seconds(1);
constexpr std::size_t kMostNotes = 256;  // of one session

// One session of the agent: what is asked of it, and the one that runs, if any.
struct Member final : SessionObserver {
  Member(DaemonSession asked, DaemonObserver& told)
      : id(asked.id), plan(std::move(asked)), observer(told) {}

  void on_sample(const measure::Sample& sample) override {
    windows->add(sample);
    seconds->add(sample);
    observer.on_sample(id, sample);
  }
  void on_reply(const measure::Sample& provisional) override { observer.on_reply(id, provisional); }
  void on_unknown_resolved(session::FlowId, std::uint64_t forward,
                           std::uint64_t backward) override {
    windows->resolve_unknown(forward, backward);
    seconds->resolve_unknown(forward, backward);
  }
  void on_note(const std::string& note) override {
    if (noted.size() < kMostNotes && noted.insert(note).second) observer.on_note(id, note);
  }
  void on_event(const measure::Event& event) override { observer.on_event(id, event); }

  void tell(const std::vector<ResultWindow>& over) const {
    for (const ResultWindow& window : over) observer.on_window(id, window);
  }
  void tell(const std::vector<measure::TimedWindow>& over) const {
    for (const measure::TimedWindow& window : over) observer.on_second(id, window);
  }
  // The last call.
  void tell_end(const Timestamp& now) {
    if (windows) tell(windows->take_all(now.wall, true));
    if (seconds) tell(seconds->take_all(*now.mono, true));
    observer.on_session_ended(id);
  }

  std::uint32_t id;
  DaemonSession plan;
  DaemonObserver& observer;
  std::optional<packet::Endpoint> remote;  // to be measured
  const session::Session* running = nullptr;
  session::AuthKeyPtr key;  // of what runs; null: the open mode
  std::optional<ResultWindows> windows;
  std::optional<SecondWindows> seconds;  // goes on when the session begins anew elsewhere
  std::optional<MonoTime> begin_at;
  std::string failure;          // told last
  std::set<std::string> noted;  // each is told once
};

using Members = std::vector<std::unique_ptr<Member>>;  // by rising id

class DaemonRun final : public Daemon {
 public:
  DaemonRun(const DaemonOptions& options, std::unique_ptr<net::PacketIo> io, ReflectStart start,
            session::ReflectorOptions reflector, std::unique_ptr<KeySource> keys)
      : result_every_(options.result_every),
        io_(std::move(io)),
        start_(std::move(start)),
        reflector_(std::move(reflector)),
        keys_(std::move(keys)),
        wanted_(options.sessions) {}

  void serve(std::unique_ptr<TwampServer> twamp) { twamp_ = std::move(twamp); }

  Result<ReflectCounters> run(DaemonObserver& observer) override;

  void stop() noexcept override {
    stop_.store(true, std::memory_order_relaxed);
    io_->wake();
  }
  void reload_keys() noexcept override {
    reload_keys_.store(true, std::memory_order_relaxed);
    io_->wake();
  }
  void apply(std::vector<DaemonSession> sessions) override {
    const std::lock_guard lock(wanted_mutex_);
    wanted_ = std::move(sessions);
    io_->wake();
  }
  std::optional<MonoTime> last_turn() const override {
    const std::int64_t ns = last_turn_.load(std::memory_order_relaxed);
    if (ns == 0) return std::nullopt;
    return MonoTime::from_ns(ns);
  }

 private:
  void take_wanted(Engine& engine, NameFollower& names, DaemonObserver& observer);
  void take_names(NameFollower& names);
  void take_address(Member& member, const Result<std::vector<packet::Endpoint>>& found);
  std::vector<packet::IpAddress> peers() const;
  void begin_at(Member& member, MonoTime time);
  void begin_due(Engine& engine, MonoTime now);
  void begin(Engine& engine, Member& member);
  Result<void> begin_now(Engine& engine, Member& member);
  Result<session::AuthKeyPtr> key_of(const Member& member) const;
  void take_keys(Engine& engine, session::KeyringPtr keys);
  bool is_own_port(const PingOptions& options, const packet::Endpoint& remote) const;
  Result<void> turn(Engine& engine, TwampServer* twamp);
  void tell_decided(const Timestamp& now);
  void end_finished(Engine& engine);
  Result<void> end_sessions(Engine& engine);

  Duration result_every_;
  std::unique_ptr<net::PacketIo> io_;
  ReflectStart start_;
  session::ReflectorOptions reflector_;
  std::unique_ptr<KeySource> keys_;     // null: there are none
  std::unique_ptr<TwampServer> twamp_;  // null: there is none
  session::KeyringPtr keyring_;         // in force
  Members members_;
  Members ending_;  // wanted no more, and not over yet
  bool peers_changed_ = false;
  std::optional<MonoTime> next_begin_;  // of all members
  MonoTime next_tell_;
  std::mutex wanted_mutex_;
  std::optional<std::vector<DaemonSession>> wanted_;
  std::atomic<std::int64_t> last_turn_{0};
  std::atomic<bool> stop_{false}, reload_keys_{false};
};

NameFollower::Name name_of(const DaemonSession& session) {
  return {.id = session.id,
          .host = host_to_resolve(session.options),
          .port = session.options.port,
          .family = session.options.family};
}

Result<ReflectCounters> DaemonRun::run(DaemonObserver& observer) {
  const auto note = [&](const std::string& text) { observer.on_note(text); };
  reflector_.note = note;
  session::Reflector reflector(reflector_);
  Engine engine(*io_, &reflector, note);
  for (const ReflectStart::Port& port : start_.ports) engine.share_port(port.id);
  // Gone before the engine that it works on.
  const std::unique_ptr<TwampServer> twamp = std::move(twamp_);
  if (twamp) twamp->begin(*io_, engine, note);
  const auto counters = [&] {
    return ReflectCounters{.packets = reflector.counters(),
                           .twamp = twamp ? std::optional(twamp->totals()) : std::nullopt};
  };
  observer.on_start(start_);
  NameFollower names(
      {},
      [](const NameFollower::Name& name) {
        return platform::resolve(name.host, name.port, name.family);
      },
      [this] { io_->wake(); });
  ReflectorKeys keys(keys_.get(), reflector, [this] { io_->wake(); }, note);
  if (keys_) keyring_ = keys_->first();
  measure::ClockEvents clock_events;
  MonoTime counters_due = io_->clock().mono_now();
  while (!stop_.load(std::memory_order_relaxed)) {
    take_wanted(engine, names, observer);
    take_names(names);
    if (std::exchange(peers_changed_, false)) {
      reflector.set_peers(peers());
      if (twamp) twamp->set_peers(peers());
    }
    if (reload_keys_.exchange(false, std::memory_order_relaxed)) {
      keys.reload();
      if (twamp) twamp->reload_key();
    }
    if (auto read = keys.take()) take_keys(engine, std::move(read));
    TRY_VOID(turn(engine, twamp.get()));
    if (io_->clock().mono_now() < counters_due) continue;
    observer.on_counters(counters());
    const ClockState state = io_->clock().state();
    for (const measure::Event& event : clock_events.on_state(state, io_->clock().now()))
      observer.on_event(event);
    counters_due = io_->clock().mono_now() + kTellCounters;
  }
  if (twamp) twamp->end();
  TRY_VOID(end_sessions(engine));
  TRY_VOID(say_goodbye(engine, reflector, io_->clock()));
  return counters();
}

// --- which sessions there are

// Both lists are in the order of their ids: one walk finds who stays, who is new and who is gone.
void DaemonRun::take_wanted(Engine& engine, NameFollower& names, DaemonObserver& observer) {
  std::optional<std::vector<DaemonSession>> wanted;
  {
    const std::lock_guard lock(wanted_mutex_);
    wanted = std::exchange(wanted_, std::nullopt);
  }
  if (!wanted) return;
  std::ranges::sort(*wanted, {}, &DaemonSession::id);
  std::vector<NameFollower::Name> hosts;
  Members next;
  auto old = members_.begin();
  const auto end_old = [&] {
    if ((*old)->running != nullptr) engine.stop_session(*(*old)->running, io_->clock().mono_now());
    (*old)->begin_at.reset();
    ending_.push_back(std::move(*old));
    ++old;
  };
  for (DaemonSession& session : *wanted) {
    CHECK(next.empty() || next.back()->id < session.id);  // ids are unique
    hosts.push_back(name_of(session));
    while (old != members_.end() && (*old)->id < session.id) end_old();
    if (old != members_.end() && (*old)->id == session.id) {
      CHECK((*old)->plan.measures_as(session));  // keep_ids() gives another id
      next.push_back(std::move(*old));
      ++old;
    } else {
      next.push_back(std::make_unique<Member>(std::move(session), observer));
    }
  }
  while (old != members_.end()) end_old();
  members_ = std::move(next);
  peers_changed_ = true;
  names.follow(std::move(hosts));
}

void DaemonRun::take_names(NameFollower& names) {
  for (const NameFollower::Answer& answer : names.take()) {
    const auto member =
        std::ranges::lower_bound(members_, answer.id, {}, [](const auto& one) { return one->id; });
    if (member != members_.end() && (*member)->id == answer.id)
      take_address(**member, answer.found);
  }
}

void DaemonRun::take_address(Member& member, const Result<std::vector<packet::Endpoint>>& found) {
  std::vector<std::string> notes;
  auto remote = found ? choose_remote(member.plan.options, *found, notes)
                      : Result<packet::Endpoint>(std::unexpected(found.error()));
  if (!remote) {
    member.observer.on_note(member.id, remote.error().text);
    return;
  }
  // A name with several addresses that are told in turn keeps the one it has.
  const bool known =
      found && member.remote && std::ranges::find(*found, *member.remote) != found->end();
  if (known) return;
  if (member.remote)
    member.observer.on_note(
        member.id, fmt::format("{} is now at {}, no longer at {}", member.plan.options.host,
                               packet::to_string(*remote), packet::to_string(*member.remote)));
  for (const std::string& note : notes) member.observer.on_note(member.id, note);
  member.remote = *remote;
  peers_changed_ = true;
  begin_at(member, io_->clock().mono_now());
}

// Whom we measure may measure us.
std::vector<packet::IpAddress> DaemonRun::peers() const {
  std::vector<packet::IpAddress> addresses;
  for (const auto& member : members_)
    if (member->remote) addresses.push_back(member->remote->address);
  return addresses;
}

void DaemonRun::begin_at(Member& member, MonoTime time) {
  member.begin_at = time;
  next_begin_ = next_begin_ ? std::min(*next_begin_, time) : time;
}

// One at a time: it asks the system for routes and sockets, and the others are to send in time.
void DaemonRun::begin_due(Engine& engine, MonoTime now) {
  // A port may have to pass from one that ends to one that begins.
  if (!ending_.empty() || !next_begin_ || *next_begin_ > now) return;
  next_begin_.reset();
  Member* first = nullptr;
  for (const auto& member : members_) {
    if (!member->begin_at) continue;
    if (first == nullptr && *member->begin_at <= now)
      first = member.get();
    else
      next_begin_ = next_begin_ ? std::min(*next_begin_, *member->begin_at) : *member->begin_at;
  }
  if (first != nullptr) begin(engine, *first);
}

void DaemonRun::begin(Engine& engine, Member& member) {
  member.begin_at.reset();
  if (member.running != nullptr) {
    engine.remove_session(*member.running);
    member.running = nullptr;
    const Timestamp now = io_->clock().now();
    member.tell(member.windows->take_all(now.wall, false));
    member.seconds->restart(*now.mono);
  }
  if (auto begun = begin_now(engine, member); !begun) {
    if (std::exchange(member.failure, begun.error().text) != begun.error().text) {
      member.observer.on_note(member.id, begun.error().text);
      member.observer.on_waiting(member.id, begun.error().text);
    }
    begin_at(member, io_->clock().mono_now() + kBeginAgain);
    return;
  }
  member.failure.clear();
  member.noted.clear();
}

// A port that this agent reflects on.
bool DaemonRun::is_own_port(const PingOptions& options, const packet::Endpoint& remote) const {
  const bool port = remote.port == options.source_port.value_or(remote.port) ||
                    std::ranges::any_of(start_.ports, [&](const ReflectStart::Port& one) {
                      return one.local.port == remote.port;
                    });
  if (!port || remote.address.is_loopback()) return port;
  const auto local = platform::local_addresses();
  return local && std::ranges::find(*local, remote.address, &platform::LocalAddress::address) !=
                      local->end();
}

// Which key its probes have; null: they are in the open mode.
Result<session::AuthKeyPtr> DaemonRun::key_of(const Member& member) const {
  const std::string& id = member.plan.options.key_id;
  if (id == kNoKey) return nullptr;
  if (!keyring_) {
    if (id.empty()) return nullptr;
    return fail(fmt::format("it is to have the key '{}', and the agent has no --key-file", id));
  }
  const packet::IpAddress& peer = member.remote->address;
  if (id.empty()) return keyring_->to_send(peer);
  return key_to_send(*keyring_, id, peer, keys_->name());
}

// A session goes on with another key; where there is one now and was none it begins anew, because
// its packets are others.
void DaemonRun::take_keys(Engine& engine, session::KeyringPtr keys) {
  keyring_ = std::move(keys);
  for (const auto& member : members_) {
    if (member->running == nullptr) {  // it may wait for a key
      if (member->remote) begin_at(*member, io_->clock().mono_now());
      continue;
    }
    auto key = key_of(*member);
    if (!key) {
      member->observer.on_note(member->id, key.error().text + "; the key of before is used on");
    } else if ((*key == nullptr) != (member->key == nullptr)) {
      begin_at(*member, io_->clock().mono_now());
    } else if (*key != member->key) {
      engine.set_key(*member->running, *key);
      member->key = *key;
      member->observer.on_key(member->id, member->key->id());
    }
  }
}

Result<void> DaemonRun::begin_now(Engine& engine, Member& member) {
  PingOptions options = member.plan.options;
  options.session = member.id;
  options.at_once = false;  // sessions that begin together are not to send together
  const session::AuthKeyPtr key = TRY(key_of(member));
  const wire::RequestLayout layout = TRY(plan_probe(options, key != nullptr));
  // What is sent from a port to itself is no measurement, and no reflector answers it.
  if (options.port_policy == PortPolicy::Auto && is_own_port(options, *member.remote))
    options.port_policy = PortPolicy::Dynamic;
  const Timestamp now = io_->clock().now();
  member.windows.emplace(result_every_, options.interval, options.flows, now.wall);
  if (!member.seconds) member.seconds.emplace(options.interval, *now.mono, member.plan.first_epoch);
  session::SessionOptions asked = session_options(options, *member.remote);
  asked.tells_up = true;
  asked.flow.key = member.key = key;
  member.running = TRY(engine.add_session(
      asked, {.options = port_options(options, *member.remote), .given = {}}, layout, member));
  PingStart start{.remote = *member.remote,
                  .local = member.running->local(),
                  .host = options.host,
                  .interface_name = {},
                  .stamping = engine.stamping_of(*member.running),
                  .size = static_cast<std::uint32_t>(layout.size),
                  .key_id = key ? key->id() : std::string(),
                  .key_fingerprint = key ? key->fingerprint() : std::string(),
                  .tlv_hmac = key && options.tlv_hmac,
                  .notes = layout.notes};
  if (const auto& egress = member.running->egress()) {
    start.interface_name = egress->interface_name;
    if (!options.source && egress->source) start.local.address = *egress->source;
  }
  member.observer.on_session(member.id, start);
  return {};
}

// --- turns

// What is told after a turn is what was decided before it began: after a long pause the turn first
// reads what came meanwhile, and probes of windows that seem over are decided in it.
Result<void> DaemonRun::turn(Engine& engine, TwampServer* twamp) {
  const Timestamp now = io_->clock().now();
  last_turn_.store(now.mono->ns(), std::memory_order_relaxed);
  begin_due(engine, *now.mono);
  MonoTime until = *now.mono + kTellEvery;
  if (next_begin_ && ending_.empty()) until = std::min(until, *next_begin_);
  if (!ending_.empty()) until = std::min(until, *now.mono + kLookAtEnding);
  if (const auto wake = twamp != nullptr ? twamp->next_wake() : std::nullopt)
    until = std::min(until, *wake);
  TRY_VOID(engine.turn(until));
  if (twamp != nullptr) twamp->after_turn();
  if (!ending_.empty()) end_finished(engine);
  if (*now.mono < next_tell_) return {};
  next_tell_ = *now.mono + kTellEvery;
  tell_decided(now);
  return {};
}

void DaemonRun::tell_decided(const Timestamp& now) {
  for (const auto& member : members_) {
    if (!member->windows) continue;
    member->tell(member->windows->take(now.wall));
    member->tell(member->seconds->take(*now.mono));
  }
}

void DaemonRun::end_finished(Engine& engine) {
  const Timestamp now = io_->clock().now();
  std::erase_if(ending_, [&](const std::unique_ptr<Member>& member) {
    if (member->running != nullptr) {
      if (!member->running->finished()) return false;
      engine.remove_session(*member->running);
    }
    member->tell_end(now);
    return true;
  });
}

Result<void> DaemonRun::end_sessions(Engine& engine) {
  for (const auto& member : members_)
    if (member->running != nullptr) engine.stop_session(*member->running, io_->clock().mono_now());
  while (!engine.sessions_finished()) {
    TRY_VOID(engine.turn(std::nullopt));
    last_turn_.store(io_->clock().mono_now().ns(), std::memory_order_relaxed);
  }
  const Timestamp now = io_->clock().now();
  for (const auto& member : ending_) member->tell_end(now);
  for (const auto& member : members_) member->tell_end(now);
  return {};
}

// What counts of a session's options.
PingOptions told_of(PingOptions options) {
  options.session = 0;
  options.network_namespace.clear();
  options.portable = false;
  options.features = net::KernelFeatures::Full;
  return options;
}

}  // namespace

bool DaemonSession::measures_as(const DaemonSession& other) const {
  return name == other.name && told_of(options) == told_of(other.options);
}

void keep_ids(const std::vector<DaemonSession>& running, std::vector<DaemonSession>& wanted,
              std::uint32_t& next_id) {
  std::map<std::string_view, const DaemonSession*> by_name;
  for (const DaemonSession& session : running) by_name[session.name] = &session;
  for (DaemonSession& session : wanted) {
    const auto known = by_name.find(session.name);
    const bool stays = known != by_name.end() && known->second->measures_as(session);
    session.id = stays ? known->second->id : next_id++;
    if (stays) session.first_epoch = known->second->first_epoch;
  }
}

Result<std::unique_ptr<Daemon>> Daemon::create(const DaemonOptions& options) {
  const ReflectOptions& reflect = options.reflect;
  auto io = TRY(net::make_packet_io({.portable = reflect.portable, .features = reflect.features}));
  ReflectStart start = TRY(open_reflector_ports(*io, reflect));
  auto keys = TRY(KeySource::open(reflect.key_file));
  TRY_VOID(check_tlv_hmac(reflect, keys != nullptr));
  if (keys) start.keys = fmt::format("{}, of {}", told(*keys->first()), keys->name());
  session::ReflectorOptions reflector{.policy = reflector_policy(reflect, start),
                                      .replay_window = reflect.replay_window,
                                      .tlv_hmac = reflect.tlv_hmac,
                                      .random = platform::random_bits,
                                      .note = {},
                                      .tlvs = reflect.tlvs};
  auto twamp = TRY(open_twamp_server(reflect, reflector.policy, start));
  auto run = std::make_unique<DaemonRun>(options, std::move(io), std::move(start),
                                         std::move(reflector), std::move(keys));
  run->serve(std::move(twamp));
  return run;
}

}  // namespace wirestamp::agent
