// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "time/duration.h"

// What the paths of the demonstration have in common: hours, evenings, and what wanders.
namespace wirestamp::demo {

constexpr Duration kDay = Duration::hours(24);

constexpr WallTime day_of(WallTime time) {
  return WallTime::from_ns(time.ns() - time.ns() % kDay.ns());
}

// 0 to 24, UTC.
constexpr double hour_of_day(WallTime time) {
  return static_cast<double>(time.ns() % kDay.ns()) / static_cast<double>(Duration::hours(1).ns());
}

// 0 is Sunday.
constexpr int weekday(WallTime time) { return static_cast<int>((time.ns() / kDay.ns() + 4) % 7); }

constexpr bool is_working_day(WallTime time) { return weekday(time) >= 1 && weekday(time) <= 5; }

// 0 to 1 and smooth: a new value each `period`, a straight line between.
double wander(std::uint64_t seed, WallTime time, Duration period);

// 0 outside of [from, to] hours of the day, 1 in the middle half, smooth between.
double bump(double hour, double from, double to);

}  // namespace wirestamp::demo
