// SPDX-License-Identifier: Apache-2.0
#include "session/flow_trial.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace wirestamp::session {
namespace {

using measure::Finding;

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
constexpr FlowId kOld = 1, kNew = 2;

struct Outcome {
  Finding finding = Finding::PeerOrPathDown;
  unsigned pairs = 0, answered = 0, tried = 0;
  Duration lasted;
};

// Runs a trial against flows that are answered after `round_trip`, or never.
Outcome run(const std::set<FlowId>& alive, Duration round_trip,
            const std::vector<FlowId>& fresh = {3, 4, 5, 6}) {
  FlowTrial trial(kOld, kNew, kStart);
  Outcome outcome;
  std::multimap<MonoTime, FlowId> replies;
  MonoTime now = kStart;
  const auto send = [&](FlowId flow) {
    if (alive.contains(flow)) replies.emplace(now + round_trip, flow);
  };
  for (int steps = 0; steps < 100; ++steps) {
    while (!replies.empty() && replies.begin()->first <= now) {
      trial.on_answer(replies.begin()->second, now);
      replies.erase(replies.begin());
    }
    if (trial.wants_pair(now)) {
      trial.on_pair();
      ++outcome.pairs;
      send(kOld);
      send(kNew);
    }
    if (trial.wants_fresh(now)) {
      trial.on_fresh(fresh, now);
      for (const FlowId flow : trial.fresh()) send(flow);
    }
    if (trial.wants_fresh_again(now)) {
      trial.on_fresh_again();
      for (const FlowId flow : trial.fresh()) send(flow);
    }
    if (trial.is_over(now)) break;
    MonoTime next = trial.next();
    if (!replies.empty()) next = std::min(next, replies.begin()->first);
    EXPECT_GT(next, now) << "no progress";
    now = next;
  }
  EXPECT_TRUE(trial.is_over(now));
  outcome.finding = trial.finding();
  outcome.answered = trial.fresh_answered();
  outcome.tried = trial.fresh_tried();
  outcome.lasted = now - kStart;
  return outcome;
}

TEST(FlowTrial, all_new_flows_alive_and_the_old_one_dead_is_a_stall) {
  const Outcome outcome = run({kNew, 3, 4, 5, 6}, Duration::milliseconds(20));
  EXPECT_EQ(outcome.finding, Finding::StalledFlow);
  EXPECT_EQ(outcome.answered, 4U);
  EXPECT_EQ(outcome.pairs, 3U);
  EXPECT_LE(outcome.lasted, Duration::seconds(2));
}

TEST(FlowTrial, some_new_flows_dead_is_a_broken_path_with_its_share) {
  const Outcome outcome = run({kNew, 3, 4, 6}, Duration::milliseconds(20));
  EXPECT_EQ(outcome.finding, Finding::OneOfSeveralPaths);
  EXPECT_EQ(outcome.answered, 3U);
  EXPECT_EQ(outcome.tried, 4U);
}

TEST(FlowTrial, both_alive_is_a_transient_outage_told_at_once) {
  const Outcome outcome = run({kOld, kNew}, Duration::milliseconds(20));
  EXPECT_EQ(outcome.finding, Finding::TransientOutage);
  EXPECT_EQ(outcome.tried, 0U);
  EXPECT_EQ(outcome.lasted, Duration::milliseconds(20));
}

TEST(FlowTrial, only_the_old_one_alive_is_a_strict_firewall) {
  EXPECT_EQ(run({kOld}, Duration::milliseconds(20)).finding, Finding::NewPortsBlocked);
}

TEST(FlowTrial, nothing_alive_is_peer_or_path) {
  const Outcome outcome = run({}, Duration::milliseconds(20));
  EXPECT_EQ(outcome.finding, Finding::PeerOrPathDown);
  EXPECT_EQ(outcome.lasted, Duration::seconds(2));
}

TEST(FlowTrial, a_path_of_a_second_still_gets_its_verdict) {
  const Outcome outcome = run({kNew, 3, 4, 5, 6}, Duration::milliseconds(900));
  EXPECT_EQ(outcome.finding, Finding::StalledFlow);
  EXPECT_LE(outcome.lasted, Duration::milliseconds(2'400));
}

// It once wanted to be woken at an instant that had passed, again and again.
TEST(FlowTrial, an_answer_at_the_last_moment_is_waited_for_without_haste) {
  const Outcome outcome = run({kNew, 3, 4, 5, 6}, Duration::milliseconds(1'990));
  EXPECT_EQ(outcome.finding, Finding::OneOfSeveralPaths);  // too slow for the fresh ones
  EXPECT_LE(outcome.lasted, Duration::seconds(4));
}

TEST(FlowTrial, with_fewer_than_four_fresh_ports_a_stall_is_only_suspected) {
  for (const std::vector<FlowId>& fresh : {std::vector<FlowId>{}, {3}, {3, 4, 5}})
    EXPECT_EQ(run({kNew, 3, 4, 5}, Duration::milliseconds(20), fresh).finding,
              Finding::StalledFlowSuspected);
}

}  // namespace
}  // namespace wirestamp::session
