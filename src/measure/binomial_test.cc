// SPDX-License-Identifier: Apache-2.0
#include "measure/binomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "measure/enumerated_test.h"

namespace wirestamp::measure {
namespace {

constexpr std::uint64_t kSeed = 20268;

TEST(BinomialTail, agrees_with_the_sum_over_all_outcomes) {
  for (const double chance : {0.001, 0.125, 0.3, 0.5, 0.9}) {
    for (std::size_t trials = 1; trials <= 12; ++trials) {
      const std::vector<double> chances(trials, chance);
      for (std::size_t hits = 0; hits <= trials; ++hits) {
        const double told = binomial_tail_bound(hits, trials, chance);
        const bool above_mean = static_cast<double>(hits) > chance * static_cast<double>(trials);
        const double expected = above_mean ? enumerated(hits, chances) : 1;
        EXPECT_GE(told, expected * (1 - 1e-15)) << hits << " of " << trials;
        EXPECT_LE(told, expected * (1 + 1e-12)) << hits << " of " << trials;
      }
    }
  }
}

// The expected values are sums in 40 digits.
TEST(BinomialTail, stays_a_close_upper_bound_for_a_thousand_million_trials) {
  const auto is = [](double told, double exact, double tolerance) {
    EXPECT_GE(told, exact);
    EXPECT_LE(told, exact * (1 + tolerance));
  };
  is(binomial_tail_bound(10, 10, 0.125), 9.3132257461547852e-10, 1e-12);
  is(binomial_tail_bound(63, 200, 0.125), 1.6469884700790319e-12, 1e-11);
  is(binomial_tail_bound(125'063'000, 1'000'000'000, 0.125), 8.5351675778648206e-10, 1e-4);
  is(binomial_tail_bound(500'100'000, 1'000'000'000, 0.5), 1.2700741798772834e-10, 1e-4);
  EXPECT_EQ(binomial_tail_bound(40'000, 1'000'000'000, 0x1p-15), 1e-300);  // really 4.7e-585
  EXPECT_EQ(binomial_tail_bound(11, 10, 0.5), 0);
}

// Hoeffding 1956: what the test of a flow's losses rests on.
TEST(BinomialTail, bounds_draws_of_unequal_chances_with_the_same_mean) {
  base::Random random(kSeed);
  for (int i = 0; i < 50; ++i) {
    std::vector<double> chances(10);
    for (double& chance : chances) chance = static_cast<double>(random.below(7) + 1) / 8;
    const double sum = std::accumulate(chances.begin(), chances.end(), 0.0);
    for (auto hits = static_cast<std::size_t>(std::ceil(sum + 1)); hits <= chances.size(); ++hits)
      EXPECT_GE(binomial_tail_bound(hits, chances.size(), sum / 10), enumerated(hits, chances));
  }
}

}  // namespace
}  // namespace wirestamp::measure
