// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "twamp/counters.h"

namespace wirestamp::agent {

// What a TWAMP server did, connections and packets.
struct TwampTotals {
  twamp::ServerCounters control;
  twamp::TestCounters test;
};

}  // namespace wirestamp::agent
