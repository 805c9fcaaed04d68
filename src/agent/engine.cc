// SPDX-License-Identifier: Apache-2.0
#include "agent/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "platform/route.h"
#include "wire/stamp.h"

namespace wirestamp::agent {

namespace {

// A token names the owner (0: the reflector, else the flow) and the datagram within the owner.
constexpr unsigned kOwnerShift = 44;
constexpr packet::Token kWithinOwner = (packet::Token{1} << kOwnerShift) - 1;
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

}  // namespace

class Engine::Flow final : public session::SenderOutput {
 public:
  Flow(Engine& engine, net::PortId port, std::size_t index, const session::SenderOptions& options,
       const wire::RequestLayout& layout, FlowObserver& observer, MonoTime start)
      : engine_(engine),
        port_(port),
        owner_(packet::Token{index + 1} << kOwnerShift),
        observer_(observer),
        sender_(options, layout, *this, start) {}

  session::Sender& sender() { return sender_; }
  const session::Sender& sender() const { return sender_; }
  net::PortId port() const { return port_; }

  void run(const Timestamp& now, const ClockState& clock) {
    const bool scheduler_before = sender_.wants_scheduler_stamps();
    sender_.on_time(now, clock);
    if (!scheduler_before && sender_.wants_scheduler_stamps())
      engine_.io_.use_scheduler_stamps(port_);
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    Queued* slot = engine_.next_slot(datagram.payload.size());
    if (slot == nullptr) {
      engine_.flush();  // never within poll(): senders send in on_time() only
      slot = engine_.next_slot(datagram.payload.size());
    }
    slot->port = port_;
    slot->datagram = datagram;
    slot->datagram.token |= owner_;
    std::ranges::copy(datagram.payload, slot->octets.begin());
    slot->datagram.payload = base::Bytes(slot->octets.data(), datagram.payload.size());
    ++engine_.queued_;
  }
  void on_sample(const measure::Sample& sample) override { observer_.on_sample(sample); }
  void on_reply(const measure::Sample& provisional) override { observer_.on_reply(provisional); }
  void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) override {
    observer_.on_unknown_resolved(forward, backward);
  }
  void on_note(const std::string& note) override { observer_.on_note(note); }

 private:
  Engine& engine_;
  net::PortId port_;
  packet::Token owner_;
  FlowObserver& observer_;
  session::Sender sender_;
};

Engine::Engine(net::PacketIo& io, session::Reflector* reflector,
               std::function<void(const std::string&)> note)
    : io_(io), reflector_(reflector), queue_(kMaxQueued), note_(std::move(note)) {}

Engine::~Engine() = default;

session::Sender& Engine::add_flow(net::PortId port, const session::SenderOptions& options,
                                  const wire::RequestLayout& layout, FlowObserver& observer,
                                  MonoTime start) {
  flows_.push_back(
      std::make_unique<Flow>(*this, port, flows_.size(), options, layout, observer, start));
  return flows_.back()->sender();
}

bool Engine::flows_finished() const {
  return std::ranges::all_of(flows_, [](const auto& flow) { return flow->sender().finished(); });
}

std::optional<MonoTime> Engine::next_wake() const {
  std::optional<MonoTime> first;
  for (const auto& flow : flows_) {
    const std::optional<MonoTime> wake = flow->sender().next_wake();
    if (wake && (!first || *wake < *first)) first = wake;
  }
  return first;
}

Result<void> Engine::turn(std::optional<MonoTime> until) {
  const std::optional<MonoTime> overdue = next_wake();
  if (overdue && io_.clock().mono_now() - *overdue > kOverdue) TRY_VOID(catch_up());
  const Timestamp now = user_stamp(io_.clock().now());
  const ClockState clock = io_.clock().state();
  for (auto& flow : flows_) {
    const std::optional<MonoTime> wake = flow->sender().next_wake();
    if (wake && *wake <= *now.mono) flow->run(now, clock);
  }
  if (renew_due_ && *renew_due_ <= *now.mono) renew_networks();
  flush();
  std::optional<MonoTime> deadline = until;
  const auto consider = [&](const std::optional<MonoTime>& time) {
    if (time && (!deadline || *time < *deadline)) deadline = time;
  };
  consider(next_wake());
  consider(renew_due_);
  // Nothing left to wait for, but what came is still read.
  if (!flows_.empty() && flows_finished() && reflector_ == nullptr) deadline = *now.mono;
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

void Engine::on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) {
  ++delivered_;
  switch (wire::classify(datagram.payload)) {
    case wire::Kind::TooShort:
    case wire::Kind::Request:
      return reflect(port, datagram);
    case wire::Kind::Reply:
      return take_reply(port, datagram);
    case wire::Kind::Ambiguous:
      break;
  }
  // Random padding or broken stamps: a reply if one of our flows talks to that end with that SSID.
  Flow* flow = flow_of(port, datagram);
  if (flow != nullptr && datagram.source.address == flow->sender().options().remote.address &&
      datagram.source.port == flow->sender().options().remote.port) {
    return flow->sender().on_datagram(datagram, io_.clock().state());
  }
  reflect(port, datagram);
}

void Engine::take_reply(net::PortId port, const packet::ReceivedDatagram& reply) {
  if (Flow* flow = flow_of(port, reply))
    return flow->sender().on_datagram(reply, io_.clock().state());
  if (reflector_ == nullptr) {
    ++counters_.replies_of_nobody;
  } else {
    reflector_->ignore_reply();
  }
}

