// SPDX-License-Identifier: Apache-2.0
//
// A case for each counter of a TWAMP server: what raises it, and that nothing else is raised. A
// counter that is added without one fails here.
#include "twamp/counters.h"

#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "twamp/test_reflector.h"
#include "twamp/world_test.h"

namespace wirestamp::twamp {
namespace {

using Octets = std::vector<std::byte>;
using Raised = std::map<std::string_view, std::uint64_t>;

template <typename Counters, std::size_t kSize>
Raised raised(const std::array<Counter<Counters>, kSize>& table, const Counters& counters) {
  Raised raised;
  for (const auto& counter : table)
    if (const std::uint64_t value = counter.value(counters); value > 0)
      raised[counter.name] = value;
  return raised;
}

// --- the control server

Octets choice(std::uint32_t mode) {
  Octets octets(wire::SetUpResponse::kSize);
  wire::SetUpResponse{.mode = mode, .key_id = {}}.encode(octets);
  return octets;
}

ClientOptions with_key(std::uint32_t mode, const char* passphrase) {
  return {.modes = mode,
          .features = 0,
          .key = SharedKey::make("probe1", passphrase),
          .random = [n = std::uint64_t{7}]() mutable { return n += 0x1234'5678'9abc'def1; }};
}

struct ControlCase {
  std::string_view proves;
  std::function<void(World&)> happens;
  Raised raised;
};

std::vector<ControlCase> of_connections() {
  return {
      {"connections", [](World& world) { world.connect(); }, {{"connections", 1}}},
      {"refused_clients",
       [](World& world) { world.server.on_refused_client(); },
       {{"refused_clients", 1}}},
      {"closed_by_client",
       [](World& world) { world.server.on_closed(world.connect(), world.now()); },
       {{"connections", 1}, {"closed_by_client", 1}}},
      {"given_up",
       [](World& world) { world.say(world.connect(), choice(0)); },
       {{"connections", 1}, {"given_up", 1}}},
      {"keys_only",
       [](World& world) {
         for (unsigned n = 0; n < 49; ++n) world.connect(far_client(n));
       },
       {{"connections", 49}, {"keys_only", 1}}},
      {"over_limit",
       [](World& world) {
         for (unsigned n = 0; n < 65; ++n) world.connect(far_client(n));
       },
       {{"connections", 65}, {"keys_only", 16}, {"over_limit", 1}}},
      {"over_share",
       [](World& world) {
         for (unsigned n = 0; n < 9; ++n) world.connect();
       },
       {{"connections", 9}, {"over_share", 1}}},
      {"timed_out",
       [](World& world) {
         world.connect();
         world.pass(Duration::seconds(900));
       },
       {{"connections", 1}, {"timed_out", 1}}},
      {"gave_way",
       [](World& world) {
         for (unsigned n = 0; n < 48; ++n) world.connect(far_client(n));
         world.pass(Duration::seconds(2));
         world.connect(far_client(48));
       },
       {{"connections", 49}, {"gave_way", 1}}},
      {"wrong_mode",
       [](World& world) { world.say(world.connect(), choice(512)); },
       {{"connections", 1}, {"wrong_mode", 1}}},
      {"wrong_key",
       [](World& world) {
         Client client(with_key(wire::kTwampEncrypted, "something else"));
         (void)world.talk(world.connect(), client);  // it says that it is refused
       },
       {{"connections", 1}, {"wrong_key", 1}}},
      {"bad_hmac",
       [](World& world) {
         Client client(with_key(wire::kTwampEncrypted, "correct horse battery staple"));
         const auto id = world.connect();
         ASSERT_TRUE(world.talk(id, client));
         client.request(a_request());
         Octets octets = client.take_output();
         octets.back() ^= std::byte{1};
         world.say(id, octets);
       },
       {{"connections", 1}, {"bad_hmac", 1}}},
      {"bad_command",
       [](World& world) {
         Octets octets(16);
         octets[0] = std::byte{11};  // RFC 9533
         world.say(world.set_up_open(), octets);
       },
       {{"connections", 1}, {"bad_command", 1}}},
  };
}

std::vector<ControlCase> of_sessions() {
  const auto refused = [](World& world) {
    wire::RequestSession request = a_request();
    request.conf_sender = 1;
    world.ask(world.set_up_open(), request);
  };
  const auto accepted = [](World& world) { world.ask(world.set_up_open(), a_request()); };
  return {
      {"requests", refused, {{"connections", 1}, {"requests", 1}, {"refused", 1}}},
      {"refused", refused, {{"connections", 1}, {"requests", 1}, {"refused", 1}}},
      {"refused_limit",
       [](World& world) {
         wire::RequestSession request = a_request();
         request.padding_length = 9'000;
         world.ask(world.set_up_open(), request);
       },
       {{"connections", 1}, {"requests", 1}, {"refused", 1}, {"refused_limit", 1}}},
      {"accepted", accepted, {{"connections", 1}, {"requests", 1}, {"accepted", 1}}},
      {"started",
       [](World& world) {
         const auto id = world.set_up_open();
         world.ask(id, a_request());
         world.begin(id);
       },
       {{"connections", 1}, {"requests", 1}, {"accepted", 1}, {"started", 1}}},
      {"wrong_stop_counts",
       [](World& world) {
         const auto id = world.set_up_open();
         world.ask(id, a_request());
         world.begin(id);
         world.halt(id, 7);
       },
       {{"connections", 1},
        {"requests", 1},
        {"accepted", 1},
        {"started", 1},
        {"wrong_stop_counts", 1}}},
  };
}

std::vector<ControlCase> control_cases() {
  std::vector<ControlCase> all = of_connections();
  for (ControlCase& one : of_sessions()) all.push_back(std::move(one));
  return all;
}

ServerOptions offering_all() {
  ServerOptions options;
  options.modes = wire::kTwampOpen | kKeyedModes;
  return options;
}

TEST(TwampCounters, each_of_the_server_is_raised_by_what_it_counts_and_by_nothing_else) {
  std::set<std::string_view> proven;
  for (const ControlCase& one : control_cases()) {
    World world(offering_all());
    one.happens(world);
    EXPECT_EQ(raised(kServerCounters, world.server.counters()), one.raised) << one.proves;
    EXPECT_TRUE(one.raised.contains(one.proves)) << one.proves;
    proven.insert(one.proves);
  }
  for (const auto& counter : kServerCounters)
    EXPECT_TRUE(proven.contains(counter.name)) << counter.name << " is raised by no test";
}

// --- test packets

// One session of one sender, in virtual time.
class Sessions {
 public:
  Sessions() { EXPECT_TRUE(reflector_.add(kPort, agreed_, now_)); }

  void start() { reflector_.start(agreed_.number, now_); }
  // `seen`: what the reflector sees of it.
  void give(Octets octets, const std::function<void(packet::ReceivedDatagram&)>& seen = {}) {
    packet::ReceivedDatagram datagram{.payload = octets,
                                      .source = agreed_.sender,
                                      .destination = agreed_.receiver,
                                      .arrival = now()};
    if (seen) seen(datagram);
    Octets buffer(TestReflector::longest_reply(octets.size()));
    const auto reply = reflector_.reflect(kPort, datagram, now(), ClockState(), buffer);
    if (reply) last_ = {reply->payload.begin(), reply->payload.end()};
  }
  Octets request(std::size_t size = 44) const {
    Octets octets(size, std::byte{0x80});
    codec().encode_request(octets, {.sequence = 1, .timestamp = 1, .error_estimate = 1, .ssid = 0});
    return octets;
  }
  void use_keys() {
    reflector_.abandon(agreed_.number);
    agreed_.layout.modes = wire::kTwampAuthenticated;
    agreed_.keys.emplace();
    ASSERT_TRUE(reflector_.add(kPort, agreed_, now_));
  }
  void pass(Duration time) {
    now_ += time;
    reflector_.on_time(now_);
  }
  const Octets& last_reply() const { return last_; }
  TestReflector& reflector() { return reflector_; }

 private:
  static constexpr TestReflector::Port kPort = 3;

  wire::TwampTestCodec codec() const {
    return *wire::TwampTestCodec::make(agreed_.layout, agreed_.keys ? &*agreed_.keys : nullptr);
  }
  Timestamp now() const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + now_.ns()),
            .mono = now_,
            .error = Duration(),
            .source = StampSource::Kernel};
  }

