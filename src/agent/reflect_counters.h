// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/twamp_totals.h"
#include "session/counter_words.h"
#include "session/counters.h"

namespace wirestamp::agent {

// All that a reflector counts.
struct ReflectCounters {
  session::ReflectorCounters packets;  // of STAMP and TWAMP Light
  std::optional<TwampTotals> twamp;    // of the TWAMP server beside it; absent: there is none
};

// visit(name, value, meaning) for each counter, always in the same order. Those of TWAMP have
// "twamp_control_" or "twamp_test_" before their name, and are left out where there is no server.
template <typename Visit>
void for_each(const ReflectCounters& counters, Visit&& visit) {
  for (const auto& counter : session::kReflectorCounters)
    visit(std::string(counter.name), counters.packets.*counter.value,
          session::reflector_counter_words(counter.name));
  if (!counters.twamp) return;
  for (const auto& counter : twamp::kServerCounters)
    visit("twamp_control_" + std::string(counter.name), counter.value(counters.twamp->control),
          counter.meaning);
  for (const auto& counter : twamp::kTestCounters)
    visit("twamp_test_" + std::string(counter.name), counter.value(counters.twamp->test),
          counter.meaning);
}

}  // namespace wirestamp::agent
