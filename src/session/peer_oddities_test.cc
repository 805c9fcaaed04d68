// SPDX-License-Identifier: Apache-2.0
//
// Peers that do otherwise than the standards say: each is put up with, and told once.
#include "session/peer_oddities.h"

#include <gtest/gtest.h>

#include <functional>

#include "session/silent_output.h"
#include "wire/error_estimate.h"
#include "wire/stamp.h"
#include "wire/tlv.h"

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
constexpr int kTai = 37;
const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a00'0002), 862, 0};

Timestamp at(MonoTime time) {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
          .mono = time,
          .error = Duration(),
          .source = StampSource::User};
}

// A peer that can be made odd. Its clock is `ahead` of ours; 1 ms there, 1 ms in it, 1 ms back.
class OddPeer : public SilentOutput {
 public:
  explicit OddPeer(PeerKind kind = PeerKind::Auto, std::optional<std::uint32_t> size = 44) {
    options.remote = kPeer;
    options.ssid = 7;
    options.peer = kind;
    wire::RequestPlan plan;
    plan.size = size;
    plan.usual = kind != PeerKind::TwampLight;
    layout = *wire::plan_request(plan);
  }

  // One probe and its reply, which `change` makes what it is.
  void exchange(const std::function<void(std::vector<std::byte>&)>& change) {
    if (!sender) sender.emplace(options, layout, *this, continuity_);
    sender->send(ProbeKind::Scheduled, now, at(now), clock);
    sender->on_sent(token_, {.handed_over = at(now)});
    std::vector<std::byte> reply(std::max(request_.size(), wire::kBaseSize));
    const auto ms = [](int n) { return Duration::milliseconds(n); };
    const auto asked = wire::decode_request(request_);
    wire::encode_reply(reply, {.sequence = sequence_++,
                               .timestamp = encode(now + ms(2)),
                               .error_estimate = wire::encode_error_estimate(true, format, ms(1)),
                               .ssid = ssid,
                               .receive_timestamp = encode(now + ms(1)),
                               .sender_sequence = asked->sequence,
                               .sender_timestamp = asked->timestamp,
                               .sender_error_estimate = asked->error_estimate,
                               .sender_ttl = 63});
    std::ranges::copy(base::Bytes(request_).subspan(wire::kBaseSize),
                      reply.begin() + wire::kBaseSize);
    change(reply);
    packet::ReceivedDatagram back;
    back.payload = reply;
    back.source = kPeer;
    now = now + ms(3);
    back.arrival = at(now);
    recognised = sender->recognises(reply);
    sender->on_datagram(back, clock);
    now = now + ms(97);
  }
  void exchange() {
    exchange([](std::vector<std::byte>&) {});
  }
  void resize(std::size_t size) {
    exchange([size](std::vector<std::byte>& reply) { reply.resize(size, std::byte{0xaa}); });
  }
  bool told(std::string_view part) const {
    for (const std::string& note : notes)
      if (note.find(part) != std::string::npos) return true;
    return false;
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    request_.assign(datagram.payload.begin(), datagram.payload.end());
    token_ = datagram.token;
  }
  void on_reply(const measure::Sample& sample) override { last = sample; }
  void on_note(const std::string& note) override { notes.push_back(note); }

  SenderOptions options;
  wire::RequestLayout layout;
  wire::TimeFormat format = wire::TimeFormat::Ntp;
  int scale = kTai;  // what it adds to UTC in PTP format
  Duration ahead;
  std::uint16_t ssid = 7;
  ClockState clock;
  MonoTime now = kStart;
  std::optional<Sender> sender;
  std::optional<measure::Sample> last;
  std::vector<std::string> notes;
  bool recognised = false;

 private:
  std::uint64_t encode(MonoTime time) const {
    return wire::encode_time(at(time + ahead).wall, format, scale);
  }
  Continuity continuity_;
  std::vector<std::byte> request_;
  packet::Token token_ = 0;
  std::uint32_t sequence_ = 0;
};

TEST(OddPeers, WhoDoesAsTheStandardsSayIsNotTold) {
  OddPeer peer;
  peer.exchange();
  EXPECT_EQ(peer.sender->counters().replies, 1U);
  EXPECT_TRUE(peer.notes.empty()) << peer.notes.front();
  EXPECT_EQ(peer.last->seen_hop_limit, 63);
}

