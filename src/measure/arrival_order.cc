// SPDX-License-Identifier: Apache-2.0
#include "measure/arrival_order.h"

#include <algorithm>

namespace wirestamp::measure {

namespace {

void merge(ArrivalOrder::Figures& into, const FlowOrder& of) {
  into.round_trip.merge(of.round_trip());
  into.forward.merge(of.forward());
  into.backward.merge(of.backward());
}

}  // namespace

void FlowOrder::add(std::uint64_t probe, const std::optional<ReflectorNumber>& number) {
  round_trip_.add(probe);
  if (!number) return;
  backward_.add(unwrap(number->epoch, number->sequence));
  by_reflector_.emplace(unwrap(number->epoch, number->first), probe);
  if (by_reflector_.size() > kWindow) take_first();
}

void FlowOrder::finish() {
  while (!by_reflector_.empty()) take_first();
}

void FlowOrder::take_first() {
  forward_.add(by_reflector_.top().second);
  by_reflector_.pop();
}

// Numbers of a restarted reflector follow those of the one before.
std::uint64_t FlowOrder::unwrap(std::uint32_t epoch, std::uint32_t sequence) {
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

void ArrivalOrder::add(std::uint32_t flow, std::uint64_t probe,
                       const std::optional<ReflectorNumber>& number) {
  if (open_.size() == kOpenFlows && !open_.contains(flow)) close_oldest();
  OpenFlow& open = open_[flow];
  open.last_arrival = ++arrivals_;
  open.order.add(probe, number);
}

void ArrivalOrder::close_oldest() {
  const auto oldest = std::ranges::min_element(
      open_, {}, [](const auto& entry) { return entry.second.last_arrival; });
  oldest->second.order.finish();
  merge(closed_, oldest->second.order);
  open_.erase(oldest);
}

void ArrivalOrder::finish() {
  for (auto& [flow, open] : open_) open.order.finish();
}

ArrivalOrder::Figures ArrivalOrder::figures() const {
  Figures all = closed_;
  for (const auto& [flow, open] : open_) merge(all, open.order);
  return all;
}

}  // namespace wirestamp::measure
