// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/flow_table.h"
#include "agent/send_queue.h"
#include "agent/wake_queue.h"
#include "net/packet_io.h"
#include "session/reflector.h"
#include "session/session.h"

// Ties sessions to packet I/O on one measuring thread: the loop that lets senders send when they
// are due, hands packets, stamps and errors to the session they belong to, and lets the reflector
// answer. Both roles may share a port; packets are told apart by content.
namespace wirestamp::agent {

// What a session tells its owner; called on the measuring thread.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  virtual void on_sample(const measure::Sample& sample) = 0;
  virtual void on_reply(const measure::Sample& provisional) = 0;
  virtual void on_unknown_resolved(session::FlowId flow, std::uint64_t forward,
                                   std::uint64_t backward) = 0;
  virtual void on_note(const std::string& note) = 0;
  virtual void on_event(const measure::Event& event) = 0;
};

// How a session gets its ports.
struct SessionPorts {
  net::PortOptions options;          // of each port it opens; the port number is the policy's
  std::optional<net::PortId> given;  // open already, and all its flows share it
};

// What came and is nobody's.
struct EngineCounters {
  std::uint64_t replies_of_nobody = 0;   // no flow asked for them, and there is no reflector
  std::uint64_t requests_of_nobody = 0;  // there is no reflector
  std::uint64_t replies_dropped = 0;     // ours, and there was no room to queue them
};

class Engine final : private net::PacketSink {
 public:
  // `reflector` may be null: requests are then ignored. Both outlive the engine. `note` hears what
  // concerns the reflector's ports, once each.
  explicit Engine(net::PacketIo& io, session::Reflector* reflector,
                  std::function<void(const std::string&)> note = {});
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Adds a session, opens its ports and lets it begin. It lives as long as the engine, or until it
  // is removed; what changes it goes through the engine. Fails when no port can be had.
  Result<const session::Session*> add_session(const session::SessionOptions& options,
                                              const SessionPorts& ports,
                                              const wire::RequestLayout& layout,
                                              SessionObserver& observer);
  // See session::Session::set_key().
  void set_key(const session::Session& session, const session::AuthKeyPtr& key);
  // It sends no more, and is finished when its probes in flight are decided.
  void stop_session(const session::Session& session, MonoTime now);
  // It and its ports are gone at once; what is in flight is never decided. Between turns.
  void remove_session(const session::Session& session);
  // A session that wants this very local port from now on sends on this one, whoever opened it
  // (both roles on one port). It stays open when the session leaves it.
  void share_port(net::PortId port) { shared_.push_back(port); }
  // What the session's current port gives.
  net::PortStamping stamping_of(const session::Session& session) const;

  // A port that somebody else opened and sends on: what turn() hears of it goes to `guest`. Ports
  // are added, removed and closed between turns.
  void add_guest(net::PortId port, net::PacketSink& guest) { guests_[port] = &guest; }
  void remove_guest(net::PortId port) { guests_.erase(port); }

  // One turn: what is due is sent, then waits until something happens, `until` at the latest.
  Result<void> turn(std::optional<MonoTime> until);

  bool sessions_finished();
  const EngineCounters& counters() const { return counters_; }

 private:
  class Owner;
  // Whether the driver behind a port stamps the reflector's replies.
  struct ReplyStamps {
    bool proven = false;  // one came since the network last changed
    unsigned missing = 0;
    bool scheduler = false;  // asked for instead
  };
  void on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) override;
  void on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) override;
  void on_path_error(net::PortId port, const packet::PathError& error) override;
  void on_stamps_unreliable(net::PortId port) override;
  void on_receive_dropped(net::PortId port, std::uint64_t count) override;
  void on_network_change(const packet::NetworkChange& change) override;

  net::PacketSink* guest_of(net::PortId port) const;
  Result<void> catch_up();
  Owner& owner_of(const session::Session& session) const;
  void settle();
  std::optional<MonoTime> next_wake();
  void renew_networks();
  void tell_the_others(net::PortId port, const packet::PathError& error,
                       const FlowTable::Flow& told);
  void track_reply_stamps(net::PortId port);
  void send_further_replies();
  void reflect(net::PortId port, const packet::ReceivedDatagram& request);
  void take_reply(net::PortId port, const packet::ReceivedDatagram& reply);
  const FlowTable::Flow* awaiting(net::PortId port, const packet::ReceivedDatagram& reply) const;
  session::Session& change(const FlowTable::Flow& flow);
  void close_unused(net::PortId port);
  std::optional<net::PortId> shared_port(const net::PortOptions& wanted) const;
  void flush();
  void report(const SendQueue::Entry& sent, const packet::SendResult& result);

  net::PacketIo& io_;
  session::Reflector* reflector_;
  session::PortBudget budget_;
  std::vector<std::unique_ptr<Owner>> owners_;  // by number; null where one is free
  std::vector<std::uint32_t> free_numbers_;
  std::unordered_map<const session::Session*, std::uint32_t> numbers_;
  // When sessions want to be woken. Those that something happened to since settle() are asked
  // again; thousands of others are not.
  WakeQueue wakes_;
  std::vector<std::uint32_t> changed_;
  std::vector<std::uint32_t> due_;
  std::size_t unfinished_ = 0;
  FlowTable flows_;
  std::map<net::PortId, net::PacketSink*> guests_;
  std::vector<net::PortId> shared_;
  std::vector<net::PortId> closing_;  // after the next flush
  SendQueue queue_;
  std::function<void(const std::string&)> note_;
  std::map<net::PortId, ReplyStamps> reply_stamps_;
  EngineCounters counters_;
  std::uint64_t delivered_ = 0;        // calls of the sink so far
  std::optional<MonoTime> renew_due_;  // the reflector's connected networks
  std::optional<MonoTime> renewed_last_;
};

}  // namespace wirestamp::agent
