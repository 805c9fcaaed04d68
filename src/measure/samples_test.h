// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "measure/accumulator.h"

// Samples as the tests of the accumulator need them.
namespace wirestamp::measure {

inline constexpr Duration kOffset = Duration::seconds(3);  // of the reflector's clock

inline Timestamp stamp_at(std::int64_t ns, bool local, StampSource source = StampSource::Kernel) {
  Timestamp stamp;
  stamp.wall = WallTime::from_ns(1'000'000'000'000 + ns);
  if (local) stamp.mono = MonoTime::from_ns(ns);
  if (!local) stamp.wall += kOffset;
  stamp.error = Duration::nanoseconds(50);
  stamp.source = source;
  return stamp;
}

// Probe `number` of a stream of one a millisecond.
inline Sample probe(std::uint64_t number, Outcome outcome) {
  Sample sample;
  sample.probe = number;
  sample.sequence = static_cast<std::uint32_t>(number);
  sample.scheduled = MonoTime::from_ns(static_cast<std::int64_t>(number) * 1'000'000);
  sample.outcome = outcome;
  return sample;
}

inline Sample answered(std::uint64_t number, std::int64_t there_ns, std::int64_t back_ns,
                       std::uint64_t arrival, Outcome outcome = Outcome::Delivered) {
  Sample sample = probe(number, outcome);
  const std::int64_t t1 = sample.scheduled.ns() + 700;
  const std::int64_t t2 = t1 + there_ns, t3 = t2 + 20'000, t4 = t3 + back_ns;
  sample.sender_tx = stamp_at(t1, true);
  sample.reflector_rx = stamp_at(t2, false);
  sample.reflector_tx = stamp_at(t3, false);
  sample.sender_rx = stamp_at(t4, true);
  sample.arrival_index = arrival;
  return sample;
}

inline Sample unsent(std::uint64_t number, UnsentCause cause) {
  Sample sample = probe(number, Outcome::Unsent);
  sample.cause = cause;
  return sample;
}

inline Summary summed(const std::vector<Sample>& samples,
                      Duration interval = Duration::milliseconds(1)) {
  Accumulator accumulator({.interval = interval});
  for (const Sample& sample : samples) accumulator.add(sample);
  accumulator.finish();
  return accumulator.summary();
}

}  // namespace wirestamp::measure
