// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "measure/window.h"
#include "time/duration.h"

// Windows as a session of two probes a second makes them.
namespace wirestamp::alert {

// A Wednesday, at midnight.
inline constexpr WallTime kBegin = WallTime::from_ns(1'700'006'400'000'000'000);
inline constexpr Duration kStep = Duration::seconds(10);

struct Traffic {
  std::uint64_t probes = 20, lost = 0;
  Duration latency = Duration::milliseconds(20), jitter = Duration::milliseconds(1);
};

inline measure::TimedWindow window_of(WallTime begin, const Traffic& traffic,
                                      std::uint32_t epoch = 0) {
  measure::TimedWindow made{.begin = begin, .length = kStep, .epoch = epoch};
  measure::Window& w = made.window;
  w.scheduled = w.sent = traffic.probes;
  w.lost.forward = std::min(traffic.lost, traffic.probes);
  w.delivered = w.sent - w.lost.forward;
  for (std::uint64_t n = 0; n < w.delivered; ++n) {
    w.rtt.add(StampSource::Kernel, traffic.latency);
    if (n > 0) w.ipdv.add(StampSource::Kernel, traffic.jitter);
  }
  return made;
}

// Of that many probes each is lost with this chance.
inline std::uint64_t losses(base::Random& random, std::uint64_t probes, double chance) {
  std::uint64_t lost = 0;
  for (std::uint64_t n = 0; n < probes; ++n) lost += random.unit() < chance;
  return lost;
}

}  // namespace wirestamp::alert
