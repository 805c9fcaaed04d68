// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "time/duration.h"

namespace wirestamp::cli {

// How much time a plot shows.
inline constexpr std::array kSpans{
    Duration::seconds(30), Duration::minutes(1), Duration::minutes(2), Duration::minutes(5),
    Duration::minutes(15), Duration::hours(1),   Duration::hours(4),   Duration::hours(24)};

// "45s", "2m05s", "3h07m", "12d03h", "100d".
std::string elapsed_text(Duration elapsed);

}  // namespace wirestamp::cli
