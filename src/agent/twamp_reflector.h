// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine.h"
#include "agent/send_queue.h"
#include "net/packet_io.h"
#include "twamp/server.h"
#include "twamp/test_reflector.h"

namespace wirestamp::agent {

// Answers TWAMP-Test on the engine's packet I/O: opens and shares the ports of the sessions and
// lets a TestReflector answer what comes to them. On the measuring thread, between its turns.
class TwampReflector final : private net::PacketSink {
 public:
  struct Options {
    twamp::Limits limits;
    std::string device;  // "": by routing
    net::StampChoice stamps = net::StampChoice::Auto;
  };
  // Both outlive this.
  TwampReflector(Options options, net::PacketIo& io, Engine& engine);
  ~TwampReflector() override;
  TwampReflector(const TwampReflector&) = delete;
  TwampReflector& operator=(const TwampReflector&) = delete;

  twamp::ServerOutput::Opened open(const twamp::TestSession& session);
  void start(twamp::SessionNumber number) { reflector_.start(number, io_.clock().mono_now()); }
  void stop(twamp::SessionNumber number) { reflector_.stop(number, io_.clock().mono_now()); }
  void abandon(twamp::SessionNumber number) { reflector_.abandon(number); }

  std::optional<MonoTime> next_wake() { return reflector_.next_wake(); }
  // Sends what the turn before made, and ends sessions whose time is over. Those that ended.
  std::vector<twamp::SessionNumber> after_turn();
  const twamp::TestCounters& counters() const { return reflector_.counters(); }

 private:
  using Place = std::pair<packet::IpAddress, std::uint16_t>;
  struct Port {
    Place place;
    std::size_t sessions = 0;
  };

  void on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) override;
  void on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) override;
  void on_path_error(net::PortId port, const packet::PathError& error) override;
  void on_stamps_unreliable(net::PortId) override {}
  void on_receive_dropped(net::PortId, std::uint64_t count) override {
    reflector_.on_receive_dropped(count);
  }
  void on_network_change(const packet::NetworkChange&) override {}

  Result<net::PortId> port_for(const twamp::TestSession& session);
  Result<net::PortId> open_port(const twamp::TestSession& session, std::uint16_t number);
  void flush();

  Options options_;
  net::PacketIo& io_;
  Engine& engine_;
  twamp::TestReflector reflector_;
  std::map<net::PortId, Port> ports_;
  std::map<Place, net::PortId> places_;
  SendQueue queue_;
};

}  // namespace wirestamp::agent
