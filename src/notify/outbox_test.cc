// SPDX-License-Identifier: Apache-2.0
#include "notify/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wirestamp::notify {
namespace {

constexpr Duration kSecond = Duration::seconds(1);
const MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
const Answer kTaken{.status = 200}, kBroken{.status = 500}, kAway{.problem = "refused"};

std::shared_ptr<const Message> message(const std::string& id, std::uint64_t incident = 0,
                                       MonoTime accepted = kStart, std::size_t octets = 10) {
  return std::make_shared<const Message>(Message{.id = id,
                                                 .kind = "event",
                                                 .incident = incident,
                                                 .body = std::string(octets, 'x'),
                                                 .accepted = accepted});
}

// The ids in the order in which they are delivered by a receiver that takes all.
std::vector<std::string> drained(Outbox& outbox, MonoTime now = kStart) {
  std::vector<std::string> ids;
  while (const auto due = outbox.due()) {
    now = std::max(now, *due);
    const auto next = outbox.begin(now);
    if (!next) break;
    ids.push_back(next->id);
    outbox.finish(kTaken, now);
  }
  return ids;
}

using Ids = std::vector<std::string>;

TEST(Outbox, delivers_in_order_one_at_a_time) {
  Outbox outbox({}, 1);
  EXPECT_FALSE(outbox.due());
  for (const char* id : {"a", "b", "c"}) outbox.push(message(id));
  EXPECT_EQ(outbox.due(), kStart);
  EXPECT_EQ(outbox.begin(kStart)->id, "a");
  EXPECT_FALSE(outbox.due());
  EXPECT_EQ(outbox.begin(kStart), nullptr);
  EXPECT_FALSE(outbox.finish(kTaken, kStart));
  EXPECT_EQ(drained(outbox), (Ids{"b", "c"}));
  EXPECT_EQ(outbox.status().delivered, 3U);
  EXPECT_EQ(outbox.status().pending, 0U);
}

TEST(Outbox, tells_of_failing_once_and_of_being_well_once) {
  Outbox outbox({}, 1);
  outbox.push(message("a"));
  MonoTime now = kStart;
  for (int i = 0; i < 5; ++i) {
    now = *outbox.due();
    ASSERT_EQ(outbox.begin(now)->id, "a");
    EXPECT_EQ(outbox.finish(i % 2 == 0 ? kAway : kBroken, now), i == 0);
    EXPECT_EQ(outbox.begin(now), nullptr) << "before its time";
  }
  EXPECT_TRUE(outbox.status().failing);
  EXPECT_EQ(outbox.status().last_error, "refused");
  EXPECT_EQ(outbox.status().failed, 5U);
  now = *outbox.due();
  outbox.begin(now);
  EXPECT_TRUE(outbox.finish(kTaken, now));
  EXPECT_FALSE(outbox.status().failing);
  EXPECT_EQ(outbox.failures(), 0U);
}

TEST(Outbox, gives_up_after_a_day_of_silence_in_virtual_time) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Outbox outbox({}, seed);
    outbox.push(message("a"));
    MonoTime now = kStart;
    unsigned attempts = 0;
    while (const auto due = outbox.due()) {
      now = *due;
      if (!outbox.begin(now)) break;
      ++attempts;
      outbox.finish(kAway, now);
    }
    EXPECT_EQ(outbox.status().given_up, 1U) << "seed " << seed;
    EXPECT_EQ(outbox.status().pending, 0U);
    // Pauses between 2.5 and 5 minutes: all 300 attempts take less than a day.
    EXPECT_EQ(attempts, 300U) << "seed " << seed;
    EXPECT_GT(now - kStart, Duration::hours(12)) << "seed " << seed;
    EXPECT_LE(now - kStart, Duration::hours(24)) << "seed " << seed;
  }
}

TEST(Outbox, an_old_message_is_given_up_however_seldom_it_was_tried) {
  Outbox outbox({.keep = Duration::minutes(10)}, 1);
  outbox.push(message("old"));
  outbox.push(message("young", 0, kStart + Duration::minutes(9)));
  outbox.begin(kStart);
  outbox.finish({.status = 429, .retry_after = Duration::minutes(11)}, kStart);
  EXPECT_EQ(outbox.due(), kStart + Duration::minutes(11));
  EXPECT_EQ(drained(outbox), Ids{"young"});
  EXPECT_EQ(outbox.status().given_up, 1U);
}

TEST(Outbox, what_is_refused_for_good_is_gone_and_the_next_waits_a_little) {
  Outbox outbox({}, 1);
  outbox.push(message("a"));
  outbox.push(message("b"));
  outbox.begin(kStart);
  EXPECT_TRUE(outbox.finish({.status = 400}, kStart));
  EXPECT_EQ(outbox.begin(kStart), nullptr);
  EXPECT_EQ(drained(outbox), Ids{"b"});
  EXPECT_EQ(outbox.status().given_up, 1U);
  EXPECT_EQ(outbox.status().delivered, 1U);
}

