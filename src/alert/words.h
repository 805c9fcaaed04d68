// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "alert/watch.h"
#include "measure/event.h"

namespace wirestamp::alert {

// "loss 12.3 % in 3 min (error from 5 %)"
std::string crossed_text(const measure::Crossing& crossing);
// "loss 0.1 % again, after 14 min (warning from 2 %)"
std::string cleared_text(const measure::Crossing& crossing);

}  // namespace wirestamp::alert
