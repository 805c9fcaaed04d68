// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "time/duration.h"

namespace wirestamp::session {

// When a stalled flow is tried again. Any packet refreshes a stale entry of a middlebox, so the
// flow is silent and tried once after growing gaps. The gap after which it answers brackets the
// middlebox's time-out. It has healed after three answers one second apart.
class StalledFlow {
 public:
  // `last_packet`: when we last sent something over it. `kept_alive`: silences so long did not let
  // the entry die. `repeat`: after the longest gap go on for ever, else give up.
  StalledFlow(MonoTime last_packet, Duration kept_alive, bool repeat)
      : last_packet_(last_packet), repeat_(repeat), failed_gap_(kept_alive) {}

  // Not before that time; for a flow that stalls again and again.
  void leave_alone_until(MonoTime time) { not_before_ = time; }

  // When the next try is due; absent: given up or healed.
  std::optional<MonoTime> next() const;
  void on_try(MonoTime now);
  // Something else was sent over it: its silence counts from now.
  void on_other_packet(MonoTime now) {
    if (now > last_packet_) slept_ = Duration();
    last_packet_ = now;
  }
  // The host slept for so long, in which our clock stood still and that of a middlebox did not. A
  // try that was not answered yet tells nothing.
  void on_suspend(Duration lasting);
  // The try of the moment was answered.
  void on_answer(MonoTime now);
  // Call when next() has passed without on_try being due, too: a try unanswered for two seconds
  // has failed.
  void on_time(MonoTime now);

  bool healed() const { return answers_ >= kAnswersToReturn; }
  bool answered() const { return ever_answered_; }  // at least once
  // It has answered once: the middlebox's time-out lies in (above, at_most]. Absent, too, where it
  // had not answered after a longer silence: then no entry died in this one.
  struct Timeout {
    Duration above, at_most;
  };
  const std::optional<Timeout>& timeout() const { return timeout_; }

  static constexpr unsigned kAnswersToReturn = 3;
  static constexpr Duration kAnswerGap = Duration::seconds(1);
  static constexpr Duration kAnswerWait = Duration::seconds(2);

 private:
  Duration gap() const;

  MonoTime last_packet_;
  bool repeat_;
  std::optional<MonoTime> not_before_;
  std::size_t gap_index_ = 0;
  Duration failed_gap_;  // the longest silence after which it still did not answer
  Duration tried_gap_;
  Duration slept_;  // in the gap of the moment
  std::optional<MonoTime> awaiting_since_, next_answer_try_;
  unsigned answers_ = 0;
  bool ever_answered_ = false;
  std::optional<Timeout> timeout_;
};

// The healing pauses of policy `fixed`: 35, 65, 125, 185, 305 s in turn, the last one again and
// again.
class HealingPauses {
 public:
  Duration next() const;
  // The longest pause that did not help.
  Duration before() const { return before_; }
  Duration current() const { return current_; }
  void begin(MonoTime now);
  void end() { until_.reset(); }
  // As of a stalled flow: in a pause it makes that longer, after it nobody knows what helped.
  void on_suspend(Duration lasting) { (until_ ? current_ : slept_after_) += lasting; }
  // What was answered now was so because of the pause, as far as can be told.
  bool certain() const { return slept_after_ == Duration(); }
  std::optional<MonoTime> until() const { return until_; }
  bool any() const { return count_ > 0; }
  void forget() { *this = HealingPauses(); }

 private:
  std::size_t count_ = 0;
  Duration before_, current_;
  Duration slept_after_;
  std::optional<MonoTime> until_;
};

}  // namespace wirestamp::session
