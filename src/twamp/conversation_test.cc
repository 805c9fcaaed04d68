// SPDX-License-Identifier: Apache-2.0
//
// Client and server with each other, in every mode, and each of them against the octets of
// tests/vectors/twamp.json.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "twamp/world_test.h"
#include "wire/time_format.h"

namespace wirestamp::twamp {
namespace {

using Octets = std::vector<std::byte>;

constexpr std::uint32_t kAllModes = 15;

ServerOptions offering(std::uint32_t modes) {
  ServerOptions options;
  options.modes = modes;
  return options;
}

ClientOptions wanting(std::uint32_t modes, bool with_key = true, std::uint32_t features = 0) {
  ClientOptions options{.modes = modes, .features = features, .key = {}, .random = {}};
  if (with_key) options.key = a_key();
  options.random = [n = std::uint64_t{7}]() mutable { return n += 0x1234'5678'9abc'def1; };
  return options;
}

std::string error_of(const Result<void>& result) { return result ? "" : result.error().text; }

// --- both ends of ours

class TwampConversation : public testing::TestWithParam<std::uint32_t> {};

//= RFC5357:stop-count RFC5618:mixed
TEST_P(TwampConversation, requests_starts_and_stops) {
  World world(offering(GetParam() | wire::kTwampDscpEcn));
  Client client(wanting(GetParam(), GetParam() != wire::kTwampOpen, wire::kTwampDscpEcn));
  const auto id = world.connect();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  ASSERT_EQ(client.phase(), Client::Phase::Ready);
  EXPECT_EQ(client.modes(), GetParam() | wire::kTwampDscpEcn);
  for (const std::uint16_t port : {std::uint16_t{20'001}, std::uint16_t{20'002}}) {
    client.request(a_request(port));
    EXPECT_EQ(error_of(world.talk(id, client)), "");
  }
  client.start();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  ASSERT_EQ(client.phase(), Client::Phase::Running);
  EXPECT_EQ(world.running.size(), 2U);
  client.stop();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  EXPECT_EQ(client.phase(), Client::Phase::Stopped);
  EXPECT_EQ(world.stopping.size(), 2U);
  EXPECT_EQ(world.server.counters().wrong_stop_counts, 0U);
  EXPECT_TRUE(world.closed.empty());

  // Both ends have the same keys and layouts.
  ASSERT_EQ(client.sessions().size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const AgreedSession& ours = client.sessions()[i];
    const TestSession& theirs = world.opened[i];
    EXPECT_EQ(ours.port, theirs.receiver.port);
    EXPECT_EQ(ours.layout.modes, theirs.layout.modes);
    ASSERT_EQ(ours.keys.has_value(), ours.layout.keyed());
    ASSERT_EQ(theirs.keys.has_value(), ours.layout.keyed());
    if (!ours.keys) continue;
    EXPECT_TRUE(crypto::equal(ours.keys->aes.octets(), theirs.keys->aes.octets()));
    EXPECT_TRUE(crypto::equal(ours.keys->hmac.octets(), theirs.keys->hmac.octets()));
  }
}

TEST_P(TwampConversation, starts_and_stops_by_name) {
  World world(offering(GetParam() | wire::kTwampIndividualSessions));
  Client client(wanting(GetParam(), true, wire::kTwampIndividualSessions));
  const auto id = world.connect();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  client.request(a_request());
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  client.start();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  EXPECT_EQ(client.phase(), Client::Phase::Running);
  client.stop();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  EXPECT_EQ(client.phase(), Client::Phase::Stopped);
  EXPECT_EQ(world.stopping.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Modes, TwampConversation,
                         testing::Values(std::uint32_t{wire::kTwampOpen},
                                         std::uint32_t{wire::kTwampAuthenticated},
                                         std::uint32_t{wire::kTwampEncrypted},
                                         std::uint32_t{wire::kTwampMixed}),
                         [](const auto& mode) { return mode_names(mode.param); });

//= RFC4656:mode-offered
TEST(TwampClient, takes_the_strongest_mode_offered) {
  World world(offering(kAllModes));
  Client client(wanting(kAllModes & ~std::uint32_t{wire::kTwampOpen}));
  EXPECT_EQ(error_of(world.talk(world.connect(), client)), "");
  EXPECT_EQ(client.modes(), wire::kTwampEncrypted);
}

TEST(TwampClient, says_which_modes_the_server_speaks) {
  World world(offering(wire::kTwampOpen));
  Client client(wanting(wire::kTwampAuthenticated));
  EXPECT_EQ(error_of(world.talk(world.connect(), client)),
            "the TWAMP server speaks open, authenticated was asked for: choose one of its modes");
  World strict(offering(wire::kTwampAuthenticated | wire::kTwampMixed));
  Client open(wanting(wire::kTwampOpen, false));
  EXPECT_EQ(error_of(strict.talk(strict.connect(), open)),
            "the TWAMP server speaks authenticated, mixed, open was asked for: choose one of its "
            "modes; all but open need a key");
}

//= RFC4656:token-verified
TEST(TwampClient, says_that_the_key_may_be_wrong) {
  const auto refusal = [](const std::string& key_id, const std::string& passphrase) {
    World world(offering(kAllModes));
    ClientOptions options = wanting(wire::kTwampEncrypted);
    options.key = SharedKey::make(key_id, passphrase);
    Client client(options);
    const auto id = world.connect();
    const std::string error = error_of(world.talk(id, client));
    EXPECT_EQ(world.closed.at(id), Ending::BadKey);
    return error;
  };
  // One who guesses hears the same of both.
  const std::string wrong = refusal("probe1", "incorrect horse");
  EXPECT_EQ(wrong,
            "the TWAMP server refuses encrypted mode: the server gives no reason (Accept 1); are "
            "key id and passphrase those it knows?");
  EXPECT_EQ(refusal("nobody", "correct horse battery staple"), wrong);
}

TEST(TwampClient, says_why_a_session_is_refused) {
  World world;
  world.next_refusal = {wire::Accept::TemporaryLimit};
  Client client(wanting(wire::kTwampOpen));
  const auto id = world.connect();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  client.request(a_request());
  EXPECT_EQ(error_of(world.talk(id, client)),
            "the TWAMP server refuses the session: the server has no room now, try again later "
            "(Accept 5)");
}

//= RFC4656:not-willing
TEST(TwampClient, says_that_the_server_is_not_willing) {
  World world;
  for (unsigned i = 0; i < 8; ++i) world.connect();
  Client client(wanting(wire::kTwampOpen));
  EXPECT_THAT(error_of(world.talk(world.connect(), client)),
              testing::StartsWith("the TWAMP server is not willing to talk to us now"));
}

TEST(TwampClient, knows_what_is_no_twamp_server) {
  const std::string banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
  Client client(wanting(wire::kTwampOpen));
  EXPECT_EQ(error_of(client.on_octets(std::as_bytes(std::span(banner).first(12)))),
            "no TWAMP server there: it says 'SSH-2.0-Open'");
}

//= RFC4656:count-limit
TEST(TwampClient, does_not_derive_a_key_for_ever) {
  Client client(wanting(wire::kTwampAuthenticated));
  Octets octets(wire::ServerGreeting::kSize);
  wire::ServerGreeting{.modes = 2, .count = 1U << 30U}.encode(octets);
  EXPECT_EQ(error_of(client.on_octets(octets)),
            "the TWAMP server asks for 1073741824 rounds of PBKDF2, more than 32768 are not done");
}

TEST(TwampClient, has_words_for_a_server_that_goes_away) {
  World world;
  Client client(wanting(wire::kTwampOpen));
  EXPECT_THAT(client.closed_words(), testing::HasSubstr("before it said anything"));
  EXPECT_THAT(client.silence_words(), testing::HasSubstr("says nothing"));
  const auto id = world.connect();
  EXPECT_EQ(error_of(client.on_octets(world.heard(id))), "");
  EXPECT_THAT(client.closed_words(), testing::HasSubstr("instead of taking open mode"));
  world.say(id, client.take_output());
  EXPECT_EQ(error_of(client.on_octets(world.heard(id))), "");
  client.request(a_request());
  EXPECT_THAT(client.closed_words(), testing::HasSubstr("instead of answering"));
}

TEST(TwampClient, takes_nothing_that_it_did_not_ask_for) {
  World world;
  Client client(wanting(wire::kTwampOpen));
  EXPECT_EQ(error_of(world.talk(world.connect(), client)), "");
  EXPECT_EQ(error_of(client.on_octets(Octets(32))),
            "the TWAMP server sent something that nobody asked for");
}

// RFC 4656 3.1.
//= RFC4656:stream-hmac-wrong
TEST(TwampTampering, an_octet_changed_on_the_way_ends_the_connection) {
  World world(offering(kAllModes));
  Client client(wanting(wire::kTwampAuthenticated));
  const auto id = world.connect();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  client.request(a_request());
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  client.start();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  EXPECT_EQ(world.running.size(), 1U);
  client.stop();
  Octets words = client.take_output();
  words[20] ^= std::byte{1};
  world.say(id, words);
  EXPECT_EQ(world.closed.at(id), Ending::BadHmac);
  EXPECT_EQ(world.abandoned.size(), 1U);  // at once, not after its timeout
}

//= RFC4656:stream-hmac-wrong
TEST(TwampTampering, an_answer_changed_on_the_way_is_not_believed) {
  World world(offering(kAllModes));
  Client client(wanting(wire::kTwampAuthenticated));
  const auto id = world.connect();
  EXPECT_EQ(error_of(world.talk(id, client)), "");
  client.request(a_request());
  world.say(id, client.take_output());
  Octets answer = world.heard(id);
  answer[3] ^= std::byte{1};
  EXPECT_THAT(error_of(client.on_octets(answer)), testing::HasSubstr("HMAC"));
}

// --- the octets of the vectors

Octets from_hex(const std::string& text) {
  Octets octets;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    octets.push_back(static_cast<std::byte>(digit(text[i]) * 16 + digit(text[i + 1])));
  return octets;
}

Octets vector(const std::string& name) {
  static const auto kDocument =
      nlohmann::json::parse(std::ifstream(std::string(WIRESTAMP_VECTORS) + "/twamp.json"));
  for (const auto& one : kDocument["vectors"])
    if (one["name"] == name) return from_hex(one["hex"]);
  ADD_FAILURE() << "no vector " << name;
  return {};
}

// 10, 11, 12 ... as many octets as are drawn, then the words given.
std::function<std::uint64_t()> drawing(std::vector<std::uint64_t> words) {
  return [words = std::move(words), next = std::size_t{0}]() mutable { return words.at(next++); };
}
std::uint64_t run_of(unsigned first) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word = word << 8U | (first + i);
  return word;
}

// What the server says in the conversation of the vectors.
class VectorServer : public World {
 public:
  explicit VectorServer(std::uint32_t modes, unsigned server_iv)
      : World(options(modes, server_iv)) {
    mono = MonoTime::from_ns(125'000'000);  // e8fe6f80 20000000
  }

 private:
  static ServerOptions options(std::uint32_t modes, unsigned server_iv) {
    ServerOptions made = offering(modes);
    made.random = drawing({run_of(0x10), run_of(0x18), run_of(0x20), run_of(0x28),
                           run_of(server_iv), run_of(server_iv + 8), 0xdeadbeef});
    return made;
  }
};

Octets without(Octets octets, std::size_t from, std::size_t size) {
  octets.erase(octets.begin() + static_cast<std::ptrdiff_t>(from),
               octets.begin() + static_cast<std::ptrdiff_t>(from + size));
  return octets;
}

//= RFC4656:greeting RFC4656:sid RFC5357:stop-unanswered
TEST(TwampVectors, the_server_says_what_the_open_ones_say) {
  VectorServer world(wire::kTwampOpen, 0x30);
  const auto id = world.connect();
  EXPECT_EQ(world.heard(id), vector("greeting-open"));
  world.say(id, vector("setup-open"));
  // The Start-Time is another: that of this World.
  EXPECT_EQ(without(world.heard(id), 32, 8), without(vector("server-start-open"), 32, 8));
  world.say(id, vector("request-tw-session-open"));
  EXPECT_EQ(world.heard(id), vector("accept-session-open"));
  world.say(id, vector("start-sessions-open"));
  EXPECT_EQ(world.heard(id), vector("start-ack-open"));
  world.say(id, vector("stop-sessions-open"));
  EXPECT_TRUE(world.heard(id).empty());
  EXPECT_EQ(world.stopping.size(), 1U);
  EXPECT_EQ(world.server.counters().wrong_stop_counts, 0U);
}

//= RFC4656:stream-cipher RFC4656:test-keys
TEST(TwampVectors, the_server_takes_what_the_authenticated_ones_say) {
  VectorServer world(kAllModes, 0x80);
  const auto id = world.connect();
  EXPECT_EQ(without(world.heard(id), 12, 4), without(vector("greeting-open"), 12, 4));
  world.say(id, vector("setup-auth"));
  // Up to the Start-Time, which is that of this World and goes into all that follows.
  const Octets start = world.heard(id), wanted = vector("server-start-auth");
  EXPECT_EQ(Octets(start.begin(), start.begin() + 32), Octets(wanted.begin(), wanted.begin() + 32));
  world.say(id, vector("request-tw-session-auth"));
  world.say(id, vector("start-sessions-auth"));
  EXPECT_EQ(world.running.size(), 1U);
  EXPECT_TRUE(crypto::equal(world.opened.at(0).keys->aes.octets(), vector("test-aes-key")));
  EXPECT_TRUE(crypto::equal(world.opened.at(0).keys->hmac.octets(), vector("test-hmac-key")));
  world.say(id, vector("stop-sessions-auth"));
  EXPECT_EQ(world.stopping.size(), 1U);
  EXPECT_TRUE(world.closed.empty());
}

//= RFC4656:set-up-response RFC4656:session-keys-random
TEST(TwampVectors, the_client_takes_part_in_the_authenticated_ones) {
  ClientOptions options = wanting(wire::kTwampAuthenticated);
  options.random = drawing({run_of(0x40), run_of(0x48), run_of(0x50), run_of(0x58), run_of(0x60),
                            run_of(0x68), run_of(0x70), run_of(0x78)});
  Client client(options);
  EXPECT_EQ(error_of(client.on_octets(vector("greeting-all"))), "");
  EXPECT_EQ(client.take_output(), vector("setup-auth"));
  EXPECT_EQ(error_of(client.on_octets(vector("server-start-auth"))), "");
  wire::RequestSession request = a_request();
  request.sender = kClientEnd.address;
  request.receiver = kServerAddress;
  request.start_time = 0xe8fe'6f83'0000'0000;
  client.request(request);
  EXPECT_EQ(client.take_output(), vector("request-tw-session-auth"));
  EXPECT_EQ(error_of(client.on_octets(vector("accept-session-auth"))), "");
  EXPECT_EQ(client.sessions().at(0).port, 18'760);
  EXPECT_TRUE(crypto::equal(client.sessions()[0].keys->aes.octets(), vector("test-aes-key")));
  client.start();
  EXPECT_EQ(client.take_output(), vector("start-sessions-auth"));
  EXPECT_EQ(error_of(client.on_octets(vector("start-ack-auth"))), "");
  client.stop();
  EXPECT_EQ(client.take_output(), vector("stop-sessions-auth"));
}

}  // namespace
}  // namespace wirestamp::twamp