  TestSession agreed_{.number = 1,
                      .layout = {.modes = wire::kTwampOpen, .reflected = 0},
                      .keys = std::nullopt,
                      .sender = client_at(1, 40'000),
                      .receiver = {kServerAddress, 18'760, 0},
                      .dscp = 0,
                      .timeout = Duration::seconds(2)};
  MonoTime now_ = MonoTime::from_ns(5'000'000'000);
  TestReflector reflector_{Limits{}};
  Octets last_;
};

struct PacketCase {
  std::vector<std::string_view> proves;
  std::function<void(Sessions&)> happens;
  Raised raised;  // beside the one session, but for those that never start
};

std::vector<PacketCase> of_answered() {
  const auto answer = [](Sessions& sessions) {
    sessions.start();
    sessions.give(sessions.request());
  };
  return {
      {{"sessions"}, [](Sessions&) {}, {}},
      {{"requests", "octets_received"}, answer, {{"requests", 1}, {"octets_received", 44}}},
      {{"replies", "octets_sent"},
       [](Sessions& sessions) { sessions.reflector().on_sent(44, true); },
       {{"replies", 1}, {"octets_sent", 44}}},
      {{"send_failed"},
       [](Sessions& sessions) { sessions.reflector().on_sent(44, false); },
       {{"send_failed", 1}}},
      {{"replies_dropped"},
       [](Sessions& sessions) { sessions.reflector().drop_request(44); },
       {{"octets_received", 44}, {"replies_dropped", 1}}},
      {{"receive_buffer_full"},
       [](Sessions& sessions) { sessions.reflector().on_receive_dropped(3); },
       {{"receive_buffer_full", 3}}},
      {{"path_errors"},
       [](Sessions& sessions) { sessions.reflector().on_path_error(); },
       {{"path_errors", 1}}},
      {{"stamps"},
       [](Sessions& sessions) { sessions.reflector().on_transmit_stamp(); },
       {{"stamps", 1}}},
      {{"expired"},
       [](Sessions& sessions) {
         sessions.start();
         sessions.pass(Duration::seconds(900));
       },
       {{"expired", 1}}},
  };
}

std::vector<PacketCase> of_refused() {
  return {
      {{"strangers"},
       [](Sessions& sessions) {
         sessions.start();
         sessions.give(sessions.request(),
                       [](packet::ReceivedDatagram& seen) { ++seen.source.port; });
       },
       {{"octets_received", 44}, {"strangers", 1}}},
      {{"early"},
       [](Sessions& sessions) { sessions.give(sessions.request()); },
       {{"octets_received", 44}, {"early", 1}}},
      {{"over_rate"},
       [](Sessions& sessions) {
         sessions.start();
         for (unsigned n = 0; n < 1'001; ++n) sessions.give(sessions.request());
       },
       {{"requests", 1'000}, {"octets_received", 44'044}, {"over_rate", 1}}},
      {{"too_short"},
       [](Sessions& sessions) {
         sessions.start();
         sessions.give(Octets(13));
       },
       {{"octets_received", 13}, {"too_short", 1}}},
      {{"truncated"},
       [](Sessions& sessions) {
         sessions.start();
         sessions.give(sessions.request(),
                       [](packet::ReceivedDatagram& seen) { seen.truncated = true; });
       },
       {{"octets_received", 44}, {"truncated", 1}}},
      {{"wrong_hmac"},
       [](Sessions& sessions) {
         sessions.use_keys();
         sessions.start();
         Octets octets = sessions.request(112);
         octets[3] ^= std::byte{1};
         sessions.give(octets);
       },
       {{"sessions", 2}, {"octets_received", 112}, {"wrong_hmac", 1}}},
      {{"replies_ignored"},
       [](Sessions& sessions) {
         sessions.start();
         sessions.give(sessions.request());
         sessions.give(sessions.last_reply());
       },
       {{"requests", 1}, {"octets_received", 88}, {"replies_ignored", 1}}},
  };
}

TEST(TwampCounters, each_of_packets_is_raised_by_what_it_counts_and_by_nothing_else) {
  std::set<std::string_view> proven;
  for (const auto& some : {of_answered(), of_refused()}) {
    for (const PacketCase& one : some) {
      Sessions sessions;
      one.happens(sessions);
      Raised expected = one.raised;
      expected.insert({"sessions", 1});
      EXPECT_EQ(raised(kTestCounters, sessions.reflector().counters()), expected)
          << one.proves.front();
      for (const std::string_view name : one.proves) EXPECT_TRUE(expected.contains(name)) << name;
      proven.insert(one.proves.begin(), one.proves.end());
    }
  }
  for (const auto& counter : kTestCounters)
    EXPECT_TRUE(proven.contains(counter.name)) << counter.name << " is raised by no test";
}

// Each octet of the counters is told, once: no row reads what another one does.
template <typename Counters, std::size_t kSize>
void expect_each_once(const std::array<Counter<Counters>, kSize>& table) {
  std::array<std::uint64_t, kSize> numbers;
  for (std::size_t n = 0; n < kSize; ++n) numbers[n] = 100 + n;
  const auto counters = std::bit_cast<Counters>(numbers);
  std::set<std::uint64_t> told;
  std::set<std::string_view> names;
  for (const auto& counter : table) {
    EXPECT_TRUE(names.insert(counter.name).second) << counter.name << " is there twice";
    EXPECT_TRUE(told.insert(counter.value(counters)).second) << counter.name;
  }
  EXPECT_EQ(told, std::set(numbers.begin(), numbers.end()));
}

TEST(TwampCounters, the_tables_have_each_counter_once) {
  expect_each_once(kServerCounters);
  expect_each_once(kTestCounters);
}

TEST(TwampCounters, an_ending_is_called_as_its_counter) {
  EXPECT_EQ(name(Ending::Client), "closed_by_client");
  EXPECT_EQ(name(Ending::GivenWay), "gave_way");
  EXPECT_EQ(name(Ending::BadCommand), "bad_command");
}

}  // namespace
}  // namespace wirestamp::twamp
