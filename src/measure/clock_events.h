// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "measure/event.h"
#include "time/clock.h"
#include "time/timestamp.h"

namespace wirestamp::measure {

// What happens to this host's clock, as events of the agent as a whole: it was set, nothing
// disciplines it any more, something does again, the host slept. Fed with readings of one clock,
// each state taken before its reading; the more often the better, at least every ten seconds.
//
// That a clock is not synchronised counts when it is so for a minute: a time daemon that is
// restarted is no news. A clock that never was is none either. A third step within an hour says
// "again and again", and the next one told is one after an hour without.
class ClockEvents {
 public:
  static constexpr Duration kLasts = Duration::minutes(1);
  static constexpr Duration kTogether = Duration::hours(1);

  // `now` has both times.
  std::vector<Event> on_state(const ClockState& state, const Timestamp& now);

 private:
  void watch_steps(const ClockState& state, const Timestamp& now, std::vector<Event>& events);
  void watch_synchronisation(const ClockState& state, const Timestamp& now,
                             std::vector<Event>& events);

  std::optional<ClockState> state_;
  Timestamp read_;             // with state_
  bool synchronised_ = false;  // as it was told last
  std::optional<MonoTime> otherwise_since_;
  std::optional<MonoTime> stepped_, stepped_before_;
  bool steps_told_ = false;  // that there are many
};

}  // namespace wirestamp::measure
