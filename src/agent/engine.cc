// SPDX-License-Identifier: Apache-2.0
#include "agent/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "platform/route.h"
#include "wire/stamp.h"
#include "wire/stamp_auth.h"

namespace wirestamp::agent {

namespace {

// Datagrams waiting for the next flush. The backend bounds what one poll delivers; beyond this
// number replies are dropped and counted.
constexpr std::size_t kMaxQueued = 1'024;
// A flow overdue by this much waits until what came meanwhile is read: its probes must not be
// decided while their replies lie in the socket.
constexpr Duration kOverdue = Duration::seconds(1);
constexpr int kMostCatchUpPolls = 512;  // more than a full receive buffer
// Listing this host's networks takes up to milliseconds, and changes come in bursts.
constexpr Duration kRenewEvery = Duration::milliseconds(100);
// Replies without a transmit stamp after which a port's driver is believed to give none.
constexpr unsigned kRepliesWithoutStamp = 8;

bool looks_authenticated(base::Bytes octets) {
  return wire::likely_mode(octets) == wire::Mode::Authenticated;
}

wire::Kind kind_of(base::Bytes octets) {
  return looks_authenticated(octets) ? wire::classify_auth(octets) : wire::classify(octets);
}

std::uint16_t ssid_in(const packet::ReceivedDatagram& datagram) {
  const std::size_t offset = looks_authenticated(datagram.payload) ? 26 : 14;
  return datagram.payload.size() >= offset + 2
             ? base::load_be<std::uint16_t>(datagram.payload, offset)
             : std::uint16_t{0};
}

}  // namespace

// One session and its ports.
class Engine::Owner final : public session::SessionOutput {
 public:
  Owner(Engine& engine, std::uint32_t number, const session::SessionOptions& options,
        const SessionPorts& ports, const wire::RequestLayout& layout, SessionObserver& observer)
      : engine_(engine),
        number_(number),
        ports_(ports),
        observer_(observer),
        session_(options, layout, *this, engine.budget_) {}

  std::uint32_t number() const { return number_; }
  const session::Session& session() const { return session_; }
  // To let something happen to it: when it wants to be woken may be another time then.
  session::Session& change() {
    if (!changed_) engine_.changed_.push_back(number_);
    changed_ = true;
    return session_;
  }
  // Since the last call; `finished` tells whether it finished meanwhile.
  std::optional<MonoTime> settle(bool& finished) {
    changed_ = false;
    finished = !finished_ && session_.finished();
    finished_ = session_.finished();
    return session_.next_wake();
  }
  bool finished() const { return finished_; }

  Result<session::OpenedPort> open_flow(session::FlowId flow,
                                        const session::FlowPort& wanted) override {
    net::PortId port = 0;
    if (ports_.given) {
      port = *ports_.given;
    } else if (wanted.shared_with) {
      port = engine_.flows_.at(flows_.at(*wanted.shared_with)).port;
    } else {
      net::PortOptions options = ports_.options;
      options.port = wanted.port.value_or(0);
      net::PortOptions sharing = options;
      if (!sharing.address && session_.egress()) sharing.address = session_.egress()->source;
      const auto shared = engine_.shared_port(sharing);
      if (shared && engine_.flows_.taken(*shared, session_))
        return fail(fmt::format("another session to this host sends from port {}", options.port));
      port = shared ? *shared : TRY(engine_.io_.open(options));
    }
    if (engine_.flows_.full()) {
      engine_.close_unused(port);
      return fail("65,535 flows are open: no more are possible");
    }
    flows_[flow] = engine_.flows_.add(session_, number_, flow, port);
    return session::OpenedPort{.local = engine_.io_.local_endpoint(port),
                               .transmit = engine_.io_.stamping(port).transmit};
  }

  void close_flow(session::FlowId flow) override {
    const auto found = flows_.find(flow);
    if (found == flows_.end()) return;
    const net::PortId port = engine_.flows_.at(found->second).port;
    engine_.flows_.remove(found->second);
    flows_.erase(found);
    // Datagrams may still be queued for it.
    if (!ports_.given) engine_.closing_.push_back(port);
  }

