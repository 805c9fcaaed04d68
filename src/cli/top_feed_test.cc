// SPDX-License-Identifier: Apache-2.0
//
// The thread of `top` that asks an agent, beside the one that draws.
#include "cli/top_feed.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace wirestamp::cli
