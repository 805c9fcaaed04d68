// SPDX-License-Identifier: Apache-2.0
#include "measure/order.h"

#include <algorithm>

namespace wirestamp::measure {

// RFC 4737 5.1: n-reordered when the n arrivals directly before it all have larger numbers.
//= RFC4737:n-reordering
void OrderTracker::count_n_reordering(std::uint64_t sequence) {
  const std::uint64_t before = figures_.received;
  for (std::uint64_t n = 1; n <= std::min<std::uint64_t>(before, latest_.size()); ++n) {
    if (latest_[(before - n) % latest_.size()] < sequence) return;
    ++figures_.n_reordered[n];
  }
}

void OrderTracker::add(std::uint64_t sequence) {
  if (figures_.received > 0 && sequence + 1 == next_expected_) return;  // a copy of the newest
  // RFC 4737 3.3 and 4.2.2.
  //= RFC4737:reordered
  if (figures_.received == 0 || sequence >= next_expected_) {
    next_expected_ = sequence + 1;
    in_order_.push_back({sequence, figures_.received});
    if (in_order_.size() > kMaxInOrder) in_order_.pop_front();
  } else {
    ++figures_.reordered;
    //= RFC4737:extent
    const auto first_larger = std::ranges::upper_bound(in_order_, sequence, {}, &InOrder::sequence);
    figures_.max_extent = std::max(figures_.max_extent, figures_.received - first_larger->index);
    count_n_reordering(sequence);
  }
  latest_[figures_.received % latest_.size()] = sequence;
  ++figures_.received;
  //= RFC4737:ratio
  figures_.ratio = static_cast<double>(figures_.reordered) / static_cast<double>(figures_.received);
}

}  // namespace wirestamp::measure
