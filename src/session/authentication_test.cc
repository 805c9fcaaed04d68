// SPDX-License-Identifier: Apache-2.0
//
// A sender and a reflector in authenticated mode (RFC 8762 4.2.2, 4.3.2, 4.4), each with keys of
// its own, and nothing between them but this test.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "session/reflector.h"
#include "session/sender.h"
#include "session/silent_output.h"
#include "wire/stamp_auth.h"

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
const packet::Endpoint kUs{packet::IpAddress::v4(0x0a00'0001), 40'000, 0};
const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a00'0002), 23'999, 0};

AuthKeyPtr key(const std::string& id, AuthKey::For valid_for = {}) {
  const std::string secret = "the secret of " + id;
  return std::make_shared<AuthKey>(id, std::as_bytes(std::span(secret)), std::move(valid_for));
}

KeyringPtr ring(std::vector<AuthKeyPtr> keys) { return std::make_shared<Keyring>(std::move(keys)); }

wire::RequestLayout layout(wire::Mode mode, bool tlv_hmac) {
  wire::RequestPlan plan;
  plan.mode = mode;
  plan.hmac = tlv_hmac;
  return *wire::plan_request(plan);
}

// Packets are kept until they are delivered, so that things can happen on the way.
class Authentication : public testing::Test, protected SilentOutput {
 protected:
  using Octets = std::vector<std::byte>;

  void make_reflector(bool replay_window = false, bool tlv_hmac = false, std::uint32_t rate = 0) {
    reflector.emplace(
        ReflectorOptions{.policy = {.allowed = {}, .connected = {}, .rate = rate, .total_rate = 0},
                         .replay_window = replay_window,
                         .tlv_hmac = tlv_hmac,
                         .random = [this] { return ++random_; },
                         .note = [this](const std::string& note) { notes.push_back(note); }});
  }
  void make_sender(const AuthKeyPtr& with, bool tlv_hmac = false) {
    SenderOptions options;
    options.remote = kPeer;
    options.ssid = 7;
    options.key = with;
    const auto mode = with && !tlv_hmac ? wire::Mode::Authenticated : wire::Mode::Open;
    sender.emplace(options, layout(mode, with && tlv_hmac), static_cast<SenderOutput&>(*this),
                   continuity_);
  }

  Octets probe() {
    time = time + Duration::milliseconds(1);
    sender->send(ProbeKind::Scheduled, time, at(StampSource::User), {});
    return sent_;
  }
  // The reply; empty: none.
  Octets reflect(const Octets& octets) {
    packet::ReceivedDatagram request;
    request.payload = octets;
    request.source = kUs;
    request.destination = kPeer;
    request.arrival = at(StampSource::Kernel);
    Octets buffer(std::max<std::size_t>(octets.size(), 44));
    const auto reply = reflector->reflect(request, at(StampSource::User), {}, buffer);
    if (!reply) return {};
    return {reply->payload.begin(), reply->payload.end()};
  }
  bool accept(const Octets& octets) {
    packet::ReceivedDatagram reply;
    reply.payload = octets;
    reply.source = kPeer;
    reply.destination = kUs;
    reply.arrival = at(StampSource::Kernel);
    return sender->on_datagram(reply, {}).has_value();
  }
  bool round_trip() {
    const Octets reply = reflect(probe());
    return !reply.empty() && accept(reply);
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    sent_.assign(datagram.payload.begin(), datagram.payload.end());
  }
  void on_note(const std::string& note) override { notes.push_back(note); }

  Timestamp at(StampSource source) const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
            .mono = time,
            .error = Duration(),
            .source = source};
  }

  std::optional<Reflector> reflector;
  std::optional<Sender> sender;
  std::vector<std::string> notes;
  MonoTime time = kStart;

 private:
  Continuity continuity_;
  Octets sent_;
  std::uint64_t random_ = 0;
};

