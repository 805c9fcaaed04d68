// SPDX-License-Identifier: Apache-2.0
//
// The thread of `top` that asks an agent, beside the one that draws.
#include "cli/top_feed.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

namespace wirestamp::cli {
namespace {

constexpr const char* kSessions = R"({"sessions":[{"name":"office","host":"h"}]})";

// Answers as it is told to; until it is cancelled it may take its time.
class Told final : public client::Fetch {
 public:
  Told(std::map<std::string, client::Answer> answers, const std::atomic<bool>& cancel, bool hangs)
      : answers_(std::move(answers)), cancel_(cancel), hangs_(hangs) {}
  Result<client::Answer> get(const std::string& path) override {
    while (hangs_ && !cancel_.load()) std::this_thread::yield();
    const auto found = answers_.find(path.substr(0, path.find('?')));
    if (found == answers_.end()) return fail("cannot connect");
    return found->second;
  }

 private:
  std::map<std::string, client::Answer> answers_;
  const std::atomic<bool>& cancel_;
  bool hangs_;
};

struct Screen {
  explicit Screen(std::map<std::string, client::Answer> answers, bool hangs = false)
      : feed(std::make_unique<Told>(std::move(answers), cancel, hangs), cancel, [this] {
          const std::lock_guard lock(mutex);
          ++told;
          news.notify_one();
        }) {}
  // Until it is so; what never comes is a failure.
  void wait(const std::function<bool(const TopNews&)>& until) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(news.wait_for(lock, std::chrono::minutes(1),
                              [&] { return told > 0 && until(*feed.news()); }));
  }

  std::mutex mutex;
  std::condition_variable news;
  unsigned told = 0;
  std::atomic<bool> cancel{false};
  TopFeed feed;
};

std::map<std::string, client::Answer> an_agent() {
  return {{"/api/v1/overview", {.status = 200, .body = kSessions}}};
}

TEST(TopFeed, tells_what_the_agent_answers) {
  Screen screen(an_agent());
  screen.wait([](const TopNews& news) { return news.sessions.has_value(); });
  const auto news = screen.feed.news();
  ASSERT_EQ(news->sessions->size(), 1U);
  EXPECT_EQ(news->sessions->front().name, "office");
  EXPECT_FALSE(news->problem || news->detail);
}

TEST(TopFeed, asks_at_once_for_what_is_looked_at) {
  Screen screen(an_agent());
  screen.feed.wish({.session = "office", .visible = {"office"}});
  screen.wait([](const TopNews& news) { return news.detail.has_value(); });
  EXPECT_EQ(screen.feed.news()->detail->wish.session, "office");
  EXPECT_TRUE(screen.feed.news()->detail->problem) << "it answers nothing else";
  screen.feed.wish({});
  screen.wait([](const TopNews& news) { return !news.detail; });
}

TEST(TopFeed, tells_that_nobody_answers) {
  Screen screen({});
  screen.wait([](const TopNews& news) { return news.problem.has_value(); });
  EXPECT_FALSE(screen.feed.news()->sessions);
}

// What was told stays as it was, whatever is asked meanwhile.
TEST(TopFeed, is_read_while_it_asks) {
  Screen screen(an_agent());
  screen.wait([](const TopNews& news) { return news.sessions.has_value(); });
  const auto kept = screen.feed.news();
  for (int n = 0; n < 200; ++n) {
    screen.feed.wish(
        {.session = "office", .back = Duration::seconds(60 + n), .visible = {"office"}});
    ASSERT_TRUE(screen.feed.news()->sessions);
  }
  screen.wait([](const TopNews& news) {
    return news.detail && news.detail->wish.back == Duration::seconds(259);
  });
  EXPECT_FALSE(kept->detail);
}

TEST(TopFeed, ends_while_a_request_is_under_way) {
  Screen screen(an_agent(), true);
  screen.feed.wish({.session = "office"});
  // The end of the scope cancels and joins.
  EXPECT_FALSE(screen.feed.news()->sessions);
}

class StillClock final : public Clock {
 public:
  MonoTime mono_now() override { return MonoTime::from_ns(1'000'000'000'000) + passed; }
  Timestamp now() override {
    return {.wall = WallTime::from_ns(1'795'716'000'000'000'000) + passed,
            .mono = mono_now(),
            .error = {},
            .source = StampSource::User};
  }
  ClockState state() override { return {}; }
  Duration passed;
};

// Answers as it is told to, and keeps a probe each millisecond from 17:59:00 on, until 17:59:10:
// the rest of the minute is not written yet.
class Agent final : public client::Fetch {
 public:
  Result<client::Answer> get(const std::string& path) override {
    asked.push_back(path);
    const std::string route = path.substr(0, path.find('?'));
    if (route.ends_with("/samples")) return client::Answer{.status = 200, .body = samples(path)};
    const auto found = answers.find(route);
    if (found == answers.end()) return fail("cannot connect");
    return client::Answer{.status = 200, .body = found->second};
  }
  std::map<std::string, std::string> answers;
  std::vector<std::string> asked;

 private:
  static constexpr std::int64_t kFirst = 1'795'715'940'000'000'000, kEvery = 1'000'000,
                                kCount = 10'000;

  // "-60s" is before 18:00:00.
  static std::int64_t time(const std::string& path, const std::string& name,
                           std::int64_t otherwise) {
    const std::size_t at = path.find(name + "=");
    if (at == std::string::npos) return otherwise;
    const std::int64_t value = std::stoll(path.substr(at + name.size() + 1));
    return value < 0 ? otherwise + value * 1'000'000'000 : value;
  }

