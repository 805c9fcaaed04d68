// SPDX-License-Identifier: Apache-2.0
#include "agent/result_windows.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "agent/decided.h"

namespace wirestamp::agent {

namespace {

// Windows that wait at once. Only a clock that is stepped to and fro makes more.
constexpr std::size_t kMostOpen = 32;
constexpr std::uint64_t kMostWaiting = 65'536;

std::uint64_t before(std::uint64_t number, std::uint64_t reach, std::uint64_t first) {
  return number > reach + first ? number - reach : first;
}

}  // namespace

ResultWindows::ResultWindows(Duration length, Duration interval, unsigned flows, WallTime begin)
    : length_(length), interval_(interval), flows_(flows), session_began_(begin) {}

ResultWindows::Open& ResultWindows::open_for(const measure::Sample& sample) {
  const WallTime time = sample.scheduled_wall;
  const std::int64_t remainder = time.ns() % length_.ns();
  const WallTime begin =
      WallTime::from_ns(time.ns() - (remainder < 0 ? remainder + length_.ns() : remainder));
  const auto place = std::ranges::lower_bound(open_, begin, {}, &Open::begin);
  if (place != open_.end() && place->begin == begin) return *place;
  const bool again = told_ && begin < *told_;
  // Probes that may be decided after later ones, and a burst.
  const auto reach = static_cast<std::uint64_t>(kDecided / interval_ + 2) * flows_ + 16;
  return *open_.insert(place, {.begin = begin,
                               .part = again || begin < session_began_,
                               .accumulator = measure::Accumulator(
                                   {.interval = interval_,
                                    .first_probe = before(sample.probe, reach, 0),
                                    .first_arrival = before(sample.arrival_index, reach, 1),
                                    .reach = std::min<std::uint64_t>(2 * reach, kMostWaiting)})});
}

void ResultWindows::add(const measure::Sample& sample) { open_for(sample).accumulator.add(sample); }

void ResultWindows::resolve_unknown(std::uint64_t forward, std::uint64_t backward) {
  for (std::size_t i = open_.size(); i-- > 0 && forward + backward > 0;) {
    measure::Accumulator& sums = open_[i].accumulator;
    const std::uint64_t unknown = sums.lost_unknown();
    const std::uint64_t ahead = std::min(forward, unknown);
    const std::uint64_t back = std::min(backward, unknown - ahead);
    sums.resolve_unknown(ahead, back);
    forward -= ahead;
    backward -= back;
  }
}

ResultWindow ResultWindows::close_first() {
  Open first = std::move(open_.front());
  open_.pop_front();
  first.accumulator.finish();
  const WallTime end = first.begin + length_;
  told_ = end;
  return {
      .begin = first.begin, .end = end, .part = first.part, .summary = first.accumulator.summary()};
}

std::optional<WallTime> ResultWindows::next() const {
  if (open_.empty()) return std::nullopt;
  return decided_at(open_.front());
}

// An answered probe waits two intervals for the true stamp of its reply.
WallTime ResultWindows::decided_at(const Open& open) const {
  return open.begin + length_ + kDecided + interval_ * 2;
}

std::size_t ResultWindows::waiting() const {
  std::size_t sum = 0;
  for (const Open& open : open_) sum += open.accumulator.waiting();
  return sum;
}

std::vector<ResultWindow> ResultWindows::take(WallTime now) {
  std::vector<ResultWindow> over;
  while (!open_.empty() && (decided_at(open_.front()) <= now || open_.size() > kMostOpen))
    over.push_back(close_first());
  // A clock that was ahead left windows that would wait for their time to come again.
  while (!open_.empty() && open_.back().begin > now + length_) {
    open_.back().part = true;
    std::rotate(open_.begin(), open_.end() - 1, open_.end());
    over.push_back(close_first());
  }
  return over;
}

std::vector<ResultWindow> ResultWindows::take_all(WallTime now, bool decided) {
  std::vector<ResultWindow> all;
  while (!open_.empty()) {
    // The last one ends with the session and not with its time.
    if (open_.size() == 1 || (!decided && decided_at(open_.front()) > now))
      open_.front().part = true;
    all.push_back(close_first());
  }
  return all;
}

}  // namespace wirestamp::agent
