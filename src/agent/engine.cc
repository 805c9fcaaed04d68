// SPDX-License-Identifier: Apache-2.0
#include "agent/engine.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "wire/stamp.h"

namespace wirestamp::agent {

namespace {

// A token names the owner (0: the reflector, else the flow) and the datagram within the owner.
constexpr unsigned kOwnerShift = 44;
constexpr packet::Token kWithinOwner = (packet::Token{1} << kOwnerShift) - 1;
// Datagrams waiting for the next flush. The backend bounds what one poll delivers; beyond this
// number replies are dropped and counted.
constexpr std::size_t kMaxQueued = 1'024;

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

Engine::Engine(net::PacketIo& io, session::Reflector* reflector)
    : io_(io), reflector_(reflector), queue_(kMaxQueued), clock_state_(io.clock().state()) {}

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

Result<void> Engine::turn(std::optional<MonoTime> until) {
  clock_state_ = io_.clock().state();
  const Timestamp now = io_.clock().now();
  for (auto& flow : flows_) {
    const std::optional<MonoTime> wake = flow->sender().next_wake();
    if (wake && *wake <= *now.mono) flow->run(now, clock_state_);
  }
  flush();
  std::optional<MonoTime> deadline = until;
  for (auto& flow : flows_) {
    const std::optional<MonoTime> wake = flow->sender().next_wake();
    if (wake && (!deadline || *wake < *deadline)) deadline = wake;
  }
  if (!flows_.empty() && flows_finished()) return {};
  TRY_VOID(io_.poll(deadline, *this));
  flush();
  return {};
}

// --- what comes in
// -------------------------------------------------------------------------------------

void Engine::on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) {
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
    return flow->sender().on_datagram(datagram, clock_state_);
  }
  reflect(port, datagram);
}

void Engine::take_reply(net::PortId port, const packet::ReceivedDatagram& reply) {
  if (Flow* flow = flow_of(port, reply)) return flow->sender().on_datagram(reply, clock_state_);
  if (reflector_ != nullptr) reflector_->ignore_reply();
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
  if (reflector_ == nullptr) return;
  Queued* slot = next_slot(std::max<std::size_t>(request.payload.size(), wire::kBaseSize));
  if (slot == nullptr) return;  // the backend delivers less than this per poll
  const auto reply = reflector_->reflect(request, io_.clock().now(), clock_state_, slot->octets);
  if (!reply) return;
  CHECK(reply->token <= kWithinOwner);
  slot->port = port;
  slot->datagram = *reply;
  ++queued_;
}

void Engine::on_transmit_stamp(net::PortId, const packet::TransmitStamp& stamp) {
  const packet::Token owner = stamp.token >> kOwnerShift;
  const packet::Token within = stamp.token & kWithinOwner;
  if (owner == 0) {
    if (reflector_ != nullptr) reflector_->on_transmit_stamp(within, stamp.stamp);
  } else if (owner <= flows_.size()) {
    flows_[owner - 1]->sender().on_transmit_stamp(within, stamp.stamp);
  }
}

void Engine::on_path_error(net::PortId port, const packet::PathError& error) {
  for (auto& flow : flows_)
    if (flow->port() == port && flow->sender().on_path_error(error)) return;
}

void Engine::on_stamps_unreliable(net::PortId port) {
  for (auto& flow : flows_)
    if (flow->port() == port) flow->sender().on_stamps_unreliable();
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
