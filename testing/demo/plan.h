// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "field.h"
#include "session/session.h"
#include "store/store.h"
#include "time/duration.h"
#include "time/timestamp.h"

// What the demonstration is to show: sessions, what their paths are like, and what happens to them.
namespace wirestamp::demo {

// One direction of a path at a moment. Delays in microseconds.
struct Way {
  double base_us = 0;    // without any queue
  double spread_us = 0;  // mean of what comes on top by chance
  double tail = 0;       // share of the packets that wait longer, of 1
  double tail_us = 0;    // by so much on average
  double loss = 0;       // share of 1
};

struct Conditions {
  Way forward, backward;
  std::uint8_t hop_limit = 250;  // that is left when a packet arrives, in both directions
  // The clocks: what the stamps of each host are ahead of UTC, and the bound that it knows.
  double here_ahead_us = 0, there_ahead_us = 0;
  std::optional<Duration> here_error, there_error;
  bool clock_steps = false;  // ours, while this probe is on its way
};

// A stretch of time in which the agent's own session code runs against simulated middleboxes
// (tests/simulation): what becomes of the probes, the flows and the events are its. Delays come
// from the conditions all the same.
struct Story {
  WallTime from;
  Duration length;
  simulation::FieldScenario field;
};

// What a clock does that nobody disciplines.
struct ClockLoss {
  static constexpr Duration kTold = Duration::seconds(70);  // until the agent says so
  static constexpr double kDrift = 38e-6;                   // behind, of the time that went by
  static constexpr double kErrorGrows = 500e-6;             // as the kernel has it
  // After so long without discipline.
  static Duration behind(Duration since) {
    return Duration::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(since.ns()) * kDrift));
  }
};

struct Plan {
  store::SessionInfo info;
  std::string local;  // address of this host, as it stands in a tuple
  session::PortPolicy policy = session::PortPolicy::Dynamic;
  std::uint16_t fixed_port = 23'999;        // of Fixed and Auto
  std::optional<std::uint16_t> first_port;  // of Dynamic; absent: by chance
  std::vector<std::string> routers;         // on the way there, IPv4; as many as the hops it takes
  StampSource here = StampSource::Kernel, there = StampSource::Kernel;
  Duration here_stamp_error = Duration::microseconds(2);
  Duration there_stamp_error = Duration::microseconds(2);
  double residence_us = 35;
  Conditions usual;
  // What is otherwise than usual at that time.
  std::function<void(WallTime, Conditions&)> weather;
  std::vector<Story> stories;         // in order, none within another
  std::vector<measure::Event> notes;  // told as they are, in order
  bool live = true;                   // its path is there now, too (demo_paths)
  std::optional<WallTime> until;      // it was configured until then
  // When each ten seconds are to be judged by themselves: where something may happen.
  std::function<bool(WallTime)> eventful;
};

// The agent did not run.
struct Absence {
  WallTime from, to;
};

struct Month {
  WallTime from, until;
  std::vector<Plan> plans;
  std::vector<Absence> absences;
  // This host's clock: not disciplined from then on, set, and disciplined again.
  std::optional<WallTime> clock_lost, clock_set;
};

struct MonthOptions {
  std::uint64_t seed = 1;
  WallTime until;
  Duration length = Duration::hours(std::int64_t{24} * 31);
  std::size_t sites = 0;  // so many sessions beside those of the demonstration
  bool strange_names = false;
};

Month plan_month(const MonthOptions& options);

}  // namespace wirestamp::demo
