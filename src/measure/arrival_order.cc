// SPDX-License-Identifier: Apache-2.0
#include "measure/arrival_order.h"

#include <algorithm>

namespace wirestamp::measure {

void ArrivalOrder::add(std::uint64_t probe, const std::optional<ReflectorNumber>& number) {
  round_trip_.add(probe);
  if (!number) return;
  backward_.add(unwrap(number->epoch, number->sequence));
  by_reflector_.emplace(unwrap(number->epoch, number->first), probe);
  if (by_reflector_.size() > kWindow) take_first();
}

void ArrivalOrder::finish() {
  while (!by_reflector_.empty()) take_first();
}

void ArrivalOrder::take_first() {
  forward_.add(by_reflector_.top().second);
  by_reflector_.pop();
}

// Numbers of a restarted reflector follow those of the one before.
std::uint64_t ArrivalOrder::unwrap(std::uint32_t epoch, std::uint32_t sequence) {
  constexpr unsigned kEpochShift = 40;
  // Room for numbers before the first seen.
  constexpr std::uint64_t kStart = std::uint64_t{1} << 32U;
  const std::uint64_t of_epoch = (std::uint64_t{epoch} << kEpochShift) + kStart + sequence;
  if (newest_number_ == 0 || epoch > epoch_) {
    epoch_ = epoch;
    newest_number_ = of_epoch;
    return of_epoch;
  }
  if (epoch < epoch_) return of_epoch;
  const auto step =
      static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(newest_number_));
  const std::uint64_t unwrapped =
      newest_number_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(step));
  newest_number_ = std::max(newest_number_, unwrapped);
  return unwrapped;
}

}  // namespace wirestamp::measure