  std::optional<session::Egress> egress() override {
    const session::SenderOptions& flow = session_.options().flow;
    const auto route = platform::route_to({.destination = flow.remote,
                                           .source = flow.source,
                                           .device = ports_.options.device,
                                           .traffic_class = flow.traffic_class});
    if (!route) return std::nullopt;
    // The kernel sends all the same, from 0.0.0.0.
    if (!flow.source && (!route->source || route->source->is_any()))
      observer_.on_note(
          fmt::format("{} has no {} address to send from, and nobody answers a probe without one: "
                      "give it an address, or choose another interface",
                      route->interface_name,
                      flow.remote.address.family() == packet::Family::V4 ? "IPv4" : "IPv6"));
    return session::Egress{.interface = route->interface,
                           .interface_name = route->interface_name,
                           .source = flow.source ? flow.source : route->source};
  }

  void send(session::FlowId flow, const packet::OutgoingDatagram& datagram) override {
    SendQueue::Entry* queued = engine_.queue_.next(datagram.payload.size());
    if (queued == nullptr) {
      engine_.flush();  // never within poll(): sessions send in on_time() only
      queued = engine_.queue_.next(datagram.payload.size());
    }
    const FlowTable::Index index = flows_.at(flow);
    queued->port = engine_.flows_.at(index).port;
    queued->datagram = datagram;
    queued->datagram.token = engine_.flows_.token_of(index, datagram.token);
    std::ranges::copy(datagram.payload, queued->octets.begin());
    queued->datagram.payload = base::Bytes(queued->octets.data(), datagram.payload.size());
    engine_.queue_.push();
  }
  void on_sample(const measure::Sample& sample) override { observer_.on_sample(sample); }
  void on_reply(const measure::Sample& provisional) override { observer_.on_reply(provisional); }
  void on_unknown_resolved(session::FlowId flow, std::uint64_t forward,
                           std::uint64_t backward) override {
    observer_.on_unknown_resolved(flow, forward, backward);
  }
  void on_note(const std::string& note) override { observer_.on_note(note); }
  void on_event(const measure::Event& event) override { observer_.on_event(event); }
  void on_scheduler_stamps(session::FlowId flow) override {
    engine_.io_.use_scheduler_stamps(engine_.flows_.at(flows_.at(flow)).port);
  }

  void leave() {
    while (!flows_.empty()) close_flow(flows_.begin()->first);
  }

  std::optional<net::PortId> current_port() const {
    const auto found = flows_.find(session_.current());
    if (found == flows_.end()) return std::nullopt;
    return engine_.flows_.at(found->second).port;
  }