//= RFC8762:light-41-octets
TEST(OddPeers, RepliesOf36To43OctetsAreTaken) {
  for (std::size_t size = 36; size <= 43; ++size) {
    OddPeer peer;
    peer.ssid = 0;
    peer.resize(size);
    ASSERT_EQ(peer.sender->counters().replies, 1U) << size;
    EXPECT_EQ(peer.last->seen_hop_limit.has_value(), size >= 41) << size;
    EXPECT_EQ(peer.told("no TTL"), size < 41) << size;
    EXPECT_TRUE(peer.recognised) << size;
    EXPECT_TRUE(peer.last->reflector_rx);
  }
  OddPeer peer;
  peer.resize(35);
  EXPECT_EQ(peer.sender->counters().malformed, 1U);
}

//= RFC8762:mbz-ignored
TEST(OddPeers, OctetsThatShouldBeZeroMeanNothing) {
  OddPeer peer;
  peer.exchange([](std::vector<std::byte>& reply) {
    for (const std::size_t octet : {38U, 39U, 41U, 42U, 43U}) reply[octet] = std::byte{0xa5};
  });
  EXPECT_EQ(peer.sender->counters().replies, 1U);
  EXPECT_EQ(peer.last->seen_hop_limit, 63);
  EXPECT_FALSE(peer.last->bad_reflector_stamps);
  EXPECT_TRUE(peer.notes.empty());
}

TEST(OddPeers, StampsInEachOthersPlaceAreFlaggedAndNeverUsed) {
  OddPeer peer;
  for (int n = 0; n < 2; ++n)
    peer.exchange([](std::vector<std::byte>& reply) {
      const auto theirs = base::load_be<std::uint64_t>(reply, 4);
      base::store_be(reply, 4, base::load_be<std::uint64_t>(reply, 28));
      base::store_be(reply, 28, theirs);
    });
  EXPECT_EQ(peer.sender->counters().replies, 2U);
  EXPECT_EQ(peer.sender->counters().swapped_stamps, 2U);
  EXPECT_EQ(peer.sender->counters().mismatched_echo, 0U);
  EXPECT_TRUE(peer.recognised);
  EXPECT_FALSE(peer.last->reflector_rx);
  EXPECT_FALSE(peer.last->reflector_tx);
  EXPECT_TRUE(peer.last->bad_reflector_stamps);
  EXPECT_EQ(peer.notes.size(), 1U) << "once";
  EXPECT_TRUE(peer.told("not used"));
}

TEST(OddPeers, AnotherStampThanOursInEitherPlaceIsNoAnswer) {
  OddPeer peer;
  peer.exchange([](std::vector<std::byte>& reply) { reply[30] ^= std::byte{1}; });
  EXPECT_EQ(peer.sender->counters().mismatched_echo, 1U);
  EXPECT_FALSE(peer.recognised);
}

TEST(OddPeers, AnErrorEstimateOfMultiplierZeroIsFlagged) {
  OddPeer peer;
  peer.exchange([](std::vector<std::byte>& reply) { reply[13] = std::byte{}; });
  EXPECT_EQ(peer.sender->counters().replies, 1U);
  EXPECT_EQ(peer.sender->counters().error_estimate_missing, 1U);
  EXPECT_TRUE(peer.told("multiplier 0"));
}

// The first Error Estimate governs T2 and T3, the echoed one our own stamp alone.
//= RFC8762:ptp RFC8186:own-z
TEST(OddPeers, EachStampIsReadByTheFormatOfItsOwnErrorEstimate) {
  for (const auto ours : {wire::TimeFormat::Ntp, wire::TimeFormat::Ptp})
    for (const auto theirs : {wire::TimeFormat::Ntp, wire::TimeFormat::Ptp}) {
      OddPeer peer;
      peer.options.format = ours;
      peer.format = theirs;
      peer.exchange();
      ASSERT_TRUE(peer.last && peer.last->reflector_rx);
      const Duration there = peer.last->reflector_rx->wall - peer.last->sender_user->wall;
      EXPECT_NEAR(static_cast<double>(there.ns()), 1e6, 2) << "1 ms";
      EXPECT_TRUE(peer.notes.empty());
    }
}

