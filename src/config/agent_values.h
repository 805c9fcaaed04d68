// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/duration.h"

// Values of the agent's own options. The errors say what is wrong with the text without naming it.
namespace wirestamp::config {

// A time of announced work: every week, or once.
struct MaintenanceTime {
  std::uint8_t weekdays = 0;  // bit 0 is Sunday
  Duration begin, end;        // since midnight UTC; `end` not above `begin` is on the next day
  WallTime from, until;       // once: then `weekdays` is 0
  bool operator==(const MaintenanceTime&) const = default;
};

// "daily 02:00-03:00", "sat+sun 22:00-04:00", "mon-fri 01:00-01:30" or
// "2026-12-01T22:00Z/2026-12-02T02:00Z".
Result<MaintenanceTime> parse_maintenance(std::string_view text);

// A share of 1: "2%", "0.5%".
Result<double> parse_percent(std::string_view text);

// Octets: "500MB", "1GiB"; a number alone is octets.
Result<std::uint64_t> parse_octets(std::string_view text);
// "1GiB", "1500kB" or the number.
std::string octets_text(std::uint64_t octets);

// An http or https address.
Result<std::string> parse_url(std::string_view text);
// Scheme, host and port of one: all else may be a secret and is told as "/...".
std::string shown_url(std::string_view url);

// Of a word that may be a URL, or one with a slip in it: as shown_url(), and nothing of what stands
// before an '@'. Every other word is itself.
std::string shown_word(std::string_view word);
// What is sent there stays on this host: its name is localhost, or an address of loopback, and no
// more. A name that only begins like one may be anybody's.
bool names_this_host(std::string_view url);

}  // namespace wirestamp::config
