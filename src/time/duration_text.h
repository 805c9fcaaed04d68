// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Durations as people write them: "500ms", "1.5s", "2m". A number without unit is refused, because
// half of the tools of this field mean seconds by it and the other half milliseconds.
namespace wirestamp {

// Nanoseconds. The error says what is wrong with `text`, without naming it: "has no unit".
Result<std::uint64_t> parse_duration(std::string_view text);

// The shortest exact form: 1h, 500ms, 1500us.
std::string duration_text(std::uint64_t nanoseconds);

}  // namespace wirestamp
