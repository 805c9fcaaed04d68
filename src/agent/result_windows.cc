// SPDX-License-Identifier: Apache-2.0
#include "agent/result_windows.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace wirestamp::agent {

namespace {

// A probe is decided ten seconds after it left (section 6 of the design: late replies are known so
// long), and one that did not leave within four; the rest is for a busy machine.
constexpr Duration kDecided = Duration::seconds(12);
// Windows that wait at once. Only a clock that is stepped to and fro makes more.
constexpr std::size_t kMostOpen = 32;

}  // namespace

ResultWindows::ResultWindows(Duration length, Duration interval, WallTime begin)
    : length_(length), interval_(interval), session_began_(begin) {}

ResultWindows::Open& ResultWindows::open_for(WallTime time) {
  const std::int64_t remainder = time.ns() % length_.ns();
  const WallTime begin =
      WallTime::from_ns(time.ns() - (remainder < 0 ? remainder + length_.ns() : remainder));
  const auto place = std::ranges::lower_bound(open_, begin, {}, &Open::begin);
  if (place != open_.end() && place->begin == begin) return *place;
  const bool again = told_ && begin < *told_;
  return *open_.insert(place, {.begin = begin,
                               .part = again || begin < session_began_,
                               .accumulator = measure::Accumulator({.interval = interval_})});
}

void ResultWindows::add(const measure::Sample& sample) {
  open_for(sample.scheduled_wall).accumulator.add(sample);
}

void ResultWindows::resolve_unknown(std::uint64_t forward, std::uint64_t backward) {
  if (!open_.empty()) open_.front().accumulator.resolve_unknown(forward, backward);
}

ResultWindow ResultWindows::close_first() {
  Open first = std::move(open_.front());
  open_.pop_front();
  first.accumulator.finish();
  const WallTime end = first.begin + length_;
  told_ = told_ ? std::max(*told_, end) : end;
  return {
      .begin = first.begin, .end = end, .part = first.part, .summary = first.accumulator.summary()};
}

std::optional<WallTime> ResultWindows::next() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().begin + length_ + kDecided;
}

std::vector<ResultWindow> ResultWindows::take(WallTime now) {
  std::vector<ResultWindow> over;
  while (!open_.empty() && (*next() <= now || open_.size() > kMostOpen))
    over.push_back(close_first());
  return over;
}

std::vector<ResultWindow> ResultWindows::take_all() {
  std::vector<ResultWindow> all;
  while (!open_.empty()) {
    // The last one ends with the session and not with its time.
    if (open_.size() == 1) open_.front().part = true;
    all.push_back(close_first());
  }
  return all;
}

}  // namespace wirestamp::agent
