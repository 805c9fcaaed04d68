// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "api/service.h"
#include "session/counters.h"
#include "time/duration.h"

// How the reflector's counters are told, all of them: by their one table (session/counters.h).
namespace wirestamp::cli {

// A line each: name, value, what was added since an earlier table, meaning.
struct StatsBefore {
  session::ReflectorCounters counters;
  Duration ago;
};
std::string stats_table(const session::ReflectorCounters& now,
                        const std::optional<StatsBefore>& before);

// Names and values in one line, for a log.
std::string stats_line(const session::ReflectorCounters& counters);

// For the API and the metrics; `listening` is the caller's.
api::ReflectorStatus reflector_status(const session::ReflectorCounters& counters);

}  // namespace wirestamp::cli
