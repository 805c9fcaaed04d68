// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "measure/sample.h"

namespace wirestamp::measure {

// A one-way delay contains the difference of two clocks, so a variation of such delays is one of
// the network only while that difference stands still. This class tells when it has not.
//
// Sample::clock_step knows only of steps of our own clock while a probe was in flight, and most
// steps fall between two probes. Two things prove the others:
//
// - Our stamps are taken on the wall clock and on the raw monotonic one, which is never set. When
//   the distance between both jumps, our wall clock was set (or the host slept).
// - No packet arrives before it was sent. With theta the reflector's clock minus ours, F = T2 - T1
//   is at least theta and B = T4 - T3 at least -theta: each probe says -B <= theta <= F. Probes
//   whose ranges have nothing in common were measured with different thetas: the reflector's clock
//   was set, or both have drifted apart. (RFC 5905 calls these ranges correctness intervals.)
class ClockWatch {
 public:
  // Changes smaller than this are not told from noise of stamps and slewing.
  static constexpr Duration kLeastStep = Duration::milliseconds(1);

  // The number of the stretch of unchanged clocks that a delivered probe belongs to. Probes come
  // in any order of decision: one that belongs to an earlier stretch begins a new one, as does the
  // one after it.
  std::uint32_t stretch_of(const Sample& sample);

 private:
  bool own_clock_was_set(const Sample& sample);
  bool ranges_are_apart(const Sample& sample);

  std::uint32_t stretch_ = 0;
  std::optional<Timestamp> previous_tx_;
  std::optional<Duration> least_, most_;  // of theta, in this stretch
};

}  // namespace wirestamp::measure
