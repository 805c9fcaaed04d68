// SPDX-License-Identifier: Apache-2.0
#include "way.h"

#include <cmath>

namespace wirestamp::demo {

double exponential(base::Random& random) { return -std::log(random.unit()); }

double delay_us(const Way& way, base::Random& random) {
  double us = way.base_us + way.spread_us * exponential(random);
  if (way.tail > 0 && random.unit() < way.tail) us += way.tail_us * exponential(random);
  return us;
}

}  // namespace wirestamp::demo
