// SPDX-License-Identifier: Apache-2.0
// Simulations of networks in which all flows are alike: FlowComparison keeps silent, or within its
// budget.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "base/random.h"
#include "measure/flow_comparison.h"

namespace wirestamp::measure {
namespace {

constexpr std::uint64_t kSeed = 20269;
constexpr std::uint32_t kFlows = 8;

// Absent: lost; else the round trip in nanoseconds.
using Fate = std::optional<double>;

FlowProbe probe(std::uint32_t flow, std::uint64_t round, const Fate& fate) {
  if (!fate) return {.flow = flow, .round = round, .outcome = FlowOutcome::Lost};
  return {.flow = flow,
          .round = round,
          .outcome = FlowOutcome::Delivered,
          .round_trip = Duration::nanoseconds(std::llround(*fate))};
}

std::size_t alarms(FlowComparison& comparison) {
  comparison.finish();
  return comparison.differences().size();
}

TEST(FlowAlarms, a_hundred_runs_of_eight_clean_flows_raise_none) {
  for (std::uint64_t run = 0; run < 100; ++run) {
    SCOPED_TRACE("seed " + std::to_string(kSeed + run));
    base::Random random(kSeed + run);
    const double loss = 0.01 * static_cast<double>(run % 4);
    FlowComparison comparison({.flows = kFlows});
    for (std::uint64_t round = 0; round < 36'000 / kFlows; ++round) {
      for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
        const double queue = random.unit();
        const bool lost = loss > 0 && random.chance(loss);
        comparison.add(probe(flow, round, lost ? Fate() : Fate(20e6 + 2e6 * queue * queue)));
      }
    }
    EXPECT_EQ(alarms(comparison), 0U);
  }
}

// A queue that all flows share, which comes and goes over hundreds of rounds, loses when it is
// long, and is cut off altogether now and then.
class SharedQueue {
 public:
  explicit SharedQueue(std::uint64_t seed) : random_(seed) {}

  void next_round() {
    length_ms_ = std::clamp(length_ms_ + 4 * (random_.unit() - 0.51), 0.0, 100.0);
    if (outage_ > 0) {
      --outage_;
    } else if (random_.chance(0.005)) {
      outage_ = random_.below(60);
      loss_ = random_.chance(0.5) ? 1 : 0.5;
    }
  }
  Fate fate() {
    if (random_.chance(outage_ > 0 ? loss_ : length_ms_ / 400)) return std::nullopt;
    return (20 + length_ms_ + 3 * random_.unit()) * 1e6;
  }

 private:
  base::Random random_;
  double length_ms_ = 0, loss_ = 0;
  std::uint64_t outage_ = 0;
};

TEST(FlowAlarms, outages_and_congestion_of_all_flows_raise_none) {
  for (std::uint64_t run = 0; run < 40; ++run) {
    SCOPED_TRACE("seed " + std::to_string(kSeed + run));
    SharedQueue network(kSeed + run);
    FlowComparison comparison({.flows = kFlows});
    for (std::uint64_t round = 0; round < 2'000; ++round) {
      network.next_round();
      for (std::uint32_t flow = 0; flow < kFlows; ++flow)
        comparison.add(probe(flow, round, network.fate()));
    }
    EXPECT_EQ(alarms(comparison), 0U);
  }
}

// The last two of a batch of eight find the queue of the others: they wait, and one in five finds
// no room.
std::size_t alarms_in_batches(std::uint64_t seed, bool in_random_order) {
  base::Random random(seed);
  FlowComparison comparison({.flows = kFlows});
  std::array<std::uint32_t, kFlows> order{};
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint64_t round = 0; round < 2'000; ++round) {
    for (std::size_t left = kFlows; in_random_order && left > 1; --left)
      std::swap(order[left - 1], order[random.below(left)]);
    for (std::uint32_t place = 0; place < kFlows; ++place) {
      const bool last = place >= kFlows - 2;
      const bool lost = last && random.chance(0.2);
      comparison.add(probe(order[place], round, lost ? Fate() : Fate(last ? 3e6 : 1e6)));
    }
  }
  return alarms(comparison);
}

TEST(FlowAlarms, a_random_order_within_the_round_keeps_a_batch_from_making_differences) {
  for (std::uint64_t run = 0; run < 20; ++run)
    EXPECT_EQ(alarms_in_batches(kSeed + run, true), 0U) << "seed " << kSeed + run;
  EXPECT_EQ(alarms_in_batches(kSeed, false), 4U);  // why the order matters: both last ones, twice
}

struct Alike {
  std::uint32_t flows = 2;
  std::uint32_t others = 0;  // the first flows, which lose nothing and are faster
  int runs = 0;
};

// How many differences of each kind are named, of flows that are alike, per run of 32 rounds. Such
// a run has looks at two of the lengths and at its end, each with one of kLengths + 1 shares;
// `budget` is that of these three.
std::array<double, 4> alarms_per_run(const Alike& alike, double budget) {
  constexpr std::uint64_t kRounds = 32;
  const FlowComparisonOptions options{
      .flows = alike.flows,
      .interval = Duration::seconds(1),
      .false_alarms_per_hour = budget * (FlowComparison::kLengths + 1) / 3 * 3'600 / kRounds,
      .least_delay_share = 0,
      .least_loss_factor = 1,
      .least_loss_difference = 0};
  base::Random random(kSeed);
  std::array<double, 4> named{};
  for (int run = 0; run < alike.runs; ++run) {
    FlowComparison comparison(options);
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      for (std::uint32_t flow = 0; flow < alike.flows; ++flow) {
        const bool other = flow < alike.others, lost = !other && random.chance(0.2);
        const double delay = other ? 19e6 : 20e6 + 1e6 * random.unit();
        comparison.add(probe(flow, round, lost ? Fate() : Fate(delay)));
      }
    }
    comparison.finish();
    for (const FlowDifference& difference : comparison.differences())
      if (difference.flow >= alike.others)
        named[static_cast<std::size_t>(difference.deviation)] += 1.0 / alike.runs;
  }
  return named;
}

TEST(FlowAlarms, flows_that_are_alike_stay_within_an_inflated_budget_and_near_it) {
  constexpr double kBudget = 0.8;
  const auto two = alarms_per_run({.flows = 2, .runs = 20'000}, kBudget);
  for (std::size_t kind = 0; kind < 4; ++kind)
    EXPECT_LE(two[kind], kBudget / 4) << "kind " << kind << ", seed " << kSeed;
  // The looks are at the same rounds, and the counts are whole numbers.
  EXPECT_GE(two[static_cast<std::size_t>(FlowDeviation::MoreLoss)], kBudget / 4 / 10);
  EXPECT_GE(two[static_cast<std::size_t>(FlowDeviation::Slower)], kBudget / 4 / 10);
}

TEST(FlowAlarms, flows_that_are_alike_stay_within_it_when_three_of_eight_differ) {
  constexpr double kBudget = 0.8;
  const auto five = alarms_per_run({.flows = 8, .others = 3, .runs = 2'000}, kBudget);
  for (std::size_t kind = 0; kind < 4; ++kind)
    EXPECT_LE(five[kind], kBudget / 4) << "kind " << kind << ", seed " << kSeed;
}

}  // namespace
}  // namespace wirestamp::measure
