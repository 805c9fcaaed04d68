// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "api/world_test.h"
#include "platform/listener.h"

namespace wirestamp::api {
namespace {

// A reader of live data.
class Live {
 public:
  Live(const World& world, const std::string& query, std::vector<std::string> headers = {},
       int receive_buffer = 0)
      : client_(world.at(), receive_buffer) {
    client_.send(World::text_of({.target = "/api/v1/live" + query, .headers = std::move(headers)}));
  }
  // All that came until `text` did, or until the stream ended.
  std::string until(std::string_view text) {
    std::size_t from = 0;
    while (plain_.find(text, from) == std::string::npos) {
      from = plain_.size() - std::min(plain_.size(), text.size());
      const std::string some = client_.receive();
      if (some.empty()) return plain_ + "[the stream ended]";
      take(some);
    }
    return plain_;
  }
  std::string greeting() { return until("retry: 2000\n\n"); }
  std::string head() {
    greeting();
    return head_;
  }
  void close() { client_.close(); }

 private:
  // Takes the chunks that are whole out of what came.
  void take(const std::string& some) {
    raw_ += some;
    if (head_.empty()) {
      const std::size_t end = raw_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      head_ = raw_.substr(0, end);
      raw_.erase(0, end + 4);
    }
    for (;;) {
      const std::size_t line = raw_.find("\r\n");
      if (line == std::string::npos) return;
      std::size_t size = 0;
      for (const char c : raw_.substr(0, line))
        size = size * 16 + static_cast<std::size_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
      if (raw_.size() < line + 2 + size + 2) return;
      plain_.append(raw_, line + 2, size);
      raw_.erase(0, line + 2 + size + 2);
      if (size == 0) return;
    }
  }
  platform::TcpClient client_;
  std::string head_, raw_, plain_;
};

std::string id_of(const std::string& told, std::string_view data) {
  const std::size_t end = told.rfind("\nevent: ", told.find(data));
  const std::size_t begin = told.rfind("id: ", end) + 4;
  return told.substr(begin, end - begin);
}

struct ApiLive : testing::Test {
  World world{[](ServerOptions& options) { options.limits.streams = 1'000; }};

  void publish(const std::string& data, Feed::Kind kind = Feed::Kind::Window,
               const std::string& session = "office") {
    world.feed.publish(kind, session, data);
  }
};

TEST_F(ApiLive, tells_what_comes_from_now_on) {
  publish("{\"before\":1}");
  Live live(world, "");
  EXPECT_NE(live.head().find("Content-Type: text/event-stream"), std::string::npos);
  publish("{\"a\":1}");
  publish("{\"b\":2}", Feed::Kind::Event);
  const std::string told = live.until("{\"b\":2}\n\n");
  EXPECT_NE(told.find("event: window\ndata: {\"a\":1}\n\nid: "), std::string::npos) << told;
  EXPECT_NE(told.find("event: event\ndata: {\"b\":2}\n\n"), std::string::npos);
  EXPECT_EQ(told.find("before"), std::string::npos);
}

TEST_F(ApiLive, sessions_and_kinds_are_chosen) {
  Live live(world, "?session=dc&session=fresh&kind=window&kind=incident");
  live.greeting();
  publish("{\"no\":1}");
  publish("{\"no\":2}", Feed::Kind::Sample, "dc");
  publish("{\"yes\":1}", Feed::Kind::Window, "dc");
  publish("{\"yes\":2}", Feed::Kind::Incident, "fresh");
  publish("{\"last\":1}", Feed::Kind::Window, "");
  const std::string told = live.until("last");
  EXPECT_EQ(told.find("\"no\""), std::string::npos) << told;
  EXPECT_NE(told.find("\"yes\":1"), std::string::npos);
  EXPECT_NE(told.find("\"yes\":2"), std::string::npos);
}

TEST_F(ApiLive, wrong_choices_are_refused) {
  EXPECT_EQ(world.get("/api/v1/live?kind=rubbish").status, 400);
  EXPECT_EQ(world.get("/api/v1/live?kind=window&kind=").status, 400);
  EXPECT_EQ(world.get("/api/v1/live?sesion=office").status, 400);
  EXPECT_EQ(world.ask({.target = "/api/v1/live", .headers = {"Accept: application/json"}}).status,
            406);
  EXPECT_EQ(
      world.ask({.target = "/api/v1/live", .headers = {"Origin: http://evil.example.com"}}).status,
      403);
}

TEST_F(ApiLive, a_reader_goes_on_behind_the_last_message_it_saw) {
  Live first(world, "");
  first.greeting();
  publish("{\"n\":1}");
  const std::string id = id_of(first.until("{\"n\":1}\n\n"), "{\"n\":1}");
  publish("{\"n\":2}");
  for (const bool by_header : {true, false}) {
    Live again(world, by_header ? "" : "?last_event_id=" + id,
               by_header ? std::vector{"Last-Event-ID: " + id} : std::vector<std::string>());
    const std::string told = again.until("{\"n\":2}\n\n");
    EXPECT_EQ(told.find("{\"n\":1}"), std::string::npos) << told;
    EXPECT_EQ(told.find("gap"), std::string::npos) << told;
  }
}

TEST_F(ApiLive, an_id_that_is_not_known_is_a_gap) {
  for (const char* id : {"1", "00000000-1", "rubbish", "-", "99999999999999999999999999"}) {
    Live live(world, "", {std::string("Last-Event-ID: ") + id});
    EXPECT_NE(live.until("event: gap\ndata: {}\n\n").find("gap"), std::string::npos) << id;
  }
}

TEST_F(ApiLive, kinds_are_wanted_while_a_reader_is_there_for_them) {
  EXPECT_FALSE(world.feed.wanted(Feed::Kind::Sample));
  Live samples(world, "?kind=sample&session=dc");
  samples.greeting();
  EXPECT_TRUE(world.feed.wanted(Feed::Kind::Sample));
  EXPECT_FALSE(world.feed.wanted(Feed::Kind::Window));
  Live all(world, "");
  all.greeting();
  for (std::size_t kind = 0; kind < Feed::kKinds; ++kind)
    EXPECT_TRUE(world.feed.wanted(static_cast<Feed::Kind>(kind))) << kind;
  all.close();
  samples.close();
  while (world.server->counters().streams != 0) {
    publish("{\"n\":1}", Feed::Kind::Sample, "dc");
    std::this_thread::yield();
  }
  for (std::size_t kind = 0; kind < Feed::kKinds; ++kind)
    EXPECT_FALSE(world.feed.wanted(static_cast<Feed::Kind>(kind))) << kind;
}

TEST_F(ApiLive, what_was_not_made_while_nobody_wanted_it_is_a_gap) {
  const auto again = [&](const std::string& kind, const std::string& id) {
    Live live(world, "?kind=" + kind, {"Last-Event-ID: " + id});
    live.greeting();
    publish("{\"again\":1}", Feed::Kind::Sample);
    publish("{\"again\":1}", Feed::Kind::Window);
    return live.until("again").find("event: gap\ndata: {}\n\n") != std::string::npos;
  };
  std::string id;
  {
    Live first(world, "?kind=sample");
    first.greeting();
    publish("{\"n\":1}", Feed::Kind::Sample);
    id = id_of(first.until("{\"n\":1}\n\n"), "{\"n\":1}");
  }
  EXPECT_FALSE(again("sample", id)) << "all were published meanwhile";
  while (world.feed.wanted(Feed::Kind::Sample)) {
    publish("{\"n\":2}", Feed::Kind::Sample);
    std::this_thread::yield();
  }
  EXPECT_TRUE(again("sample", id));
  EXPECT_FALSE(again("window", id));
}

TEST_F(ApiLive, of_nothing_to_tell_a_heartbeat_comes) {
  Live live(world, "?session=dc");
  live.greeting();
  world.pass(Duration::seconds(15));
  EXPECT_TRUE(live.until("\n\n:\n\n").ends_with(":\n\n"));
  publish("{\"after\":1}", Feed::Kind::Window, "dc");
  EXPECT_NE(live.until("after").find("after"), std::string::npos);
}

TEST_F(ApiLive, a_reader_that_went_away_is_found_out) {
  Live live(world, "");
  live.greeting();
  EXPECT_EQ(world.server->counters().streams, 1U);
  live.close();
  // The first write finds the other end closed, one of the next that it is gone.
  while (world.server->counters().streams != 0) {
    publish("{\"n\":1}");
    std::this_thread::yield();
  }
}

TEST_F(ApiLive, a_slow_reader_is_told_what_it_missed_and_memory_is_bounded) {
  Live slow(world, "", {}, 4'096);
  Live fast(world, "?kind=status");
  slow.greeting();
  fast.greeting();
  const std::string filling(4'000, 'x');
  for (int i = 0; i < 6'000; ++i) {
    publish("{\"n\":\"" + filling + "\"}");
    ASSERT_LE(world.feed.octets(), std::size_t{8} << 20U);
  }
  publish("{\"last\":1}", Feed::Kind::Status);
  EXPECT_NE(fast.until("last").find("last"), std::string::npos) << "who reads is not held up";
  EXPECT_EQ(world.get("/healthz").status, 200);
  const std::string told = slow.until("last");
  EXPECT_NE(told.find("event: gap\ndata: {\"missed\":"), std::string::npos);
  EXPECT_EQ(told.find("[the stream ended]"), std::string::npos);
}

TEST_F(ApiLive, a_thousand_readers_get_each_message_and_one_more_is_refused) {
  ASSERT_GE(platform::permit_descriptors(4'096), 2'200U)
      << "this test needs as many descriptors: ulimit -n 4096";
  std::vector<std::unique_ptr<Live>> readers;
  for (int i = 0; i < 1'000; ++i) readers.push_back(std::make_unique<Live>(world, ""));
  for (auto& reader : readers) ASSERT_EQ(reader->greeting(), "retry: 2000\n\n");
  EXPECT_EQ(world.server->counters().streams, 1'000U);
  const Response refused = world.get("/api/v1/live");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.error(), "busy");
  publish("{\"n\":1}");
  for (auto& reader : readers)
    ASSERT_NE(reader->until("{\"n\":1}\n\n").find("event: window"), std::string::npos);
  EXPECT_EQ(world.get("/api/v1/sessions").status, 200);
  readers.pop_back();
  while (world.server->counters().streams != 999) {
    publish("{\"n\":2}");
    std::this_thread::yield();
  }
  Live fits(world, "");
  EXPECT_EQ(fits.greeting(), "retry: 2000\n\n");
}

TEST_F(ApiLive, the_end_of_the_server_ends_its_streams) {
  Live live(world, ""), other(world, "?session=dc");
  live.greeting();
  other.greeting();
  world.server.reset();
  EXPECT_NE(live.until("nothing that comes").find("[the stream ended]"), std::string::npos);
  publish("{\"n\":1}");  // to nobody
}

}  // namespace
}  // namespace wirestamp::api
