// SPDX-License-Identifier: Apache-2.0
#include "session/stalled_flow.h"

#include <gtest/gtest.h>

#include <vector>

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);

// Drives the tries against a middlebox whose entry dies after `timeout` of silence; returns the
// gaps between packets.
struct Driven {
  std::vector<std::int64_t> gaps_s;
  MonoTime now = kStart, last_packet = kStart;
  bool dead_entry = false;

  void run(StalledFlow& flow, Duration timeout, Duration limit) {
    while (const auto next = flow.next()) {
      if (*next - kStart > limit) break;
      now = std::max(now, *next);
      flow.on_time(now);
      const auto due = flow.next();
      if (!due || *due > now) continue;
      gaps_s.push_back((now - last_packet).ns() / 1'000'000'000);
      dead_entry |= now - last_packet > timeout;
      last_packet = now;
      flow.on_try(now);
      if (dead_entry) flow.on_answer(now + Duration::milliseconds(10));
    }
  }
};

TEST(StalledFlow, is_tried_after_growing_gaps_and_brackets_the_time_out) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  Driven driven;
  driven.run(flow, Duration::seconds(120), Duration::hours(2));
  ASSERT_TRUE(flow.timeout());
  EXPECT_EQ(flow.timeout()->above, Duration::seconds(65));
  EXPECT_EQ(flow.timeout()->at_most, Duration::seconds(125));
  EXPECT_TRUE(flow.healed());
  EXPECT_EQ(driven.gaps_s, (std::vector<std::int64_t>{20, 35, 65, 125, 1, 1}));
}

TEST(StalledFlow, goes_on_every_605_seconds_or_gives_up) {
  StalledFlow for_ever(kStart, Duration::milliseconds(500), true);
  Driven driven;
  driven.run(for_ever, Duration::hours(100), Duration::hours(2));
  EXPECT_EQ(driven.gaps_s.back(), 605);
  EXPECT_TRUE(for_ever.next());
  StalledFlow once(kStart, Duration::milliseconds(500), false);
  Driven other;
  other.run(once, Duration::hours(100), Duration::hours(2));
  EXPECT_EQ(other.gaps_s, (std::vector<std::int64_t>{20, 35, 65, 125, 185, 305, 605}));
  EXPECT_FALSE(once.next());
}

TEST(StalledFlow, one_answer_and_silence_is_no_healing) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  MonoTime now = kStart + Duration::seconds(20);
  flow.on_try(now);
  flow.on_answer(now);
  now += StalledFlow::kAnswerGap;
  ASSERT_EQ(flow.next(), now);
  flow.on_try(now);
  now += StalledFlow::kAnswerWait;
  flow.on_time(now);
  EXPECT_FALSE(flow.healed());
  EXPECT_EQ(flow.next(), kStart + Duration::seconds(21 + 20));
}

TEST(StalledFlow, is_left_alone_when_told_so) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  flow.leave_alone_until(kStart + Duration::hours(6));
  EXPECT_EQ(flow.next(), kStart + Duration::hours(6));
}

// No entry dies in a shorter silence than one that it outlived: something else has healed the flow.
TEST(StalledFlow, an_answer_after_a_shorter_silence_than_one_that_failed_measures_no_time_out) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  flow.leave_alone_until(kStart + Duration::hours(6));
  MonoTime now = kStart + Duration::hours(6);
  flow.on_try(now);
  now += StalledFlow::kAnswerWait;
  flow.on_time(now);
  now = *flow.next();
  ASSERT_EQ(now, kStart + Duration::hours(6) + Duration::seconds(35));
  flow.on_try(now);
  flow.on_answer(now);
  EXPECT_TRUE(flow.answered());
  EXPECT_FALSE(flow.timeout());
  // Nor does a longer one measure it later: the flow had been answered before.
  now += StalledFlow::kAnswerGap;
  flow.on_try(now);
  flow.on_time(now + StalledFlow::kAnswerWait);
  flow.on_try(now + Duration::hours(7));
  flow.on_answer(now + Duration::hours(7));
  EXPECT_FALSE(flow.timeout());
}

TEST(StalledFlow, an_answer_after_a_gap_below_the_interval_of_the_probes_measures_no_time_out) {
  StalledFlow flow(kStart, Duration::minutes(1), true);
  Driven driven;
  driven.run(flow, Duration::seconds(10), Duration::hours(1));
  EXPECT_EQ(driven.gaps_s, (std::vector<std::int64_t>{20, 1, 1}));
  EXPECT_TRUE(flow.healed());
  EXPECT_FALSE(flow.timeout());
}

TEST(StalledFlow, another_packet_over_it_starts_its_silence_anew) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  flow.on_other_packet(kStart + Duration::seconds(1));
  EXPECT_EQ(flow.next(), kStart + Duration::seconds(21));
}

// The entry of the middlebox died while this host slept: our clock does not know that.
TEST(StalledFlow, counts_the_sleep_of_the_host_as_silence) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  flow.on_try(kStart + Duration::seconds(20));
  flow.on_time(kStart + Duration::seconds(22));
  flow.on_suspend(Duration::seconds(300));
  flow.on_try(kStart + Duration::seconds(55));
  flow.on_answer(kStart + Duration::milliseconds(55'020));
  ASSERT_TRUE(flow.timeout());
  EXPECT_EQ(flow.timeout()->above, Duration::seconds(20));
  EXPECT_EQ(flow.timeout()->at_most, Duration::seconds(335));
}

TEST(StalledFlow, takes_no_try_that_the_host_slept_over_for_failed) {
  StalledFlow flow(kStart, Duration::milliseconds(500), true);
  flow.on_try(kStart + Duration::seconds(20));
  flow.on_suspend(Duration::seconds(300));
  flow.on_time(kStart + Duration::seconds(30));
  EXPECT_EQ(flow.next(), kStart + Duration::seconds(40)) << "the same gap again";
  flow.on_try(kStart + Duration::seconds(40));
  flow.on_answer(kStart + Duration::milliseconds(40'020));
  ASSERT_TRUE(flow.timeout());
  EXPECT_EQ(flow.timeout()->above, Duration::milliseconds(500));
  EXPECT_EQ(flow.timeout()->at_most, Duration::seconds(320));
}

TEST(HealingPauses, are_longer_by_the_sleep_of_the_host) {
  HealingPauses pauses;
  pauses.begin(kStart);
  pauses.on_suspend(Duration::seconds(100));
  EXPECT_EQ(pauses.current(), Duration::seconds(135));
  EXPECT_TRUE(pauses.certain());
  pauses.end();
  pauses.on_suspend(Duration::seconds(100));
  EXPECT_FALSE(pauses.certain());
  pauses.begin(kStart + Duration::seconds(40));
  EXPECT_EQ(pauses.before(), Duration::seconds(135));
  EXPECT_TRUE(pauses.certain());
  pauses.begin(kStart + Duration::seconds(110));
  EXPECT_EQ(pauses.before(), Duration::seconds(135)) << "the longest, not the last";
}

TEST(HealingPauses, grow_and_then_stay) {
  HealingPauses pauses;
  std::vector<std::int64_t> seconds;
  for (int n = 0; n < 7; ++n) {
    pauses.begin(kStart);
    seconds.push_back(pauses.current().ns() / 1'000'000'000);
    EXPECT_EQ(pauses.until(), kStart + pauses.current());
    pauses.end();
  }
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{35, 65, 125, 185, 305, 305, 305}));
  EXPECT_EQ(pauses.before(), Duration::seconds(305));
}

}  // namespace
}  // namespace wirestamp::session
