// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "time/duration.h"

namespace wirestamp::emulator {

// The packets of one direction on their way: what leaves when. Knows no clock; bounded.
//
// A packet leaves at its release time, in the order of release times. A held one lets `hold_past`
// packets that came after it go first and leaves directly behind the last of them; if they do not
// come it leaves `hold_limit` after its release time.
template <typename Parcel>
class DelayLine {
 public:
  DelayLine(std::size_t capacity, Duration hold_limit)
      : capacity_(capacity), hold_limit_(hold_limit) {}

  // False when the line is full; then the parcel is as it was.
  bool push(Parcel&& parcel, MonoTime release, std::optional<std::uint32_t> hold_past) {
    if (size() >= capacity_) return false;
    const std::uint64_t order = next_order_++;
    if (hold_past && *hold_past > 0)
      held_.push_back({order, release + hold_limit_, *hold_past, std::move(parcel)});
    else
      timed_.emplace(Key{release, order}, std::move(parcel));
    return true;
  }

  std::size_t size() const { return timed_.size() + held_.size() + overtaken_.size(); }

  // When the next one leaves; in the past when it is late. Absent: empty.
  std::optional<MonoTime> next() const {
    if (!overtaken_.empty()) return MonoTime{};
    std::optional<MonoTime> earliest;
    if (!timed_.empty()) earliest = timed_.begin()->first.first;
    for (const Held& held : held_)
      if (!earliest || held.limit < *earliest) earliest = held.limit;
    return earliest;
  }

  std::optional<Parcel> pop(MonoTime now) {
    if (!overtaken_.empty()) {
      Parcel parcel = std::move(overtaken_.front());
      overtaken_.pop_front();
      return parcel;
    }
    if (!timed_.empty() && timed_.begin()->first.first <= now) {
      auto first = timed_.extract(timed_.begin());
      let_pass(first.key().second);
      return std::move(first.mapped());
    }
    const auto due = std::find_if(held_.begin(), held_.end(),
                                  [now](const Held& held) { return held.limit <= now; });
    if (due == held_.end()) return std::nullopt;
    Parcel parcel = std::move(due->parcel);
    held_.erase(due);
    return parcel;
  }

 private:
  using Key = std::pair<MonoTime, std::uint64_t>;
  struct Held {
    std::uint64_t order;
    MonoTime limit;
    std::uint32_t left;
    Parcel parcel;
  };

  void let_pass(std::uint64_t order) {
    for (auto held = held_.begin(); held != held_.end();) {
      if (held->order < order && --held->left == 0) {
        overtaken_.push_back(std::move(held->parcel));
        held = held_.erase(held);
      } else {
        ++held;
      }
    }
  }

  std::size_t capacity_;
  Duration hold_limit_;
  std::uint64_t next_order_ = 0;
  std::map<Key, Parcel> timed_;
  std::vector<Held> held_;
  std::deque<Parcel> overtaken_;
};

}  // namespace wirestamp::emulator
