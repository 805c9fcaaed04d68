// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace wirestamp::measure {

// Upper bound of P(X >= at_least) for the number X of hits in `trials` independent draws that hit
// with a chance of `probability` (0 to 1): the p-value of the exact binomial test. 1 where at_least
// is not above the mean. Elsewhere the sum of the terms, plus what their rounding may have taken
// from it, so that the value is never too small: 1e-11 of it for hundreds of trials, 1e-4 for 1e9.
// Values below 1e-300 are told as 1e-300, and 0 only when at_least cannot be reached.
double binomial_tail_bound(std::uint64_t at_least, std::uint64_t trials, double probability);

}  // namespace wirestamp::measure
