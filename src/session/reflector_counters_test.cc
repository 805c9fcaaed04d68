// SPDX-License-Identifier: Apache-2.0
//
// Each counter of the reflector, raised by what it counts and by nothing else: a case for each row
// of kReflectorCounters.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "session/counter_words.h"
#include "session/limits.h"
#include "session/reflector.h"
#include "wire/request_layout.h"

namespace wirestamp::session {
namespace {

using Octets = std::vector<std::byte>;
using Raised = std::map<std::string_view, std::uint64_t>;

Octets request(std::size_t size = 44, std::uint32_t sequence = 0) {
  Octets octets(size);
  if (size >= 4) base::store_be(octets, 0, sequence);
  return octets;
}

Octets with_tlv(std::uint8_t type, const Octets& value) {
  Octets octets = request(48 + value.size());
  octets[44] = std::byte{0x80};
  octets[45] = std::byte{type};
  base::store_be(octets, 46, static_cast<std::uint16_t>(value.size()));
  std::ranges::copy(value, octets.begin() + 48);
  return octets;
}

class World {
 public:
  explicit World(PolicyOptions policy = {}, bool proves = false)
      : reflector_({.policy = std::move(policy),
                    .replay_window = true,
                    .random = [this] { return ++random_; },
                    .note = [](const std::string&) {},
                    .authenticated = [proves](const packet::ReceivedDatagram&) { return proves; },
                    .tlvs = {.micro_session = 5, .control = wire::ControlPolicy()}}) {}

  packet::ReceivedDatagram from(const char* source, const Octets& octets) {
    packet::ReceivedDatagram datagram;
    datagram.payload = octets;
    datagram.source = {*packet::IpAddress::parse(source), 50'000, 0};
    datagram.destination = {*packet::IpAddress::parse("192.0.2.1"), 23'999, 0};
    datagram.arrival = stamp(StampSource::Kernel);
    return datagram;
  }

  // The octets of the reply; none without one.
  Octets give(const packet::ReceivedDatagram& datagram,
              packet::SendStatus status = packet::SendStatus::Accepted, bool full = false) {
    Octets buffer(reflector_.room(datagram.payload.size()));
    const auto reply = reflector_.reflect(datagram, stamp(StampSource::User), ClockState(), buffer);
    if (!reply) return {};
    packet::SendResult result;
    result.status = status;
    result.buffer_full = full;
    reflector_.on_sent(reply->token, result);
    last_ = reply->token;
    return {reply->payload.begin(), reply->payload.end()};
  }
  Octets give(const char* source, const Octets& octets) { return give(from(source, octets)); }

  void further_replies() {
    pass(Duration::seconds(1));
    while (const auto further = reflector_.further_reply(stamp(StampSource::User), ClockState()))
      reflector_.on_sent(further->datagram.token, {});
  }
  void stamp_last() { reflector_.on_transmit_stamp(last_, stamp(StampSource::Kernel)); }
  void pass(Duration time) { now_ += time; }
  Reflector& reflector() { return reflector_; }

  // Those that are not zero.
  Raised raised() const {
    Raised raised;
    for_each(reflector_.counters(), [&](std::string_view name, std::uint64_t value) {
      if (value > 0) raised[name] = value;
    });
    return raised;
  }

 private:
  Timestamp stamp(StampSource source) const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + now_.ns()),
            .mono = now_,
            .error = Duration(),
            .source = source};
  }

