// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/event.h"
#include "time/duration.h"

// Events that belong together: one incident of a session at a time, open until it was quiet long
// enough.
namespace wirestamp::measure {

enum class Severity : std::uint8_t { Info, Warning, Error };

constexpr std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::Info:
      return "info";
    case Severity::Warning:
      return "warning";
    case Severity::Error:
      return "error";
  }
  return "info";
}

// The figure of an incident at one time: what crossed its threshold, with its value then, of as
// long a stretch as it is judged by.
struct IncidentFigure {
  Crossing crossing;
  WallTime at;                                // the end of that stretch
  std::optional<std::string> direction = {};  // of nearly all losses: "forward" or "backward"
};

struct Incident {
  std::uint64_t id = 0;                   // unique in a store, counts up
  std::string session;                    // name
  Severity severity = Severity::Warning;  // the worst it had
  WallTime opened;                        // begin of what opened it
  std::optional<WallTime> closed;         // end of the trouble, not of the quiet time after it
  bool in_maintenance = false;            // opened while maintenance was announced: not delivered
  // One line: "loss 31 % forward (error from 5 % on)", of the worst figure so far; of an outage the
  // verdict once there is one.
  std::string title;
  std::uint64_t events = 0;    // that belong to it
  std::string opened_as = {};  // what the title was when it opened
  // What crossed a threshold, as it was then, and at its worst while the incident was open. Of
  // several the one of the title, else the first.
  std::optional<IncidentFigure> crossed = {}, worst = {};
  std::optional<Duration> silent = {};  // its longest outage that is over: at least so long
  bool by_figure = false;               // the title tells `worst`
};

// An event as it is kept and told.
struct RecordedEvent {
  std::uint64_t id = 0;  // unique in a store, counts up
  std::string session;   // name; "" of the agent as a whole
  Severity severity = Severity::Info;
  std::uint64_t incident = 0;  // 0: none
  Event event;
};

}  // namespace wirestamp::measure
