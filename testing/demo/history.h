// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "plan.h"

namespace wirestamp::demo {

// How much of the end of the month is kept in detail, in whole minutes. A real agent keeps more of
// it (docs/store.md); this is what makes a file of a month that is made in seconds.
struct Detail {
  Duration samples = Duration::hours(2);
  Duration seconds = Duration::hours(3);
  Duration tens = Duration::hours(24);
};
// Of hundreds of sessions.
inline constexpr Detail kLittleDetail{.samples = Duration::minutes(2),
                                      .seconds = Duration::minutes(5),
                                      .tens = Duration::minutes(30)};

// Writes the month as an agent would have kept it: every probe of it is made, counted in windows,
// judged by the agent's thresholds; events make incidents. The file must not exist. The same plan
// gives the same store. `progress` hears now and then how much of it is done, of 1.
Result<void> write_month(const Month& month, const Detail& detail, std::uint64_t seed,
                         const std::string& path, const std::function<void(double)>& progress = {});

}  // namespace wirestamp::demo
