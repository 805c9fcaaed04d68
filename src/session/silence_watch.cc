// SPDX-License-Identifier: Apache-2.0
#include "session/silence_watch.h"

#include <iterator>

namespace wirestamp::session {

namespace {
constexpr int kIntervals = 3;

std::optional<measure::ProbeMark> mark(const auto& departure) {
  if (!departure) return std::nullopt;
  return measure::ProbeMark{departure->probe, departure->wall};
}
}  // namespace

SilenceWatch::SilenceWatch(Duration silence, Duration interval, MonoTime start)
    : patience_(std::max(silence, interval * kIntervals)), heard_(start), asked_(start) {}

void SilenceWatch::on_departure(std::uint64_t probe, MonoTime at, WallTime wall) {
  if (last_good_ && probe < last_good_->probe) return;
  // The first of all: nothing could be heard before it.
  if (departures_ == 0) heard_ = std::max(heard_, at);
  if (unanswered_ == 0) asked_ = at;
  if (unanswered_ < kFewestUnanswered) ++unanswered_;
  const auto place = std::ranges::upper_bound(recent_, probe, {}, &Departure::probe);
  const Departure departure{probe, place == recent_.end() ? departures_ : place->index, wall};
  std::for_each(place, recent_.end(), [](Departure& later) { ++later.index; });
  ++departures_;
  if (!first_lost_ || probe < first_lost_->probe) first_lost_ = departure;
  recent_.insert(place, departure);
  if (recent_.size() > kRemembered) recent_.pop_front();
}

void SilenceWatch::on_answer(std::uint64_t probe, MonoTime at) {
  on_sign_of_life(at);
  const auto found = std::ranges::lower_bound(recent_, probe, {}, &Departure::probe);
  if (found == recent_.end() || found->probe != probe || found->index < good_) return;
  gap_ = {.good_before = last_good(), .lost = found->index - good_};
  if (gap_.lost > 0) gap_.lost_from = gap_.lost_to = first_lost();
  if (found != recent_.begin()) gap_.lost_to = mark(std::optional(*std::prev(found)));
  gap_.first_good = mark(std::optional(*found));
  good_ = found->index + 1;
  last_good_ = *found;
  const auto next = std::next(found);
  first_lost_ = next == recent_.end() ? std::nullopt : std::optional(*next);
  recent_.erase(recent_.begin(), next);
}

void SilenceWatch::on_sign_of_life(MonoTime at) {
  heard_ = std::max(heard_, at);
  unanswered_ = unsent_ = 0;
}

void SilenceWatch::restart(MonoTime at) {
  heard_ = std::max(heard_, at);
  unanswered_ = unsent_ = 0;
}

std::optional<measure::ProbeMark> SilenceWatch::last_good() const { return mark(last_good_); }
std::optional<measure::ProbeMark> SilenceWatch::first_lost() const { return mark(first_lost_); }

}  // namespace wirestamp::session
