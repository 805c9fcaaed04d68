// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "plan.h"

namespace wirestamp::demo {

// Of mean 1.
double exponential(base::Random& random);
// What a packet takes on that way.
double delay_us(const Way& way, base::Random& random);

}  // namespace wirestamp::demo
