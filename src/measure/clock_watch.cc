// SPDX-License-Identifier: Apache-2.0
#include "measure/clock_watch.h"

#include <algorithm>

#include "measure/delay.h"

namespace wirestamp::measure {

namespace {

// The kernel's own discipline slews by at most 500 ppm, which also covers the rate of the raw
// clock. chronyd can do 200 times that to correct a large offset, which looks like steps.
constexpr std::int64_t kMostSlewPpb = 500'000;

}  // namespace

std::uint32_t ClockWatch::stretch_of(const Sample& sample) {
  const bool set = own_clock_was_set(sample);
  if (ranges_are_apart(sample) || set) {
    ++stretch_;
    least_.reset();
    most_.reset();
    ranges_are_apart(sample);  // the first of the new stretch
  }
  return stretch_;
}

bool ClockWatch::own_clock_was_set(const Sample& sample) {
  if (!sample.sender_tx || !sample.sender_tx->mono) return false;
  const Timestamp& now = *sample.sender_tx;
  const std::optional<Timestamp> before = previous_tx_;
  previous_tx_ = now;
  if (!before) return false;
  const Duration raw = *now.mono - *before->mono;
  return abs((now.wall - before->wall) - raw) > kLeastStep + detail::share(raw, kMostSlewPpb);
}

bool ClockWatch::ranges_are_apart(const Sample& sample) {
  const auto forward = forward_delay(sample), backward = backward_delay(sample);
  if (!forward || !backward) return false;
  least_ = std::max(least_.value_or(-*backward), -*backward);
  most_ = std::min(most_.value_or(*forward), *forward);
  return *least_ > *most_ + kLeastStep;
}

}  // namespace wirestamp::measure
