// SPDX-License-Identifier: Apache-2.0
//
// Who gets a place when there are more clients than places, in virtual time.
#include <gtest/gtest.h>

#include <vector>

#include "twamp/world_test.h"

namespace wirestamp::twamp {
namespace {

using wire::Accept;

constexpr std::size_t kPlaces = 64, kStrangers = 48;

std::uint32_t modes_of(World& world, ConnectionId id) {
  return wire::ServerGreeting::decode(world.heard(id)).modes;
}
bool greeted(World& world, const packet::Endpoint& from) {
  return modes_of(world, world.connect(from)) != 0;
}

ServerOptions with_keys() {
  ServerOptions options;
  options.modes = wire::kTwampOpen | kKeyedModes;
  return options;
}
ClientOptions keyed_client() {
  return {.modes = wire::kTwampEncrypted,
          .features = 0,
          .key = a_key(),
          .random = [n = std::uint64_t{7}]() mutable { return n += 0x1234'5678'9abc'def1; }};
}

// --- half-open connections

//= RFC4656:limits
TEST(TwampPlaces, half_open_connections_give_way_to_newcomers_the_oldest_first) {
  World world;
  for (unsigned n = 0; n < kStrangers; ++n) world.connect(far_client(n));
  EXPECT_FALSE(greeted(world, far_client(100))) << "none is old enough";
  world.pass(Duration::seconds(2));
  EXPECT_TRUE(greeted(world, far_client(101)));
  EXPECT_EQ(world.closed.at(1), Ending::GivenWay);
  EXPECT_TRUE(greeted(world, far_client(102)));
  EXPECT_EQ(world.closed.at(2), Ending::GivenWay);
  EXPECT_EQ(world.server.connections(), kStrangers);
}

TEST(TwampPlaces, the_network_with_most_of_them_gives_way_at_once) {
  World world;
  for (unsigned n = 0; n < 24; ++n) world.connect(far_client(n));
  for (unsigned n = 0; n < 24; ++n) world.connect(client_at(n + 1));
  EXPECT_TRUE(greeted(world, far_client(100))) << "it need not wait for a crowd";
  EXPECT_EQ(world.closed.at(25), Ending::GivenWay) << "the oldest of the crowd, not of all";
  EXPECT_EQ(world.closed.size(), 1U);
}

// However fast one network connects: what others hold is not touched, and who comes is greeted.
TEST(TwampPlaces, a_flood_from_one_network_leaves_the_others_their_places) {
  World world;
  std::vector<ConnectionId> established;
  for (unsigned n = 0; n < 10; ++n) established.push_back(world.set_up_open(far_client(n)));
  for (unsigned n = 0; n < 5'000; ++n) {
    world.connect(client_at(n % 250 + 1, static_cast<std::uint16_t>(1'024 + n)));
    world.pass(Duration::milliseconds(1));
    if (n % 100 != 0) continue;
    const auto id = world.set_up_open(far_client(1'000 + n));
    EXPECT_EQ(world.ask(id, a_request()).accept, Accept::Ok) << n;
    world.server.on_closed(id, world.now());
  }
  for (const ConnectionId id : established) EXPECT_TRUE(world.server.knows(id));
  EXPECT_GT(world.server.counters().ended(Ending::Share), 0U);
}

TEST(TwampPlaces, of_one_client_a_new_connection_takes_the_place_of_one_that_says_nothing) {
  World world;
  for (std::uint16_t n = 0; n < 8; ++n) world.connect(client_at(1, n));
  EXPECT_FALSE(greeted(world, client_at(1, 100)));
  world.pass(Duration::seconds(2));
  EXPECT_TRUE(greeted(world, client_at(1, 101)));
  EXPECT_EQ(world.closed.at(1), Ending::GivenWay);
}

// --- those that are set up

// A client without power says no FIN: its share is full of connections that nobody has any more.
//= RFC4656:limits
TEST(TwampPlaces, idle_connections_give_way_to_a_new_one_of_the_same_client) {
  World world;
  const auto other = world.set_up_open(client_at(2));  // of the same network, and idle for longer
  world.pass(Duration::seconds(1));
  const auto busy = world.set_up_open(client_at(1));
  world.ask(busy, a_request());
  world.begin(busy);
  const auto idle = world.set_up_open(client_at(1, 1));
  for (std::uint16_t n = 2; n < 8; ++n) world.set_up_open(client_at(1, n));
  world.pass(Duration::seconds(59));
  EXPECT_FALSE(greeted(world, client_at(1, 100)));
  world.pass(Duration::seconds(1));
  EXPECT_TRUE(greeted(world, client_at(1, 101)));
  EXPECT_EQ(world.closed.at(idle), Ending::GivenWay);
  EXPECT_TRUE(world.server.knows(other));
  EXPECT_TRUE(world.server.knows(busy));
  EXPECT_EQ(world.server.connections(), 9U);
}

TEST(TwampPlaces, idle_connections_with_a_key_give_way_to_a_new_one_of_the_same_client) {
  World world(with_keys());
  for (std::uint16_t n = 0; n < 8; ++n) {
    Client client(keyed_client());
    ASSERT_TRUE(world.talk(world.connect(client_at(1, n)), client));
  }
  world.pass(Duration::seconds(59));
  EXPECT_FALSE(greeted(world, client_at(1, 100)));
  world.pass(Duration::seconds(1));
  EXPECT_TRUE(greeted(world, client_at(1, 101)));
  EXPECT_EQ(world.closed.at(1), Ending::GivenWay);
  EXPECT_EQ(world.server.connections(), 8U);
}

TEST(TwampPlaces, of_one_client_who_runs_sessions_stays) {
  World world;
  for (std::uint16_t n = 0; n < 8; ++n) {
    const auto id = world.set_up_open(client_at(1, n));
    world.ask(id, a_request());
    world.begin(id);
  }
  world.pass(Duration::hours(1));
  EXPECT_FALSE(greeted(world, client_at(1, 100)));
  EXPECT_EQ(world.server.connections(), 8U);
}

// A key's place is none of the network's strangers, who are not to be more by it.
TEST(TwampPlaces, the_place_of_a_client_with_a_key_makes_no_room_for_a_stranger_of_its_network) {
  World world(with_keys());
  for (std::uint16_t n = 0; n < 8; ++n) {
    Client client(keyed_client());
    ASSERT_TRUE(world.talk(world.connect(client_at(1, n)), client));
  }
  for (std::uint16_t n = 0; n < 24; ++n) world.set_up_open(client_at(2U + n / 8U, n));
  world.pass(Duration::minutes(5));
  EXPECT_FALSE(greeted(world, client_at(1, 100)));
  EXPECT_EQ(world.server.connections(), 32U);
}

TEST(TwampPlaces, who_is_set_up_and_runs_sessions_stays) {
  World world;
  for (unsigned n = 0; n < kStrangers; ++n) {
    const auto id = world.set_up_open(far_client(n));
    world.ask(id, a_request());
    world.begin(id);
  }
  world.pass(Duration::hours(1));
  const auto id = world.connect(far_client(100));
  EXPECT_EQ(world.closed.at(id), Ending::Limit);
  EXPECT_EQ(world.closed.size(), 1U);
}

TEST(TwampPlaces, who_is_set_up_and_runs_nothing_gives_way_after_a_minute) {
  World world;
  for (unsigned n = 0; n < kStrangers; ++n) world.set_up_open(far_client(n));
  world.pass(Duration::seconds(59));
  EXPECT_FALSE(greeted(world, far_client(100)));
  world.pass(Duration::seconds(1));
  EXPECT_TRUE(greeted(world, far_client(101)));
  EXPECT_EQ(world.closed.at(1), Ending::GivenWay);
  // It is half open itself by now, and goes before those that are set up.
  world.pass(Duration::seconds(2));
  const ConnectionId newest = world.next_connection - 1;
  EXPECT_TRUE(greeted(world, far_client(102)));
  EXPECT_EQ(world.closed.at(newest), Ending::GivenWay);
}

// --- what is kept for whom

//= RFC4656:limits
TEST(TwampPlaces, strangers_leave_places_for_listed_clients) {
  World world;
  for (unsigned n = 0; n < kStrangers; ++n) world.set_up_open(far_client(n));
  EXPECT_FALSE(greeted(world, far_client(100)));
  for (unsigned n = 0; n < kPlaces - kStrangers; ++n)
    EXPECT_NE(modes_of(world, world.connect_listed(far_client(200 + n))), 0U) << n;
  EXPECT_EQ(world.server.connections(), kPlaces);
  EXPECT_EQ(modes_of(world, world.connect_listed(far_client(300))), 0U) << "all places are taken";
}

TEST(TwampPlaces, a_listed_client_waits_for_nobody_who_is_not_set_up) {
  World world(with_keys());
  for (unsigned n = 0; n < kPlaces; ++n) world.connect(far_client(n));
  EXPECT_EQ(world.server.connections(), kPlaces);
  EXPECT_NE(modes_of(world, world.connect_listed(far_client(200))), 0U);
  EXPECT_EQ(world.closed.at(1), Ending::GivenWay);
}

TEST(TwampPlaces, where_strangers_have_theirs_a_key_is_what_gets_a_place) {
  World world(with_keys());
  for (unsigned n = 0; n < kStrangers; ++n) world.set_up_open(far_client(n));
  const auto open = world.connect(far_client(100));
  EXPECT_EQ(modes_of(world, open), kKeyedModes) << "not the open mode";
  std::vector<std::byte> octets(wire::SetUpResponse::kSize);
  wire::SetUpResponse{.mode = wire::kTwampOpen, .key_id = {}}.encode(octets);
  world.say(open, octets);
  EXPECT_EQ(world.closed.at(open), Ending::BadMode) << "nor does it help to ask for that";
  for (unsigned n = 0; n < kPlaces - kStrangers; ++n) {
    Client client(keyed_client());
    const auto id = world.connect(far_client(200 + n));
    EXPECT_TRUE(world.talk(id, client)) << n;
    EXPECT_TRUE(world.server.knows(id)) << n;
  }
  EXPECT_EQ(world.server.counters().keys_only, 17U);
}

// A proven key is no stranger's: others count, and it does not.
TEST(TwampPlaces, who_proved_a_key_takes_no_place_of_strangers) {
  World world(with_keys());
  for (unsigned n = 0; n < kPlaces - kStrangers; ++n) {
    Client client(keyed_client());
    EXPECT_TRUE(world.talk(world.connect(far_client(200 + n)), client));
  }
  for (unsigned n = 0; n < kStrangers; ++n)
    EXPECT_NE(modes_of(world, world.connect(far_client(n))) & wire::kTwampOpen, 0U) << n;
}

// --- sessions

//= RFC4656:limits
TEST(TwampPlaces, strangers_leave_sessions_for_others_and_no_network_takes_them_all) {
  ServerOptions options;
  options.limits.stranger_sessions_per_address = 4;
  options.limits.stranger_sessions_per_network = 6;
  options.limits.stranger_sessions = 10;
  options.limits.sessions = 12;
  World world(options);
  const auto take = [&](ConnectionId id) {
    std::size_t got = 0;
    for (std::uint16_t port = 1; port <= 12; ++port)
      got += world.ask(id, a_request(port)).accept == Accept::Ok ? 1U : 0U;
    return got;
  };
  EXPECT_EQ(take(world.set_up_open(client_at(1))), 4U) << "of one address";
  EXPECT_EQ(take(world.set_up_open(client_at(1, 2))), 0U) << "by any connection";
  EXPECT_EQ(take(world.set_up_open(client_at(2))), 2U) << "of one network";
  EXPECT_EQ(take(world.set_up_open(far_client(1))), 4U);
  EXPECT_EQ(take(world.set_up_open(far_client(2))), 0U) << "of all strangers";
  const auto listed = world.connect_listed(far_client(3));
  std::vector<std::byte> octets(wire::SetUpResponse::kSize);
  wire::SetUpResponse{.mode = 1, .key_id = {}}.encode(octets);
  world.say(listed, octets);
  world.heard(listed);
  EXPECT_EQ(take(listed), 2U) << "of all";
}

// What a connection left behind still counts for its address.
TEST(TwampPlaces, sessions_of_a_closed_connection_count_until_they_end) {
  ServerOptions options;
  options.limits.stranger_sessions_per_address = 1;
  World world(options);
  const auto first = world.set_up_open(client_at(1));
  world.ask(first, a_request());
  world.begin(first);
  world.server.on_closed(first, world.now());
  const auto second = world.set_up_open(client_at(1, 2));
  EXPECT_EQ(world.ask(second, a_request()).accept, Accept::TemporaryLimit);
  world.server.on_session_ended(1, world.now());
  EXPECT_EQ(world.ask(second, a_request()).accept, Accept::Ok);
}

}  // namespace
}  // namespace wirestamp::twamp
