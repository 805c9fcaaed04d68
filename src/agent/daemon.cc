// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "agent/engine.h"
#include "agent/goodbye.h"
#include "agent/name_follower.h"
#include "agent/reflector_ports.h"
#include "agent/session_plan.h"
#include "platform/entropy.h"
#include "platform/resolve.h"
#include "platform/route.h"
#include "session/reflector.h"
#include "wire/request_layout.h"

namespace wirestamp::agent {

namespace {

// A session that could not begin is tried again after this time.
constexpr Duration kBeginAgain = Duration::seconds(10);
constexpr std::size_t kMostNotes = 256;  // of one session

// One session of the agent: what is asked of it, and the one that runs, if any.
struct Member final : SessionObserver {
  Member(std::size_t member_index, DaemonSession member_plan, DaemonObserver& told)
      : index(member_index), plan(std::move(member_plan)), observer(told) {}

  void on_sample(const measure::Sample& sample) override { windows->add(sample); }
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) override {
    windows->resolve_unknown(forward, backward);
  }
  void on_note(const std::string& note) override {
    if (noted.size() < kMostNotes && noted.insert(note).second) observer.on_note(index, note);
  }
  void on_event(const measure::Event& event) override { observer.on_event(index, event); }

  std::size_t index;
  DaemonSession plan;
  DaemonObserver& observer;
  std::optional<packet::Endpoint> remote;  // to be measured
  session::Session* running = nullptr;
  std::optional<ResultWindows> windows;
  std::optional<MonoTime> begin_at;
  std::string failure;          // told last
  std::set<std::string> noted;  // each is told once
};

class DaemonRun final : public Daemon {
 public:
  DaemonRun(const DaemonOptions& options, std::unique_ptr<net::PacketIo> io, ReflectStart start,
            session::PolicyOptions policy)
      : options_(options),
        io_(std::move(io)),
        start_(std::move(start)),
        policy_(std::move(policy)) {}

  Result<session::ReflectorCounters> run(DaemonObserver& observer) override;

  void stop() noexcept override {
    stop_.store(true, std::memory_order_relaxed);
    io_->wake();
  }

 private:
  void take_names(NameFollower& names, DaemonObserver& observer);
  void begin(Engine& engine, Member& member);
  Result<void> begin_now(Engine& engine, Member& member);
  bool is_own_port(const packet::Endpoint& remote) const;
  static void tell_windows(const Member& member, const std::vector<ResultWindow>& windows);
  std::optional<MonoTime> step(Engine& engine);
  Result<void> end_sessions(Engine& engine);

