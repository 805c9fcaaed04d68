// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wirestamp::cli {
namespace {

using measure::EventKind;
using measure::RecordedEvent;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const WallTime kNow = WallTime() + Duration::hours(24 * 365 * 50);

// Of the ends of earlier lives, each so long ago; the oldest first.
std::vector<RecordedEvent> lives(const std::vector<std::pair<EventKind, Duration>>& told) {
  std::vector<RecordedEvent> events;
  for (const auto& [kind, ago] : told) {
    RecordedEvent event;
    event.id = events.size() + 1;
    event.event.kind = kind;
    event.event.wall = kNow - ago;
    events.push_back(event);
  }
  return events;
}

TEST(AgentStart, the_first_knows_of_none_before) {
  const AgentStart start = start_of({}, kNow);
  EXPECT_EQ(start.event.kind, EventKind::AgentStarted);
  EXPECT_EQ(start.event.wall, kNow);
  EXPECT_THAT(start.event.text, StartsWith("the agent started, version "));
  EXPECT_FALSE(start.event.change);
  EXPECT_FALSE(start.put_off);
}

TEST(AgentStart, after_a_stop_it_says_how_long_nothing_was_measured) {
  const AgentStart start = start_of(lives({{EventKind::AgentStarted, Duration::hours(30)},
                                           {EventKind::AgentStopped, Duration::hours(2)}}),
                                    kNow);
  EXPECT_EQ(start.event.change, Duration::hours(2));
  EXPECT_THAT(start.event.text, EndsWith(", 2 h after it was stopped"));
}

TEST(AgentStart, after_a_start_it_says_that_the_end_was_none) {
  const AgentStart start = start_of(lives({{EventKind::AgentStopped, Duration::hours(50)},
                                           {EventKind::AgentStarted, Duration::hours(30)}}),
                                    kNow);
  EXPECT_FALSE(start.event.change);
  EXPECT_THAT(start.event.text, HasSubstr("ended without a word"));
}

TEST(AgentStart, the_newest_of_any_order_counts) {
  auto before = lives({{EventKind::AgentStarted, Duration::hours(3)},
                       {EventKind::AgentStopped, Duration::hours(2)}});
  std::swap(before.front(), before.back());
  EXPECT_EQ(start_of(before, kNow).event.change, Duration::hours(2));
}

TEST(AgentStart, how_long_ago_a_stop_in_the_future_was_nobody_knows) {
  const AgentStart start = start_of(lives({{EventKind::AgentStopped, -Duration::hours(2)}}), kNow);
  EXPECT_FALSE(start.event.change);
  EXPECT_THAT(start.event.text, EndsWith(", after it was stopped"));
}

TEST(AgentStart, starts_in_a_future_that_was_none_silence_nobody) {
  const auto before = lives({{EventKind::AgentStarted, -Duration::hours(40)},
                             {EventKind::AgentStarted, -Duration::hours(30)},
                             {EventKind::AgentStarted, -Duration::hours(20)}});
  EXPECT_FALSE(start_of(before, kNow).put_off);
}

TEST(AgentStart, the_third_in_ten_minutes_says_so_and_the_fourth_is_put_off) {
  auto before = lives({{EventKind::AgentStarted, Duration::minutes(9)},
                       {EventKind::AgentStarted, Duration::minutes(5)}});
  EXPECT_THAT(start_of(before, kNow).event.text, HasSubstr("again and again"));
  before = lives({{EventKind::AgentStarted, Duration::minutes(9)},
                  {EventKind::AgentStarted, Duration::minutes(5)},
                  {EventKind::AgentStarted, Duration::minutes(1)}});
  EXPECT_TRUE(start_of(before, kNow).put_off);
  before.front().event.wall = kNow - Duration::minutes(10);
  EXPECT_FALSE(start_of(before, kNow).put_off);
}

TEST(AgentStart, behind_starts_that_were_not_told_no_length_is_known) {
  const AgentStart start =
      start_of(lives({{EventKind::AgentStarted, Duration::hours(50)},
                      {EventKind::AgentStarted, Duration::hours(50) - Duration::minutes(1)},
                      {EventKind::AgentStarted, Duration::hours(50) - Duration::minutes(2)},
                      {EventKind::AgentStopped, Duration::hours(49)}}),
               kNow);
  EXPECT_FALSE(start.put_off);
  EXPECT_FALSE(start.event.change);
  EXPECT_THAT(start.event.text, HasSubstr("was not told each time"));
}

class AgentLifeTest : public testing::Test {
 protected:
  std::vector<EventKind> told;
  MonoTime mono;
  AgentLife life{[this](const measure::Event& event) { told.push_back(event.kind); }};

  void often_before() {
    life.set_before(lives({{EventKind::AgentStarted, Duration::minutes(3)},
                           {EventKind::AgentStarted, Duration::minutes(2)},
                           {EventKind::AgentStarted, Duration::minutes(1)}}));
  }
};

TEST_F(AgentLifeTest, a_start_and_a_stop_are_told_once_and_in_this_order) {
  life.started(kNow, mono);
  life.turn(mono + Duration::hours(1));
  life.stopped(kNow + Duration::hours(1));
  EXPECT_EQ(told, (std::vector{EventKind::AgentStarted, EventKind::AgentStopped}));
}

TEST_F(AgentLifeTest, who_was_stopped_before_it_was_known_to_have_started_is_told_as_both) {
  life.stopped(kNow);
  EXPECT_TRUE(told.empty());
  life.started(kNow, mono);
  EXPECT_EQ(told, (std::vector{EventKind::AgentStarted, EventKind::AgentStopped}));
}

TEST_F(AgentLifeTest, a_start_that_was_put_off_is_told_when_it_has_lasted) {
  often_before();
  life.started(kNow, mono);
  life.turn(mono + Duration::minutes(9));
  EXPECT_TRUE(told.empty());
  life.turn(mono + Duration::minutes(10));
  life.turn(mono + Duration::minutes(11));
  EXPECT_EQ(told, std::vector{EventKind::AgentStarted});
}

TEST_F(AgentLifeTest, nothing_is_told_of_one_that_did_not_last) {
  often_before();
  life.started(kNow, mono);
  life.stopped(kNow + Duration::minutes(1));
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace wirestamp::cli
