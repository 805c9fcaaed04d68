// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "alert/watch.h"
#include "measure/event.h"
#include "measure/incident.h"

namespace wirestamp::alert {

// "loss 12.3 % (error from 5 % on)"
std::string crossed_text(const measure::Crossing& crossing);
// "loss 0.1 % again, after 14 min"
std::string cleared_text(const measure::Crossing& crossing);
// "loss 31 % forward (error from 5 % on)": the title of an incident that is of a figure.
std::string incident_text(const measure::IncidentFigure& figure);
// "; silent for 24 min": the end of the title of one that is of an outage.
std::string silence_text(Duration silent);

}  // namespace wirestamp::alert
