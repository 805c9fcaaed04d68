// SPDX-License-Identifier: Apache-2.0
#include "twamp/counters.h"

namespace wirestamp::twamp {

std::string_view name(Ending ending) {
  ServerCounters one;
  one.endings[static_cast<std::size_t>(ending)] = 1;
  for (const auto& counter : kServerCounters)
    if (counter.value(one) > 0) return counter.name;
  return {};
}

}  // namespace wirestamp::twamp