TEST_F(Authentication, a_verified_request_is_answered_with_the_same_key) {
  make_reflector();
  reflector->set_keys(ring({key("other"), key("site")}));
  make_sender(key("site"));
  const Octets request = probe();
  EXPECT_EQ(request.size(), 340U);
  const Octets reply = reflect(request);
  ASSERT_EQ(reply.size(), request.size());
  EXPECT_TRUE(wire::authentic(reply, key("site")->hmac()));
  EXPECT_TRUE(accept(reply));
  EXPECT_TRUE(round_trip());
  EXPECT_EQ(reflector->counters().auth_verified, 2U);
  EXPECT_EQ(reflector->counters().sessions_created, 1U);
  EXPECT_EQ(sender->counters().replies, 2U);
  EXPECT_EQ(sender->counters().tlv_integrity, 0U);
  EXPECT_TRUE(sender->peer().stateful()) << "the WSTP TLV was believed";
  EXPECT_TRUE(notes.empty());
}

// RFC 8762 4.4.1, by OpenSSL's own function.
//= RFC8762:hmac-96 RFC8762:stamp-before-hmac
TEST_F(Authentication, another_implementation_finds_the_same_hmac_in_what_is_sent) {
  make_reflector();
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"));
  const Octets request = probe(), reply = reflect(request);
  const std::string secret = "the secret of site";
  for (const Octets& packet : {request, reply}) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    ASSERT_NE(
        HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(packet.data()), 96, digest.data(), nullptr),
        nullptr);
    EXPECT_TRUE(std::equal(packet.begin() + 96, packet.begin() + 112,
                           std::as_bytes(std::span(digest)).begin()));
  }
}

//= RFC8762:hmac-first
TEST_F(Authentication, one_changed_octet_anywhere_in_a_request_or_reply_is_noticed) {
  make_reflector();
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"));
  const Octets request = probe(), reply = reflect(request);
  for (std::size_t i = 0; i < wire::kAuthBaseSize; ++i) {
    Octets forged = request;
    forged[i] ^= std::byte{1};
    EXPECT_TRUE(reflect(forged).empty()) << i;
    forged = reply;
    forged[i] ^= std::byte{1};
    EXPECT_FALSE(accept(forged)) << i;
  }
  const auto& refused = reflector->counters();
  EXPECT_EQ(refused.auth_failed + refused.auth_missing, wire::kAuthBaseSize);
  EXPECT_TRUE(accept(reply));
}

//= RFC8972:sender-discards-at-i RFC8972:base-stays-usable
TEST_F(Authentication, a_tlv_that_was_changed_on_the_way_is_not_believed) {
  make_reflector();
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"));
  Octets reply = reflect(probe());
  reply[wire::kAuthBaseSize + 5] ^= std::byte{1};
  EXPECT_TRUE(accept(reply)) << "its base packet is what it was";
  EXPECT_EQ(sender->counters().tlv_integrity, 1U);
  EXPECT_FALSE(sender->peer().stateful());
}

//= RFC8762:hmac-failed
TEST_F(Authentication, a_wrong_key_is_not_answered_and_both_ends_say_so_once) {
  make_reflector();
  reflector->set_keys(ring({key("site")}));
  make_sender(key("elsewhere"));
  EXPECT_FALSE(round_trip());
  EXPECT_FALSE(round_trip());
  EXPECT_EQ(reflector->counters().auth_failed, 2U);
  EXPECT_EQ(reflector->counters().sessions_created, 0U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("10.0.0.1: the HMAC of its requests is wrong"), std::string::npos);
}

TEST_F(Authentication, a_reply_with_another_key_is_not_believed_and_said) {
  make_reflector();
  make_sender(key("site"));
  const Octets request = probe();
  reflector->set_keys(ring({key("site")}));
  Octets reply = reflect(request);
  wire::seal(reply, key("elsewhere")->hmac());
  EXPECT_FALSE(accept(reply));
  EXPECT_EQ(sender->counters().auth_failed, 1U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("is wrong for the key 'site' (" + key("site")->fingerprint() + ")"),
            std::string::npos);
}

//= RFC8762:mode-is-configured
TEST_F(Authentication, an_open_request_of_a_peer_with_a_key_is_refused) {
  make_reflector();
  reflector->set_keys(ring({key("site")}));
  make_sender(nullptr);
  EXPECT_FALSE(round_trip());
  EXPECT_TRUE(reflect(Octets(44)).empty());
  EXPECT_EQ(reflector->counters().auth_missing, 2U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("in the open mode, and a key is configured"), std::string::npos);
}

