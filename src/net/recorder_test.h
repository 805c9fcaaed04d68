// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "net/packet_io.h"

// A sink that keeps what it is given; for the tests of packet I/O.
namespace wirestamp::net {

struct Arrived {
  PortId port = 0;
  std::vector<std::byte> payload;
  packet::ReceivedDatagram datagram;
};

class Recorder final : public PacketSink {
 public:
  void on_datagram(PortId port, const packet::ReceivedDatagram& datagram) override {
    arrived.push_back({port, {datagram.payload.begin(), datagram.payload.end()}, datagram});
  }
  void on_transmit_stamp(PortId port, const packet::TransmitStamp& stamp) override {
    stamped_by[stamp.token] = port;
    stamps[stamp.token] = stamp.stamp;
    ++stamp_count;
  }
  void on_path_error(PortId, const packet::PathError& error) override {
    errors.push_back(error);
    quoted.emplace_back(error.quoted.begin(), error.quoted.end());
  }
  void on_stamps_unreliable(PortId) override { ++unreliable; }
  void on_receive_dropped(PortId, std::uint64_t count) override { dropped += count; }
  void on_network_change(const packet::NetworkChange& change) override {
    changes.push_back(change);
  }

  std::vector<Arrived> arrived;
  std::map<packet::Token, Timestamp> stamps;
  std::map<packet::Token, PortId> stamped_by;
  std::size_t stamp_count = 0;
  std::vector<packet::PathError> errors;
  std::vector<std::vector<std::byte>> quoted;
  int unreliable = 0;
  std::uint64_t dropped = 0;
  std::vector<packet::NetworkChange> changes;
};

}  // namespace wirestamp::net
