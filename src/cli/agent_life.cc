// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_life.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "cli/commands.h"
#include "publish/period.h"

namespace wirestamp::cli {

namespace {

using measure::EventKind;

constexpr Duration kRecently = Duration::minutes(10);
constexpr std::ptrdiff_t kMostStarts = 3;

}  // namespace

std::optional<measure::Event> start_event(const std::vector<measure::RecordedEvent>& before,
                                          WallTime now) {
  const auto recent_start = [&](const measure::RecordedEvent& one) {
    return one.event.kind == EventKind::AgentStarted && now - one.event.wall < kRecently;
  };
  const std::ptrdiff_t starts = std::ranges::count_if(before, recent_start);
  if (starts >= kMostStarts) return std::nullopt;
  measure::Event event;
  event.kind = EventKind::AgentStarted;
  event.wall = now;
  event.text = fmt::format("the agent started, version {}", kVersion);
  const auto last = std::ranges::max_element(before, {}, &measure::RecordedEvent::id);
  if (last == before.end()) return event;
  if (last->event.kind == EventKind::AgentStopped) {
    event.change = std::max(now - last->event.wall, Duration());
    event.text += fmt::format(", {} after it was stopped", publish::human_length(*event.change));
  } else {
    event.text += "; the one before it ended without a word: killed, crashed, or without power";
  }
  if (starts + 1 == kMostStarts)
    event.text += "; it starts again and again, which is told no more for ten minutes";
  return event;
}

measure::Event stop_event(WallTime now) {
  measure::Event event;
  event.kind = EventKind::AgentStopped;
  event.wall = now;
  event.text = "the agent stops, as it was told to";
  return event;
}

}  // namespace wirestamp::cli