//= RFC8762:mode-is-configured
TEST_F(Authentication, a_peer_without_a_key_is_answered_in_the_open_mode) {
  make_reflector();
  reflector->set_keys(ring({key("site", {.peers = {*packet::Prefix::parse("192.0.2.0/24")}})}));
  make_sender(nullptr);
  EXPECT_TRUE(round_trip());
  EXPECT_EQ(reflector->counters().auth_verified, 0U);
}

TEST_F(Authentication, who_needs_the_authenticated_mode_says_that_the_peer_speaks_the_open_one) {
  make_reflector();
  make_sender(key("site"));
  EXPECT_FALSE(round_trip());
  EXPECT_EQ(reflector->counters().auth_no_key, 1U);
  EXPECT_EQ(sender->counters().other_mode, 1U);
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_NE(notes[0].find("no key is configured for it"), std::string::npos);
  EXPECT_NE(notes[1].find("answers in the open mode"), std::string::npos);
  EXPECT_NE(notes[1].find("'site'"), std::string::npos);
}

TEST_F(Authentication, who_is_in_the_open_mode_says_that_the_peer_speaks_the_authenticated_one) {
  make_reflector();
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"));
  const Octets reply = reflect(probe());
  make_sender(nullptr);
  probe();
  EXPECT_FALSE(accept(reply));
  EXPECT_EQ(sender->counters().other_mode, 1U);
  EXPECT_NE(notes.at(0).find("answers in the authenticated mode"), std::string::npos);
}

// The reflector has both keys for a while; the sender changes in the middle of it.
TEST_F(Authentication, a_change_of_keys_loses_nothing_that_is_in_flight) {
  make_reflector();
  reflector->set_keys(ring({key("old")}));
  make_sender(key("old"));
  EXPECT_TRUE(round_trip());
  const Octets before = reflect(probe());  // on its way back meanwhile
  reflector->set_keys(ring({key("old"), key("new")}));
  const Octets asked = probe();  // on its way there
  sender->set_key(key("new"));
  EXPECT_TRUE(round_trip());
  EXPECT_TRUE(accept(before));
  EXPECT_TRUE(accept(reflect(asked)));
  Octets forged = reflect(probe());
  wire::seal(forged, key("old")->hmac());
  EXPECT_FALSE(accept(forged)) << "the old key is for the old probes";
  reflector->set_keys(ring({key("new")}));
  EXPECT_TRUE(round_trip());
  EXPECT_EQ(reflector->counters().auth_failed, 0U);
  EXPECT_EQ(reflector->counters().sessions_created, 1U) << "the session goes on";
}

TEST_F(Authentication, a_replay_is_answered_unless_there_is_a_window) {
  for (const bool window : {false, true}) {
    make_reflector(window);
    reflector->set_keys(ring({key("site")}));
    make_sender(key("site"));
    const Octets recorded = probe();
    EXPECT_FALSE(reflect(recorded).empty());
    EXPECT_EQ(reflect(recorded).empty(), window);
    EXPECT_TRUE(round_trip());
    EXPECT_EQ(reflector->counters().auth_replayed, window ? 1U : 0U);
  }
}

TEST_F(Authentication, replays_do_not_use_up_the_rate_of_their_source) {
  make_reflector(/*replay_window=*/true, /*tlv_hmac=*/false, /*rate=*/10);
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"));
  const Octets recorded = probe();
  EXPECT_FALSE(reflect(recorded).empty());
  for (int n = 0; n < 100; ++n) EXPECT_TRUE(reflect(recorded).empty());
  EXPECT_TRUE(round_trip());
  EXPECT_EQ(reflector->counters().auth_replayed, 100U);
  EXPECT_EQ(reflector->counters().refused_rate_source, 0U);
}

