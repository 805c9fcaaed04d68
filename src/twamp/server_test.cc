// SPDX-License-Identifier: Apache-2.0
#include "twamp/server.h"

#include <gtest/gtest.h>

#include "twamp/world_test.h"

namespace wirestamp::twamp {
namespace {

using wire::Accept;

std::uint64_t ended(const World& world, Ending why) { return world.server.counters().ended(why); }

// --- RFC 5357 3: the order of things

TEST(TwampServer, grants_the_port_that_is_asked_for) {
  World world;
  const auto id = world.set_up_open();
  const auto accepted = world.ask(id, a_request());
  EXPECT_EQ(accepted.accept, Accept::Ok);
  EXPECT_EQ(accepted.port, 18'760);
  ASSERT_EQ(world.opened.size(), 1U);
  EXPECT_EQ(world.opened[0].sender, (packet::Endpoint{kClientEnd.address, 18'760, 0}));
  EXPECT_EQ(world.opened[0].receiver, (packet::Endpoint{kServerAddress, 18'760, 0}));
  EXPECT_EQ(world.opened[0].dscp, 46);
  EXPECT_EQ(world.opened[0].timeout, Duration::seconds(2));
  EXPECT_TRUE(world.running.empty());  // nothing before Start-Sessions
}

//= RFC5357:other-port
TEST(TwampServer, tells_the_other_port_where_that_one_is_taken) {
  World world;
  world.taken_ports = {18'760};
  EXPECT_EQ(world.ask(world.set_up_open(), a_request()).port, 40'001);
}

//= RFC5357:start RFC5357:stop-unanswered RFC5357:again
TEST(TwampServer, starts_all_sessions_and_stops_them_and_takes_new_ones) {
  World world;
  const auto id = world.set_up_open();
  world.ask(id, a_request(20'001));
  world.ask(id, a_request(20'002));
  EXPECT_EQ(world.begin(id), Accept::Ok);
  EXPECT_EQ(world.running.size(), 2U);
  world.halt(id, 2);
  EXPECT_TRUE(world.heard(id).empty());  // RFC 5357 3.8: no answer
  EXPECT_EQ(world.stopping.size(), 2U);
  EXPECT_EQ(world.ask(id, a_request(20'003)).accept, Accept::Ok);
  EXPECT_EQ(world.server.counters().wrong_stop_counts, 0U);
}

TEST(TwampServer, takes_a_stop_with_a_wrong_number_of_sessions) {
  World world;
  const auto id = world.set_up_open();
  world.ask(id, a_request());
  world.begin(id);
  world.halt(id, 7);
  EXPECT_EQ(world.stopping.size(), 1U);
  EXPECT_TRUE(world.server.knows(id));
  EXPECT_EQ(world.server.counters().wrong_stop_counts, 1U);
}

//= RFC5357:start-nothing
TEST(TwampServer, starts_nothing_where_nothing_was_asked_for) {
  World world;
  const auto id = world.set_up_open();
  EXPECT_EQ(world.begin(id), Accept::Failure);
  EXPECT_EQ(world.ask(id, a_request()).accept, Accept::Ok);
}

//= RFC5357:only-stop
TEST(TwampServer, closes_on_anything_but_a_stop_while_sessions_run) {
  World world;
  const auto id = world.set_up_open();
  world.ask(id, a_request());
  world.begin(id);
  std::vector<std::byte> octets(wire::RequestSession::kSize);
  a_request(20'002).encode(octets);
  world.say(id, octets);
  EXPECT_EQ(world.closed.at(id), Ending::BadCommand);
  EXPECT_EQ(world.stopping.size(), 1U);
}

//= RFC5357:commands
TEST(TwampServer, answers_a_command_it_does_not_know_and_closes) {
  World world;
  const auto id = world.set_up_open();
  std::vector<std::byte> octets(16);
  octets[0] = std::byte{11};  // RFC 9533
  world.say(id, octets);
  const auto answer = world.heard(id);
  ASSERT_EQ(answer.size(), wire::AcceptSession::kSize);
  EXPECT_EQ(wire::AcceptSession::decode(answer).accept, Accept::NotSupported);
  EXPECT_EQ(world.closed.at(id), Ending::BadCommand);
}

TEST(TwampServer, lets_sessions_go_on_for_their_timeout_when_the_connection_is_lost) {
  World world;
  const auto id = world.set_up_open();
  world.ask(id, a_request(20'001));
  world.begin(id);
  world.server.on_closed(id, world.now());
  EXPECT_EQ(world.stopping.size(), 1U);
  EXPECT_FALSE(world.closed.contains(id));
  EXPECT_EQ(world.server.sessions(), 1U);
  world.server.on_session_ended(1, world.now());
  EXPECT_EQ(world.server.sessions(), 0U);
}

TEST(TwampServer, forgets_a_session_that_was_never_started_with_its_connection) {
  World world;
  const auto id = world.set_up_open();
  world.ask(id, a_request());
  world.server.on_closed(id, world.now());
  EXPECT_EQ(world.abandoned.size(), 1U);
  EXPECT_EQ(world.server.sessions(), 0U);
}

TEST(TwampServer, takes_octets_as_they_come) {
  World world;
  const auto id = world.connect();
  world.heard(id);
  std::vector<std::byte> octets(wire::SetUpResponse::kSize + wire::RequestSession::kSize + 32);
  wire::SetUpResponse{.mode = 1, .key_id = {}}.encode(octets);
  a_request().encode(base::MutableBytes(octets).subspan(wire::SetUpResponse::kSize));
  wire::encode_start_sessions(base::MutableBytes(octets).last(32));
  for (const std::byte octet : octets) world.say(id, base::Bytes(&octet, 1));
  EXPECT_EQ(world.heard(id).size(), 48U + 48U + 32U);
  EXPECT_EQ(world.running.size(), 1U);
}

// --- what is refused (RFC 5357 3.5, RFC 4656 3.3)

//= RFC5357:conf-zero RFC5357:no-schedule RFC5357:refusal-keeps RFC5357:refusal-port
TEST(TwampServer, refuses_what_it_does_not_do_and_keeps_the_connection) {
  const auto refusal_of = [](const std::function<void(wire::RequestSession&)>& change) {
    World world;
    const auto id = world.set_up_open();
    wire::RequestSession request = a_request();
    change(request);
    const auto answer = world.ask(id, request);
    EXPECT_TRUE(world.opened.empty());
    EXPECT_EQ(answer.port, 0);
    EXPECT_EQ(world.ask(id, a_request()).accept, Accept::Ok);
    return answer.accept;
  };
  using Request = wire::RequestSession;
  EXPECT_EQ(refusal_of([](Request& r) { r.conf_sender = 1; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.conf_receiver = 1; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.schedule_slots = 1; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.packets = 1; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.ip_version = 6; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.sender_port = 0; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.sender = packet::IpAddress::v4(0x08080808); }),
            Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.timeout = wire::raw_interval(Duration::seconds(61)); }),
            Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.type_p = 0x8000'0000; }), Accept::NotSupported);
  EXPECT_EQ(refusal_of([](Request& r) { r.padding_length = 9'000; }), Accept::PermanentLimit);
}

TEST(TwampServer, gives_network_control_to_listed_clients_only) {
  World world;
  const auto guest = world.connect(client_at(1), (std::uint64_t{1} << 48U) - 1),
             friend_of_ours = world.connect(client_at(2));
  std::vector<std::byte> octets(wire::SetUpResponse::kSize);
  wire::SetUpResponse{.mode = 1, .key_id = {}}.encode(octets);
  wire::RequestSession request = a_request();
  request.type_p = wire::type_p_of(48);
  for (const auto id : {guest, friend_of_ours}) {
    world.say(id, octets);
    world.heard(id);
  }
  EXPECT_EQ(world.ask(guest, request).accept, Accept::NotSupported);
  EXPECT_EQ(world.ask(friend_of_ours, request).accept, Accept::Ok);
}

TEST(TwampServer, passes_on_why_a_port_cannot_be_had) {
  World world;
  world.next_refusal = {Accept::InternalError};
  const auto id = world.set_up_open();
  EXPECT_EQ(world.ask(id, a_request()).accept, Accept::InternalError);
  EXPECT_EQ(world.server.sessions(), 0U);
}

//= RFC4656:mode-offered RFC4656:server-start
TEST(TwampServer, refuses_a_mode_that_it_did_not_offer) {
  World world;
  for (const std::uint32_t mode : {2U, 3U, 16U, 17U, 1U + 512U}) {
    const auto id = world.connect(client_at(mode % 200));
    world.heard(id);
    std::vector<std::byte> octets(wire::SetUpResponse::kSize);
    wire::SetUpResponse{.mode = mode, .key_id = {}}.encode(octets);
    world.say(id, octets);
    const auto answer = world.heard(id);
    ASSERT_EQ(answer.size(), wire::ServerStart::kSize);
    EXPECT_EQ(wire::ServerStart::decode(answer).accept, Accept::NotSupported);
    EXPECT_EQ(wire::ServerStart::decode(answer).start_time, 0U);
    EXPECT_EQ(world.closed.at(id), Ending::BadMode);
  }
}

//= RFC4656:challenge-is-new RFC4656:count
TEST(TwampServer, greets_each_connection_with_a_challenge_and_a_salt_of_its_own) {
  World world;
  const auto first = wire::ServerGreeting::decode(world.heard(world.connect()));
  const auto second = wire::ServerGreeting::decode(world.heard(world.connect()));
  EXPECT_NE(first.challenge, second.challenge);
  EXPECT_NE(first.salt, second.salt);
  EXPECT_NE(first.challenge, first.salt);
  EXPECT_GE(first.count, 1'024U);
  EXPECT_EQ(first.count & (first.count - 1), 0U);
}

//= RFC4656:client-gives-up
TEST(TwampServer, closes_when_the_client_gives_up) {
  World world;
  const auto id = world.connect();
  world.heard(id);
  std::vector<std::byte> octets(wire::SetUpResponse::kSize);
  wire::SetUpResponse{.mode = 0, .key_id = {}}.encode(octets);
  world.say(id, octets);
  EXPECT_TRUE(world.heard(id).empty());
  EXPECT_EQ(world.closed.at(id), Ending::GivenUp);
}

// --- limits (RFC 4656 6)

//= RFC4656:not-willing
TEST(TwampServer, is_not_willing_to_have_too_many_connections_of_one_client) {
  World world;
  for (unsigned i = 0; i < 8; ++i) world.set_up_open(client_at(1, static_cast<std::uint16_t>(i)));
  const auto ninth = world.connect(client_at(1, 9));
  EXPECT_EQ(wire::ServerGreeting::decode(world.heard(ninth)).modes, 0U);
  EXPECT_EQ(world.closed.at(ninth), Ending::Share);
  EXPECT_EQ(wire::ServerGreeting::decode(world.heard(world.connect(client_at(2)))).modes, 1U);
}

TEST(TwampServer, counts_the_addresses_of_one_ipv6_network_as_one_client) {
  World world;
  const auto at = [](unsigned network, unsigned host) {
    return packet::Endpoint{
        *packet::IpAddress::parse(fmt::format("2001:db8:0:{:x}::{:x}", network, host)), 5'000, 0};
  };
  for (unsigned i = 0; i < 8; ++i) world.connect(at(1, i + 1));
  EXPECT_EQ(world.closed.count(world.connect(at(1, 99))), 1U);
  EXPECT_EQ(world.closed.count(world.connect(at(2, 1))), 0U);
}

//= RFC4656:limits
TEST(TwampServer, bounds_the_sessions_of_a_connection_and_of_all) {
  ServerOptions options;
  options.limits.sessions_per_connection = 3;
  options.limits.sessions = 4;
  World world(options);
  const auto one = world.set_up_open(client_at(1)), two = world.set_up_open(client_at(2));
  for (std::uint16_t port = 1; port <= 3; ++port)
    EXPECT_EQ(world.ask(one, a_request(port)).accept, Accept::Ok);
  EXPECT_EQ(world.ask(one, a_request(4)).accept, Accept::TemporaryLimit);
  EXPECT_EQ(world.ask(two, a_request(5)).accept, Accept::Ok);
  EXPECT_EQ(world.ask(two, a_request(6)).accept, Accept::TemporaryLimit);
  // A session that was stopped counts until it reflects no more.
  world.begin(one);
  world.halt(one, 3);
  EXPECT_EQ(world.ask(one, a_request(7)).accept, Accept::TemporaryLimit);
  world.server.on_session_ended(1, world.now());
  EXPECT_EQ(world.ask(one, a_request(7)).accept, Accept::Ok);
}

// --- timers (RFC 5357 3.1, 4.2)

//= RFC5357:servwait
TEST(TwampServer, closes_a_connection_that_says_nothing) {
  World world;
  const auto greeted = world.connect(client_at(1)), ready = world.set_up_open(client_at(2));
  world.pass(Duration::seconds(899));
  EXPECT_TRUE(world.closed.empty());
  world.pass(Duration::seconds(1));
  EXPECT_EQ(world.closed.at(greeted), Ending::Wait);
  EXPECT_EQ(world.closed.at(ready), Ending::Wait);
}

//= RFC5357:servwait-suspended
TEST(TwampServer, waits_as_long_as_sessions_run) {
  World world;
  const auto id = world.set_up_open();
  world.ask(id, a_request());
  world.begin(id);
  world.pass(Duration::hours(5));
  EXPECT_TRUE(world.closed.empty());
  // REFWAIT ended it: SERVWAIT goes on.
  world.server.on_session_ended(1, world.now());
  world.pass(Duration::seconds(899));
  EXPECT_TRUE(world.closed.empty());
  world.pass(Duration::seconds(1));
  EXPECT_EQ(world.closed.at(id), Ending::Wait);
}

TEST(TwampServer, does_not_wait_for_the_rest_of_a_message) {
  World world;
  const auto slow = world.connect(client_at(1)), slower = world.set_up_open(client_at(2));
  const std::byte octet{};
  world.say(slow, base::Bytes(&octet, 1));
  const std::byte request{5};
  world.say(slower, base::Bytes(&request, 1));
  world.pass(Duration::seconds(20));
  world.say(slow, base::Bytes(&octet, 1));  // more of it gives no more time
  world.say(slower, base::Bytes(&octet, 1));
  world.pass(Duration::seconds(10));
  EXPECT_EQ(world.closed.at(slow), Ending::Wait);
  EXPECT_EQ(world.closed.at(slower), Ending::Wait);
}

TEST(TwampServer, a_whole_message_gives_new_time) {
  World world;
  const auto id = world.set_up_open();
  world.pass(Duration::seconds(800));
  world.ask(id, a_request());
  world.pass(Duration::seconds(800));
  EXPECT_TRUE(world.closed.empty());
  EXPECT_EQ(ended(world, Ending::Wait), 0U);
}

// --- features

//= RFC6038:octets-copied RFC6038:padding-room
TEST(TwampServer, reflects_octets_where_the_padding_has_room) {
  ServerOptions options;
  options.modes = wire::kTwampOpen | wire::kTwampReflectOctets;
  World world(options);
  const auto id = world.set_up_open(kClientEnd, 1 | 32);
  wire::RequestSession request = a_request();
  request.reflect_octets = 0xbeef;
  request.reflect_padding = 4;
  EXPECT_EQ(world.ask(id, request).accept, Accept::NotSupported);  // RFC 6038 4.2: 27 and 4
  request.padding_length = 31;
  const auto accepted = world.ask(id, request);
  EXPECT_EQ(accepted.accept, Accept::Ok);
  EXPECT_EQ(accepted.reflect_octets, 0xbeef);
  EXPECT_EQ(world.opened.at(0).layout.reflected, 4);
}

//= RFC6038:octets-copied
TEST(TwampServer, does_not_reflect_octets_in_a_mode_without_it) {
  World world;
  wire::RequestSession request = a_request();
  request.reflect_octets = request.reflect_padding = 4;
  const auto accepted = world.ask(world.set_up_open(), request);
  EXPECT_EQ(accepted.accept, Accept::Ok);
  EXPECT_EQ(accepted.reflect_octets, 0);
  EXPECT_EQ(world.opened.at(0).layout.reflected, 0);
}

// RFC 5938 3.
//= RFC5938:named-only RFC5938:unknown-sid RFC5938:while-running
TEST(TwampServer, starts_and_stops_named_sessions) {
  ServerOptions options;
  options.modes = wire::kTwampOpen | wire::kTwampIndividualSessions;
  World world(options);
  const auto id = world.set_up_open(kClientEnd, 1 | 16);
  const auto one = world.ask(id, a_request(20'001)).sid, two = world.ask(id, a_request(20'002)).sid;
  const auto say = [&](wire::TwampCommand command, std::vector<wire::SessionId> sids) {
    const wire::SessionList list{.command = command, .accept = Accept::Ok, .sids = std::move(sids)};
    std::vector<std::byte> octets(list.size());
    list.encode(octets);
    world.say(id, octets);
    const auto answer = wire::SessionList::decode(world.heard(id));
    EXPECT_TRUE(answer.has_value());
    return answer ? answer->accept : Accept::Ok;
  };
  using enum wire::TwampCommand;
  EXPECT_EQ(say(StartNSessions, {two}), Accept::Ok);
  EXPECT_EQ(world.running, (std::set<SessionNumber>{2}));
  EXPECT_EQ(say(StartNSessions, {two}), Accept::Failure);  // runs already
  EXPECT_EQ(say(StartNSessions, {one, one}), Accept::Failure);
  EXPECT_EQ(say(StartNSessions, {one, wire::SessionId{}}), Accept::Failure);
  EXPECT_EQ(world.running, (std::set<SessionNumber>{2}));
  EXPECT_EQ(say(StartNSessions, {}), Accept::Failure);
  EXPECT_EQ(world.ask(id, a_request(20'003)).accept, Accept::Ok);  // while one runs
  EXPECT_EQ(say(StartNSessions, {one}), Accept::Ok);
  EXPECT_EQ(say(StopNSessions, {two}), Accept::Ok);
  EXPECT_EQ(world.running, (std::set<SessionNumber>{1}));
  EXPECT_EQ(say(StopNSessions, {two}), Accept::Failure);
  // RFC 5938 3: the two commands of RFC 5357 must not be used then.
  std::vector<std::byte> octets(wire::kShortMessage);
  wire::encode_start_sessions(octets);
  world.say(id, octets);
  EXPECT_EQ(world.closed.at(id), Ending::BadCommand);
}

TEST(TwampServer, named_sessions_are_unknown_in_a_mode_without_them) {
  World world;
  const auto id = world.set_up_open();
  const auto sid = world.ask(id, a_request()).sid;
  const wire::SessionList list{
      .command = wire::TwampCommand::StartNSessions, .accept = Accept::Ok, .sids = {sid}};
  std::vector<std::byte> octets(list.size());
  list.encode(octets);
  world.say(id, octets);
  EXPECT_EQ(world.closed.at(id), Ending::BadCommand);
  EXPECT_TRUE(world.running.empty());
}

}  // namespace
}  // namespace wirestamp::twamp
