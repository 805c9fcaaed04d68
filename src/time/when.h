// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "time/duration.h"

namespace wirestamp {

// An instant as people write it. "now", "today" and "yesterday" (their midnight), "90m" or "-90m",
// "7d" and "2w" (so long before `now`, a century at most), "12:30" (today), "2026-11-25",
// "2026-11-25T10:00", with seconds, fractions of them, and "Z" or an offset such as "+01:00"
// (RFC 3339; a space may stand for the T); without one it is UTC. Years from 1970 to 2250. The
// error says what is wrong with `text`, without naming it.
Result<WallTime> parse_when(std::string_view text, WallTime now);

// The UTC midnight at or before it.
WallTime midnight_before(WallTime time);

// As parse_duration(), and weeks: "2w".
Result<Duration> parse_span_length(std::string_view text);

}  // namespace wirestamp
