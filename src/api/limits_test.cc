// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "api/connections.h"
#include "api/world_test.h"
#include "platform/listener.h"
#include "platform/socket_address.h"
#include "platform/system_clock.h"

namespace wirestamp::api {
namespace {

using platform::TcpClient;

TEST(ApiLimits, a_thousand_clients_at_once_are_answered_rightly_or_told_to_come_again) {
  World world([](ServerOptions&) {});
  ASSERT_GE(platform::permit_descriptors(4'096), 2'200U)
      << "this test needs as many descriptors: ulimit -n 4096";
  const std::string right = world.get("/api/v1/sessions").body;
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (int i = 0; i < 1'000; ++i) clients.push_back(std::make_unique<TcpClient>(world.at()));
  for (auto& client : clients)
    ASSERT_TRUE(client->send(World::text_of({.target = "/api/v1/sessions"})));
  std::size_t answered = 0, busy = 0;
  for (auto& client : clients) {
    const Response response = parse_response(client->receive_all());
    if (response.status == 200 && response.body == right) ++answered;
    if (response.status == 503 && response.error() == "busy") ++busy;
  }
  EXPECT_EQ(answered + busy, 1'000U);
  EXPECT_GT(answered, 100U);
  EXPECT_EQ(world.get("/api/v1/sessions").body, right);
}

TEST(ApiLimits, more_connections_than_allowed_wait_until_others_end) {
  World world([](ServerOptions& options) { options.limits.connections = 8; });
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::make_unique<TcpClient>(world.at()));
    ASSERT_TRUE(clients.back()->send(World::text_of({.target = "/api/v1/health"})));
  }
  for (auto& client : clients) {
    EXPECT_LE(world.server->counters().connections, 8U);
    EXPECT_EQ(parse_response(client->receive_all()).status, 200);
  }
}

TEST(ApiLimits, an_ipv6_network_is_one_customer_and_a_mapped_address_is_that_of_ipv4) {
  Connections connections({.request = Duration::seconds(30), .answer = Duration::minutes(2)});
  const auto address = [](const char* text) { return *packet::IpAddress::parse(text); };
  const auto mapped = [&](const char* text) {
    sockaddr_storage storage;
    platform::to_sockaddr({address(text), 50'000, 0}, storage);
    return platform::endpoint_of(reinterpret_cast<const sockaddr*>(&storage)).address;
  };
  const auto open = [&](const packet::IpAddress& from, Connections::Phase phase) {
    connections.enter(connections.opened(-1, from, MonoTime()), phase, MonoTime());
  };
  open(address("2001:db8::1"), Connections::Phase::Streaming);
  open(address("2001:db8::ffff:1"), Connections::Phase::Asking);
  open(address("192.0.2.1"), Connections::Phase::Streaming);
  open(mapped("::ffff:192.0.2.2"), Connections::Phase::Asking);
  EXPECT_EQ(connections.of(address("2001:db8::2")), 2U);
  EXPECT_EQ(connections.streams_of(address("2001:db8::2")), 1U);
  EXPECT_EQ(connections.of(address("2001:db8:0:1::1")), 0U);
  EXPECT_EQ(connections.of(mapped("::ffff:192.0.2.1")), 1U);
  EXPECT_EQ(connections.of(address("192.0.2.2")), 1U);
  EXPECT_EQ(connections.streams_of(address("192.0.2.2")), 0U);
}

TEST(ApiLimits, a_request_that_trickles_is_ended) {
  World world([](ServerOptions&) {});
  TcpClient slow(world.at()), idle(world.at());
  ASSERT_TRUE(slow.send("GET /healthz HTTP/1.1\r\nHost: local"));
  EXPECT_EQ(world.get("/healthz").status, 200);
  for (int i = 0; i < 3; ++i) {
    world.pass(Duration::seconds(11));
    slow.send("x");  // each piece comes in time, the whole does not
  }
  EXPECT_EQ(slow.receive_all(), "");
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_EQ(world.get("/healthz").status, 200);
}

TEST(ApiLimits, an_answer_that_is_not_taken_is_dropped_and_its_memory_is_bounded) {
  constexpr std::size_t kSize = std::size_t{32} << 20U;
  World world([](ServerOptions& options) {
    options.limits.answer_octets = kSize + kSize / 2;
    options.limits.request_time = Duration::hours(1);  // the library ends nothing meanwhile
  });
  world.metrics_padding = kSize;
  TcpClient slow(world.at(), 4'096);
  ASSERT_TRUE(slow.send(World::text_of({.target = "/metrics"})));
  const std::string first = slow.receive();
  ASSERT_NE(first, "");  // it is on its way
  const Response second = world.get("/metrics");
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(second.error(), "busy");
  EXPECT_EQ(world.get("/healthz").status, 200);
  world.pass(Duration::minutes(2) + Duration::seconds(1));
  // Nothing more is taken until the server has ended it: one that does not sends all.
  platform::SystemClock clock;
  const MonoTime patience = clock.mono_now() + Duration::minutes(1);
  while (world.server->counters().connections > 0 && clock.mono_now() < patience)
    std::this_thread::yield();
  EXPECT_LT(first.size() + slow.receive_all().size(), kSize);
  Response again;
  do again = world.get("/metrics");
  while (again.status == 503);
  EXPECT_EQ(again.status, 200);
  EXPECT_GT(again.body.size(), kSize);
}

TEST(ApiLimits, what_waits_is_bounded_and_holds_nobody_else_up) {
  World world([](ServerOptions& options) {
    options.limits.desks = 1;
    options.limits.waiting = 1;
  });
  world.hold_metrics(true);
  TcpClient running(world.at()), one(world.at()), other(world.at());
  running.send(World::text_of({.target = "/metrics"}));
  world.wait_for_metrics(1);
  one.send(World::text_of({.target = "/metrics"}));
  other.send(World::text_of({.target = "/metrics"}));
  while (!one.readable() && !other.readable()) std::this_thread::yield();
  TcpClient &refused = one.readable() ? one : other, &waiting = one.readable() ? other : one;
  const Response busy = parse_response(refused.receive_all());
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("retry-after"), "1");
  EXPECT_EQ(world.get("/healthz").status, 200);
  EXPECT_EQ(world.get("/readyz").status, 200);
  world.hold_metrics(false);
  EXPECT_EQ(parse_response(running.receive_all()).status, 200);
  EXPECT_EQ(parse_response(waiting.receive_all()).status, 200);
}

TEST(ApiLimits, the_end_comes_while_requests_run_and_wait) {
  World world([](ServerOptions& options) { options.limits.desks = 1; });
  world.hold_metrics(true);
  TcpClient running(world.at()), waiting(world.at());
  running.send(World::text_of({.target = "/metrics"}));
  world.wait_for_metrics(1);
  waiting.send(World::text_of({.target = "/metrics"}));
  while (world.server->counters().requests < 2) std::this_thread::yield();
  std::jthread end([&] { world.server.reset(); });
  world.hold_metrics(false);
  end.join();
  // An answer or the end of the connection, but not nothing for ever.
  for (TcpClient* client : {&running, &waiting}) {
    const std::string answer = client->receive_all();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << answer.substr(0, 80);
  }
  EXPECT_EQ(world.server, nullptr);
}

TEST(ApiLimits, huge_requests_are_refused_before_they_are_read) {
  World world([](ServerOptions&) {});
  const auto raw = [&](const std::string& head) {
    TcpClient client(world.at());
    client.send(head);
    return parse_response(client.receive_all());
  };
  const std::string post = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n";
  for (const char* length :
       {"1000000000000", "4097", "99999999999999999999999", "-1", "1e9", "x"}) {
    const Response response = raw(post + "Content-Length: " + length + "\r\n\r\n");
    EXPECT_TRUE(response.status == 413 || response.status == 400) << length << response.status;
  }
  EXPECT_EQ(raw(post + "Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n").status, 411);
  EXPECT_EQ(
      raw(post + "Content-Length: 4096\r\nConnection: close\r\n\r\n" + std::string(4'096, ' '))
          .status,
      401)
      << "as much as may be";
  EXPECT_EQ(world.get("/api/v1/sessions?x=" + std::string(9'000, 'a')).status, 414);
  EXPECT_GE(world.get("/" + std::string(100'000, 'a')).status, 400);
  EXPECT_GE(world.ask({.target = "/healthz", .headers = {"X: " + std::string(40'000, 'a')}}).status,
            400);
  EXPECT_EQ(world.get("/healthz").status, 200);
}

TEST(ApiLimits, rubbish_ends_its_connection_and_nothing_else) {
  World world([](ServerOptions&) {});
  using std::string_literals::operator""s;
  for (const std::string& rubbish :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, "GET\r\n\r\n"s,
        "\0\0\0\0\r\n\r\n"s, "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n"s,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s,
        "GET http://evil.example.com/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"s,
        "GET /healthz HTTP/1.1\r\nHost localhost\r\nConnection: close\r\n\r\n"s,
        "GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"s,
        std::string(100'000, 'A')}) {
    TcpClient client(world.at());
    client.send(rubbish);
    EXPECT_EQ(world.get("/healthz").status, 200);
    world.pass(Duration::seconds(31));  // what waits for more is ended
    const std::string answer = client.receive_all();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 4") ||
                answer.starts_with("HTTP/1.1 5"))
        << rubbish << " -> " << answer;
    EXPECT_EQ(world.get("/healthz").status, 200);
  }
}

TEST(ApiLimits, one_connection_takes_many_requests) {
  World world([](ServerOptions&) {});
  TcpClient client(world.at());
  std::string all;
  for (int i = 0; i < 20; ++i) client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.send(World::text_of({.target = "/api/v1/health"}));
  const std::string answers = client.receive_all();
  std::size_t found = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 200", at)) != std::string::npos; ++at)
    ++found;
  EXPECT_EQ(found, 21U);
}

}  // namespace
}  // namespace wirestamp::api
