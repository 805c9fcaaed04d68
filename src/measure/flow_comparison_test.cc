// SPDX-License-Identifier: Apache-2.0
#include "measure/flow_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "measure/enumerated_test.h"
#include "measure/histogram.h"

namespace wirestamp::measure {
namespace {

using enum FlowDeviation;

constexpr std::uint64_t kSeed = 20268;
constexpr std::uint32_t kFlows = 8;

using Named = std::vector<std::pair<std::uint32_t, FlowDeviation>>;

Named named(const FlowComparison& comparison) {
  Named made;
  for (const FlowDifference& difference : comparison.differences())
    made.emplace_back(difference.flow, difference.deviation);
  std::ranges::sort(made);
  return made;
}

// What becomes of a probe: its round trip in milliseconds; absent when it is lost.
using Fate = std::optional<double>;
using Network = std::function<Fate(std::uint32_t flow, std::uint64_t round)>;

FlowProbe probe(std::uint32_t flow, std::uint64_t round, const Fate& fate) {
  if (!fate) return {.flow = flow, .round = round, .outcome = FlowOutcome::Lost};
  return {.flow = flow,
          .round = round,
          .outcome = FlowOutcome::Delivered,
          .round_trip = Duration::nanoseconds(std::llround(*fate * 1e6))};
}

void feed(FlowComparison& comparison, std::uint32_t flows, std::uint64_t first, std::uint64_t end,
          const Network& network) {
  for (std::uint64_t round = first; round < end; ++round)
    for (std::uint32_t flow = 0; flow < flows; ++flow)
      comparison.add(probe(flow, round, network(flow, round)));
}

// A path of 20 ms with a queue of up to 2 ms.
Fate path(base::Random& random, double loss, double more_ms = 0) {
  if (loss > 0 && random.chance(loss)) return std::nullopt;
  const double queue = random.unit();
  return 20 + 2 * queue * queue + more_ms;
}

struct Finding {
  Named named;
  std::uint64_t rounds = 0;  // before the first one was named; all when none was
};

Finding find(const FlowComparisonOptions& options, std::uint64_t rounds, const Network& network) {
  FlowComparison comparison(options);
  std::uint64_t first = rounds;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    feed(comparison, options.flows, round, round + 1, network);
    if (first == rounds && !comparison.differences().empty()) first = round + 1;
  }
  comparison.finish();
  return {named(comparison), first};
}

// One look at sixteen rounds of four flows; allows each test an error of about 1 %.
constexpr FlowComparisonOptions kOneLook{.flows = 4, .false_alarms_per_hour = 1'500};

std::optional<FlowDifference> look_once(FlowDeviation deviation, std::uint32_t flow,
                                        const Network& network) {
  FlowComparison comparison(kOneLook);
  feed(comparison, kOneLook.flows, 0, FlowComparison::kFirstLook, network);
  for (const FlowDifference& difference : comparison.differences())
    if (difference.flow == flow && difference.deviation == deviation) return difference;
  return std::nullopt;
}

// To differ from half of four flows is to differ from two others: flow 2 is held against the two
// with the most losses. There are two ways to do so.
constexpr double kWays = 2;

TEST(FlowComparison, the_chance_told_for_single_losses_is_exact) {
  // Twelve rounds lose one probe, nine of them that of flow 2.
  const auto found = look_once(MoreLoss, 2, [](std::uint32_t flow, std::uint64_t round) {
    const std::uint32_t loser = round < 9 ? 2 : static_cast<std::uint32_t>(round % 2);
    return round < 12 && flow == loser ? Fate() : Fate(20);
  });
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->p_value / (kWays * enumerated(9, std::vector(12, 1.0 / 3))), 1, 1e-11);
  EXPECT_DOUBLE_EQ(*found->own.loss_ratio, 9.0 / 16);
  EXPECT_DOUBLE_EQ(*found->rest.loss_ratio, 1.0 / 16);
}

TEST(FlowComparison, the_chance_told_for_rounds_of_several_losses_is_a_close_bound) {
  // Flow 2 is lost in eleven rounds, in four of them with one of the two.
  const auto found = look_once(MoreLoss, 2, [](std::uint32_t flow, std::uint64_t round) {
    const bool lost = flow == 2 ? round < 11 : round < 4 && flow == round % 2;
    return lost ? Fate() : Fate(20);
  });
  ASSERT_TRUE(found);
  std::vector<double> chances(11, 1.0 / 3);
  std::fill_n(chances.begin(), 4, 2.0 / 3);
  EXPECT_GE(found->p_value, kWays * enumerated(11, chances));
  EXPECT_LE(found->p_value, kWays * enumerated(11, chances) * 2);
}

TEST(FlowComparison, the_chance_told_when_half_of_the_flows_are_bad_is_that_against_a_good_one) {
  // Flows 0 and 1 lose ten probes each, four of them together; either good flow could be the one
  // that flow 0 is like.
  const auto found = look_once(MoreLoss, 0, [](std::uint32_t flow, std::uint64_t round) {
    const bool lost = flow == 0 ? round < 10 : flow == 1 && round >= 6;
    return lost ? Fate() : Fate(20);
  });
  ASSERT_TRUE(found);
  const double exact = kWays * 2 * enumerated(10, std::vector(10, 0.5));
  EXPECT_NEAR(found->p_value / exact, 1, 1e-11);
}

TEST(FlowComparison, the_chance_told_for_less_loss_is_a_close_bound) {
  // Flows 0, 1 and 2 lose ten, eleven and twelve probes, flow 3 none. To differ from more than half
  // of four is to differ from all others: flow 3 is held against flow 0.
  const auto found = look_once(LessLoss, 3, [](std::uint32_t flow, std::uint64_t round) {
    return flow < 3 && round < 10 + flow ? Fate() : Fate(20);
  });
  ASSERT_TRUE(found);
  EXPECT_GE(found->p_value, enumerated(10, std::vector(10, 0.5)));
  EXPECT_LE(found->p_value, enumerated(10, std::vector(10, 0.5)) * 2);
}

TEST(FlowComparison, the_chance_told_for_a_delay_is_exact) {
  for (const FlowDeviation deviation : {Slower, Faster}) {
    const auto found = look_once(deviation, 1, [&](std::uint32_t flow, std::uint64_t round) {
      return flow == 1 && round < 14 ? Fate(deviation == Slower ? 22 : 18) : Fate(20);
    });
    ASSERT_TRUE(found);
    const double exact = deviation == Slower ? kWays * enumerated(14, std::vector(14, 1.0 / 3))
                                             : enumerated(14, std::vector(14, 1.0 / 2));
    EXPECT_NEAR(found->p_value / exact, 1, 1e-11);
    EXPECT_NEAR(found->own.round_trip->to_seconds(), deviation == Slower ? 0.022 : 0.018, 0.00025);
    EXPECT_NEAR(found->rest.round_trip->to_seconds(), 0.020, 0.00022);
    EXPECT_EQ(found->rounds, 16U);
  }
}

TEST(FlowComparison, a_flow_that_loses_a_twentieth_is_named_and_no_other) {
  int within_512 = 0;
  for (std::uint64_t run = 0; run < 50; ++run) {
    SCOPED_TRACE("seed " + std::to_string(kSeed + run));
    base::Random random(kSeed + run);
    const Finding finding = find({.flows = kFlows}, 1'024, [&](std::uint32_t flow, auto) {
      return path(random, flow == 3 ? 0.05 : 0.0005);
    });
    EXPECT_EQ(finding.named, (Named{{3, MoreLoss}}));
    within_512 += finding.rounds <= 512;
  }
  EXPECT_GE(within_512, 45);
}

