// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "packet/address.h"
#include "publish/window_document.h"
#include "time/duration.h"

// Values of parameters, as text. The errors say what is allowed, not which parameter it was.
namespace wirestamp::api {

// "2026-01-31T12:00:00Z" (RFC 3339, with any offset), Unix time in nanoseconds, "now", or "-1h"
// before `now`. From 1970 to 2261.
Result<WallTime> parse_time(std::string_view text, WallTime now);

// "500ms", "10s", "1m", "6h", "7d": a whole number above 0 and a unit; at most a hundred years.
Result<Duration> parse_length(std::string_view text);

// "50,95,99.9": up to 16 different shares of 100, with at most four decimals.
Result<std::vector<publish::Percentile>> parse_percentiles(std::string_view text);

// A whole number from `least` to `most`.
Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);

// Well-formed UTF-8 (RFC 3629) without control characters.
bool is_text(std::string_view text);

// "192.0.2.1:80", "[2001:db8::1]:80", "[fe80::1%25eth0]:80": what stands behind "http://". `zone`
// is the interface of a link-local address, "" of any other.
std::string url_authority(const packet::Endpoint& at, std::string_view zone);

bool same_letters(std::string_view one, std::string_view other);  // but for the case of ASCII

}  // namespace wirestamp::api
