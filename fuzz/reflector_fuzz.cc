// SPDX-License-Identifier: Apache-2.0
//
// The whole reflector, fed with a sequence of arbitrary datagrams from friends and strangers and
// with transmit stamps in any order. An input is a sequence of events:
//
//   datagram: 0-2 | source | port | time passed (2) | traffic class | hop limit | length (2) |
//   octets stamp:      3 | which of the replies
//
// The six high bits of the first octet say how strict the reflector is (Strictness).
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "fuzz.h"
#include "session/limits.h"
#include "session/reflector.h"
#include "wire/tlv.h"
#include "wire/wstp.h"

using namespace wirestamp;

namespace {

constexpr std::size_t kGuard = 64;
constexpr std::byte kUntouched{0xee};
constexpr Duration kWallFromMono = Duration::seconds(1'700'000'000);

packet::IpAddress ip(const char* text) {
  const auto address = packet::IpAddress::parse(text);
  CHECK(address.has_value());
  return *address;
}

const std::array<packet::IpAddress, 12>& sources() {
  static const std::array<packet::IpAddress, 12> addresses{
      ip("10.0.0.1"),  ip("192.0.2.1"),       ip("198.51.100.7"), ip("198.51.100.8"),
      ip("fe80::1"),   ip("2001:db8::1"),     ip("fd00::1"),      ip("127.0.0.1"),
      ip("224.0.0.1"), ip("255.255.255.255"), ip("0.0.0.0"),      ip("10.0.0.2")};
  return addresses;
}

constexpr std::size_t kListed = 2;  // 198.51.100.7 alone

// What the reflector must remember, written down beside it.
struct Sent {
  std::uint32_t asked = 0, sequence = 0;
  std::uint64_t departed = 0;  // raw, 0: no stamp
};
using Key = std::tuple<packet::Endpoint, packet::Endpoint, std::uint16_t>;

struct Strictness {
  explicit Strictness(std::uint8_t octet)
      : peers(static_cast<session::Peers>((octet >> 2U) % 4U % 3U)),
        keys((octet & 0x10U) != 0),
        list((octet & 0x20U) == 0) {
    if ((octet & 0x40U) != 0) dscp = 1ULL << 46U | 1ULL << 56U;
  }
  session::Peers peers;
  bool keys, list;
  std::optional<std::uint64_t> dscp;

  std::vector<packet::Prefix> allowed() const {
    if (!list) return {};
    return {{sources()[kListed], 32}};
  }
  // What stands for a key.
  bool proves(base::Bytes request) const { return keys && request.size() % 2 == 0; }
  bool may_answer(bool listed, base::Bytes request) const {
    const bool proven = proves(request);
    switch (peers) {
      case session::Peers::Open:
        return true;
      case session::Peers::Listed:
        return listed || proven;
      case session::Peers::Authenticated:
        return proven && (listed || !list);
    }
    return false;
  }
  bool may_mark(bool listed, unsigned mark) const {
    if (dscp) return mark == 0 || mark == 46 || mark == 56;
    return listed || mark < 48;
  }
};

class Harness {
 public:
  explicit Harness(Strictness strictness)
      : strictness_(strictness),
        reflector_({.policy = {.peers = strictness_.peers,
                               .allowed = strictness_.allowed(),
                               .addresses = {sources()[0]},
                               .own = {{ip("0.0.0.0"), 21'000, 0}},
                               .rate = 60,
                               .network_rate = 80,
                               .total_rate = 100,
                               .dscp = strictness_.dscp},
                    .random = [this] { return random_.next(); },
                    .note = [](const std::string& note) { CHECK(!note.empty()); },
                    .authenticated =
                        [this](const packet::ReceivedDatagram& request) {
                          return strictness_.proves(request.payload);
                        }}) {}

  void datagram(fuzz::Input& input) {
    packet::ReceivedDatagram request;
    const std::size_t from = input.octet() % sources().size();
    request.source = {sources()[from], static_cast<std::uint16_t>(input.octet() % 4U * 7'000), 0};
    request.destination = {sources()[(from / 8) * 8 + 3], 14'000, 0};
    if (from == 8) request.destination.address = ip("239.1.1.1");
    now_ += Duration::microseconds(input.number<std::uint16_t>());
    request.traffic_class = input.octet();
    const std::uint8_t hops = input.octet();
    if (hops != 0) request.hop_limit = hops;
    request.truncated = hops == 99;
    request.payload = input.take(input.number<std::uint16_t>());
    request.arrival = stamp(StampSource::Kernel);
    now_ += Duration::microseconds(20);
    reflect(request, from == kListed && strictness_.list);
  }

  void transmit_stamp(std::uint8_t which) {
    if (sent_.empty()) return;
    auto& [token, key, index, stamped] = sent_[which % sent_.size()];
    if (std::exchange(stamped, true)) return;  // a backend gives each kind of stamp once
    const Timestamp departed = stamp(StampSource::Kernel);
    reflector_.on_transmit_stamp(token, departed);
    Sent& sent = sessions_.at(key).at(index);
    const bool told = sessions_.at(key).size() - index <= session::ReflectorSession::kRemembered;
    if (told && sent.departed == 0)
      sent.departed = wire::encode_time(departed.wall, wire::TimeFormat::Ntp, 37);
  }

  // Every datagram was answered, or a counter says why not.
  void check_counters() const {
    const session::ReflectorCounters counters = reflector_.counters();
    CHECK(counters.requests ==
          sent_.size() + counters.refused_destination + counters.refused_source +
              counters.refused_loop + counters.refused_prefix + counters.refused_unauthenticated +
              counters.refused_rate_source + counters.refused_rate_network +
              counters.refused_rate_total + counters.short_unlisted + counters.reply_unwanted);
    CHECK(given_ == counters.requests + counters.too_short + counters.truncated);
    CHECK(counters.replies == sent_.size());
    CHECK(counters.sessions_created == sessions_.size() && counters.sessions_evicted == 0);
    CHECK(counters.stamps <= sent_.size());
    CHECK(counters.octets_received == octets_given_ && counters.octets_sent == octets_sent_);
    CHECK(counters.sessions_created <= session::kMaxReflectorSessions);
  }

 private:
  Timestamp stamp(StampSource source) const {
    return {.wall = WallTime::from_ns(now_.ns() + kWallFromMono.ns()),
            .mono = now_,
            .error = Duration::microseconds(1),
            .source = source};
  }

  void reflect(const packet::ReceivedDatagram& request, bool listed) {
    ++given_;
    octets_given_ += request.payload.size();
    const std::size_t room = std::max(request.payload.size(), wire::kBaseSize);
    std::vector<std::byte> buffer(room + kGuard, kUntouched);
    const auto reply = reflector_.reflect(request, stamp(StampSource::User), ClockState(),
                                          base::MutableBytes(buffer).first(room));
    CHECK(fuzz::all_are(base::Bytes(buffer).subspan(room), kUntouched));
    // Who wants no reply has a session all the same, and its number stays for the next.
    const bool unwanted = reflector_.counters().reply_unwanted > unwanted_;
    unwanted_ += unwanted ? 1U : 0U;
    CHECK(!reply || !unwanted);
    if (unwanted) sessions_[key_of(request)];
    if (!reply) return;
    octets_sent_ += reply->payload.size();
    check_envelope(request, *reply, listed);
    check_octets(request, reply->payload);

    const auto asked = wire::decode_request(request.payload);
    const auto answer = wire::decode_reply(reply->payload);
    const Key key = key_of(request);
    std::vector<Sent>& session = sessions_[key];
    CHECK(answer->sequence == session.size());  // RFC 8762 4.3: its own counter, without gaps
    check_told(request.payload, reply->payload, session);
    session.push_back({.asked = asked->sequence, .sequence = answer->sequence, .departed = 0});
    sent_.emplace_back(reply->token, key, session.size() - 1, false);
    packet::SendResult result;
    result.handed_over = stamp(StampSource::User);
    reflector_.on_sent(reply->token, result);
  }

  // Random padding names no session.
  static Key key_of(const packet::ReceivedDatagram& request) {
    const bool stamp_request =
        request.payload.size() >= wire::kBaseSize && wire::zero_behind_header(request.payload);
    return {request.source, request.destination,
            stamp_request ? wire::decode_request(request.payload)->ssid : std::uint16_t{0}};
  }

  void check_envelope(const packet::ReceivedDatagram& request,
                      const packet::OutgoingDatagram& reply, bool listed) const {
    CHECK(strictness_.may_answer(listed, request.payload));
    // Nobody is answered at a port of our own.
    CHECK(request.source.port != 21'000 ||
          (request.source.address != sources()[0] && !request.source.address.is_loopback()));
    CHECK(reply.destination == request.source && reply.destination.port != 0);
    CHECK(!reply.destination.address.is_multicast() && !reply.destination.address.is_broadcast());
    // Where it was asked at, or another address of ours that it names (RFC 9503 3).
    CHECK(reply.source == request.destination.address || reply.source == sources()[0]);
    // Never more octets than came, beyond the bare base packet, and that only for the listed.
    CHECK(reply.payload.size() == std::max(request.payload.size(), wire::kBaseSize));
    CHECK(request.payload.size() >= wire::kBaseSize || listed);
    CHECK((reply.traffic_class & 3U) == 0);
    CHECK(strictness_.may_mark(listed, reply.traffic_class >> 2U));
  }

  static void check_octets(const packet::ReceivedDatagram& request, base::Bytes octets) {
    // Another reflector that gets this answers nothing, so nobody can start a loop.
    CHECK(wire::classify(octets) == wire::Kind::Reply);
    const auto asked = wire::decode_request(request.payload);
    const auto answer = wire::decode_reply(octets);
    CHECK(asked && answer);
    CHECK(answer->sender_sequence == asked->sequence && answer->ssid == asked->ssid);
    CHECK(answer->sender_timestamp == asked->timestamp);
    CHECK(answer->sender_error_estimate == asked->error_estimate);
    CHECK(answer->sender_ttl == request.hop_limit.value_or(255));
  }

  // What a WSTP TLV tells is what was sent before. Padding that looks like one is none, nor is one
  // behind a malformed TLV: both were copied as they came.
  static void check_told(base::Bytes asked, base::Bytes octets, const std::vector<Sent>& session) {
    constexpr auto kDefined = std::byte{wire::kUnrecognised | wire::kMalformed | wire::kIntegrity};
    if (asked.size() <= wire::kBaseSize ||
        (asked[wire::kBaseSize] & kDefined) != std::byte{wire::kUnrecognised})
      return;
    wire::TlvReader reader(octets.subspan(wire::kBaseSize));
    while (const auto tlv = reader.next()) {
      if ((tlv->flags & wire::kMalformed) != 0) return;
      if (tlv->flags != 0 || tlv->type != wire::kWstp) continue;
      const wire::Wstp told = wire::Wstp::decode(tlv->value);
      CHECK(told.epoch != 0 && !told.stateless && told.entry_count <= session.size());
      for (std::size_t i = 0; i < told.entry_count; ++i) {
        const Sent& sent = session[session.size() - 1 - i];
        CHECK(told.entries[i].sender_sequence == sent.asked);
        CHECK(told.entries[i].reflector_sequence == sent.sequence);
        CHECK(told.entries[i].transmit_timestamp == sent.departed);
      }
    }
  }

  Strictness strictness_;
  base::Random random_{1};
  MonoTime now_ = MonoTime::from_ns(1'000'000'000'000);
  session::Reflector reflector_;
  std::map<Key, std::vector<Sent>> sessions_;
  std::vector<std::tuple<packet::Token, Key, std::size_t, bool>> sent_;
  std::uint64_t given_ = 0, octets_given_ = 0, octets_sent_ = 0, unwanted_ = 0;
};

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  Harness harness(
      Strictness(octets.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(octets[0])));
  while (!input.empty()) {
    if ((input.octet() & 3U) == 3)
      harness.transmit_stamp(input.octet());
    else
      harness.datagram(input);
  }
  harness.check_counters();
}
