// SPDX-License-Identifier: Apache-2.0
#include "term/timeline.h"

#include <algorithm>

namespace wirestamp::term {

namespace {

constexpr std::array kLengths{Duration::milliseconds(20), Duration::milliseconds(100),
                              Duration::seconds(1), Duration::seconds(10), Duration::minutes(1)};
constexpr std::size_t kMostSilences = 512;

std::int64_t floor_divided(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

void Stretch::merge(const Stretch& other) {
  if (other.low && (!low || *other.low < *low)) low = other.low;
  if (other.high && (!high || *other.high > *high)) high = other.high;
  answered += other.answered;
  lost_there += other.lost_there;
  lost_back += other.lost_back;
  lost_somewhere += other.lost_somewhere;
  unsent += other.unsent;
  silent = silent || other.silent;
}

Timeline::Timeline() {
  for (std::size_t i = 0; i < rings_.size(); ++i) rings_[i].length = kLengths[i];
}

void Timeline::add(WallTime due, Fate fate, std::optional<Duration> round_trip) {
  Stretch one{.low = round_trip, .high = round_trip};
  switch (fate) {
    case Fate::Answered:
      one.answered = 1;
      break;
    case Fate::LostThere:
      one.lost_there = 1;
      break;
    case Fate::LostBack:
      one.lost_back = 1;
      break;
    case Fate::LostSomewhere:
      one.lost_somewhere = 1;
      break;
    case Fate::Unsent:
      one.unsent = 1;
      break;
  }
  for (Ring& ring : rings_) {
    if (ring.slots.empty()) ring.slots.resize(kSlots);
    const std::int64_t number = floor_divided(due.ns(), ring.length.ns());
    if (number < 0) continue;
    Slot& slot = ring.slots[static_cast<std::size_t>(number) % kSlots];
    if (slot.number > number) continue;  // that long ago is forgotten
    if (slot.number != number) slot = {.number = number, .stretch = {}};
    slot.stretch.merge(one);
    ring.newest = std::max(ring.newest, number);
  }
}

void Timeline::silent_from(WallTime from) {
  if (!silences_.empty() && !silences_.back().until) return;
  if (silences_.size() == kMostSilences) silences_.pop_front();
  silences_.push_back({.from = from, .until = {}});
}

void Timeline::silent_until(WallTime until) {
  if (!silences_.empty() && !silences_.back().until) silences_.back().until = until;
}

Duration Timeline::reach(Duration length) {
  Duration reach = kLengths.front() * static_cast<std::int64_t>(kSlots);
  for (const Duration one : kLengths)
    if (one <= length) reach = one * static_cast<std::int64_t>(kSlots);
  return reach;
}

std::vector<Stretch> Timeline::read(WallTime from, Duration length, std::size_t count) const {
  std::vector<Stretch> stretches(count);
  const WallTime to = from + length * static_cast<std::int64_t>(count);
  // The finest that goes back so far.
  const auto reaches = [&](const Ring& ring) {
    return WallTime::from_ns((ring.newest + 1 - static_cast<std::int64_t>(kSlots)) *
                             ring.length.ns()) <= from;
  };
  const auto* const found = std::ranges::find_if(rings_, reaches);
  const Ring& ring = found == rings_.end() ? rings_.back() : *found;
  const auto column = [&](WallTime time) {
    return std::clamp<std::int64_t>(floor_divided((time - from).ns(), length.ns()), -1,
                                    static_cast<std::int64_t>(count));
  };
  const auto all = static_cast<std::int64_t>(count);
  for (const Slot& slot : ring.slots) {
    if (slot.number < 0) continue;
    const WallTime begin = WallTime::from_ns(slot.number * ring.length.ns());
    const WallTime end = begin + ring.length;
    if (end <= from || begin >= to) continue;
    // Into the column that it begins in; a coarser one than the columns fills all of its own.
    const std::int64_t first = std::max<std::int64_t>(column(begin), 0);
    const std::int64_t last =
        ring.length <= length ? first : column(end - Duration::nanoseconds(1));
    for (std::int64_t i = first; i <= last && i < all; ++i)
      stretches[static_cast<std::size_t>(i)].merge(slot.stretch);
  }
  for (const Silence& silence : silences_) {
    const std::int64_t last = silence.until ? column(*silence.until) : all;
    for (std::int64_t i = std::max<std::int64_t>(column(silence.from), 0); i <= last && i < all;
         ++i)
      stretches[static_cast<std::size_t>(i)].silent = true;
  }
  return stretches;
}

}  // namespace wirestamp::term
