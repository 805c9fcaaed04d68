// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace wirestamp::platform {

struct Rate {
  std::int64_t ppb = 0, error_ppb = 0;
  bool operator==(const Rate&) const = default;
};

// The rate of the crystal out of what the time daemon set. A daemon also uses the rate to move the
// clock to the right time (chronyd does so all the time): then it tells nothing about the crystal,
// and the last steady rate is the best there is, wrong by at most the difference.
class SteadyRate {
 public:
  // The kernel's own discipline corrects no more than this; more is a slew.
  static constexpr std::int64_t kMostPpb = 500'000;
  // A rate that stayed for so many looks (one a second) is steady.
  static constexpr int kSteadyLooks = 8;

  Rate take(std::int64_t ppb, std::int64_t claimed_error_ppb);

 private:
  std::optional<std::int64_t> steady_, last_;
  int looks_ = 0;
};

}  // namespace wirestamp::platform
