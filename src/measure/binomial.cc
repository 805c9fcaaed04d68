// SPDX-License-Identifier: Apache-2.0
#include "measure/binomial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace wirestamp::measure {

namespace {

// ln n!, by Stirling's series (Abramowitz and Stegun 6.1.41) from 32 on, where what is left out is
// below 1e-13.
double log_factorial(double n) {
  static const std::array<double, 32> table = [] {
    std::array<double, 32> made{};
    for (std::size_t i = 1; i < made.size(); ++i)
      made[i] = made[i - 1] + std::log(static_cast<double>(i));
    return made;
  }();
  if (n < static_cast<double>(table.size())) return table[static_cast<std::size_t>(n)];
  const double square = n * n;
  return (n + 0.5) * std::log(n) - n + 0.5 * std::log(2 * std::numbers::pi) +
         (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / n;
}

// The sum of the terms from `k` on over the first one. They fall faster than a geometric series of
// the ratio of any two neighbours, which bounds what is not added up.
double sum_of_terms(double k, double n, double odds) {
  constexpr int kMostTerms = 20'000;
  double sum = 1, term = 1;
  for (int i = 0; i < kMostTerms && k < n && term > sum * 1e-17; ++i, ++k) {
    term *= (n - k) / (k + 1) * odds;
    sum += term;
  }
  const double ratio = (n - k) / (k + 1) * odds;
  return sum + term * ratio / (1 - ratio);
}

}  // namespace

double binomial_tail_bound(std::uint64_t at_least, std::uint64_t trials, double probability) {
  const auto k = static_cast<double>(at_least), n = static_cast<double>(trials);
  if (k <= n * probability) return 1;
  if (at_least > trials || probability <= 0) return 0;
  const std::array<double, 5> parts{log_factorial(n), -log_factorial(k), -log_factorial(n - k),
                                    k * std::log(probability), (n - k) * std::log1p(-probability)};
  double log_first = 0, size = 0;
  for (const double part : parts) log_first += part, size += std::fabs(part);
  const double slack = 1e-13 + 4 * std::numeric_limits<double>::epsilon() * size;
  const double tail =
      std::exp(log_first + slack) * sum_of_terms(k, n, probability / (1 - probability));
  return std::clamp(tail, 1e-300, 1.0);
}

}  // namespace wirestamp::measure
