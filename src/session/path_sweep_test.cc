// SPDX-License-Identifier: Apache-2.0
#include "session/path_sweep.h"

#include <gtest/gtest.h>

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
constexpr FlowId kOld = 1, kNew = 2;

packet::IpAddress hop(unsigned distance) { return packet::IpAddress::v4(0xcb00'7100U + distance); }

// A path of `length` hops before the reflector; a flow dies behind hop `dies_behind` (0: nowhere).
// Hops in `mute` say nothing.
PathSweep run(unsigned length, unsigned old_dies_behind, bool healthy, unsigned mute = 0) {
  PathSweep sweep(kOld, healthy ? std::optional<FlowId>(kNew) : std::nullopt, kStart);
  MonoTime now = kStart;
  std::uint64_t sequence = 0;
  for (int steps = 0; steps < 200 && !sweep.over(now); ++steps) {
    now = sweep.next();
    const auto distance = sweep.distance(now);
    if (!distance) continue;
    for (const FlowId flow : {kOld, kNew}) {
      if (flow == kNew && !healthy) continue;
      sweep.on_sent(flow, ++sequence, *distance);
      const bool dead = flow == kOld && old_dies_behind > 0 && *distance > old_dies_behind;
      if (dead) continue;
      if (*distance <= length) {
        if (*distance != mute) sweep.on_expired(flow, sequence, hop(*distance));
      } else {
        sweep.on_reply(flow, sequence);
      }
    }
  }
  EXPECT_TRUE(sweep.over(now));
  return sweep;
}

TEST(PathSweep, names_the_hop_behind_which_the_old_flow_ends) {
  EXPECT_EQ(run(5, 3, true).text(),
            "the old flow ends after hop 3, 203.0.113.3; the new one passes");
}

TEST(PathSweep, asks_no_farther_than_the_reflector) {
  const PathSweep sweep = run(4, 0, true);
  EXPECT_EQ(sweep.path_of(kNew).size(), 5U);
  EXPECT_TRUE(sweep.path_of(kNew).back().reflector);
  EXPECT_EQ(sweep.text(), "the old flow passes; the new one passes");
}

TEST(PathSweep, a_silent_hop_is_a_gap_and_not_the_end) {
  const PathSweep sweep = run(5, 4, true, 2);
  EXPECT_EQ(sweep.path_of(kOld).size(), 4U);
  EXPECT_EQ(sweep.path_of(kOld)[1].address, "");
}

TEST(PathSweep, ends_where_nobody_answers_any_more) {
  const PathSweep sweep = run(20, 2, false);
  EXPECT_EQ(sweep.text(), "the flow ends after hop 2, 203.0.113.2");
  EXPECT_EQ(run(0, 1, false, 1).path_of(kOld).size(), 1U);
}

TEST(PathSweep, of_nothing_at_all_says_so) {
  PathSweep sweep(kOld, std::nullopt, kStart);
  MonoTime now = kStart;
  while (!sweep.over(now)) {
    now = sweep.next();
    if (const auto distance = sweep.distance(now)) sweep.on_sent(kOld, *distance, *distance);
  }
  EXPECT_EQ(sweep.text(), "the flow is not answered by any hop");
}

}  // namespace
}  // namespace wirestamp::session
