// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/option.h"

// Where values come from. A source turns one place (command line, environment, a file) into
// assignments of text to options; resolve() in settings.h checks and ranks them.
namespace wirestamp::config {

struct Assignment {
  Key key;
  std::string text;
  std::string origin;  // "--interval", "WIRESTAMP_INTERVAL"
};

using Source = std::vector<Assignment>;

struct Arguments {
  Source source;
  bool help = false;  // -h or --help stood somewhere
};

// The words behind `wirestamp COMMAND`. Fails on unknown flags (naming the nearest), flags of
// another command, flags given twice that may be given once, missing values and superfluous words.
Result<Arguments> read_arguments(Command command, std::span<const std::string_view> words);

// Names and values of environment variables; those that do not start with WIRESTAMP_ are ignored.
// Fails on an unknown one, naming the nearest. Not options of ours and ignored: WIRESTAMP_KEY
// (config/key_file.h), WIRESTAMP_DEV_*,
// _RIG_*, _TEST_*, WIRESTAMP_BIN, _EMULATOR and _NO_RIG of the tests, and what container engines
// set for a service that happens to be called wirestamp (WIRESTAMP_SERVICE_*, WIRESTAMP_PORT,
// WIRESTAMP_PORT_*).
Result<Source> read_environment(std::span<const std::pair<std::string, std::string>> variables);

}  // namespace wirestamp::config
