// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "time/duration.h"

namespace wirestamp::notify {

// How one attempt ended.
struct Answer {
  unsigned status = 0;  // of HTTP; 0: no answer came
  std::string problem;  // why none came
  std::optional<Duration> retry_after;
};

enum class Verdict : std::uint8_t {
  Delivered,
  GivenUp,      // the receiver will not take it however often it is asked
  Refused,      // it answered that it cannot now: the same message is tried again
  Unreachable,  // no answer: the same
};

Verdict judge(const Answer& answer);
// "answered 302: ...", or the problem; for a log.
std::string describe(const Answer& answer);

}  // namespace wirestamp::notify
