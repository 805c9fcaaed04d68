// SPDX-License-Identifier: Apache-2.0
#include "session/number_runs.h"

#include <algorithm>
#include <iterator>

namespace wirestamp::session {

void NumberRuns::add_range(std::uint64_t first, std::uint64_t end) {
  if (first >= end) return;
  size_ += end - first;
  auto after = runs_.upper_bound(first);
  if (after != runs_.end() && after->first == end) {
    end = after->second;
    after = runs_.erase(after);
  }
  if (after != runs_.begin()) {
    const auto before = std::prev(after);
    if (before->second == first) {
      before->second = end;
      return;
    }
  }
  runs_.emplace_hint(after, first, end);
}

bool NumberRuns::contains(std::uint64_t number) const {
  const auto after = runs_.upper_bound(number);
  return after != runs_.begin() && number < std::prev(after)->second;
}

bool NumberRuns::remove(std::uint64_t number) {
  const auto after = runs_.upper_bound(number);
  if (after == runs_.begin()) return false;
  const auto run = std::prev(after);
  const std::uint64_t end = run->second;
  if (number >= end) return false;
  --size_;
  if (number + 1 < end) runs_.emplace_hint(after, number + 1, end);
  run->second = number;
  if (run->first == number) runs_.erase(run);
  return true;
}

std::uint64_t NumberRuns::remove_below(std::uint64_t end) {
  const std::uint64_t before = size_;
  while (!runs_.empty() && runs_.begin()->first < end) {
    const auto [first, last] = *runs_.begin();
    runs_.erase(runs_.begin());
    size_ -= std::min(last, end) - first;
    if (last > end) runs_.emplace_hint(runs_.begin(), end, last);
  }
  return before - size_;
}

NumberRuns NumberRuns::take_from(std::uint64_t first) {
  NumberRuns taken;
  while (!runs_.empty() && std::prev(runs_.end())->second > first) {
    const auto run = std::prev(runs_.end());
    const std::uint64_t from = std::max(run->first, first), end = run->second;
    taken.add_range(from, end);
    size_ -= end - from;
    run->second = from;
    if (run->first == from) runs_.erase(run);
  }
  return taken;
}

}  // namespace wirestamp::session