  DaemonOptions options_;
  std::unique_ptr<net::PacketIo> io_;
  ReflectStart start_;
  session::PolicyOptions policy_;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<bool> stop_{false};
};

std::vector<NameFollower::Name> names_of(const std::vector<DaemonSession>& sessions) {
  std::vector<NameFollower::Name> names;
  for (const DaemonSession& session : sessions)
    names.push_back({.host = host_to_resolve(session.options),
                     .port = session.options.port,
                     .family = session.options.family});
  return names;
}

Result<session::ReflectorCounters> DaemonRun::run(DaemonObserver& observer) {
  session::Reflector reflector({.policy = policy_,
                                .random = platform::random_bits,
                                .note = [&](const std::string& note) { observer.on_note(note); }});
  Engine engine(*io_, &reflector, [&](const std::string& note) { observer.on_note(note); });
  for (const ReflectStart::Port& port : start_.ports) engine.share_port(port.id);
  observer.on_start(start_);
  for (std::size_t i = 0; i < options_.sessions.size(); ++i)
    members_.push_back(std::make_unique<Member>(i, options_.sessions[i], observer));
  NameFollower names(
      names_of(options_.sessions),
      [](const NameFollower::Name& name) {
        return platform::resolve(name.host, name.port, name.family);
      },
      [this] { io_->wake(); });
  while (!stop_.load(std::memory_order_relaxed)) {
    take_names(names, observer);
    TRY_VOID(engine.turn(step(engine)));
  }
  TRY_VOID(end_sessions(engine));
  TRY_VOID(say_goodbye(engine, reflector, io_->clock()));
  return reflector.counters();
}

void DaemonRun::take_names(NameFollower& names, DaemonObserver& observer) {
  for (NameFollower::Answer& answer : names.take()) {
    Member& member = *members_[answer.name];
    std::vector<std::string> notes;
    auto remote = answer.found ? choose_remote(member.plan.options, *answer.found, notes)
                               : Result<packet::Endpoint>(std::unexpected(answer.found.error()));
    if (!remote) {
      observer.on_note(member.index, remote.error().text);
      continue;
    }
    // A name with several addresses that are told in turn keeps the one it has.
    const bool known = answer.found && member.remote &&
                       std::ranges::find(*answer.found, *member.remote) != answer.found->end();
    if (known) continue;
    if (member.remote)
      observer.on_note(member.index,
                       fmt::format("{} is now at {}, no longer at {}", member.plan.options.host,
                                   packet::to_string(*remote), packet::to_string(*member.remote)));
    for (const std::string& note : notes) observer.on_note(member.index, note);
    member.remote = *remote;
    member.begin_at = io_->clock().mono_now();
  }
}

void DaemonRun::begin(Engine& engine, Member& member) {
  member.begin_at.reset();
  if (member.running != nullptr) {
    engine.remove_session(*member.running);
    member.running = nullptr;
    tell_windows(member, member.windows->take_all(io_->clock().now().wall, false));
  }
  if (auto begun = begin_now(engine, member); !begun) {
    if (std::exchange(member.failure, begun.error().text) != begun.error().text)
      member.observer.on_note(member.index, begun.error().text);
    member.begin_at = io_->clock().mono_now() + kBeginAgain;
    return;
  }
  member.failure.clear();
  member.noted.clear();
}

// A port that this agent reflects on.
bool DaemonRun::is_own_port(const packet::Endpoint& remote) const {
  const bool port = std::ranges::any_of(
      start_.ports, [&](const ReflectStart::Port& one) { return one.local.port == remote.port; });
  if (!port || remote.address.is_loopback()) return port;
  const auto local = platform::local_addresses();
  return local && std::ranges::find(*local, remote.address, &platform::LocalAddress::address) !=
                      local->end();
}

Result<void> DaemonRun::begin_now(Engine& engine, Member& member) {
  PingOptions options = member.plan.options;
  options.session = static_cast<std::uint32_t>(member.index);
  options.at_once = false;  // sessions that begin together are not to send together
  const wire::RequestLayout layout = TRY(wire::plan_request(options.size));
  // What is sent from a port to itself is no measurement, and no reflector answers it.
  if (options.port_policy == PortPolicy::Auto && is_own_port(*member.remote))
    options.port_policy = PortPolicy::Dynamic;
  member.windows.emplace(options_.result_every, options.interval, options.flows,
                         io_->clock().now().wall);
  member.running = TRY(engine.add_session(
      session_options(options, *member.remote),
      {.options = port_options(options, *member.remote), .given = {}}, layout, member));
  PingStart start{.remote = *member.remote,
                  .local = member.running->local(),
                  .host = options.host,
                  .interface_name = {},
                  .stamping = engine.stamping_of(*member.running),
                  .size = static_cast<std::uint32_t>(layout.size),
                  .notes = layout.notes};
  if (const auto& egress = member.running->egress()) {
    start.interface_name = egress->interface_name;
    if (!options.source && egress->source) start.local.address = *egress->source;
  }
  member.observer.on_session(member.index, start);
  return {};
}

void DaemonRun::tell_windows(const Member& member, const std::vector<ResultWindow>& windows) {
  for (const ResultWindow& window : windows) member.observer.on_window(member.index, window);
}

// Begins what is due and tells what is decided; returns when there is something to do again.
std::optional<MonoTime> DaemonRun::step(Engine& engine) {
  const Timestamp now = io_->clock().now();
  std::optional<MonoTime> next;
  bool begun = false;
  const auto consider = [&](MonoTime time) { next = next ? std::min(*next, time) : time; };
  for (const auto& member : members_) {
    // One at a time: it asks the system for routes and sockets, and the others are to send in time.
    if (!begun && member->begin_at && *member->begin_at <= *now.mono) {
      begin(engine, *member);
      begun = true;
    }
    if (member->begin_at) consider(*member->begin_at);
    if (!member->windows) continue;
    tell_windows(*member, member->windows->take(now.wall));
    if (const auto window = member->windows->next()) consider(*now.mono + (*window - now.wall));
  }
  return next;
}

Result<void> DaemonRun::end_sessions(Engine& engine) {
  for (const auto& member : members_)
    if (member->running != nullptr) member->running->stop(io_->clock().mono_now());
  while (!engine.sessions_finished()) TRY_VOID(engine.turn(std::nullopt));
  for (const auto& member : members_)
    if (member->windows)
      tell_windows(*member, member->windows->take_all(io_->clock().now().wall, true));
  return {};
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::create(const DaemonOptions& options) {
  const ReflectOptions& reflect = options.reflect;
  auto io = TRY(net::make_packet_io({.portable = reflect.portable, .features = reflect.features}));
  ReflectStart start = TRY(open_reflector_ports(*io, reflect));
  session::PolicyOptions policy = reflector_policy(reflect, start.notes);
  return std::make_unique<DaemonRun>(options, std::move(io), std::move(start), std::move(policy));
}

}  // namespace wirestamp::agent