TEST(FlowComparison, a_flow_that_takes_two_milliseconds_more_or_less_is_named_and_no_other) {
  for (std::uint64_t run = 0; run < 100; ++run) {
    SCOPED_TRACE("seed " + std::to_string(kSeed + run));
    base::Random random(kSeed + run);
    const bool slower = run % 2 == 0;
    const Finding finding = find({.flows = kFlows}, 256, [&](std::uint32_t flow, auto) {
      return path(random, 0.01, flow != 6 ? 0 : slower ? 2 : -2);
    });
    EXPECT_EQ(finding.named, (Named{{6, slower ? Slower : Faster}}));
  }
}

TEST(FlowComparison, of_two_groups_of_flows_the_smaller_is_named_and_of_equal_ones_the_worse) {
  base::Random random(kSeed);
  const auto bad = [&](std::uint32_t count) {
    const Network network = [&random, count](std::uint32_t flow, auto) {
      return path(random, flow < count ? 0.05 : 0, flow < count ? 5 : 0);
    };
    return find({.flows = kFlows}, 2'048, network).named;
  };
  EXPECT_EQ(bad(2), (Named{{0, MoreLoss}, {0, Slower}, {1, MoreLoss}, {1, Slower}}));
  EXPECT_EQ(bad(6), (Named{{6, LessLoss}, {6, Faster}, {7, LessLoss}, {7, Faster}}));
  const Named half = bad(4);
  EXPECT_EQ(half.size(), 8U);
  for (const auto& [flow, deviation] : half) {
    EXPECT_LT(flow, 4U);
    EXPECT_TRUE(deviation == MoreLoss || deviation == Slower);
  }
}

TEST(FlowComparison, of_two_flows_the_worse_is_named) {
  base::Random random(kSeed);
  const Finding finding = find({.flows = 2}, 2'048, [&](std::uint32_t flow, auto) {
    return path(random, flow == 1 ? 0.05 : 0, flow == 1 ? 2 : 0);
  });
  EXPECT_EQ(finding.named, (Named{{1, MoreLoss}, {1, Slower}}));
}

