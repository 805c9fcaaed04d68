// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "measure/event.h"
#include "measure/incident.h"
#include "time/timestamp.h"

// When the agent ran: what stands behind the gaps in its figures.
namespace wirestamp::cli {

// Of an agent that measures since `now`. `before`: AgentStarted and AgentStopped of the store, the
// newest of them at least, in any order; those after `now` (a clock that was wrong) count as now.
// None where this is the fourth start within ten minutes: whatever starts it again and again is not
// to fill the store.
std::optional<measure::Event> start_event(const std::vector<measure::RecordedEvent>& before,
                                          WallTime now);
// How many of `before` are enough.
inline constexpr std::size_t kLivesSeen = 8;

measure::Event stop_event(WallTime now);

}  // namespace wirestamp::cli
