// SPDX-License-Identifier: Apache-2.0
#include "session/number_runs.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace wirestamp::session {
namespace {

TEST(NumberRuns, AgreeWithASetOfSingleNumbers) {
  base::Random random(7);
  NumberRuns runs;
  std::set<std::uint64_t> numbers;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t number = random.below(200);
    switch (random.below(10)) {
      case 0: {
        const std::uint64_t below = random.below(40);
        const auto end = numbers.lower_bound(below);
        const auto count = static_cast<std::uint64_t>(std::distance(numbers.begin(), end));
        numbers.erase(numbers.begin(), end);
        EXPECT_EQ(runs.remove_below(below), count);
        break;
      }
      case 1: {
        NumberRuns taken = runs.take_from(number);
        EXPECT_EQ(taken.size() + runs.size(), numbers.size());
        for (const auto& [first, end] : taken.runs()) runs.add_range(first, end);
        break;
      }
      case 2:
      case 3:
      case 4:
        EXPECT_EQ(runs.remove(number), numbers.erase(number) == 1);
        break;
      default:
        runs.add(number);
        numbers.insert(number);
    }
    ASSERT_EQ(runs.size(), numbers.size());
    ASSERT_EQ(runs.contains(number), numbers.contains(number));
  }
}

TEST(NumberRuns, KeepNeighboursInOneRun) {
  NumberRuns runs;
  for (const std::uint64_t number : {1U, 3U, 2U, 7U}) runs.add(number);
  EXPECT_EQ(runs.runs(), (std::map<std::uint64_t, std::uint64_t>{{1, 4}, {7, 8}}));
}

}  // namespace
}  // namespace wirestamp::session
