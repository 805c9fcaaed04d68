// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "time/duration.h"

namespace wirestamp::agent {

// A probe is decided ten seconds after it left (section 6 of the design: late replies are known so
// long), and one that did not leave within four; the rest is for a busy machine.
inline constexpr Duration kDecided = Duration::seconds(12);

}  // namespace wirestamp::agent