 private:
  Engine& engine_;
  std::uint32_t number_;
  bool changed_ = false, finished_ = false;
  SessionPorts ports_;
  SessionObserver& observer_;
  std::map<session::FlowId, FlowTable::Index> flows_;
  session::Session session_;
};

Engine::Engine(net::PacketIo& io, session::Reflector* reflector,
               std::function<void(const std::string&)> note)
    : io_(io), reflector_(reflector), queue_(kMaxQueued), note_(std::move(note)) {}

Engine::~Engine() = default;

Result<const session::Session*> Engine::add_session(const session::SessionOptions& options,
                                                    const SessionPorts& ports,
                                                    const wire::RequestLayout& layout,
                                                    SessionObserver& observer) {
  if (free_numbers_.empty()) {
    free_numbers_.push_back(static_cast<std::uint32_t>(owners_.size()));
    owners_.emplace_back();
  }
  const std::uint32_t number = free_numbers_.back();
  free_numbers_.pop_back();
  owners_[number] = std::make_unique<Owner>(*this, number, options, ports, layout, observer);
  Owner& owner = *owners_[number];
  numbers_[&owner.session()] = number;
  ++unfinished_;
  if (auto begun = owner.change().begin(io_.clock().now()); !begun) {
    remove_session(owner.session());  // and ports that were opened before the one that was not
    return std::unexpected(std::move(begun).error());
  }
  return &owner.session();
}

Engine::Owner& Engine::owner_of(const session::Session& session) const {
  const auto found = numbers_.find(&session);
  CHECK(found != numbers_.end());
  return *owners_[found->second];
}

void Engine::set_key(const session::Session& session, const session::AuthKeyPtr& key) {
  owner_of(session).change().set_key(key);
}

void Engine::stop_session(const session::Session& session, MonoTime now) {
  owner_of(session).change().stop(now);
}

void Engine::remove_session(const session::Session& session) {
  Owner& owner = owner_of(session);
  flush();
  owner.leave();
  settle();
  if (!owner.finished()) --unfinished_;
  const std::uint32_t number = owner.number();
  wakes_.set(number, std::nullopt);
  numbers_.erase(&session);
  owners_[number].reset();
  free_numbers_.push_back(number);
  flush();
}

net::PortStamping Engine::stamping_of(const session::Session& session) const {
  const auto port = owner_of(session).current_port();
  return port ? io_.stamping(*port) : net::PortStamping{};
}

void Engine::settle() {
  for (const std::uint32_t number : changed_) {
    bool finished = false;
    wakes_.set(number, owners_[number]->settle(finished));
    if (finished) --unfinished_;
  }
  changed_.clear();
}

bool Engine::sessions_finished() {
  settle();
  return unfinished_ == 0;
}

std::optional<MonoTime> Engine::next_wake() {
  settle();
  return wakes_.first();
}

// --- flows ---------------------------------------------------------------------------------------

void Engine::close_unused(net::PortId port) {
  if (flows_.any_on(port)) return;
  flows_.forget(port);
  if (std::ranges::find(shared_, port) == shared_.end()) io_.close(port);
}

std::optional<net::PortId> Engine::shared_port(const net::PortOptions& wanted) const {
  if (wanted.port == 0 || !wanted.device.empty()) return std::nullopt;
  for (const net::PortId port : shared_) {
    const packet::Endpoint local = io_.local_endpoint(port);
    if (local.port == wanted.port && local.address.family() == wanted.family &&
        (local.address.is_any() || local.address == wanted.address))
      return port;
  }
  return std::nullopt;
}

session::Session& Engine::change(const FlowTable::Flow& flow) {
  return owners_[flow.owner]->change();
}

Result<void> Engine::turn(std::optional<MonoTime> until) {
  const std::optional<MonoTime> overdue = next_wake();
  if (overdue && io_.clock().mono_now() - *overdue > kOverdue) TRY_VOID(catch_up());
  const Timestamp now = user_stamp(io_.clock().now());
  const ClockState clock = io_.clock().state();
  const bool had_finished = sessions_finished();
  due_.clear();
  wakes_.take_due(*now.mono, due_);
  for (const std::uint32_t number : due_) owners_[number]->change().on_time(now, clock);
  if (renew_due_ && *renew_due_ <= *now.mono) renew_networks();
  send_further_replies();
  flush();
  std::optional<MonoTime> deadline = until;
  const auto consider = [&](const std::optional<MonoTime>& time) {
    if (time && (!deadline || *time < *deadline)) deadline = time;
  };
  consider(next_wake());
  consider(renew_due_);
  if (reflector_ != nullptr) consider(reflector_->next_wake());
  // Who waits for the sessions need not wait for more, but what came is still read.
  const bool nothing_else = reflector_ == nullptr && guests_.empty();
  if (!numbers_.empty() && sessions_finished() && (nothing_else || !had_finished))
    deadline = *now.mono;
  TRY_VOID(io_.poll(deadline, *this));
  flush();
  return {};
}

// We did not run for long, or could not keep up.
Result<void> Engine::catch_up() {
  std::uint64_t before = 0;
  int polls = 0;
  do {
    before = delivered_;
    TRY_VOID(io_.poll(io_.clock().mono_now(), *this));
    flush();
  } while (delivered_ != before && ++polls < kMostCatchUpPolls);
  return {};
}

// --- what comes in
// -------------------------------------------------------------------------------------

net::PacketSink* Engine::guest_of(net::PortId port) const {
  const auto found = guests_.find(port);
  return found == guests_.end() ? nullptr : found->second;
}

void Engine::on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) {
  ++delivered_;
  if (net::PacketSink* guest = guest_of(port)) return guest->on_datagram(port, datagram);
  switch (kind_of(datagram.payload)) {
    case wire::Kind::TooShort:
    case wire::Kind::Request:
      return reflect(port, datagram);
    case wire::Kind::Reply:
      return take_reply(port, datagram);
    case wire::Kind::Ambiguous:
      break;
  }
  // Random padding or broken stamps: a reply if one of our flows talks to that end with that SSID.
  if (const FlowTable::Flow* flow = awaiting(port, datagram)) {
    const session::Session& session = *flow->session;
    const packet::Endpoint& remote = session.options().flow.remote;
    // Some peers send no SSID, but nobody else knows when a probe of ours left.
    const bool ours = datagram.source.address == remote.address &&
                      datagram.source.port == remote.port &&
                      (session.ssid_of(flow->id) == ssid_in(datagram) ||
                       session.recognises(flow->id, datagram.payload));
    if (ours) return change(*flow).on_datagram(flow->id, datagram, io_.clock().state());
  }
  reflect(port, datagram);
}