TEST(Outbox, a_message_that_the_receiver_stumbles_over_lets_the_others_pass) {
  Outbox outbox({}, 1);
  for (const char* id : {"poison", "b", "c"}) outbox.push(message(id));
  Ids tried;
  MonoTime now = kStart;
  while (outbox.status().delivered < 2) {
    now = *outbox.due();
    const auto next = outbox.begin(now);
    tried.push_back(next->id);
    outbox.finish(next->id == "poison" ? kBroken : kTaken, now);
  }
  Ids wanted(Outbox::kAttemptsInFront, "poison");
  wanted.insert(wanted.end(), {"b", "c"});
  EXPECT_EQ(tried, wanted);
  EXPECT_LT(now - kStart, Duration::minutes(2));
  EXPECT_EQ(outbox.begin(now)->id, "poison") << "it is still tried when nothing else waits";
}

TEST(Outbox, a_receiver_that_is_away_gets_all_in_order_when_it_is_back) {
  Outbox outbox({}, 1);
  for (const char* id : {"a", "b", "c"}) outbox.push(message(id));
  for (int i = 0; i < 50; ++i) {
    const MonoTime now = *outbox.due();
    EXPECT_EQ(outbox.begin(now)->id, "a");
    outbox.finish(kAway, now);
  }
  EXPECT_EQ(drained(outbox), (Ids{"a", "b", "c"}));
}

TEST(Outbox, a_full_one_drops_what_a_newer_message_of_the_incident_replaces) {
  Outbox outbox({.messages = 4}, 1);
  outbox.push(message("1-opened", 1));
  outbox.push(message("2-opened", 2));
  outbox.push(message("event"));
  outbox.push(message("1-changed", 1));
  outbox.push(message("2-closed", 2));  // instead of 1-opened: the oldest that is overtaken
  outbox.push(message("3-opened", 3));  // instead of 2-opened
  outbox.push(message("4-opened", 4));  // instead of the event
  outbox.push(message("5-opened", 5));  // finds no room
  outbox.push(message("event-2"));      // the same
  EXPECT_EQ(outbox.status().dropped, 5U);
  EXPECT_EQ(outbox.status().pending, 4U);
  EXPECT_EQ(drained(outbox), (Ids{"1-changed", "2-closed", "3-opened", "4-opened"}));
}

TEST(Outbox, the_message_under_way_is_never_dropped) {
  Outbox outbox({.messages = 2}, 1);
  outbox.push(message("1-opened", 1));
  outbox.push(message("2-opened", 2));
  outbox.begin(kStart);
  outbox.push(message("1-changed", 1));
  EXPECT_EQ(outbox.status().dropped, 1U) << "the new one";
  outbox.push(message("2-closed", 2));
  outbox.finish(kTaken, kStart);
  EXPECT_EQ(drained(outbox), Ids{"2-closed"});
}

TEST(Outbox, octets_are_bounded_too) {
  Outbox outbox({.octets = 100}, 1);
  outbox.push(message("1", 1, kStart, 60));
  outbox.push(message("2", 2, kStart, 40));
  outbox.push(message("2-changed", 2, kStart, 41));
  EXPECT_EQ(outbox.status().dropped, 2U) << "the older one of 2, and then there is still no room";
  outbox.push(message("2-closed", 2, kStart, 40));
  outbox.push(message("huge", 1, kStart, 101));
  EXPECT_EQ(outbox.status().dropped, 3U) << "nothing is dropped for what can never fit";
  EXPECT_EQ(drained(outbox), (Ids{"1", "2-closed"}));
}

TEST(Outbox, counts_add_up_whatever_happens) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed);
    Outbox outbox({.messages = 8, .octets = 200, .keep = Duration::hours(1), .attempts = 20}, seed);
    MonoTime now = kStart;
    std::uint64_t pushed = 0;
    for (int step = 0; step < 500; ++step) {
      now += kSecond * static_cast<std::int64_t>(random.below(60));
      if (random.chance(0.4)) {
        outbox.push(message(std::to_string(pushed++), random.below(4), now, random.below(120)));
      } else if (outbox.busy()) {
        const unsigned statuses[] = {0, 200, 204, 302, 404, 429, 500};
        outbox.finish({.status = statuses[random.below(7)]}, now);
      } else {
        outbox.begin(now);
      }
      const OutboxStatus status = outbox.status();
      ASSERT_EQ(status.delivered + status.given_up + status.dropped + status.pending, pushed)
          << "seed " << seed << ", step " << step;
      ASSERT_LE(status.pending, 8U);
    }
  }
}

}  // namespace
}  // namespace wirestamp::notify
