// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/engine.h"
#include "agent/ping.h"
#include "measure/echo.h"
#include "net/packet_io.h"
#include "session/echo.h"

namespace wirestamp::agent {

struct EchoRunOptions {
  net::PortOptions port;       // family, address, device and stamps of the probes' ports
  session::EchoOptions echo;   // remote, marks, interval and size of the probes
  packet::Endpoint reflector;  // where the probes go: for the notes
  bool twamp = false;          // it was named by a TWAMP server: for the notes
};

// Echoes that look like the probes of that run.
EchoRunOptions echo_run_options(const PingOptions& ping, const PingStart& start);

// A first result without a second agent: when no probe of a run was answered for three seconds, or
// the peer said that its port is closed, this measures by ICMP echo beside the probes, until one is
// answered or the run ends. Where the system does not permit it, a note says how to permit it.
class EchoRun final : private net::PacketSink, private session::EchoOutput {
 public:
  // All outlive this. `note` hears each sentence once.
  EchoRun(EchoRunOptions options, net::PacketIo& io, Engine& engine,
          std::function<void(const std::string&)> note);
  ~EchoRun() override;
  EchoRun(const EchoRun&) = delete;
  EchoRun& operator=(const EchoRun&) = delete;

  // Not answered so far. The silence counts from the first probe that left.
  struct Silence {
    bool any_left = false;
    bool closed = false;  // the host said that nothing listens on its port
  };
  void look(MonoTime now, const Silence& silence);
  // A probe was answered: there is a reflector.
  void on_reply(MonoTime now);
  // The run is over; answers in flight get a short grace.
  void end(MonoTime now);
  bool finished() const { return !echo_; }

  std::optional<MonoTime> next_wake() const;
  void on_time(MonoTime now);

  // Absent: nothing was measured by echo. Figures of echoes still in flight are provisional: their
  // requests and replies are counted, their round trips are not.
  std::optional<measure::EchoSummary> summary() const;
  const std::string& reason() const { return reason_; }

 private:
  void on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) override;
  void on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) override;
  void on_path_error(net::PortId port, const packet::PathError& error) override;
  void on_stamps_unreliable(net::PortId) override {}
  void on_network_change(const packet::NetworkChange&) override {}
  void send(const packet::OutgoingDatagram& datagram) override;
  void on_echo(const measure::EchoSample& sample) override { figures_.add(sample); }
  void on_scheduler_stamps() override;

  void start(MonoTime now, std::string reason);
  void close();

  EchoRunOptions options_;
  net::PacketIo& io_;
  Engine& engine_;
  std::function<void(const std::string&)> note_;
  std::optional<MonoTime> silent_since_;
  bool over_ = false;  // it was measured, could not be, or need not be
  std::string reason_;
  net::PortId port_ = 0;
  std::unique_ptr<session::Echo> echo_;  // while it measures
  measure::EchoFigures figures_;
};

}  // namespace wirestamp::agent
