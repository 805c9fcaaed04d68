// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "measure/event.h"
#include "time/duration.h"

namespace wirestamp::session {

// Whether a session is silent (S7), and where an outage begins and ends: nothing received for the
// silence time, with at least three measured probes sent since and unanswered, the first of them
// half that time ago: those of one round leave together. Probes that did not leave do not count.
// Over all flows of the session.
class SilenceWatch {
 public:
  static constexpr unsigned kFewestUnanswered = 3;

  // `silence` > 0; at long intervals three of them.
  SilenceWatch(Duration silence, Duration interval, MonoTime start);

  // In any order: the stamps of several ports are read one port after the other. One that is told
  // after the answer to a later one is part of no silence any more.
  void on_departure(std::uint64_t probe, MonoTime at, WallTime wall);
  // The send call failed, or the system says that it never left.
  void on_unsent() { unsent_ = std::min(unsent_ + 1, kFewestUnanswered); }
  // The same, found out later: of one from before the peer was last heard it is no news.
  void on_unsent(MonoTime handed_over) {
    if (handed_over > heard_) on_unsent();
  }
  // A first reply to that probe, whose departure was told.
  void on_answer(std::uint64_t probe, MonoTime at);
  // Something else of the peer came: a copy, or the reply to an unmeasured probe.
  void on_sign_of_life(MonoTime at);
  // Silence counts anew from now, as after a pause of our own.
  void restart(MonoTime at);

  bool silent(MonoTime now) const { return unanswered_ >= kFewestUnanswered && now >= deadline(); }
  // The same because nothing leaves this host.
  bool locally_silent(MonoTime now) const {
    return !silent(now) && unsent_ + unanswered_ >= kFewestUnanswered && now >= deadline();
  }
  // When it may be silent; it is, when enough probes have left by then.
  MonoTime deadline() const { return std::max(heard_ + patience_, asked_ + patience_ / 2); }
  MonoTime heard() const { return heard_; }
  unsigned unanswered() const { return unanswered_; }
  bool may_be_silent() const { return unsent_ + unanswered_ >= kFewestUnanswered; }

  std::optional<measure::ProbeMark> last_good() const;
  std::optional<measure::ProbeMark> first_lost() const;
  // Measured probes that left since the last good one.
  std::uint64_t lost_so_far() const { return departures_ - good_; }
  // Before the newest answered probe: the good one before it, and those lost between them.
  struct Gap {
    std::optional<measure::ProbeMark> good_before, lost_from, lost_to, first_good;
    std::uint64_t lost = 0;
  };
  const Gap& newest_gap() const { return gap_; }

 private:
  struct Departure {
    std::uint64_t probe, index;
    WallTime wall;
  };
  static constexpr std::size_t kRemembered = 4'096;

  Duration patience_;
  MonoTime heard_;
  MonoTime asked_;  // when the first of the unanswered ones left
  unsigned unanswered_ = 0, unsent_ = 0;
  std::uint64_t departures_ = 0;  // indices count from 0
  std::uint64_t good_ = 0;        // index after the newest answered one
  std::deque<Departure> recent_;  // in order of their numbers
  std::optional<Departure> last_good_, first_lost_;
  Gap gap_;
};

}  // namespace wirestamp::session
