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

TEST(AgentLife, the_first_start_knows_of_none_before) {
  const auto event = start_event({}, kNow);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, EventKind::AgentStarted);
  EXPECT_EQ(event->wall, kNow);
  EXPECT_THAT(event->text, StartsWith("the agent started, version "));
  EXPECT_FALSE(event->change);
}

TEST(AgentLife, a_start_after_a_stop_says_how_long_nothing_was_measured) {
  const auto event = start_event(lives({{EventKind::AgentStarted, Duration::hours(30)},
                                        {EventKind::AgentStopped, Duration::hours(2)}}),
                                 kNow);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->change, Duration::hours(2));
  EXPECT_THAT(event->text, EndsWith(", 2 h after it was stopped"));
}

TEST(AgentLife, a_start_after_a_start_says_that_the_end_was_none) {
  const auto event = start_event(lives({{EventKind::AgentStopped, Duration::hours(50)},
                                        {EventKind::AgentStarted, Duration::hours(30)}}),
                                 kNow);
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->change);
  EXPECT_THAT(event->text, HasSubstr("ended without a word"));
}

TEST(AgentLife, the_newest_of_any_order_counts) {
  auto before = lives({{EventKind::AgentStarted, Duration::hours(3)},
                       {EventKind::AgentStopped, Duration::hours(2)}});
  std::swap(before.front(), before.back());
  EXPECT_EQ(start_event(before, kNow)->change, Duration::hours(2));
}

TEST(AgentLife, a_stop_in_the_future_was_just_now) {
  EXPECT_EQ(start_event(lives({{EventKind::AgentStopped, -Duration::hours(2)}}), kNow)->change,
            Duration());
}

TEST(AgentLife, the_third_start_in_ten_minutes_says_so_and_the_fourth_is_not_told) {
  auto before = lives({{EventKind::AgentStarted, Duration::minutes(9)},
                       {EventKind::AgentStarted, Duration::minutes(5)}});
  EXPECT_THAT(start_event(before, kNow)->text, HasSubstr("again and again"));
  before = lives({{EventKind::AgentStarted, Duration::minutes(9)},
                  {EventKind::AgentStarted, Duration::minutes(5)},
                  {EventKind::AgentStarted, Duration::minutes(1)}});
  EXPECT_FALSE(start_event(before, kNow));
  before.front().event.wall = kNow - Duration::minutes(10);
  EXPECT_TRUE(start_event(before, kNow));
}

TEST(AgentLife, a_stop_is_told_as_one) {
  const measure::Event event = stop_event(kNow);
  EXPECT_EQ(event.kind, EventKind::AgentStopped);
  EXPECT_EQ(event.wall, kNow);
  EXPECT_FALSE(event.text.empty());
}

}  // namespace
}  // namespace wirestamp::cli
