// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "alert/watch.h"
#include "measure/longer_windows.h"
#include "measure/window.h"
#include "plan.h"
#include "rows.h"
#include "store/store.h"
#include "traffic.h"

namespace wirestamp::demo {

// What the histories of all sessions write to.
struct Books {
  store::Store& store;
  alert::Watch& watch;
  Rows& rows;
  WallTime samples_from, seconds_from, tens_from;
};

// Writes what came of an event or a window, as agent::Keeper does. `session`: its row.
void record(Books& books, std::uint32_t session, const alert::Told& told);

// The history of one session, minute by minute.
class SessionHistory {
 public:
  SessionHistory(const Plan& plan, std::uint64_t seed, Books& books, std::uint32_t row);

  // The agent runs from then on, with windows of that epoch; until then.
  void begin(WallTime time, std::uint32_t epoch);
  void end(WallTime time);
  bool running() const { return running_; }
  const Plan& plan() const { return plan_; }
  std::uint32_t row() const { return row_; }

  // [begin, begin + 1 min), which begins at a full minute.
  void minute(WallTime begin);
  // What was longer than a second is complete now.
  void close_hour();

 private:
  void tell_events(WallTime to);
  void use_flow(std::uint32_t flow, const std::string& tuple, WallTime since);
  void by_the_second(WallTime begin);
  void by_ten_seconds(WallTime begin);
  void by_the_minute(WallTime begin);
  // A window, and how many seconds of it had a probe: those are what a store makes it of.
  struct Filled {
    measure::TimedWindow window;
    std::uint64_t seconds = 0;
  };
  Filled fill(WallTime begin, Duration length);
  void judge(const measure::TimedWindow& window);
  void put_minute(const Filled& minute);

  const Plan& plan_;
  Books& books_;
  std::uint32_t row_;
  Traffic traffic_;
  std::size_t next_note_ = 0;
  bool running_ = false;
  WallTime began_;
  std::uint32_t epoch_ = 0;
  std::optional<store::FlowRow> flow_;
  std::optional<measure::TimedWindow> hour_;
  std::uint64_t hour_seconds_ = 0;
  measure::LongerWindows tens_{Duration::seconds(10)};
};

}  // namespace wirestamp::demo
