// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "net/packet_io.h"
#include "packet/datagram.h"

namespace wirestamp::agent {

// What goes out at the end of a turn, with octets of its own, in batches of one port. A place keeps
// its octets for the next turn, so that nothing is allocated once all are as long as they get. One
// thread.
class SendQueue {
 public:
  struct Entry {
    net::PortId port = 0;
    packet::OutgoingDatagram datagram;
    std::vector<std::byte> octets;  // the payload lies here
  };

  explicit SendQueue(std::size_t most) : entries_(most) {}

  // The place for the next one, with room for so many octets; null when all are taken. It counts
  // with push() only.
  Entry* next(std::size_t octets) {
    if (size_ == entries_.size()) return nullptr;
    Entry& entry = entries_[size_];
    if (entry.octets.size() < octets) entry.octets.resize(octets);
    return &entry;
  }
  void push() { ++size_; }

  // Sends all in their order and calls report(entry, result) for each; empty afterwards.
  template <typename Report>
  void flush(net::PacketIo& io, net::PacketSink& sink, const Report& report) {
    std::array<packet::OutgoingDatagram, packet::kMaxBatch> batch;
    std::array<packet::SendResult, packet::kMaxBatch> results;
    for (std::size_t first = 0; first < size_;) {
      std::size_t count = 0;
      const net::PortId port = entries_[first].port;
      while (count < batch.size() && first + count < size_ &&
             entries_[first + count].port == port) {
        batch[count] = entries_[first + count].datagram;
        ++count;
      }
      io.send(port, std::span(batch).first(count), std::span(results).first(count), sink);
      for (std::size_t i = 0; i < count; ++i) report(entries_[first + i], results[i]);
      first += count;
    }
    size_ = 0;
  }

 private:
  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace wirestamp::agent
