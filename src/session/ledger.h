// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <vector>

#include "session/probe.h"

namespace wirestamp::session {

// The probes whose sample is not out yet, by sequence number, with one wake-up time each. Sequence
// numbers are dense, so it is a window that slides: finished probes in the middle are empty places
// until the oldest one is finished.
class Ledger {
 public:
  std::uint64_t next_sequence() const { return base_ + places_.size(); }
  std::size_t size() const { return alive_; }
  bool empty() const { return alive_ == 0; }
  bool full() const;

  Probe& append(MonoTime wake);         // the caller has made room
  Probe* find(std::uint64_t sequence);  // nullptr: finished, forgotten or not sent yet
  Probe* oldest();
  void erase(std::uint64_t sequence);

  void wake_at(std::uint64_t sequence, MonoTime time) { wakes_.push({time, sequence}); }
  std::optional<MonoTime> next_wake() const;
  // The next probe whose wake-up time has come; each wake-up is given once.
  Probe* pop_due(MonoTime now);

  template <typename Visit>
  void for_each(Visit visit) {
    for (auto& place : places_)
      if (place) visit(*place);
  }
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& place : places_)
      if (place) visit(*place);
  }
  // Newest first, until `visit` returns false.
  template <typename Visit>
  void for_each_newest_first(Visit visit) {
    for (auto place = places_.rbegin(); place != places_.rend(); ++place)
      if (*place && !visit(**place)) return;
  }

 private:
  struct Wake {
    MonoTime time;
    std::uint64_t sequence;
    bool operator>(const Wake& other) const { return time > other.time; }
  };
  std::uint64_t base_ = 0;
  std::size_t alive_ = 0;
  std::deque<std::optional<Probe>> places_;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
};

}  // namespace wirestamp::session
