// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/random.h"
#include "measure/echo.h"
#include "packet/datagram.h"
#include "time/clock.h"

// Measures a host that runs no reflector by ICMP echo: sends requests at a steady interval, matches
// the replies, and hands out each echo once when all is known about it: an answered one after the
// loss threshold, another after ten seconds, all of them at the end.
//
// A reply belongs to the newest request whose number ends in its 16-bit sequence number, and only
// with the 64 random bits of that request in it. No I/O and no clock, as in Sender.
namespace wirestamp::session {

struct EchoOptions {
  packet::Endpoint remote;  // its port is 0
  std::optional<packet::IpAddress> source;
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 255;
  Duration interval = Duration::milliseconds(500);
  Duration loss_after = Duration::seconds(2);
  std::size_t size = 64;        // octets of the ICMP message, wire::kShortestEcho at least
  bool expects_stamps = false;  // the port promises transmit stamps of the kernel
  std::uint64_t seed = 0;       // of the cookies: from the system's randomness
};

class EchoOutput {
 public:
  virtual ~EchoOutput() = default;
  virtual void send(const packet::OutgoingDatagram& datagram) = 0;
  virtual void on_echo(const measure::EchoSample& sample) = 0;
  virtual void on_scheduler_stamps() = 0;  // the driver gives no other: ask for them from now on
};

struct EchoProgress {
  std::uint64_t sent = 0;      // accepted by the system so far
  std::uint64_t received = 0;  // first replies
};

class Echo {
 public:
  // The first request is due at `start`. `output` outlives this.
  Echo(const EchoOptions& options, MonoTime start, EchoOutput& output);

  std::optional<MonoTime> next_wake() const;  // absent: finished
  void on_time(const Timestamp& now, const ClockState& clock);

  // `token` is that of the datagram.
  void on_sent(packet::Token token, const packet::SendResult& result);
  void on_transmit_stamp(packet::Token token, const Timestamp& stamp);
  void on_datagram(const packet::ReceivedDatagram& datagram, const ClockState& clock);
  void on_path_error(const packet::PathError& error);

  // No more requests. Those in flight may be answered until `end`; those that then are younger than
  // the loss threshold are withheld.
  void stop(MonoTime end);
  bool stopped() const { return stop_.has_value(); }
  bool finished() const { return stop_.has_value() && ledger_.empty(); }
  const EchoProgress& progress() const { return progress_; }

 private:
  struct Entry {
    std::uint64_t cookie = 0;
    measure::EchoSample sample;
    MonoTime handed_over;
    bool accepted = false, replied = false, unsent = false, slept = false;

    MonoTime left() const;
  };

  Entry* find(std::uint64_t number);
  Entry* find(std::uint16_t sequence, std::uint64_t cookie);
  void send(const Timestamp& now);
  MonoTime decided_at(const Entry& entry) const;
  void decide_oldest(MonoTime now);
  void notice_sleep(const ClockState& clock);
  void track_missing_stamps(const Entry& entry);

  EchoOptions options_;
  EchoOutput& output_;
  base::Random random_;
  std::deque<Entry> ledger_;  // numbers in a row, the first of them:
  std::uint64_t oldest_ = 0;
  MonoTime due_;
  std::optional<MonoTime> stop_;
  Duration suspended_;
  bool clock_seen_ = false;
  unsigned replies_without_stamp_ = 0;
  bool scheduler_stamps_ = false;
  EchoProgress progress_;
  std::vector<std::byte> buffer_;
};

}  // namespace wirestamp::session
