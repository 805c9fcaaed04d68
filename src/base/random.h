// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace wirestamp::base {

// A small, seedable generator (SplitMix64): the same seed gives the same run, which is what
// simulations and schedules need. Not for secrets: tokens and SSIDs are seeded from the operating
// system's randomness.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  // Uniform in [0, bound); bound > 0. The bias is below 2^-32 for bounds below 2^32.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  // Uniform in (0, 1].
  double unit() { return static_cast<double>((next() >> 11U) + 1) * 0x1p-53; }

  bool chance(double probability) { return unit() <= probability; }

 private:
  std::uint64_t state_;
};

}  // namespace wirestamp::base
