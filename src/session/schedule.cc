// SPDX-License-Identifier: Apache-2.0
#include "session/schedule.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "session/limits.h"

namespace wirestamp::session {

namespace {
constexpr double kPoissonTail = 10.0;  // gaps above ten means are drawn again: e^-10 of them
}

Schedule::Schedule(const ScheduleOptions& options, MonoTime start, base::Random random)
    : options_(options), start_(start), random_(random), minute_(start) {
  CHECK(options_.interval > Duration());
  const auto interval = static_cast<std::uint64_t>(options_.interval.ns());
  if (!options_.at_once)
    //= RFC3432:random-start
    start_ += Duration::nanoseconds(static_cast<std::int64_t>(random_.below(interval)));
  if (!options_.count || *options_.count > 0) next_ = start_;
  if (next_ && options_.duration && *options_.duration <= start_ - start) next_.reset();
  if (next_ && options_.bursts) {
    // The first burst belongs to the first full minute, not to the first second.
    place_burst();
  }
}

Duration Schedule::gap() {
  //= RFC3432:fixed-interval
  if (options_.kind == ScheduleKind::Periodic) return options_.interval;
  double factor = 0;
  //= RFC2330:poisson
  do factor = -std::log(random_.unit());
  while (factor > kPoissonTail);
  const double ns = static_cast<double>(options_.interval.ns()) * factor;
  return Duration::nanoseconds(std::max<std::int64_t>(1, std::llround(ns)));
}

void Schedule::advance() {
  CHECK(next_.has_value());
  ++issued_;
  previous_ = next_;
  const MonoTime following = *next_ + gap();
  //= RFC3432:limited
  const bool counted_out = options_.count && issued_ >= *options_.count;
  const bool timed_out = options_.duration && following - start_ >= *options_.duration;
  if (counted_out || timed_out) {
    end();
  } else {
    next_ = following;
    keep_burst_clear();
  }
}

Duration Schedule::burst_clearance() const {
  return std::min(kBurstClearance, options_.interval / 2);
}

// Only the gap before the next probe is known. A burst that does not fit into it waits behind that
// probe for the next one.
void Schedule::keep_burst_clear() {
  if (!next_burst_ || options_.kind == ScheduleKind::Periodic) return;
  const Duration clearance = burst_clearance();
  if (previous_) next_burst_ = std::max(*next_burst_, *previous_ + clearance);
  if (*next_burst_ > *next_ - clearance) next_burst_ = std::max(*next_burst_, *next_ + clearance);
}

void Schedule::place_burst() {
  const auto period = static_cast<std::uint64_t>(kBurstPeriod.ns());
  MonoTime at = minute_ + Duration::nanoseconds(static_cast<std::int64_t>(random_.below(period)));
  if (options_.kind == ScheduleKind::Periodic) {
    const Duration interval = options_.interval, clearance = burst_clearance();
    const Duration since = at - start_;
    if (since > Duration()) {
      const Duration phase = Duration::nanoseconds(since.ns() % interval.ns());
      if (phase < clearance) at += clearance - phase;
      if (phase > interval - clearance) at = at - (phase - (interval - clearance));
    }
  }
  next_burst_ = at;
  keep_burst_clear();
}

void Schedule::advance_burst() {
  if (!next_) {
    next_burst_.reset();
    return;
  }
  minute_ += kBurstPeriod;
  place_burst();
}

void Schedule::skip_to(MonoTime now) {
  if (!next_ || *next_ >= now) return;
  if (options_.kind == ScheduleKind::Periodic) {
    const std::int64_t missed = (now - *next_) / options_.interval + 1;
    next_ = *next_ + options_.interval * missed;
  } else {
    next_ = now + gap();
  }
  previous_.reset();
  if (options_.duration && *next_ - start_ >= *options_.duration) return end();
  while (next_burst_ && *next_burst_ < now) advance_burst();
  keep_burst_clear();
}

}  // namespace wirestamp::session