  static std::string samples(const std::string& path) {
    constexpr std::int64_t kNow = 1'795'716'000'000'000'000;
    const std::int64_t from = time(path, "from", kNow), to = time(path, "to", kNow);
    const std::int64_t limit = time(path, "limit", 1'000);
    std::string body;
    std::int64_t told = 0;
    for (std::int64_t n = 0; n < kCount; ++n) {
      const std::int64_t due = kFirst + n * kEvery;
      if (due < from || due >= to) continue;
      if (told++ == limit)
        return fmt::format(R"({{"complete":false,"next_ns":{},"samples":[{}]}})", due, body);
      body += fmt::format(R"({}{{"probe":{},"scheduled_ns":{}}})", told == 1 ? "" : ",", n, due);
    }
    return fmt::format(R"({{"complete":true,"samples":[{}]}})", body);
  }
};

constexpr const char* kKept =
    R"("kept_from":"2026-11-26T17:59:00Z","kept_to":"2026-11-26T17:59:10Z")";

// As with an interval of a millisecond and `--store-flush 1m`.
TEST(TopFeed, of_a_fast_session_that_is_written_late_it_knows_the_newest_probes) {
  Agent agent;
  const std::string session =
      fmt::format(R"({{"name":"office","state":"up","interval_ns":1000000,{}}})", kKept);
  agent.answers = {{"/api/v1/overview", R"({"sessions":[)" + session + "]}"},
                   {"/api/v1/sessions/office", session}};
  StillClock clock;
  TopNews news;
  TopAsker asker(agent, clock);
  ASSERT_TRUE(asker.ask({.session = "office", .probes = true, .visible = {}}, news));
  ASSERT_TRUE(news.detail);
  ASSERT_EQ(news.detail->probes.size(), 200U);
  EXPECT_EQ(news.detail->probes.front().number, 9'800U);
  EXPECT_EQ(news.detail->probes.back().number, 9'999U);
}

std::size_t count_asked(const Agent& agent, const std::string& path) {
  return static_cast<std::size_t>(std::ranges::count(agent.asked, path));
}

TEST(TopFeed, of_a_session_in_its_first_minute_it_knows_what_is_decided) {
  Agent agent;
  agent.answers = {{"/api/v1/overview", R"({"sessions":[{"name":"young","state":"up"},
      {"name":"waits","state":"waiting"},{"name":"past"},
      {"name":"old","state":"up","last_minute":{"sent":60}}]})"},
                   {"/api/v1/sessions/young",
                    R"({"name":"young","total":{"sent":20,"rtt_ns":{"percentiles":{"p50":7}}}})"}};
  StillClock clock;
  TopNews news;
  TopAsker asker(agent, clock);
  ASSERT_TRUE(asker.ask({}, news));
  ASSERT_EQ(news.sessions->size(), 4U);
  ASSERT_TRUE(news.sessions->front().total);
  EXPECT_EQ(news.sessions->front().total->p50, Duration::nanoseconds(7));
  for (const char* other : {"waits", "past", "old"})
    EXPECT_EQ(count_asked(agent, std::string("/api/v1/sessions/") + other), 0U) << other;
  // It is not asked with each turn, and is known all the same.
  ASSERT_TRUE(asker.ask({}, news));
  EXPECT_TRUE(news.sessions->front().total);
  EXPECT_EQ(count_asked(agent, "/api/v1/sessions/young"), 1U);
  clock.passed = Duration::seconds(6);
  ASSERT_TRUE(asker.ask({}, news));
  EXPECT_EQ(count_asked(agent, "/api/v1/sessions/young"), 2U);
  // A minute is decided.
  agent.answers["/api/v1/overview"] =
      R"({"sessions":[{"name":"young","state":"up","last_minute":{"sent":60}}]})";
  clock.passed = Duration::seconds(60);
  ASSERT_TRUE(asker.ask({}, news));
  EXPECT_FALSE(news.sessions->front().total);
  EXPECT_EQ(count_asked(agent, "/api/v1/sessions/young"), 2U);
}

TEST(TopFeed, of_many_sessions_that_begin_those_that_are_seen_come_first) {
  Agent agent;
  std::string all;
  for (int n = 0; n < 25; ++n) {
    all += fmt::format(R"({}{{"name":"s{}","state":"up"}})", n == 0 ? "" : ",", n);
    agent.answers[fmt::format("/api/v1/sessions/s{}", n)] =
        fmt::format(R"({{"name":"s{}","total":{{"sent":9}}}})", n);
  }
  agent.answers["/api/v1/overview"] = R"({"sessions":[)" + all + "]}";
  StillClock clock;
  TopNews news;
  TopAsker asker(agent, clock);
  const auto known = [&] {
    return std::ranges::count_if(*news.sessions,
                                 [](const client::Session& one) { return one.total.has_value(); });
  };
  const TopWish wish{.session = {}, .visible = {"s24"}};
  ASSERT_TRUE(asker.ask(wish, news));
  EXPECT_TRUE(news.sessions->back().total);
  EXPECT_EQ(known(), 10);
  EXPECT_TRUE(asker.ask_first_figures(wish, news));
  EXPECT_EQ(known(), 20);
  EXPECT_FALSE(asker.ask_first_figures(wish, news)) << "these are all";
  EXPECT_EQ(known(), 25);
}

}  // namespace
}  // namespace wirestamp::cli
