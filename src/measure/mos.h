// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "measure/loss_periods.h"
#include "measure/series.h"
#include "measure/summary.h"

namespace wirestamp::measure {

// What speech over the measured path would be made of.
struct SpeechInput {
  const Summary& counts;  // its counters
  Duration interval;      // of the probes
  const DelaySeries& round_trip;
  // Whose variation is that of a direction: one way where the clocks allow, else the round trip.
  const DelaySeries &forward, &backward;
  const LossPeriods& loss_periods;
};

// Speech quality of the worse direction; absent when too little was sent or nothing came back.
std::optional<Mos> speech(const SpeechInput& input);

}  // namespace wirestamp::measure
