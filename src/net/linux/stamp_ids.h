// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "packet/datagram.h"

// Which datagram a transmit stamp belongs to. The kernel names datagrams by 32-bit ids: ours where
// it lets us (SCM_TS_OPT_ID), else a counter of its own that we follow. A ring remembers the newest
// ids.
namespace wirestamp::net_linux {

class StampIds {
 public:
  // Stamps come back within milliseconds, or after the 3 s a neighbour may take.
  static constexpr std::size_t kRemembered = 8'192;

  StampIds() : ring_(kRemembered) {}

  // The id that the next datagram has.
  std::uint32_t next() const { return next_; }
  // The datagram with that id was handed to the kernel.
  void used(packet::Token token) {
    ring_[next_ % kRemembered] = {
        .token = token, .id = next_, .live = true, .software_seen = false};
    ++next_;
  }
  // The kernel counted a datagram that it then refused (EPERM, ENOBUFS on the automatic counter).
  void consumed(packet::Token token) { used(token); }

  // Absent for ids forgotten or never given, and for a second software stamp of one id (a frame
  // that crossed the host twice): the first one is the truth.
  std::optional<packet::Token> software(std::uint32_t id) {
    Entry& entry = ring_[id % kRemembered];
    if (!entry.live || entry.id != id || entry.software_seen) return std::nullopt;
    entry.software_seen = true;
    return entry.token;
  }
  // Of several scheduler stamps the last one counts, so each is given.
  std::optional<packet::Token> scheduler(std::uint32_t id) const {
    const Entry& entry = ring_[id % kRemembered];
    if (!entry.live || entry.id != id) return std::nullopt;
    return entry.token;
  }

 private:
  struct Entry {
    packet::Token token = 0;
    std::uint32_t id = 0;
    bool live = false, software_seen = false;
  };
  std::vector<Entry> ring_;
  std::uint32_t next_ = 0;
};

}  // namespace wirestamp::net_linux
