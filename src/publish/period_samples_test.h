// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "publish/period.h"

// Periods for tests.
namespace wirestamp::publish {

inline constexpr WallTime kNoon = WallTime::from_ns(1'764'072'000'000'000'000);  // 2025-11-25 12:00

// A minute with `sent` probes of which `lost` were lost on the way there, and round trips of `rtt`
// microseconds, give or take a few.
inline measure::Window minute(std::uint64_t sent, std::uint64_t lost, std::int64_t rtt_us,
                              StampSource stamps = StampSource::Kernel) {
  measure::Window w;
  w.scheduled = w.sent = sent;
  w.lost.forward = lost;
  w.delivered = sent - lost;
  for (std::uint64_t i = 0; i < w.delivered; ++i) {
    const auto wobble = static_cast<std::int64_t>(i * 7 % 13);
    w.rtt.add(stamps, Duration::microseconds(rtt_us + wobble));
    w.ipdv.add(stamps, Duration::microseconds(wobble));
  }
  return w;
}

// Windows of a minute from `from` on; add() puts one behind the other.
struct Minutes {
  Period period{.session = "office",
                .host = "198.51.100.7",
                .from = kNoon,
                .to = kNoon,
                .step = Duration::minutes(1)};

  void add(const measure::Window& window) {
    period.windows.push_back({.begin = period.to, .length = period.step, .window = window});
    period.to += period.step;
  }
  void gap(std::int64_t minutes) { period.to += Duration::minutes(minutes); }
  Period done() {
    sum_up(period);
    return period;
  }
};

}  // namespace wirestamp::publish
