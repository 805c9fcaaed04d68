// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "measure/summary.h"

namespace wirestamp::measure {

// Reordering of a stream of packets without duplicates (RFC 4737), given their unwrapped sequence
// numbers in order of arrival. A copy of the newest packet is passed over; one of an older packet
// counts as a reordered packet of its own.
//
// The extent needs the packets that came in order; the latest kMaxInOrder of them are kept, and a
// packet that is older than all of these has at least the extent told.
class OrderTracker {
 public:
  static constexpr std::size_t kMaxInOrder = 8'192;

  void add(std::uint64_t sequence);
  const Reordering& figures() const { return figures_; }

 private:
  struct InOrder {
    std::uint64_t sequence, index;
  };

  void count_n_reordering(std::uint64_t sequence);

  Reordering figures_;
  std::uint64_t next_expected_ = 0;
  std::deque<InOrder> in_order_;
  std::array<std::uint64_t, kMostReordering> latest_{};  // ring of the arrivals before this one
};

}  // namespace wirestamp::measure
