// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_life.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/commands.h"
#include "publish/period.h"

namespace wirestamp::cli {

namespace {

using measure::EventKind;
using measure::RecordedEvent;

constexpr Duration kRecently = Duration::minutes(10);
constexpr std::size_t kMostStarts = 3;

bool near(WallTime a, WallTime b) { return std::max(a, b) - std::min(a, b) < kRecently; }

// When those before began, the newest first.
std::vector<WallTime> starts_of(const std::vector<RecordedEvent>& sorted) {
  std::vector<WallTime> starts;
  for (auto one = sorted.rbegin(); one != sorted.rend(); ++one)
    if (one->event.kind == EventKind::AgentStarted) starts.push_back(one->event.wall);
  return starts;
}

}  // namespace

measure::Event agent_event(EventKind kind, WallTime now, std::string text) {
  measure::Event event;
  event.kind = kind;
  event.wall = now;
  event.text = std::move(text);
  return event;
}

AgentStart start_of(const std::vector<RecordedEvent>& before, WallTime now) {
  std::vector<RecordedEvent> sorted = before;
  std::ranges::sort(sorted, {}, &RecordedEvent::id);
  const std::vector<WallTime> starts = starts_of(sorted);
  AgentStart start{.event = agent_event(EventKind::AgentStarted, now,
                                        fmt::format("the agent started, version {}", kVersion))};
  if (sorted.empty()) return start;
  std::string& text = start.event.text;
  const auto recent = std::ranges::count_if(starts, [&](WallTime one) { return near(one, now); });
  start.put_off = std::cmp_greater_equal(recent, kMostStarts);
  // Behind three that were so near to each other there may be some that were not told.
  if (starts.size() >= kMostStarts && near(starts[0], starts[kMostStarts - 1])) {
    text += "; before that it started again and again, which was not told each time";
    return start;
  }
  const measure::Event& last = sorted.back().event;
  if (last.kind == EventKind::AgentStarted)
    text +=
        "; the one before it ended without a word (killed, crashed, no power), or could not keep "
        "it";
  else if (last.wall > now)
    text += ", after it was stopped";
  else
    text += fmt::format(", {} after it was stopped",
                        publish::human_length(*(start.event.change = now - last.wall)));
  if (std::cmp_equal(recent + 1, kMostStarts))
    text +=
        "; it starts again and again: the next starts within ten minutes are told when they last";
  return start;
}

void AgentLife::started(WallTime now, MonoTime mono) {
  AgentStart start = start_of(before_, now);
  before_.clear();
  start_ = std::move(start.event);
  if (start.put_off)
    due_ = mono + kRecently;
  else
    tell_start(now);
}

void AgentLife::turn(MonoTime now) {
  if (start_ && now >= due_) tell_start(start_->wall);
}

void AgentLife::stopped(WallTime now) {
  if ((so_far_.fetch_or(kOver) & kTold) != 0) tell_stop(now);
}

void AgentLife::tell_start(WallTime now) {
  tell_(*std::exchange(start_, std::nullopt));
  if ((so_far_.fetch_or(kTold) & kOver) != 0) tell_stop(now);
}

void AgentLife::tell_stop(WallTime now) {
  tell_(agent_event(EventKind::AgentStopped, now, "the agent stops, as it was told to"));
}

}  // namespace wirestamp::cli