  MonoTime now_ = MonoTime::from_ns(1'000'000'000'000);
  std::uint64_t random_ = 0;
  packet::Token last_ = 0;
  Reflector reflector_;
};

constexpr const char* kFriend = "10.0.0.1";
constexpr const char* kStranger = "203.0.113.5";

// What an answered request of 44 octets raises, and these beside it.
Raised answered(Raised more = {}) {
  more.insert({{"requests", 1},
               {"octets_received", 44},
               {"replies", 1},
               {"octets_sent", 44},
               {"sessions_created", 1}});
  return more;
}
Raised refused(std::string_view why, std::uint64_t octets = 44) {
  return {{"requests", 1}, {"octets_received", octets}, {why, 1}};
}

struct Case {
  std::vector<std::string_view> proves;  // counters
  std::function<void(World&)> happens;
  Raised raised;
  PolicyOptions policy = {};
};

std::vector<Case> of_replies() {
  return {
      {{"requests", "octets_received", "replies", "octets_sent", "sessions_created"},
       [](World& world) { world.give(kFriend, request()); },
       answered()},
      {{"stamps"},
       [](World& world) {
         world.give(kFriend, request());
         world.stamp_last();
         world.stamp_last();  // the same one, better known
       },
       answered({{"stamps", 1}})},
      {{"send_failed", "send_buffer_full"},
       [](World& world) {
         world.give(world.from(kFriend, request()), packet::SendStatus::DroppedLocally, true);
       },
       answered({{"replies", 0}, {"send_failed", 1}, {"send_buffer_full", 1}})},
      {{"replies_dropped"},
       [](World& world) { world.reflector().drop_request(); },
       {{"replies_dropped", 1}}},
      {{"receive_buffer_full"},
       [](World& world) { world.reflector().on_receive_dropped(3); },
       {{"receive_buffer_full", 3}}},
      {{"path_errors"},
       [](World& world) { world.reflector().on_path_error(); },
       {{"path_errors", 1}}},
      {{"replies_ignored"},
       [](World& world) { world.reflector().ignore_reply(); },
       {{"replies_ignored", 1}}},
  };
}

std::vector<Case> of_bad_packets() {
  return {
      {{"too_short"},
       [](World& world) { world.give(kFriend, request(13)); },
       {{"octets_received", 13}, {"too_short", 1}}},
      {{"truncated"},
       [](World& world) {
         const Octets octets = request();
         auto datagram = world.from(kFriend, octets);
         datagram.truncated = true;
         world.give(datagram);
       },
       {{"octets_received", 44}, {"truncated", 1}}},
      {{"refused_destination"},
       [](World& world) {
         const Octets octets = request();
         auto datagram = world.from(kFriend, octets);
         datagram.destination.address = *packet::IpAddress::parse("239.1.1.1");
         world.give(datagram);
       },
       refused("refused_destination")},
      {{"refused_source"},
       [](World& world) {
         const Octets octets = request();
         auto datagram = world.from("192.0.2.1", octets);
         datagram.source.port = 862;
         world.give(datagram);
       },
       refused("refused_source"),
       {.own = {{*packet::IpAddress::parse("192.0.2.1"), 862, 0}}}},
      // A reflector that does not stamp what it receives answers a reply of ours.
      {{"refused_loop"},
       [](World& world) {
         const Octets reply = world.give(kFriend, request());
         Octets again = request(44, 7);
         base::store_be<std::uint64_t>(again, 16, 5);  // no instant near its own
         std::ranges::copy(base::Bytes(reply).first(14), again.begin() + 24);
         world.pass(Duration::milliseconds(9'999));
         EXPECT_TRUE(world.give(kFriend, again).empty());
         world.pass(Duration::milliseconds(2));
         EXPECT_FALSE(world.give("10.0.0.2", again).empty()) << "random padding of TWAMP Light";
       },
       {{"requests", 3},
        {"octets_received", 132},
        {"replies", 2},
        {"octets_sent", 88},
        {"sessions_created", 2},
        {"refused_loop", 1}}},
  };
}

std::vector<Case> of_policy() {
  const auto twice = [](World& world) {
    world.give(kFriend, request());
    world.give(kFriend, request(44, 1));
  };
  const auto second = [](std::string_view why) {
    Raised raised = answered({{why, 1}});
    raised["requests"] = 2;
    raised["octets_received"] = 88;
    return raised;
  };
  return {
      {{"refused_prefix"},
       [](World& world) { world.give(kStranger, request()); },
       //= RFC8972:unmatched-discarded
       refused("refused_prefix")},
      {{"refused_unauthenticated"},
       [](World& world) { world.give(kFriend, request()); },
       refused("refused_unauthenticated"),
       {.peers = Peers::Authenticated}},
      {{"short_unlisted"},
       [](World& world) { world.give(kFriend, request(43)); },
       refused("short_unlisted", 43)},
      {{"refused_rate_source"}, twice, second("refused_rate_source"), {.rate = 1}},
      {{"refused_rate_network"}, twice, second("refused_rate_network"), {.network_rate = 1}},
      {{"refused_rate_total"}, twice, second("refused_rate_total"), {.total_rate = 1}},
  };
}

std::vector<Case> of_keys() {
  const auto key = [](std::string_view secret) {
    return std::make_shared<const AuthKey>("id", std::as_bytes(std::span(secret)), AuthKey::For{});
  };
  const AuthKeyPtr ours = key("0123456789abcdef");
  const auto have = [](World& world, const AuthKeyPtr& one) {
    world.reflector().set_keys(std::make_shared<Keyring>(std::vector{one}));
  };
  Octets sealed(wire::kAuthBaseSize);
  wire::encode_auth_request(sealed,
                            {.sequence = 0, .timestamp = 1, .error_estimate = 1, .ssid = 1});
  wire::seal(sealed, ours->hmac());
  return {
      {{"auth_verified", "auth_replayed"},
       [=](World& world) {
         have(world, ours);
         world.give(kFriend, sealed);
         world.give(kFriend, sealed);
       },
       answered({{"auth_verified", 2},
                 {"auth_replayed", 1},
                 {"requests", 2},
                 {"octets_received", 224},
                 {"octets_sent", 112}})},
      {{"auth_failed"},
       [=](World& world) {
         have(world, key("another secret 0"));
         world.give(kFriend, sealed);
       },
       refused("auth_failed", 112)},
      {{"tlv_integrity"},  // a TLV without an HMAC TLV
       [=](World& world) {
         have(world, ours);
         Octets octets = sealed;
         octets.resize(octets.size() + 8);
         wire::write_tlv_header(octets, sealed.size(), wire::kUnrecognised, 4, 4);
         world.give(kFriend, octets);
       },
       answered({{"auth_verified", 1},
                 {"tlv_integrity", 1},
                 {"octets_received", 120},
                 {"octets_sent", 120}})},
      {{"auth_missing"},
       [=](World& world) {
         have(world, ours);
         world.give(kFriend, request());
       },
       refused("auth_missing")},
      {{"auth_no_key"},
       [=](World& world) { world.give(kFriend, sealed); },
       answered({{"auth_no_key", 1}, {"octets_received", 112}, {"octets_sent", 112}})},
  };
}

std::vector<Case> of_tlvs() {
  const auto answered_with = [](std::string_view what, std::uint64_t octets) {
    return answered({{what, 1}, {"octets_received", octets}, {"octets_sent", octets}});
  };
  const auto asking = [](World& world, const wire::WstpToken& token) {
    const auto layout = wire::plan_request(std::nullopt);
    Octets octets(layout->size);
    wire::encode_probe(*layout, {.timestamp = 1, .error_estimate = 1, .ssid = 1, .asked = token},
                       octets);
    return world.give(kFriend, octets);
  };
  return {
      //= RFC8972:never-dropped
      {{"tlv_unrecognised"},
       [](World& world) { world.give(kFriend, with_tlv(200, {})); },
       answered_with("tlv_unrecognised", 48)},
      {{"tlv_malformed"},
       [](World& world) { world.give(kFriend, with_tlv(4, Octets(3))); },
       answered_with("tlv_malformed", 51)},
      {{"dscp_refused"},
       [](World& world) {  // CS7
         world.give(kFriend, with_tlv(4, {std::byte{56U << 2U}, {}, {}, {}}));
       },
       answered_with("dscp_refused", 52)},
      {{"tlv_unfulfilled"},  // type 12 is for listed sources
       [](World& world) { world.give(kFriend, with_tlv(12, Octets(12))); },
       answered_with("tlv_unfulfilled", 60)},
      {{"reply_unwanted"},
       [](World& world) {
         world.give(
             kFriend,
             with_tlv(10, {std::byte{0x80}, std::byte{1}, {}, std::byte{4}, {}, {}, {}, {}}));
       },
       {{"requests", 1}, {"octets_received", 56}, {"reply_unwanted", 1}, {"sessions_created", 1}}},
      {{"wrong_link"},
       [](World& world) {
         world.give(kFriend, with_tlv(11, {{}, std::byte{1}, {}, std::byte{6}}));
       },
       {{"requests", 1}, {"octets_received", 52}, {"wrong_link", 1}, {"sessions_created", 1}}},
      {{"access_reports"},
       [](World& world) {
         world.give(kFriend, with_tlv(6, {std::byte{0x10}, std::byte{1}, {}, {}}));
       },
       answered_with("access_reports", 52)},
      {{"further_replies"},
       [](World& world) {  // three of 60 octets, 1 ms apart
         Octets value(12);
         base::store_be(value, 0, std::uint32_t{60U << 16U | 3U});
         base::store_be(value, 4, std::uint32_t{1'000'000});
         world.give(kFriend, with_tlv(12, value));
         world.further_replies();
       },
       answered(
           {{"octets_received", 60}, {"octets_sent", 180}, {"replies", 3}, {"further_replies", 2}}),
       {.allowed = {*packet::Prefix::parse("10.0.0.0/8")}}},
      {{"unknown_tokens"},
       [asking](World& world) { asking(world, {std::byte{1}}); },
       answered({{"unknown_tokens", 1}, {"octets_received", 252}, {"octets_sent", 252}})},
      {{"accounts_told"},
       [asking](World& world) {
         wire::WstpToken token{};
         const Octets told = asking(world, {std::byte{1}});
         std::copy_n(told.begin() + 44 + 8 + 20 + 4 + 16, 16, token.begin());
         asking(world, token);
       },
       {}},
  };
}

std::vector<Case> of_sessions() {
  const auto fill = [](World& world) {
    for (std::uint32_t n = 0; n < kMaxReflectorSessions; ++n)
      world.give(packet::to_string(packet::IpAddress::v4(0x0a01'0000U + n)).c_str(), request());
  };
  const auto full = [](Raised more) {
    more.insert({{"requests", kMaxReflectorSessions + 1},
                 {"replies", kMaxReflectorSessions + 1},
                 {"octets_received", 44 * (kMaxReflectorSessions + 1)},
                 {"octets_sent", 44 * (kMaxReflectorSessions + 1)},
                 {"sessions_created", kMaxReflectorSessions}});
    return more;
  };
  const PolicyOptions no_limits{.rate = 0, .network_rate = 0, .total_rate = 0};
  return {
      {{"stateless_replies"},
       [fill](World& world) {
         fill(world);
         world.give("10.200.0.1", request());
       },
       full({{"stateless_replies", 1}}),
       no_limits},
      {{"sessions_evicted"},
       [fill](World& world) {
         fill(world);
         world.pass(Duration::seconds(11));
         world.give("10.200.0.1", request());
       },
       full({{"sessions_created", kMaxReflectorSessions + 1}, {"sessions_evicted", 1}}),
       no_limits},
  };
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (auto* some : {of_replies, of_bad_packets, of_policy, of_keys, of_tlvs, of_sessions})
    for (Case& one : some()) all.push_back(std::move(one));
  return all;
}

TEST(ReflectorCounters, each_is_raised_by_what_it_counts_and_by_nothing_else) {
  for (const Case& one : cases()) {
    World world(one.policy);
    one.happens(world);
    Raised expected = one.raised;
    std::erase_if(expected, [](const auto& counter) { return counter.second == 0; });
    if (!expected.empty()) {
      EXPECT_EQ(world.raised(), expected) << one.proves.front();
    }
    for (const std::string_view name : one.proves) EXPECT_GT(world.raised()[name], 0U) << name;
  }
}

TEST(ReflectorCounters, each_has_such_a_case_and_words) {
  std::set<std::string_view> proven;
  for (const Case& one : cases()) proven.insert(one.proves.begin(), one.proves.end());
  std::set<std::string_view> known;
  for (const auto& counter : kReflectorCounters) {
    EXPECT_TRUE(known.insert(counter.name).second) << counter.name << " is there twice";
    EXPECT_TRUE(proven.contains(counter.name)) << counter.name << " is raised by no test";
    EXPECT_FALSE(reflector_counter_words(counter.name).empty()) << counter.name;
  }
  EXPECT_EQ(proven.size(), known.size());
}

TEST(ReflectorCounters, who_proves_a_key_is_answered_where_others_are_not) {
  World world({.peers = Peers::Authenticated, .rate = 1}, /*proves=*/true);
  EXPECT_FALSE(world.give(kStranger, request()).empty());
  EXPECT_TRUE(world.give(kStranger, request(44, 1)).empty()) << "and has a rate";
  EXPECT_EQ(world.raised()["refused_rate_source"], 1U);
}

// A refusal is no secret: who is told so by the WSTP TLV does not count it as loss. It gets nothing
// beyond that, and a session's place stays what it was.
//= RFC8762:stateful-number
TEST(ReflectorCounters, what_is_refused_is_told_to_the_session) {
  World world({.rate = 2});
  const auto layout = wire::plan_request(std::nullopt);
  Octets octets(layout->size);
  const auto probe = [&](std::uint32_t sequence) {
    wire::encode_probe(
        *layout, {.sequence = sequence, .timestamp = 1, .error_estimate = 1, .ssid = 1}, octets);
    return world.give(kFriend, octets);
  };
  for (std::uint32_t n = 0; n < 5; ++n) EXPECT_EQ(probe(n).empty(), n >= 2) << n;
  world.pass(Duration::seconds(2));
  const auto told = probe(5);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(base::load_be<std::uint32_t>(told, 0), 2U) << "its own numbers have no gap";
  EXPECT_EQ(world.raised()["refused_rate_source"], 3U);
}

}  // namespace
}  // namespace wirestamp::session
