// SPDX-License-Identifier: Apache-2.0
#include "weather.h"

#include <algorithm>

#include "base/random.h"

namespace wirestamp::demo {

namespace {

double at(std::uint64_t seed, std::int64_t number) {
  base::Random random(seed * 0x9e37'79b9U + static_cast<std::uint64_t>(number));
  random.next();
  return random.unit();
}

}  // namespace

double wander(std::uint64_t seed, WallTime time, Duration period) {
  const std::int64_t number = time.ns() / period.ns();
  const double into =
      static_cast<double>(time.ns() % period.ns()) / static_cast<double>(period.ns());
  return at(seed, number) * (1 - into) + at(seed, number + 1) * into;
}

double bump(double hour, double from, double to) {
  if (hour <= from || hour >= to) return 0;
  const double edge = std::min(hour - from, to - hour) / ((to - from) / 4);
  const double x = std::min(1.0, edge);
  return x * x * (3 - 2 * x);
}

}  // namespace wirestamp::demo