void Engine::take_reply(net::PortId port, const packet::ReceivedDatagram& reply) {
  if (const FlowTable::Flow* flow = awaiting(port, reply))
    return change(*flow).on_datagram(flow->id, reply, io_.clock().state());
  if (reflector_ == nullptr) {
    ++counters_.replies_of_nobody;
  } else {
    reflector_->ignore_reply();
  }
}

const FlowTable::Flow* Engine::awaiting(net::PortId port,
                                        const packet::ReceivedDatagram& reply) const {
  return flows_.any_on(port) ? flows_.awaiting(port, reply.source, ssid_in(reply), reply.payload)
                             : nullptr;
}

void Engine::reflect(net::PortId port, const packet::ReceivedDatagram& request) {
  if (reflector_ == nullptr) {
    ++counters_.requests_of_nobody;
    return;
  }
  SendQueue::Entry* slot = queue_.next(reflector_->room(request.payload.size()));
  if (slot == nullptr) {  // the backend delivers less than this per poll
    ++counters_.replies_dropped;
    reflector_->drop_request();
    return;
  }
  const ClockState clock = io_.clock().state();
  const auto reply =
      reflector_->reflect(request, user_stamp(io_.clock().now()), clock, slot->octets, port);
  if (!reply) return;
  CHECK(!FlowTable::names_a_flow(reply->token));
  slot->port = port;
  slot->datagram = *reply;
  queue_.push();
}

// What one request asked for more than one of.
void Engine::send_further_replies() {
  if (reflector_ == nullptr) return;
  const ClockState clock = io_.clock().state();
  while (const auto further = reflector_->further_reply(user_stamp(io_.clock().now()), clock)) {
    SendQueue::Entry* slot = queue_.next(further->datagram.payload.size());
    if (slot == nullptr) {
      ++counters_.replies_dropped;
      continue;
    }
    slot->port = further->port;
    slot->datagram = further->datagram;
    std::ranges::copy(further->datagram.payload, slot->octets.begin());
    slot->datagram.payload = base::Bytes(slot->octets.data(), further->datagram.payload.size());
    queue_.push();
  }
}

void Engine::on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) {
  ++delivered_;
  if (net::PacketSink* guest = guest_of(port)) return guest->on_transmit_stamp(port, stamp);
  if (!FlowTable::names_a_flow(stamp.token)) {
    if (reflector_ != nullptr) reflector_->on_transmit_stamp(stamp.token, stamp.stamp);
    ReplyStamps& stamps = reply_stamps_[port];
    stamps.proven = true;
    stamps.missing = 0;
  } else if (const FlowTable::Flow* flow = flows_.find(stamp.token)) {
    change(*flow).on_transmit_stamp(flow->id, FlowTable::within(stamp.token), stamp.stamp);
  }
}

void Engine::on_path_error(net::PortId port, const packet::PathError& error) {
  ++delivered_;
  if (net::PacketSink* guest = guest_of(port)) return guest->on_path_error(port, error);
  for (const FlowTable::Flow& flow : flows_.to(port, error.destination.address)) {
    if (!change(flow).on_path_error(flow.id, error)) continue;
    if (error.kind == packet::PathErrorKind::NeighbourUnresolved)
      tell_the_others(port, error, flow);
    return;
  }
  if (reflector_ != nullptr) reflector_->on_path_error();
}

// The kernel drops all that waited for the neighbour and quotes few of them, so each flow to it on
// this port hears of it; without the quote, which is not theirs.
void Engine::tell_the_others(net::PortId port, const packet::PathError& error,
                             const FlowTable::Flow& told) {
  for (const FlowTable::Flow& flow : flows_.to(port, error.destination.address)) {
    if (&flow == &told) continue;
    packet::PathError theirs = error;
    theirs.destination = flow.session->options().flow.remote;
    theirs.quoted = {};
    (void)change(flow).on_path_error(flow.id, theirs);
  }
}

