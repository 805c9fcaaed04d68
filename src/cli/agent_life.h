// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "measure/event.h"
#include "measure/incident.h"
#include "time/timestamp.h"

// When the agent ran: what stands behind the gaps in its figures.
namespace wirestamp::cli {

// Of the agent as a whole, not of one session.
measure::Event agent_event(measure::EventKind kind, WallTime now, std::string text);

// Of an agent that measures since `now`. `before`: AgentStarted and AgentStopped of the store, the
// newest of them at least, in any order.
struct AgentStart {
  measure::Event event;
  // Three starts were told within ten minutes of now: this one is to be told when it has lasted,
  // see AgentLife.
  bool put_off = false;
};
AgentStart start_of(const std::vector<measure::RecordedEvent>& before, WallTime now);
// So many of `before` are enough, also where the clock was wrong in between.
inline constexpr std::size_t kLivesSeen = 1000;

// Tells of a start at once, or after ten minutes where it is one of many; and of the stop, when it
// told of the start.
class AgentLife {
 public:
  using Tell = std::function<void(const measure::Event&)>;
  // `tell` is called by any thread that calls.
  explicit AgentLife(Tell tell) : tell_(std::move(tell)) {}

  // Before all else.
  void set_before(std::vector<measure::RecordedEvent> before) { before_ = std::move(before); }
  // One thread: it measures from now on; time passes.
  void started(WallTime now, MonoTime mono);
  void turn(MonoTime now);
  // Any thread, once: it was told to stop, and did. Earlier than started(), where that thread is
  // late.
  void stopped(WallTime now);

 private:
  void tell_start(WallTime now);
  void tell_stop(WallTime now);

  // Who comes second tells of the stop.
  static constexpr unsigned kTold = 1, kOver = 2;

  Tell tell_;
  std::vector<measure::RecordedEvent> before_;
  std::optional<measure::Event> start_;  // that is to be told
  MonoTime due_;
  std::atomic<unsigned> so_far_{0};
};

}  // namespace wirestamp::cli
