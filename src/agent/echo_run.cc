// SPDX-License-Identifier: Apache-2.0
#include "agent/echo_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "platform/entropy.h"
#include "session/limits.h"
#include "wire/icmp_echo.h"

namespace wirestamp::agent {

EchoRunOptions echo_run_options(const PingOptions& ping, const PingStart& start) {
  EchoRunOptions options;
  options.port.protocol = net::Protocol::IcmpEcho;
  options.port.family = start.remote.address.family();
  options.port.address = ping.source;
  options.port.device = ping.device;
  options.port.stamps = ping.stamps;
  options.reflector = start.remote;
  options.twamp = start.twamp;
  session::EchoOptions& echo = options.echo;
  echo.remote = {start.remote.address, 0, start.remote.interface};
  echo.source = ping.source;
  echo.traffic_class = static_cast<std::uint8_t>(ping.dscp << 2U);  // ECN is for transports
  echo.hop_limit = ping.ttl;
  echo.interval = std::max(ping.interval, session::kShortestEchoInterval);
  echo.loss_after = ping.loss_after;
  echo.size = start.size + wire::kEchoHeader;  // as long as UDP header and probe
  echo.seed = platform::random_bits();
  return options;
}

EchoRun::EchoRun(EchoRunOptions options, net::PacketIo& io, Engine& engine,
                 std::function<void(const std::string&)> note)
    : options_(std::move(options)), io_(io), engine_(engine), note_(std::move(note)) {}

EchoRun::~EchoRun() { close(); }

// --- when ----------------------------------------------------------------------------------------

void EchoRun::look(MonoTime now, const Silence& silence) {
  if (over_ || !silence.any_left) return;
  if (!silent_since_) silent_since_ = now;
  if (silence.closed) return start(now, "the host answered 'port unreachable'");
  if (now - *silent_since_ >= session::kNobodyReflects)
    start(now, fmt::format("no {}reply within {} s", options_.twamp ? "" : "STAMP ",
                           session::kNobodyReflects.ns() / Duration::seconds(1).ns()));
}

void EchoRun::start(MonoTime now, std::string reason) {
  over_ = true;
  const std::string reflector = packet::to_string(options_.reflector);
  const std::string nobody =
      options_.twamp ? fmt::format("the TWAMP server named UDP {}, where nobody answers ({})",
                                   reflector, reason)
                     : fmt::format("no reflector answers on {} ({})", reflector, reason);
  const auto port = io_.open(options_.port);
  if (!port)
    return note_(fmt::format("{}, and echo cannot tell more: {}", nobody, port.error().text));
  port_ = *port;
  engine_.add_guest(port_, *this);
  options_.echo.expects_stamps = io_.stamping(port_).transmit > StampSource::User;
  echo_ =
      std::make_unique<session::Echo>(options_.echo, now, static_cast<session::EchoOutput&>(*this));
  reason_ = std::move(reason);
  note_(fmt::format("{}: measuring by ICMP echo beside the probes, no direction", nobody));
}

void EchoRun::on_reply(MonoTime now) {
  over_ = true;
  if (!echo_ || echo_->stopped()) return;
  echo_->stop(now + options_.echo.loss_after);
  note_(fmt::format("a reflector answers on {} now: no more ICMP echo",
                    packet::to_string(options_.reflector)));
}

void EchoRun::end(MonoTime now) {
  over_ = true;
  if (echo_) echo_->stop(now + session::kEchoGrace);
}

std::optional<MonoTime> EchoRun::next_wake() const {
  if (echo_) return echo_->next_wake();
  if (over_ || !silent_since_) return std::nullopt;
  return *silent_since_ + session::kNobodyReflects;
}

void EchoRun::on_time(MonoTime now) {
  const auto wake = echo_ ? echo_->next_wake() : std::nullopt;
  if (wake && *wake <= now) echo_->on_time(user_stamp(io_.clock().now()), io_.clock().state());
  if (echo_ && echo_->finished()) close();
}

void EchoRun::close() {
  if (!echo_) return;
  echo_.reset();
  engine_.remove_guest(port_);
  io_.close(port_);
}

// --- packets -------------------------------------------------------------------------------------

void EchoRun::send(const packet::OutgoingDatagram& datagram) {
  const std::array batch{datagram};
  std::array<packet::SendResult, 1> results;
  io_.send(port_, batch, results, *this);
  echo_->on_sent(datagram.token, results[0]);
}

void EchoRun::on_scheduler_stamps() { io_.use_scheduler_stamps(port_); }

void EchoRun::on_datagram(net::PortId, const packet::ReceivedDatagram& datagram) {
  if (echo_) echo_->on_datagram(datagram, io_.clock().state());
}

void EchoRun::on_transmit_stamp(net::PortId, const packet::TransmitStamp& stamp) {
  if (echo_) echo_->on_transmit_stamp(stamp.token, stamp.stamp);
}

void EchoRun::on_path_error(net::PortId, const packet::PathError& error) {
  if (echo_) echo_->on_path_error(error);
}

// --- figures -------------------------------------------------------------------------------------

std::optional<measure::EchoSummary> EchoRun::summary() const {
  if (reason_.empty()) return std::nullopt;
  measure::EchoSummary summary = figures_.summary();
  if (!echo_) return summary;
  summary.sent = std::max(summary.sent, echo_->progress().sent);
  summary.received = std::max(summary.received, echo_->progress().received);
  return summary;
}

}  // namespace wirestamp::agent
