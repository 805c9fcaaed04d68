// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "time/duration.h"

// How often strangers may ask, in a bounded space.
namespace wirestamp::session {

// Of whom a request is: one who measures for a while already has a reserve that newcomers cannot
// empty, so that a flood from anywhere takes nothing from sessions that were there before it.
enum class Standing : std::uint8_t { Newcomer, Established };

// A token bucket, filled continuously. Newcomers may use one second's worth at once and must leave
// the reserve, half of that; the established may use both.
class Bucket {
 public:
  Bucket() = default;
  Bucket(double rate, MonoTime now) : tokens_(depth(rate)), filled_(now) {}

  bool has(double rate, Standing standing, MonoTime now) {
    const double fresh = (now - filled_).to_seconds() * rate;
    if (fresh > 0) {
      tokens_ = std::min(depth(rate), tokens_ + fresh);
      filled_ = now;
    }
    return tokens_ >= 1 + (standing == Standing::Newcomer ? rate * kReserve : 0);
  }
  void take() { tokens_ -= 1; }

 private:
  static constexpr double kReserve = 0.5;
  static double depth(double rate) { return rate * (1 + kReserve); }

  double tokens_ = 0;
  MonoTime filled_;
};

// A bucket for each of any number of sources, without remembering them: each has one in two rows,
// by two halves of a hash that nobody outside knows, and is refused when both are empty. Who shares
// one with an attacker has the other one. Never refuses who keeps to the rate but for a chance that
// grows with the square of the number of attackers who do not: 64 of them, one in 16,384. Memory
// grows with use, up to 2 * 8,192 buckets (256 KiB).
class RateTable {
 public:
  // Whether `hash` may ask once more; if so, it did.
  bool take(std::uint64_t hash, std::uint32_t rate, Standing standing, MonoTime now);

 private:
  static constexpr std::size_t kPageSize = 256, kPages = 32;
  using Page = std::array<Bucket, kPageSize>;
  using Row = std::array<std::unique_ptr<Page>, kPages>;
  static Bucket& bucket_of(Row& row, std::uint32_t hash, double rate, MonoTime now);

  Row first_, second_;
};

}  // namespace wirestamp::session
