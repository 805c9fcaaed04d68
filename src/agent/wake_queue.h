// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "time/duration.h"

namespace wirestamp::agent {

// Who wants to be woken when, of thousands that change their mind at every packet: a heap that
// knows where each one stands in it. Numbers are dense, from 0.
class WakeQueue {
 public:
  // Absent: not at all.
  void set(std::uint32_t number, std::optional<MonoTime> when) {
    if (number >= place_.size()) place_.resize(number + 1, kNowhere);
    const std::size_t at = place_[number];
    if (!when) {
      if (at != kNowhere) take_out(at);
    } else if (at == kNowhere) {
      heap_.push_back({*when, number});
      place_[number] = heap_.size() - 1;
      rise(heap_.size() - 1);
    } else {
      const MonoTime before = std::exchange(heap_[at].when, *when);
      *when < before ? rise(at) : sink(at);
    }
  }

  std::optional<MonoTime> first() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().when;
  }

  // Takes out those that are due at `now`, in the order of their times, behind those in `into`.
  void take_due(MonoTime now, std::vector<std::uint32_t>& into) {
    while (!heap_.empty() && heap_.front().when <= now) {
      into.push_back(heap_.front().number);
      take_out(0);
    }
  }

 private:
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  struct Entry {
    MonoTime when;
    std::uint32_t number = 0;
  };

  void put(std::size_t at, const Entry& entry) {
    heap_[at] = entry;
    place_[entry.number] = at;
  }
  void rise(std::size_t at) {
    const Entry entry = heap_[at];
    while (at > 0 && entry.when < heap_[(at - 1) / 2].when) {
      put(at, heap_[(at - 1) / 2]);
      at = (at - 1) / 2;
    }
    put(at, entry);
  }
  void sink(std::size_t at) {
    const Entry entry = heap_[at];
    for (std::size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
      if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
      if (entry.when <= heap_[child].when) break;
      put(at, heap_[child]);
      at = child;
    }
    put(at, entry);
  }
  void take_out(std::size_t at) {
    place_[heap_[at].number] = kNowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    put(at, last);
    rise(at);
    sink(place_[last.number]);
  }

  std::vector<Entry> heap_;
  std::vector<std::size_t> place_;  // in heap_, by number
};

}  // namespace wirestamp::agent