TEST(OddPeers, TrailingOctetsMayBeDroppedOrCut) {
  for (const std::size_t size : {44U, 60U, 1'024U}) {
    OddPeer peer(PeerKind::Auto, 1'400);
    peer.resize(size);
    EXPECT_EQ(peer.sender->counters().replies, 1U) << size;
    EXPECT_TRUE(peer.told("replies are cut")) << size;
  }
}

TEST(OddPeers, RepliesMayBeLongerThanProbes) {
  OddPeer peer;
  peer.ssid = 0;
  peer.resize(100);
  EXPECT_EQ(peer.sender->counters().replies, 1U);
  EXPECT_TRUE(peer.told("longer than probes"));
  EXPECT_EQ(peer.sender->counters().tlv_malformed, 0U) << "padding of such a peer is not read";
}

TEST(OddPeers, UtcInThePtpFormatIsNoticedAndCanBeRead) {
  for (const bool told_so : {false, true}) {
    OddPeer peer;
    peer.format = wire::TimeFormat::Ptp;
    peer.scale = 0;
    peer.options.peer_uses_utc = told_so;
    peer.exchange();
    ASSERT_TRUE(peer.last && peer.last->reflector_rx);
    const Duration there = peer.last->reflector_rx->wall - peer.last->sender_user->wall;
    EXPECT_NEAR(static_cast<double>(there.ns()), told_so ? 1e6 : 1e6 - 37e9, 2);
    EXPECT_EQ(peer.told("--ptp-scale utc"), !told_so);
  }
}

TEST(OddPeers, ClocksMayBeHoursApart) {
  for (const std::int64_t hours : {-30, -3, 3, 30}) {
    OddPeer peer;
    peer.ahead = Duration::hours(hours);
    peer.exchange();
    EXPECT_EQ(peer.sender->counters().replies, 1U);
    EXPECT_FALSE(peer.last->bad_reflector_stamps);
    EXPECT_TRUE(peer.told(std::to_string(std::abs(hours)) + " h apart"));
  }
}

// RFC 8762 4.6, RFC 8972 3.
//= RFC8762:light-nothing-behind RFC8972:ssid-zero-reply
TEST(OddPeers, ATwampLightReflectorIsFoundOutByItsSsid) {
  OddPeer peer(PeerKind::Auto, 252);
  peer.ssid = 0;
  peer.exchange([](std::vector<std::byte>& reply) {
    std::fill(reply.begin() + wire::kBaseSize, reply.end(), std::byte{0x5a});
  });
  EXPECT_EQ(peer.sender->counters().replies, 1U);
  EXPECT_EQ(peer.sender->counters().zero_ssid, 1U);
  EXPECT_EQ(peer.sender->counters().tlv_malformed + peer.sender->counters().tlv_unrecognised, 0U);
  EXPECT_TRUE(peer.told("TWAMP Light"));
}

//= RFC8972:ssid-zero-reply
TEST(OddPeers, AStampReflectorMayBeRequired) {
  OddPeer peer(PeerKind::Stamp);
  peer.ssid = 0;
  peer.exchange();
  peer.exchange();
  EXPECT_EQ(peer.sender->counters().replies, 0U);
  EXPECT_EQ(peer.sender->counters().zero_ssid, 2U);
  ASSERT_EQ(peer.notes.size(), 1U);
  EXPECT_TRUE(peer.told("--peer auto"));
}

//= RFC8762:light-nothing-behind
TEST(OddPeers, OfATwampLightPeerNothingBehindTheHeaderIsRead) {
  OddPeer peer(PeerKind::TwampLight, 252);
  peer.ssid = 0x5a5a;  // random padding
  peer.exchange([](std::vector<std::byte>& reply) {
    std::fill(reply.begin() + wire::kBaseSize, reply.end(), std::byte{0x5a});
  });
  EXPECT_EQ(peer.sender->counters().replies, 1U);
  EXPECT_EQ(peer.sender->counters().tlv_malformed, 0U);
  EXPECT_FALSE(peer.layout.class_of_service);
}

}  // namespace
}  // namespace wirestamp::session