// The flow a reply belongs to: by remote end and SSID, then by either of them so that the sender
// can count what is wrong with it.
Engine::Flow* Engine::flow_of(net::PortId port, const packet::ReceivedDatagram& reply) const {
  Flow* best = nullptr;
  int best_score = 0;
  const std::uint16_t ssid =
      reply.payload.size() >= 16 ? base::load_be<std::uint16_t>(reply.payload, 14) : 0;
  for (const auto& flow : flows_) {
    if (flow->port() != port || flow->sender().finished()) continue;
    const session::SenderOptions& options = flow->sender().options();
    const bool remote =
        options.remote.address == reply.source.address && options.remote.port == reply.source.port;
    const int score = (remote ? 2 : 0) + (options.ssid == ssid ? 2 : 0) + 1;
    if (score > best_score) {
      best_score = score;
      best = flow.get();
    }
  }
  return best;
}

void Engine::reflect(net::PortId port, const packet::ReceivedDatagram& request) {
  if (reflector_ == nullptr) {
    ++counters_.requests_of_nobody;
    return;
  }
  Queued* slot = next_slot(std::max<std::size_t>(request.payload.size(), wire::kBaseSize));
  if (slot == nullptr) {  // the backend delivers less than this per poll
    ++counters_.replies_dropped;
    return;
  }
  const ClockState clock = io_.clock().state();
  const auto reply =
      reflector_->reflect(request, user_stamp(io_.clock().now()), clock, slot->octets);
  if (!reply) return;
  CHECK(reply->token <= kWithinOwner);
  slot->port = port;
  slot->datagram = *reply;
  ++queued_;
}

void Engine::on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) {
  ++delivered_;
  const packet::Token owner = stamp.token >> kOwnerShift;
  const packet::Token within = stamp.token & kWithinOwner;
  if (owner == 0) {
    if (reflector_ != nullptr) reflector_->on_transmit_stamp(within, stamp.stamp);
    ReplyStamps& stamps = reply_stamps_[port];
    stamps.proven = true;
    stamps.missing = 0;
  } else if (owner <= flows_.size()) {
    flows_[owner - 1]->sender().on_transmit_stamp(within, stamp.stamp);
  }
}

void Engine::on_path_error(net::PortId port, const packet::PathError& error) {
  ++delivered_;
  for (auto& flow : flows_) {
    if (flow->port() != port || !flow->sender().on_path_error(error)) continue;
    if (error.kind == packet::PathErrorKind::NeighbourUnresolved)
      tell_the_others(port, error, *flow);
    return;
  }
}

// The kernel drops all that waited for the neighbour and quotes few of them, so each flow to it on
// this port hears of it; without the quote, which is not theirs.
void Engine::tell_the_others(net::PortId port, const packet::PathError& error, const Flow& owner) {
  for (auto& flow : flows_) {
    const packet::Endpoint& remote = flow->sender().options().remote;
    if (flow.get() == &owner || flow->port() != port || remote.address != error.destination.address)
      continue;
    packet::PathError theirs = error;
    theirs.destination = remote;
    theirs.quoted = {};
    (void)flow->sender().on_path_error(theirs);
  }
}

void Engine::on_stamps_unreliable(net::PortId port) {
  ++delivered_;
  reply_stamps_[port].missing = 0;
  for (auto& flow : flows_)
    if (flow->port() == port) flow->sender().on_stamps_unreliable();
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
  for (auto& flow : flows_) {
    const session::SenderOptions& options = flow->sender().options();
    const bool elsewhere = route && change.interface != options.route_interface && change.network &&
                           change.network->contains(options.remote.address);
    if (anything || elsewhere) flow->sender().on_stamps_unreliable();
  }
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
  std::vector<packet::Prefix> connected;
  for (const platform::LocalAddress& one : *local) connected.push_back(one.network);
  reflector_->set_connected(std::move(connected));
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

Engine::Queued* Engine::next_slot(std::size_t octets) {
  if (queued_ == queue_.size()) return nullptr;
  Queued& slot = queue_[queued_];
  if (slot.octets.size() < octets) slot.octets.resize(octets);
  return &slot;
}

void Engine::report(const Queued& sent, const packet::SendResult& result) {
  const packet::Token owner = sent.datagram.token >> kOwnerShift;
  const packet::Token within = sent.datagram.token & kWithinOwner;
  if (owner == 0) {
    if (reflector_ != nullptr) reflector_->on_sent(within, result);
    if (result.status == packet::SendStatus::Accepted) track_reply_stamps(sent.port);
  } else {
    flows_[owner - 1]->sender().on_sent(within, result);
  }
}

void Engine::flush() {
  std::array<packet::OutgoingDatagram, packet::kMaxBatch> batch;
  std::array<packet::SendResult, packet::kMaxBatch> results;
  for (std::size_t first = 0; first < queued_;) {
    std::size_t count = 0;
    const net::PortId port = queue_[first].port;
    while (count < batch.size() && first + count < queued_ && queue_[first + count].port == port) {
      batch[count] = queue_[first + count].datagram;
      ++count;
    }
    io_.send(port, std::span(batch).first(count), std::span(results).first(count), *this);
    for (std::size_t i = 0; i < count; ++i) report(queue_[first + i], results[i]);
    first += count;
  }
  queued_ = 0;
}

}  // namespace wirestamp::agent
