// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "delay_line.h"
#include "packet_port.h"
#include "settings.h"
#include "truth_log.h"

namespace wirestamp::emulator {

// The link: two ports, a delay line each way, and the log of what truly happened. One thread.
class Relay {
 public:
  static Result<std::unique_ptr<Relay>> open(const Settings& settings);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Relays until `stop_descriptor` becomes readable, then completes the log.
  Result<void> run(int stop_descriptor);

 private:
  struct Parcel {
    std::vector<std::byte> frame;
    Record record;
  };
  // One direction: in by `from`, out by `to`.
  struct Lane {
    Direction direction;
    const DirectionSettings& settings;
    PacketPort& from;
    PacketPort& to;
    std::uint64_t& others;
    DelayLine<Parcel> line;
    std::uint64_t next_packet = 0;
    std::unordered_map<std::uint32_t, Record> awaiting_stamp = {};  // by id of `to`
  };

  Relay(const Settings& settings, PacketPort left, PacketPort right, TruthLog log);

  // True when it is time to stop.
  Result<bool> wait(int stop_descriptor) const;
  bool take_in(Lane& lane);
  void admit(Lane& lane, const Arrival& arrival, const UdpFrame& udp);
  void enqueue(Lane& lane, Parcel parcel, std::optional<std::uint32_t> hold_past);
  void let_go(Lane& lane);
  void send(Lane& lane, Parcel parcel);
  void read_stamps(Lane& lane);
  Result<void> finish();

  Settings settings_;
  PacketPort left_, right_;
  TruthLog log_;
  Totals totals_;
  std::vector<std::byte> buffer_;
  std::array<Lane, 2> lanes_;
};

}  // namespace wirestamp::emulator
