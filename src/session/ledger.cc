// SPDX-License-Identifier: Apache-2.0
#include "session/ledger.h"

#include "base/check.h"
#include "session/limits.h"

namespace wirestamp::session {

bool Ledger::full() const { return places_.size() >= kMaxProbesInLedger; }

Probe& Ledger::append(MonoTime wake) {
  CHECK(!full());
  const std::uint64_t sequence = next_sequence();
  auto& place = places_.emplace_back(Probe{});
  place->sequence = sequence;
  ++alive_;
  wake_at(sequence, wake);
  return *place;
}

Probe* Ledger::find(std::uint64_t sequence) {
  if (sequence < base_ || sequence >= next_sequence()) return nullptr;
  auto& place = places_[sequence - base_];
  return place ? &*place : nullptr;
}

Probe* Ledger::oldest() { return places_.empty() ? nullptr : &*places_.front(); }

void Ledger::erase(std::uint64_t sequence) {
  CHECK(find(sequence) != nullptr);
  places_[sequence - base_].reset();
  --alive_;
  while (!places_.empty() && !places_.front()) {
    places_.pop_front();
    ++base_;
  }
}

std::optional<MonoTime> Ledger::next_wake() const {
  if (wakes_.empty()) return std::nullopt;
  return wakes_.top().time;
}

Probe* Ledger::pop_due(MonoTime now) {
  while (!wakes_.empty() && wakes_.top().time <= now) {
    const std::uint64_t sequence = wakes_.top().sequence;
    wakes_.pop();
    if (Probe* probe = find(sequence)) return probe;
  }
  return nullptr;
}

}  // namespace wirestamp::session
