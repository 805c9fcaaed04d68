// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "decision.h"
#include "time/duration.h"

// What the emulator was told, by flags and by a scenario file. One table gives both and the help
// text.
namespace wirestamp::emulator {

struct Settings {
  std::string left, right;  // the two devices; forward is left to right
  std::string log = "-";    // file for the truth; "-": standard output, without "ready"
  std::uint64_t seed = 1;
  std::optional<std::uint16_t> port;  // touch and log only UDP from or to this port
  std::size_t queue = 10'000;         // packets under way per direction
  Duration hold_limit = Duration::milliseconds(100);
  bool spin = false;  // burn the last 150 us before each departure: exact times, one core
  DirectionSettings forward, backward;
  std::vector<std::string> offloads_off;  // only switch off the offloads of these devices
  bool help = false;
};

// Values as the user wrote them; fails with a sentence that names the option and what is allowed.
Result<Settings> parse_arguments(const std::vector<std::string>& arguments);

// Applies the sections [link], [link.forward], [link.backward] and [link.both] of a scenario: the
// part of TOML that has tables, comments, and `key = value` with a number, true, false or a quoted
// string. Other tables belong to whoever runs the scenario.
Result<void> apply_scenario(std::string_view text, Settings& settings);

// "5ms", "1.5s", "250us", "100ns", "0".
Result<Duration> parse_duration(std::string_view text);

std::string help();

}  // namespace wirestamp::emulator
