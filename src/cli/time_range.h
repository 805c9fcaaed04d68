// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "report/span.h"
#include "time/duration.h"

// Times as people write them, for what is read from the store. All of them are UTC unless they say
// otherwise.
namespace wirestamp::cli {

// "2026-01-31T12:00:00Z" (RFC 3339, also with an offset, a space for the T, or without seconds or
// zone: then UTC), "2026-01-31" (its begin), "12:30" (today), "now", "today", "yesterday" (their
// begin), "90m", "24h", "7d", "2w" (so long ago). The error says what is wrong.
Result<WallTime> parse_time(std::string_view text, WallTime now);

using report::TimeSpan;

// Of --from and --to; "" where they are not given. Without both: the 24 hours until now; without an
// end: until now; without a begin: 24 hours. `to` may be "+2h": so long after the begin.
Result<TimeSpan> parse_span(std::string_view from, std::string_view to, WallTime now);

// What `span` is compared with: "before" (as long, right before it), "yesterday", "last-week" (the
// same hours then), or FROM/TO.
Result<TimeSpan> compared_span(std::string_view with, const TimeSpan& span, WallTime now);

}  // namespace wirestamp::cli