//= RFC8085:icmp-validated
TEST_F(Authentication, an_error_of_the_path_names_its_probe) {
  make_sender(key("site"));
  const Octets quoted = probe();
  packet::PathError error;
  error.kind = packet::PathErrorKind::PortUnreachable;
  error.destination = kPeer;
  error.noticed = time;
  for (const std::size_t size : {quoted.size(), std::size_t{28}}) {
    error.quoted = base::Bytes(quoted).first(size);
    EXPECT_EQ(sender->quoted(error), 0U);
    EXPECT_TRUE(sender->on_path_error(error));
  }
  error.quoted = base::Bytes(quoted).first(27);
  EXPECT_FALSE(sender->quoted(error));
  Octets foreign = quoted;
  foreign[20] ^= std::byte{1};
  error.quoted = foreign;
  EXPECT_FALSE(sender->on_path_error(error));
  EXPECT_EQ(sender->counters().foreign_path_errors, 1U);
}

// --- RFC 8972 4.8: the HMAC TLV in the open mode

TEST_F(Authentication, of_tlvs_alone_leaves_packets_in_the_open_mode_and_proves_their_tlvs) {
  make_reflector(false, true);
  reflector->set_keys(ring({key("other"), key("site")}));
  make_sender(key("site"), true);
  const Octets request = probe();
  EXPECT_EQ(request.size(), 44 + 208 + 20U);
  const Octets reply = reflect(request);
  EXPECT_EQ(reply.size(), request.size());
  EXPECT_TRUE(accept(reply));
  EXPECT_EQ(sender->counters().tlv_integrity, 0U);
  EXPECT_TRUE(sender->peer().stateful()) << "the WSTP TLV was believed";
  EXPECT_EQ(reflector->counters().auth_verified, 1U);
  EXPECT_EQ(reflector->counters().tlv_integrity, 0U);
  EXPECT_TRUE(notes.empty());
}

//= RFC8972:hmac-tlv-open RFC8972:hmac-tlv-open-needed RFC8972:hmac-tlv-open-base
TEST_F(Authentication, of_tlvs_alone_refuses_tlvs_that_are_forged_or_unprotected) {
  make_reflector(false, true);
  reflector->set_keys(ring({key("site")}));
  make_sender(key("elsewhere"), true);
  EXPECT_TRUE(round_trip()) << "the base packet is nobody's secret";
  EXPECT_EQ(sender->counters().tlv_integrity, 1U);
  make_sender(nullptr);
  EXPECT_TRUE(round_trip());
  EXPECT_EQ(reflector->counters().tlv_integrity, 2U);
  EXPECT_EQ(reflector->counters().auth_verified, 0U);
  // What there is nothing of needs no proof.
  EXPECT_FALSE(reflect(Octets(44)).empty());
  EXPECT_EQ(reflector->counters().tlv_integrity, 2U);
}

//= RFC8972:hmac-tlv-open-needed
TEST_F(Authentication, of_tlvs_alone_notices_that_the_hmac_was_taken_out_of_a_reply) {
  make_reflector(false, true);
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"), true);
  Octets reply = reflect(probe());
  reply.resize(reply.size() - 20);
  EXPECT_TRUE(accept(reply));
  EXPECT_EQ(sender->counters().tlv_integrity, 1U);
  EXPECT_FALSE(sender->peer().stateful());
}

TEST_F(Authentication, of_tlvs_alone_survives_a_change_of_keys_too) {
  make_reflector(false, true);
  reflector->set_keys(ring({key("old"), key("new")}));
  make_sender(key("old"), true);
  const Octets before = reflect(probe());
  const Octets asked = probe();
  sender->set_key(key("new"));
  EXPECT_TRUE(round_trip());
  EXPECT_TRUE(accept(before));
  EXPECT_TRUE(accept(reflect(asked)));
  EXPECT_EQ(sender->counters().tlv_integrity, 0U);
  EXPECT_EQ(reflector->counters().auth_verified, 3U);
}

TEST_F(Authentication, of_tlvs_alone_tells_a_peer_of_the_other_mode) {
  make_reflector(false, true);
  reflector->set_keys(ring({key("site")}));
  make_sender(key("site"));
  EXPECT_FALSE(round_trip());
  EXPECT_EQ(reflector->counters().auth_no_key, 1U);
  EXPECT_NE(notes.at(0).find("--tlv-hmac is for the open one"), std::string::npos) << notes[0];
}

}  // namespace
}  // namespace wirestamp::session
