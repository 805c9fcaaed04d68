// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/reflect_counters.h"
#include "api/service.h"
#include "time/duration.h"

// How the reflector's counters are told, all of them: by their tables (agent/reflect_counters.h).
namespace wirestamp::cli {

// A line each: name, value, what was added since an earlier table, meaning.
struct StatsBefore {
  agent::ReflectCounters counters;
  Duration ago;
};
std::string stats_table(const agent::ReflectCounters& now,
                        const std::optional<StatsBefore>& before);

// Names and values in one line, for a log.
std::string stats_line(const agent::ReflectCounters& counters);

// What a run came to, one line each: the counters that are not zero.
std::string reflector_summary(const session::ReflectorCounters& counters);
std::string twamp_summary(const agent::TwampTotals& totals);

// The last words of an agent, in one line.
std::string stopped_line(const agent::ReflectCounters& counters);

// For the API and the metrics: also those of TWAMP, zero where there is no server, so that the
// names are always the same. `listening` is the caller's.
api::ReflectorStatus reflector_status(const agent::ReflectCounters& counters);

}  // namespace wirestamp::cli
