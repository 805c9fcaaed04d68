// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "net/packet_io.h"
#include "session/reflector.h"
#include "session/sender.h"

// Ties sessions to packet I/O on one measuring thread: the loop that lets senders send when they
// are due, hands packets, stamps and errors to the session they belong to, and lets the reflector
// answer. Both roles may share a port; packets are told apart by content.
namespace wirestamp::agent {

// What a flow tells its owner; called on the measuring thread.
class FlowObserver {
 public:
  virtual ~FlowObserver() = default;
  virtual void on_sample(const measure::Sample& sample) = 0;
  virtual void on_reply(const measure::Sample& provisional) = 0;
  virtual void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) = 0;
  virtual void on_note(const std::string& note) = 0;
};

class Engine final : private net::PacketSink {
 public:
  // `reflector` may be null: requests are then ignored. Both outlive the engine.
  Engine(net::PacketIo& io, session::Reflector* reflector);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Adds a flow on an open port and returns its sender, which lives as long as the engine.
  session::Sender& add_flow(net::PortId port, const session::SenderOptions& options,
                            const wire::RequestLayout& layout, FlowObserver& observer,
                            MonoTime start);

  // One turn: what is due is sent, then waits until something happens, `until` at the latest.
  Result<void> turn(std::optional<MonoTime> until);

  bool flows_finished() const;

 private:
  class Flow;
  struct Queued {
    net::PortId port = 0;
    packet::OutgoingDatagram datagram;
    std::vector<std::byte> octets;
  };

  void on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) override;
  void on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) override;
  void on_path_error(net::PortId port, const packet::PathError& error) override;
  void on_stamps_unreliable(net::PortId port) override;

  Queued* next_slot(std::size_t octets);
  void reflect(net::PortId port, const packet::ReceivedDatagram& request);
  void take_reply(net::PortId port, const packet::ReceivedDatagram& reply);
  Flow* flow_of(net::PortId port, const packet::ReceivedDatagram& reply) const;
  void flush();
  void report(const Queued& sent, const packet::SendResult& result);

  net::PacketIo& io_;
  session::Reflector* reflector_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<Queued> queue_;
  std::size_t queued_ = 0;
  ClockState clock_state_;
};

}  // namespace wirestamp::agent
