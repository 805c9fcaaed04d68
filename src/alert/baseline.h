// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "time/duration.h"

// What is usual for a session: the median of its last 48 hours, of one value for each minute.
namespace wirestamp::alert {

// Values are kept as the numbers of the buckets that histograms use, so they come back at most 1.1
// % away: two octets a value, 11,520 a session once it has any.
class Baseline {
 public:
  static constexpr std::int64_t kMinutes = std::int64_t{48} * 60;
  // From so much on it counts.
  static constexpr Duration kEnough = Duration::hours(24);

  struct Minute {
    std::optional<Duration> latency, jitter;
  };
  // Minutes in order, numbered from anywhere; one that is not later than the newest replaces what
  // was known of it. What is older than 48 hours before the newest is forgotten.
  void add(std::int64_t minute, const Minute& values);
  // As if these had not been.
  void forget_from(std::int64_t minute);

  // Of what is known at that minute; absent until it is enough. Found anew every half an hour, and
  // after look_again().
  Minute median(std::int64_t now);
  void look_again() { computed_.reset(); }

 private:
  using Codes = std::array<std::uint16_t, 2>;  // 0: no value
  Codes& at(std::int64_t minute);
  std::optional<Duration> median_of(std::size_t which, std::int64_t now) const;

  std::vector<Codes> ring_;
  std::int64_t newest_ = 0;  // of the ring, when it is not empty
  std::optional<std::int64_t> computed_;
  Minute known_;
};

}  // namespace wirestamp::alert
