// SPDX-License-Identifier: Apache-2.0
#include "api/feed.h"

#include <gtest/gtest.h>

#include <thread>

namespace wirestamp::api {
namespace {

constexpr std::size_t kAll = 1'000'000;

std::string take(const Feed& feed, std::uint64_t& position, const Feed::Filter& filter = {}) {
  std::string out;
  feed.take(position, filter, kAll, out);
  return out;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; ++at) ++found;
  return found;
}

TEST(Feed, tells_what_comes_from_now_on_once) {
  Feed feed;
  feed.publish(Feed::Kind::Window, "office", "{\"a\":1}\n");
  std::uint64_t position = feed.next();
  EXPECT_EQ(take(feed, position), "");
  feed.publish(Feed::Kind::Event, "office", "{\"b\":2}");
  const std::string told = take(feed, position);
  EXPECT_TRUE(told.ends_with("-2\nevent: event\ndata: {\"b\":2}\n\n")) << told;
  EXPECT_EQ(take(feed, position), "");
}

TEST(Feed, a_line_end_in_a_message_does_not_end_it) {
  Feed feed;
  std::uint64_t position = feed.next();
  feed.publish(Feed::Kind::Status, "", "{\"a\":\n1,\r\"b\":2}\n\n");
  EXPECT_NE(take(feed, position).find("data: {\"a\": 1, \"b\":2}\n\n"), std::string::npos);
}

TEST(Feed, kinds_and_sessions_are_chosen_and_the_agent_is_of_all_sessions) {
  Feed feed;
  std::uint64_t position = feed.next(), again = position;
  feed.publish(Feed::Kind::Window, "office", "1");
  feed.publish(Feed::Kind::Window, "dc", "2");
  feed.publish(Feed::Kind::Sample, "office", "3");
  feed.publish(Feed::Kind::Window, "", "4");
  const std::string told = take(feed, position, {.kinds = 1U << 1U, .sessions = {"office"}});
  EXPECT_NE(told.find("data: 1\n"), std::string::npos);
  EXPECT_NE(told.find("data: 4\n"), std::string::npos);
  EXPECT_EQ(count(told, "data: "), 2U);
  EXPECT_EQ(count(take(feed, again), "data: "), 4U);
}

TEST(Feed, who_is_too_slow_is_told_how_much_he_missed) {
  Feed feed({.messages = 10, .octets = 1'000'000});
  std::uint64_t position = feed.next();
  for (int i = 0; i < 25; ++i) feed.publish(Feed::Kind::Window, "office", std::to_string(i));
  const std::string told = take(feed, position);
  EXPECT_TRUE(told.starts_with("event: gap\ndata: {\"missed\":15}\n\n")) << told;
  EXPECT_EQ(count(told, "event: window"), 10U);
  EXPECT_EQ(take(feed, position), "");
}

TEST(Feed, memory_is_bounded_by_octets_too) {
  Feed feed({.messages = 1'000'000, .octets = 10'000});
  for (int i = 0; i < 5'000; ++i) {
    feed.publish(Feed::Kind::Window, "office", std::string(100, 'x'));
    ASSERT_LE(feed.octets(), 10'000U);
  }
  std::uint64_t position = feed.next();
  // What is too large for the ring leaves a hole, which is told.
  feed.publish(Feed::Kind::Window, "office", std::string(5'000, 'x'));
  feed.publish(Feed::Kind::Window, "office", "after");
  const std::string told = take(feed, position);
  EXPECT_TRUE(told.starts_with("event: gap\ndata: {\"missed\":1}")) << told;
  EXPECT_NE(told.find("data: after"), std::string::npos);
}

TEST(Feed, an_id_is_gone_on_from_and_one_of_another_run_is_not) {
  Feed feed;
  std::uint64_t position = feed.next();
  feed.publish(Feed::Kind::Window, "office", "1");
  feed.publish(Feed::Kind::Window, "office", "2");
  const std::string told = take(feed, position);
  const std::string id = told.substr(4, told.find('\n') - 4);
  EXPECT_EQ(feed.behind(id), 2U);
  for (const std::string& wrong :
       {std::string(), std::string("1"), id + "x", id + "00", std::string("00000000-1"),
        id.substr(0, 9), std::string("office"), id.substr(0, 9) + "99999999999999999999999"})
    EXPECT_EQ(feed.behind(wrong), std::nullopt) << wrong;
}

TEST(Feed, a_kind_is_wanted_while_somebody_follows_it) {
  Feed feed;
  EXPECT_FALSE(feed.wanted(Feed::Kind::Sample));
  {
    Feed::Following all(feed, {});
    EXPECT_TRUE(feed.wanted(Feed::Kind::Sample));
    Feed::Following samples(feed, {.kinds = 1U << 0U}), moved = std::move(all);
    EXPECT_TRUE(feed.wanted(Feed::Kind::Status));
    moved = {};
    EXPECT_TRUE(feed.wanted(Feed::Kind::Sample)) << "one of two is left";
    EXPECT_FALSE(feed.wanted(Feed::Kind::Status));
  }
  for (std::size_t kind = 0; kind < Feed::kKinds; ++kind)
    EXPECT_FALSE(feed.wanted(static_cast<Feed::Kind>(kind))) << kind;
}

TEST(Feed, what_nobody_wanted_is_known_as_spared_to_who_comes_back) {
  const Feed::Filter samples{.kinds = 1U << 0U, .sessions = {}},
      windows{.kinds = 1U << 1U, .sessions = {}};
  Feed feed;
  const std::uint64_t before = feed.next();
  EXPECT_FALSE(feed.spared(before, {})) << "nobody asked: everything was published";
  EXPECT_FALSE(feed.wanted(Feed::Kind::Sample));
  EXPECT_TRUE(feed.spared(before, samples));
  EXPECT_TRUE(feed.spared(before, {}));
  EXPECT_FALSE(feed.spared(before, windows));
  const Feed::Following following(feed, samples);
  feed.publish(Feed::Kind::Sample, "office", "1");
  EXPECT_TRUE(feed.wanted(Feed::Kind::Sample));
  EXPECT_FALSE(feed.spared(feed.next(), samples)) << "who saw this one missed nothing";
  EXPECT_TRUE(feed.spared(before, samples));
}

TEST(Feed, threads_ask_what_is_wanted_while_readers_come_and_go) {
  Feed feed;
  {
    std::vector<std::jthread> threads;
    for (int reader = 0; reader < 2; ++reader)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          const Feed::Following following(feed, {});
          ASSERT_TRUE(feed.wanted(Feed::Kind::Sample));
          ASSERT_TRUE(feed.wanted(Feed::Kind::Window));
        }
      });
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i)
        if (feed.wanted(Feed::Kind::Sample)) feed.publish(Feed::Kind::Sample, "office", "{}");
    });
  }
  EXPECT_FALSE(feed.wanted(Feed::Kind::Sample));
  EXPECT_TRUE(feed.spared(feed.next(), {}));
}

TEST(Feed, takes_not_much_more_than_was_asked_for) {
  Feed feed;
  std::uint64_t position = feed.next();
  for (int i = 0; i < 100; ++i) feed.publish(Feed::Kind::Window, "office", std::string(100, 'x'));
  std::string out;
  feed.take(position, {}, 1'000, out);
  EXPECT_GE(out.size(), 1'000U);
  EXPECT_LT(out.size(), 1'300U);
  std::string rest;
  feed.take(position, {}, kAll, rest);
  EXPECT_EQ(count(out, "data: ") + count(rest, "data: "), 100U);
}

TEST(Feed, several_threads_tell_and_each_reader_sees_each_message_once) {
  Feed feed;
  std::uint64_t position = feed.next();
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer)
      writers.emplace_back([&] {
        for (int i = 0; i < 500; ++i) feed.publish(Feed::Kind::Sample, "office", "{}");
      });
    std::size_t seen = 0;
    while (seen < 2'000) seen += count(take(feed, position), "data: {}");
    EXPECT_EQ(seen, 2'000U);
  }
  EXPECT_EQ(take(feed, position), "");
}

}  // namespace
}  // namespace wirestamp::api
