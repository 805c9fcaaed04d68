// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "packet/datagram.h"
#include "time/duration.h"

// Which datagram a transmit stamp belongs to. The kernel names datagrams by 32-bit ids: ours where
// it lets us (SCM_TS_OPT_ID), else a counter of its own that we follow and set to 0 after refusals.
// A ring remembers the newest ids; it grows to what is on its way at once, since a host may have
// thousands of ports that send twice a second.
namespace wirestamp::net_linux {

class StampIds {
 public:
  // The most that are remembered.
  static constexpr std::uint32_t kRemembered = 8'192;
  // Stamps come back within milliseconds, or after the 3 s a neighbour may take.
  static constexpr Duration kLatest = Duration::seconds(4);

  StampIds() : ring_(kFirstRoom) {}

  // The id that the next datagram has.
  std::uint32_t next() const { return next_; }
  // The datagram with that id was handed to the kernel.
  void used(packet::Token token, MonoTime now) {
    const Entry& oldest = at(next_);
    if (oldest.live && !oldest.software_seen && now - oldest.used < kLatest &&
        ring_.size() < kRemembered)
      grow();
    at(next_) = {.token = token, .used = now, .id = next_, .live = true, .software_seen = false};
    ++next_;
  }
  std::size_t room() const { return ring_.size(); }
  // The kernel's counter is at 0 again. Stamps of datagrams from before may still come, by the ids
  // of before; one id may then mean two datagrams, and is no use (`ambiguous`).
  void restart(MonoTime now) {
    for (Entry& entry : ring_) {
      if (entry.live && !entry.software_seen) leave_over(entry, now);
      entry.live = false;
    }
    next_ = 0;
  }
  // No stamps come any more of what was sent before a restart that is long ago.
  void forget(MonoTime now) {
    if (left_over_.empty()) return;
    std::erase_if(left_over_, [&](const auto& one) { return now - one.second.since > kLatest; });
  }
  bool ambiguous(std::uint32_t id) const {
    const auto old = left_over_.find(id);
    return old != left_over_.end() && (!old->second.token || current(id));
  }

  // Absent for ids forgotten, ambiguous or never given, and for a second software stamp of one id
  // (a frame that crossed the host twice): the first one is the truth.
  std::optional<packet::Token> software(std::uint32_t id) {
    if (ambiguous(id)) return std::nullopt;
    if (const auto old = left_over_.find(id); old != left_over_.end()) {
      const std::optional<packet::Token> token = old->second.token;
      left_over_.erase(old);
      return token;
    }
    Entry& entry = at(id);
    if (!current(id) || entry.software_seen) return std::nullopt;
    entry.software_seen = true;
    return entry.token;
  }
  // Of several scheduler stamps the last one counts, so each is given.
  std::optional<packet::Token> scheduler(std::uint32_t id) const {
    if (ambiguous(id)) return std::nullopt;
    if (const auto old = left_over_.find(id); old != left_over_.end()) return old->second.token;
    if (!current(id)) return std::nullopt;
    return at(id).token;
  }

 private:
  struct Entry {
    packet::Token token = 0;
    MonoTime used;
    std::uint32_t id = 0;
    bool live = false, software_seen = false;
  };
  struct LeftOver {
    std::optional<packet::Token> token;  // absent: two of them have this id
    MonoTime since;
  };
  bool current(std::uint32_t id) const { return at(id).live && at(id).id == id; }
  // Sizes are powers of two, so that ids go round with the ring.
  Entry& at(std::uint32_t id) { return ring_[id % ring_.size()]; }
  const Entry& at(std::uint32_t id) const { return ring_[id % ring_.size()]; }
  void grow() {
    const std::vector<Entry> before = std::exchange(ring_, std::vector<Entry>(2 * ring_.size()));
    for (const Entry& entry : before)
      if (entry.live) at(entry.id) = entry;
  }
  void leave_over(const Entry& entry, MonoTime now) {
    if (left_over_.size() >= kRemembered) left_over_.clear();
    const auto [place, fresh] = left_over_.try_emplace(entry.id, LeftOver{entry.token, now});
    if (!fresh) place->second = {std::nullopt, now};
  }

  static constexpr std::size_t kFirstRoom = 16;

  std::vector<Entry> ring_;
  std::unordered_map<std::uint32_t, LeftOver> left_over_;  // of before the last restart
  std::uint32_t next_ = 0;
};

}  // namespace wirestamp::net_linux