TEST(FlowComparison, a_flow_that_turns_bad_late_is_found_as_fast) {
  base::Random random(kSeed);
  FlowComparison comparison({.flows = 4});
  feed(comparison, 4, 0, 65'536, [&](auto, auto) { return path(random, 0); });
  EXPECT_EQ(named(comparison), Named());
  feed(comparison, 4, 65'536, 65'536 + 1'024,
       [&](std::uint32_t flow, auto) { return path(random, flow == 2 ? 0.05 : 0); });
  EXPECT_EQ(named(comparison), (Named{{2, MoreLoss}}));
  EXPECT_GE(comparison.differences()[0].first_round, 65'536U);
}

TEST(FlowComparison, a_flow_is_named_once_and_its_figures_grow_surer) {
  base::Random random(kSeed);
  FlowComparison comparison({.flows = 4});
  const Network network = [&](std::uint32_t flow, std::uint64_t round) {
    // Every other stretch of a hundred rounds is an outage of all flows.
    return round / 100 % 2 == 1 ? Fate() : path(random, flow == 2 ? 0.05 : 0.005);
  };
  feed(comparison, 4, 0, 8'192, network);
  ASSERT_EQ(named(comparison), (Named{{2, MoreLoss}}));
  const FlowDifference& difference = comparison.differences()[0];
  EXPECT_NEAR(*difference.own.loss_ratio, 0.05, 0.015);  // the outages left out
  EXPECT_NEAR(*difference.rest.loss_ratio, 0.005, 0.004);
  EXPECT_EQ(difference.rounds, 8'192U);
  EXPECT_EQ(difference.first_round, 0U);
  EXPECT_EQ(difference.last_round, 8'191U);
  feed(comparison, 4, 8'192, 16'384 + 2'048, network);
  EXPECT_EQ(comparison.differences().size(), 1U);
  EXPECT_EQ(comparison.differences()[0].rounds, 16'384U);
  EXPECT_EQ(comparison.differences()[0].last_confirmed, 16'384U + 2'047U);
}

TEST(FlowComparison, what_is_sure_but_small_is_not_told) {
  base::Random random(kSeed);
  const auto steady = [](double ms) {
    return [ms](std::uint32_t flow, auto) { return Fate(flow == 0 ? 20 + ms : 20); };
  };
  EXPECT_EQ(find({.flows = 4}, 2'048, steady(2e-6)).named, Named());
  EXPECT_EQ(find({.flows = 4}, 2'048, steady(0.9)).named, Named());
  EXPECT_EQ(find({.flows = 4}, 2'048, steady(1.1)).named, (Named{{0, Slower}}));
  const Network losses = [&](std::uint32_t flow, auto) {
    return random.chance(flow == 0 ? 0.26 : 0.2) ? Fate() : Fate(20);
  };
  EXPECT_EQ(find({.flows = 4}, 8'192, losses).named, Named());
  EXPECT_EQ(find({.flows = 4, .least_loss_factor = 1.1}, 8'192, losses).named,
            (Named{{0, MoreLoss}}));
}

TEST(FlowComparison, what_the_error_of_the_stamps_explains_is_not_told) {
  for (const std::int64_t error_us : {500, 600}) {
    FlowComparison comparison({.flows = 4});
    for (std::uint64_t round = 0; round < 256; ++round) {
      for (std::uint32_t flow = 0; flow < 4; ++flow) {
        FlowProbe one = probe(flow, round, flow == 1 ? 21.1 : 20);
        one.error = Duration::microseconds(error_us);
        comparison.add(one);
      }
    }
    EXPECT_EQ(comparison.differences().empty(), error_us == 600);
  }
}

TEST(FlowComparison, round_trips_are_compared_with_those_of_their_own_stamp_class) {
  FlowComparison comparison({.flows = 4});
  // The class changes from round to round, and flow 0 alone has a weaker one all the time.
  for (std::uint64_t round = 0; round < 256; ++round) {
    for (std::uint32_t flow = 0; flow < 4; ++flow) {
      FlowProbe one = probe(flow, round, flow == 0 ? 40 : flow == 1 ? 24 : 20);
      one.stamps = round % 3 == 0 ? StampSource::Hardware : StampSource::Kernel;
      if (flow == 0) one.stamps = StampSource::User;
      comparison.add(one);
    }
  }
  comparison.finish();
  ASSERT_EQ(named(comparison), (Named{{1, Slower}}));
  EXPECT_NEAR(comparison.differences()[0].own.round_trip->to_seconds(), 0.024,
              0.024 * Histogram::kRelativeError);
  EXPECT_NEAR(comparison.differences()[0].rest.round_trip->to_seconds(), 0.020,
              0.020 * Histogram::kRelativeError);
}

// Half of the flows against the other half: which of them is the usual way is not known.
TEST(FlowComparison, a_round_of_which_no_class_has_more_than_half_says_nothing_about_delays) {
  FlowComparison comparison({.flows = 4});
  for (std::uint64_t round = 0; round < 256; ++round) {
    for (std::uint32_t flow = 0; flow < 4; ++flow) {
      FlowProbe one = probe(flow, round, flow == 1 ? 30 : 20);
      one.stamps = flow < 2 ? StampSource::User : StampSource::Kernel;
      comparison.add(one);
    }
  }
  comparison.finish();
  EXPECT_EQ(named(comparison), Named());
}

TEST(FlowComparison, the_end_of_a_run_is_a_look_at_all_of_it) {
  FlowComparison comparison({.flows = 4, .interval = Duration::milliseconds(10)});
  feed(comparison, 4, 0, 31, [](std::uint32_t flow, auto) { return Fate(flow == 1 ? 25 : 20); });
  EXPECT_EQ(named(comparison), Named());  // 16 rounds are not enough
  comparison.finish();
  ASSERT_EQ(named(comparison), (Named{{1, Slower}}));
  EXPECT_EQ(comparison.differences()[0].rounds, 31U);
}

TEST(FlowComparison, probes_may_be_decided_in_any_order) {
  base::Random random(kSeed);
  std::vector<std::pair<std::uint64_t, FlowProbe>> decided;
  FlowComparison in_order({.flows = 4});
  for (std::uint64_t round = 0; round < 1'024; ++round) {
    for (std::uint32_t flow = 0; flow < 4; ++flow) {
      const FlowProbe one = probe(flow, round, path(random, flow == 0 ? 0.1 : 0));
      in_order.add(one);
      decided.emplace_back(round + (one.outcome == FlowOutcome::Lost ? 20 : random.below(3)), one);
    }
  }
  std::ranges::stable_sort(decided, {}, &std::pair<std::uint64_t, FlowProbe>::first);
  FlowComparison as_decided({.flows = 4});
  for (const auto& [when, one] : decided) as_decided.add(one);
  ASSERT_EQ(named(as_decided), (Named{{0, MoreLoss}}));
  EXPECT_EQ(as_decided.differences()[0].p_value, in_order.differences()[0].p_value);
  EXPECT_EQ(as_decided.differences()[0].own.loss_ratio, in_order.differences()[0].own.loss_ratio);
}

TEST(FlowComparison, a_probe_that_is_never_told_holds_up_no_more_than_the_open_rounds) {
  FlowComparison comparison({.flows = 4});
  for (std::uint32_t flow = 0; flow < 3; ++flow) comparison.add(probe(flow, 0, Fate(20)));
  const Network network = [](std::uint32_t flow, auto) { return Fate(flow == 1 ? 30 : 20); };
  feed(comparison, 4, 1, FlowComparison::kOpenRounds, network);
  EXPECT_EQ(named(comparison), Named());
  feed(comparison, 4, FlowComparison::kOpenRounds, FlowComparison::kOpenRounds + 1, network);
  ASSERT_EQ(named(comparison), (Named{{1, Slower}}));
  EXPECT_EQ(comparison.differences()[0].first_round, 1U);
  comparison.add(probe(3, 0, Fate(20)));  // too late: ignored
}

TEST(FlowComparison, of_a_probe_that_is_told_twice_the_first_word_counts) {
  FlowComparison comparison({.flows = 4});
  for (std::uint64_t round = 0; round < 256; ++round) {
    comparison.add(probe(0, round, Fate(20)));
    comparison.add(probe(0, round, Fate()));
    for (std::uint32_t flow = 1; flow < 4; ++flow)
      comparison.add(probe(flow, round, Fate(flow == 1 ? 30 : 20)));
  }
  EXPECT_EQ(named(comparison), (Named{{1, Slower}}));
  EXPECT_EQ(comparison.differences().at(0).rounds, 256U);
}

TEST(FlowComparison, a_leap_of_the_round_and_absurd_round_trips_do_no_harm) {
  FlowComparison comparison({.flows = 3});
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1} << 40U, UINT64_MAX - 64}) {
    for (std::uint64_t round = first; round < first + 64; ++round) {
      for (std::uint32_t flow = 0; flow < 3; ++flow) {
        const std::int64_t ns = flow == 0 ? INT64_MIN : flow == 1 ? INT64_MAX : 0;
        comparison.add({.flow = flow,
                        .round = round,
                        .outcome = FlowOutcome::Delivered,
                        .round_trip = Duration::nanoseconds(ns)});
      }
    }
  }
  comparison.finish();
  EXPECT_EQ(named(comparison), (Named{{0, Faster}, {1, Slower}}));
}

TEST(FlowComparison, a_round_that_was_not_sent_whole_says_nothing) {
  FlowComparison comparison({.flows = 4});
  for (std::uint64_t round = 0; round < 1'024; ++round) {
    for (std::uint32_t flow = 0; flow < 3; ++flow)
      comparison.add(probe(flow, round, flow == 0 ? Fate() : Fate(20)));
    comparison.add({.flow = 3, .round = round, .outcome = FlowOutcome::NotSent});
  }
  comparison.finish();
  EXPECT_EQ(named(comparison), Named());
}

}  // namespace
}  // namespace wirestamp::measure
