// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure/incident.h"
#include "measure/window.h"
#include "time/duration.h"

// Judges what the sessions tell: crossings of thresholds, and incidents that group events. No I/O,
// no clock: windows, events and times in, events and incidents out, so that years run in a test.
namespace wirestamp::alert {

// Of one session. A ratio is a share of 1. Values against the median of the last 48 hours count
// once 24 hours of data exist; before that the absolute limit alone.
struct Thresholds {
  std::optional<double> loss_warning = 0.02, loss_error = 0.05;

  // Above the median by this share of it and by at least that much.
  struct Against {
    std::optional<double> warning, error;
    Duration at_least;
    std::optional<Duration> limit;  // absolute, until there are data enough: a warning
    bool operator==(const Against&) const = default;
  };
  Against latency{.warning = 0.5,
                  .error = 1.0,
                  .at_least = Duration::milliseconds(10),
                  .limit = Duration::milliseconds(300)};
  Against jitter{.warning = 1.0,
                 .error = 3.0,
                 .at_least = Duration::milliseconds(5),
                 .limit = Duration::milliseconds(50)};

  // A crossing counts when it lasted so long; it is over when values were good for so long.
  Duration warning_after = Duration::minutes(3), error_after = Duration::minutes(1);
  Duration clear_after = Duration::minutes(3);

  bool operator==(const Thresholds&) const = default;
};

// Announced work: incidents that open in it are marked and not delivered. UTC.
struct Maintenance {
  std::vector<std::uint8_t> weekdays;   // 0 is Sunday; empty: every day
  Duration begin, end;                  // since midnight; `end` below `begin` is on the next day
  std::optional<WallTime> from, until;  // one time instead; then the above do not count

  bool covers(WallTime time) const;
};

// What came of it, in the order it happened.
struct Told {
  std::vector<measure::RecordedEvent>
      events;  // what was put in, with its severity and incident, and crossings
  // Opened, changed or closed; with as many events as before: its worst figure got worse.
  std::vector<measure::Incident> incidents;
};

struct WatchOptions {
  std::vector<Maintenance> maintenance;
  Duration quiet = Duration::minutes(15);           // until an incident closes
  std::uint64_t last_event = 0, last_incident = 0;  // ids go on behind these
};

// One for all sessions of an agent, since events and incidents are numbered together.
class Watch {
 public:
  explicit Watch(const WatchOptions& options);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A session of this name is watched from now on, or by other thresholds. `history`: its windows
  // of a minute of the last 48 hours, where there are any, so that a restart forgets nothing; those
  // of `incidents` (times of trouble) are left out of the median. `open`: its incident that was
  // open when the agent ended.
  void watch(const std::string& session, const Thresholds& thresholds);
  void remember(const std::string& session, const measure::TimedWindow& minute, bool in_incident);
  void reopen(const measure::Incident& open);
  // It is no longer configured: its incident closes.
  Told forget(const std::string& session, WallTime now);

  // Windows of 10 s of one session in order of time, once each.
  Told window(const std::string& session, const measure::TimedWindow& window);
  Told event(const std::string& session, const measure::Event& event);  // "" of the whole agent
  // Closes what was quiet long enough. At least once a minute.
  Told tick(WallTime now);
  void set_maintenance(std::vector<Maintenance> maintenance);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wirestamp::alert