void Engine::on_stamps_unreliable(net::PortId port) {
  ++delivered_;
  if (net::PacketSink* guest = guest_of(port)) return guest->on_stamps_unreliable(port);
  reply_stamps_[port].missing = 0;
  for (const FlowTable::Flow& flow : flows_.on(port)) change(flow).on_stamps_unreliable(flow.id);
}

// Whose they were nobody knows: the flows of the port and the reflector hear of all of them.
void Engine::on_receive_dropped(net::PortId port, std::uint64_t count) {
  ++delivered_;
  if (net::PacketSink* guest = guest_of(port)) return guest->on_receive_dropped(port, count);
  if (reflector_ != nullptr && (!flows_.any_on(port) || std::ranges::count(shared_, port) > 0))
    reflector_->on_receive_dropped(count);
  for (const FlowTable::Flow& flow : flows_.on(port))
    change(flow).on_receive_dropped(flow.id, count);
}

// --- what changes around us

void Engine::on_network_change(const packet::NetworkChange& change) {
  using packet::NetworkChangeKind;
  ++delivered_;
  const bool anything = change.kind == NetworkChangeKind::Unknown;
  const bool route = change.kind == NetworkChangeKind::RouteChanged;
  if (anything || change.kind == NetworkChangeKind::AddressAdded ||
      change.kind == NetworkChangeKind::AddressRemoved)
    renew_networks();
  // Another driver, perhaps: that stamps came before proves nothing about it. A link that only went
  // down is no other driver, and there a missing stamp tells that the probe did not leave.
  if (anything || route || change.kind == NetworkChangeKind::LinkUp)
    for (auto& [port, stamps] : reply_stamps_) stamps.proven = false;
  for (const auto& owner : owners_)
    if (owner) owner->change().on_network_change(change);
}

// A network that came up after the start is connected, too.
void Engine::renew_networks() {
  if (reflector_ == nullptr) return;
  const MonoTime now = io_.clock().mono_now();
  if (renewed_last_ && now - *renewed_last_ < kRenewEvery) {
    renew_due_ = *renewed_last_ + kRenewEvery;
    return;
  }
  renew_due_.reset();
  renewed_last_ = now;
  const auto local = platform::local_addresses();
  if (!local) return;
  session::HostNetworks networks;
  for (const platform::LocalAddress& one : *local) {
    networks.connected.push_back(one.network);
    networks.addresses.push_back(one.address);
  }
  reflector_->set_networks(std::move(networks));
}

// Eight replies in a row that nobody stamped, on a port that was not near its limits.
void Engine::track_reply_stamps(net::PortId port) {
  ReplyStamps& stamps = reply_stamps_[port];
  if (stamps.proven || stamps.scheduler || ++stamps.missing < kRepliesWithoutStamp) return;
  if (io_.stamping(port).transmit < StampSource::Kernel) return;  // there was no hope
  stamps.scheduler = true;
  io_.use_scheduler_stamps(port);
  if (note_)
    note_(
        fmt::format("no transmit stamps from the driver for replies from {}: using scheduler "
                    "stamps there",
                    packet::to_string(io_.local_endpoint(port))));
}

// --- what goes out
// -------------------------------------------------------------------------------------

void Engine::report(const SendQueue::Entry& sent, const packet::SendResult& result) {
  const packet::Token token = sent.datagram.token;
  if (!FlowTable::names_a_flow(token)) {
    if (reflector_ != nullptr) reflector_->on_sent(token, result);
    if (result.status == packet::SendStatus::Accepted) track_reply_stamps(sent.port);
  } else if (const FlowTable::Flow* flow = flows_.find(token)) {
    change(*flow).on_sent(flow->id, FlowTable::within(token), result);
  }
}

void Engine::flush() {
  queue_.flush(io_, *this, [this](const SendQueue::Entry& sent, const packet::SendResult& result) {
    report(sent, result);
  });
  std::vector<net::PortId> closing = std::exchange(closing_, {});
  std::ranges::sort(closing);
  closing.erase(std::ranges::unique(closing).begin(), closing.end());
  for (const net::PortId port : closing) close_unused(port);
}

}  // namespace wirestamp::agent
