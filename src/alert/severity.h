// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "measure/incident.h"

// How grave each kind of event is and what it does to an incident: the one place that says so.
namespace wirestamp::alert {

// What an event means for the trouble of its session.
enum class Role : std::uint8_t {
  Note,       // none: it is told, and joins an incident that is open
  Begins,     // trouble that lasts until an event of the same source ends it
  Ends,       // that
  Moment,     // trouble of a moment
  Diagnosis,  // says what the trouble is: the title of the incident, and no trouble of its own
};

// What keeps an incident open.
enum class Source : std::uint8_t { None, Outage, Loss, Latency, Jitter, Clock, Store };

struct Meaning {
  measure::Severity severity = measure::Severity::Info;
  Role role = Role::Note;
  Source source = Source::None;
};

Meaning meaning_of(const measure::Event& event);

}  // namespace wirestamp::alert
