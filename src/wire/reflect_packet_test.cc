// SPDX-License-Identifier: Apache-2.0
#include "wire/reflect_packet.h"

#include <gtest/gtest.h>

#include "wire/reply_tlvs.h"
#include "wire/request_layout.h"
#include "wire/vectors_test.h"

// Rules of whole packets that the vectors do not show: what is dropped, what is refused, and what
// type 12 makes of a reply.
namespace wirestamp::wire {
namespace {

const crypto::Hmac& key() {
  static const crypto::Hmac made(crypto::Hash::Sha256, Octets(32, std::byte{3}));
  return made;
}

packet::IpAddress address(std::string_view text) { return *packet::IpAddress::parse(text); }

struct Reply {
  RequestVerdict verdict = RequestVerdict::Good;
  Octets octets;
  TlvOutcome tlvs;
  std::string area(Mode mode) const { return to_hex(base::Bytes(octets).subspan(base_size(mode))); }
};

Reply reflect(const Octets& request, const ReflectMode& mode, const TlvPolicy& policy = {},
              TlvAnswers answers = {}) {
  const CheckedRequest checked = check_request(request, mode);
  if (checked.verdict != RequestVerdict::Good)
    return {.verdict = checked.verdict, .octets = {}, .tlvs = {}};
  answers.policy = &policy;
  Reply reply{.octets = Octets(packet_room(request.size(), &policy), std::byte{0xee}), .tlvs = {}};
  const ReflectedPacket packet = reflect_packet(
      request, checked, mode, {.sequence = 5, .receive_timestamp = 9}, answers, reply.octets);
  stamp_reply(reply.octets, mode, 10, 0x8587);
  reply.octets.resize(packet.size);
  reply.tlvs = packet.tlvs;
  return reply;
}

Octets probe(const RequestPlan& plan) {
  const auto layout = plan_request(plan);
  EXPECT_TRUE(layout);
  Octets out(layout->size);
  encode_probe(*layout, {.sequence = 7, .timestamp = 1, .error_estimate = 0x8f84}, out, &key());
  return out;
}

Octets open_probe(std::string_view area) {
  Octets out(kBaseSize);
  encode_request(out, {.sequence = 7, .timestamp = 1, .error_estimate = 0x8f84});
  const Octets behind = from_hex(area);
  out.insert(out.end(), behind.begin(), behind.end());
  return out;
}

constexpr ReflectMode kOpen{};
ReflectMode authenticated() { return {.mode = Mode::Authenticated, .key = &key()}; }

TEST(Request, is_dropped_when_it_is_too_short) {
  EXPECT_EQ(check_request(Octets(13), kOpen).verdict, RequestVerdict::TooShort);
  EXPECT_EQ(check_request(Octets(14), kOpen).verdict, RequestVerdict::Good);
  EXPECT_EQ(check_request(Octets(111), authenticated()).verdict, RequestVerdict::TooShort);
}

// RFC 8762 4.4.1.
//= RFC8762:hmac-failed
TEST(Request, is_dropped_when_it_is_not_authentic) {
  EXPECT_EQ(check_request(Octets(112), authenticated()).verdict, RequestVerdict::AuthFailed);
  const Octets good = probe({.mode = Mode::Authenticated, .usual = false});
  EXPECT_EQ(check_request(good, authenticated()).verdict, RequestVerdict::Good);
  EXPECT_EQ(check_request(good, {.mode = Mode::Authenticated}).verdict, RequestVerdict::AuthFailed);
}

//= RFC8762:mbz-ignored
TEST(Request, with_octets_that_should_be_zero_is_as_good) {
  Octets open = open_probe("");
  std::fill(open.begin() + 16, open.end(), std::byte{0xa5});
  Octets sealed = probe({.mode = Mode::Authenticated, .usual = false});
  std::fill(sealed.begin() + 4, sealed.begin() + 16, std::byte{0xa5});
  std::fill(sealed.begin() + 28, sealed.begin() + 96, std::byte{0xa5});
  seal(sealed, key());
  for (const auto& [octets, mode] : {std::pair{open, kOpen}, std::pair{sealed, authenticated()}}) {
    const CheckedRequest checked = check_request(octets, mode);
    EXPECT_EQ(checked.verdict, RequestVerdict::Good);
    EXPECT_EQ(checked.asked,
              (RequestBase{.sequence = 7, .timestamp = 1, .error_estimate = 0x8f84}));
  }
}

// RFC 4656 4.1.2: a Multiplier of 0 is for the strict.
TEST(Request, without_an_error_estimate_is_dropped_if_that_is_wanted) {
  EXPECT_EQ(check_request(Octets(44), kOpen).verdict, RequestVerdict::Good);
  EXPECT_EQ(check_request(Octets(44), {.error_estimate_needed = true}).verdict,
            RequestVerdict::NoErrorEstimate);
}

//= RFC8762:light-short-request
TEST(Reply, of_a_short_open_request_is_the_base_packet) {
  for (const std::size_t size : {14U, 15U, 43U, 44U})
    EXPECT_EQ(reflect(Octets(size), kOpen).octets.size(), kBaseSize);
}

// RFC 8972 4: without extensions everything comes back unchanged, in both modes.
//= RFC8762:symmetrical-size RFC8972:without-extensions
TEST(Reply, without_extensions_copies_what_is_behind_the_base_packet) {
  const Octets request = open_probe("80040004b8000000");
  const Reply reply = reflect(request, {.extensions = false});
  EXPECT_EQ(reply.area(Mode::Open), "80040004b8000000");
  const Octets sealed = probe({.mode = Mode::Authenticated});
  ReflectMode mode = authenticated();
  mode.extensions = false;
  EXPECT_EQ(reflect(sealed, mode).area(Mode::Authenticated),
            to_hex(base::Bytes(sealed).subspan(kAuthBaseSize)));
}

// RFC 8762 4.6: random padding begins with U in half of the packets, and is no TLV in any of them.
TEST(Reply, to_a_twamp_light_sender_has_its_padding_whatever_that_looks_like) {
  for (const std::string_view padding :
       {"80030004000000008001000400000000", "80ffffff", "c0010000"}) {
    Octets request = open_probe(padding);
    EXPECT_NE(reflect(request, kOpen).area(Mode::Open), padding);  // a STAMP sender's
    for (const std::size_t at : {16U, 29U, 43U}) {
      Octets light = request;
      light[at] = std::byte{1};
      const Reply reply = reflect(light, {.key = &key(), .hmac_required = true});
      EXPECT_EQ(reply.area(Mode::Open), padding);
      EXPECT_FALSE(reply.tlvs.integrity_failed || reply.tlvs.malformed);
    }
  }
}

// RFC 8972 4 against 4.8: what is behind a malformed TLV stays as it came, but the HMAC is made
// anew over it, so that the sender believes that there was a malformed one.
TEST(Reply, with_a_malformed_tlv_is_verified_nevertheless) {
  for (const ReflectMode& mode : {ReflectMode{.key = &key()}, authenticated()}) {
    const AskedTlv bad{.type = kTimestampInformation, .value = Octets(2)};
    const AskedTlv behind{.type = kDirectMeasurement, .value = Octets(12)};
    const Octets request =
        probe({.mode = mode.mode, .hmac = true, .asked = {bad, behind}, .usual = false});
    const Reply reply = reflect(request, mode);
    EXPECT_EQ(reply.area(mode.mode).substr(0, 48),
              "4003000200008005000c000000000000000000000000"
              "8008");
    const ReplyTlvs told = read_reply_tlvs(base::Bytes(reply.octets).subspan(base_size(mode.mode)),
                                           5, {.key = &key(), .mode = mode.mode, .required = true});
    EXPECT_TRUE(told.verified && told.malformed && !told.integrity_failed);
    EXPECT_EQ(told.malformed_type, kTimestampInformation);
    EXPECT_EQ(told.direct, std::nullopt);
  }
}

// RFC 8972 4.8: TLVs of an authenticated packet without an HMAC TLV are not believed.
//= RFC8972:hmac-tlv-needed
TEST(Reply, of_authenticated_tlvs_without_their_hmac_says_integrity) {
  Octets request = probe({.mode = Mode::Authenticated, .usual = false});
  const Octets behind = from_hex("80040004b800000080010000");
  request.insert(request.end(), behind.begin(), behind.end());
  const Reply reply = reflect(request, authenticated());
  EXPECT_TRUE(reply.tlvs.integrity_failed);
  EXPECT_EQ(reply.area(Mode::Authenticated), "20040004b800000020010000");
  EXPECT_EQ(reply.tlvs.dscp, 0);
  EXPECT_TRUE(authentic(reply.octets, key()));
}

TEST(Reply, of_open_tlvs_may_need_the_hmac_too) {
  const Octets request = open_probe("80040004b8000000");
  EXPECT_FALSE(reflect(request, {.key = &key()}).tlvs.integrity_failed);
  EXPECT_TRUE(reflect(request, {.key = &key(), .hmac_required = true}).tlvs.integrity_failed);
  // Extra Padding alone needs none.
  EXPECT_FALSE(reflect(open_probe("80010000"), {.key = &key(), .hmac_required = true})
                   .tlvs.integrity_failed);
}

TEST(Reply, without_a_key_does_not_understand_the_hmac) {
  const Octets request = probe({.hmac = true, .usual = false});
  const Reply reply = reflect(request, kOpen);
  EXPECT_EQ(reply.octets[kBaseSize], std::byte{kUnrecognised});
  EXPECT_EQ(reply.tlvs.unrecognised, 1U);
}

//= RFC8972:hmac-tlv-place
TEST(Reply, says_integrity_for_two_hmacs_and_for_a_short_one) {
  Octets twice = probe({.hmac = true, .usual = false});
  const Octets tlv(twice.begin() + kBaseSize, twice.end());
  twice.insert(twice.end(), tlv.begin(), tlv.end());
  EXPECT_TRUE(reflect(twice, {.key = &key()}).tlvs.integrity_failed);
  EXPECT_TRUE(reflect(open_probe("8008000401020304"), {.key = &key()}).tlvs.integrity_failed);
}

//= RFC8972:hmac-tlv-reply
TEST(Probe, with_everything_is_understood_both_ways) {
  for (const Mode mode : {Mode::Open, Mode::Authenticated}) {
    AskedTlv direct{.type = kDirectMeasurement, .value = Octets(DirectMeasurement::kLength)};
    const RequestPlan plan{.mode = mode, .hmac = true, .asked = {direct}};
    const auto layout = plan_request(plan);
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->size, base_size(mode) + 208 + 16 + 20);
    Octets request(layout->size);
    encode_probe(*layout, {.sequence = 7, .dscp = 46, .sent = 77}, request, &key());
    TlvAnswers answers{.wstp = Wstp()};
    answers.direct = DirectCounters{.received = 76, .sent = 75};
    const Reply reply = reflect(request, {.mode = mode, .key = &key()}, {}, answers);
    const ReplyTlvs told = read_reply_tlvs(base::Bytes(reply.octets).subspan(base_size(mode)), 5,
                                           {.key = &key(), .mode = mode, .required = true});
    EXPECT_TRUE(told.verified);
    EXPECT_EQ(told.direct, (DirectMeasurement{77, 76, 75}));
    EXPECT_EQ(told.class_of_service->wanted_dscp, 46);
    EXPECT_TRUE(told.follow_up && told.wstp);
    EXPECT_EQ(told.unrecognised, 0U);
    // Under another number the same octets are not believed (RFC 8972 4.8).
    EXPECT_TRUE(read_reply_tlvs(base::Bytes(reply.octets).subspan(base_size(mode)), 6,
                                {.key = &key(), .mode = mode})
                    .integrity_failed);
  }
}

//= RFC8972:hmac-tlv-needed
TEST(Plan, of_authenticated_probes_has_the_hmac_where_it_has_tlvs) {
  const auto with = plan_request({.mode = Mode::Authenticated});
  ASSERT_TRUE(with);
  EXPECT_EQ(with->size, 340U);
  EXPECT_TRUE(with->hmac && with->wstp);
  const auto without = plan_request({.size = 200, .mode = Mode::Authenticated, .usual = false});
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->hmac);
  EXPECT_TRUE(without->padding);
  for (std::uint32_t size = 116; size < 500; ++size) {
    const auto layout = plan_request({.size = size, .mode = Mode::Authenticated});
    ASSERT_TRUE(layout) << size;
    Octets out(layout->size);
    encode_probe(*layout, {.sequence = 7}, out, &key());
    const auto integrity = check_integrity(base::Bytes(out).subspan(kAuthBaseSize), 7,
                                           {.key = &key(), .mode = Mode::Authenticated});
    ASSERT_NE(integrity.verdict, IntegrityVerdict::Failed) << size;
  }
}

TEST(Plan, refuses_sizes_that_have_no_room_for_what_is_asked) {
  const AskedTlv tlv{.type = kTimestampInformation, .value = Octets(4)};
  const auto layout = plan_request({.size = 130, .mode = Mode::Authenticated, .asked = {tlv}});
  ASSERT_FALSE(layout);
  EXPECT_NE(layout.error().text.find("140, or 144 to 65507"), std::string::npos)
      << layout.error().text;
}

// --- type 12: draft-ietf-ippm-asymmetrical-pkts
// ---------------------------------------------------------

TlvPolicy generous() {
  TlvPolicy policy;
  policy.control = ControlPolicy{.largest = 1000, .most_packets = 5, .most_octets = 3000};
  policy.return_path.emplace();
  policy.own = [](const packet::Prefix& prefix) { return prefix.contains(address("192.0.2.20")); };
  return policy;
}

AskedTlv control(const ReflectedControl& asked) {
  AskedTlv tlv{.type = kReflectedControl, .value = Octets(asked.value_length())};
  asked.encode(tlv.value);
  return tlv;
}

Reply controlled(const ReflectedControl& asked, std::optional<std::uint32_t> size = std::nullopt) {
  const RequestPlan plan{.size = size, .hmac = true, .asked = {control(asked)}, .usual = false};
  return reflect(probe(plan), {.key = &key()}, generous());
}

bool verified(const Reply& reply) {
  return check_integrity(base::Bytes(reply.octets).subspan(kBaseSize), 5, {.key = &key()})
             .verdict == IntegrityVerdict::Verified;
}

//= draft-asymmetrical-pkts:length
TEST(ReflectedControl, makes_longer_replies_with_padding_at_their_end) {
  const Reply reply = controlled({.length = 301, .count = 3, .interval_ns = 5'000'000});
  EXPECT_EQ(reply.octets.size(), 304U);  // a multiple of four
  EXPECT_EQ(reply.tlvs.burst, (Burst{.count = 3, .interval = Duration::milliseconds(5)}));
  EXPECT_TRUE(verified(reply));
  EXPECT_EQ(reply.octets[kBaseSize], std::byte{});
}

//= draft-asymmetrical-pkts:length
TEST(ReflectedControl, makes_shorter_replies_without_the_padding_of_the_request) {
  const Reply reply = controlled({.length = 50, .count = 1}, 600);
  // The base packet and its TLVs, of which none is padding.
  EXPECT_EQ(reply.octets.size(), kBaseSize + 16 + 20);
  EXPECT_TRUE(verified(reply));
  EXPECT_EQ(controlled({.length = 200, .count = 1}, 600).octets.size(), 200U);
}

//= draft-asymmetrical-pkts:limits
TEST(ReflectedControl, is_bounded_in_every_way) {
  const auto refused = [](const ReflectedControl& asked) {
    const Reply reply = controlled(asked);
    EXPECT_EQ(reply.octets[kBaseSize], std::byte{kConformance});
    EXPECT_FALSE(reply.tlvs.burst);
    EXPECT_TRUE(verified(reply));
    return reply.octets.size();
  };
  EXPECT_EQ(refused({.length = 100, .count = 6, .interval_ns = 5'000'000}), 80U);
  EXPECT_EQ(refused({.length = 1000, .count = 4, .interval_ns = 5'000'000}), 80U);
  EXPECT_EQ(refused({.length = 100, .count = 2, .interval_ns = 1'000}), 80U);
  // Larger than the egress takes: one of the largest size.
  EXPECT_EQ(refused({.length = 1001, .count = 1}), 1000U);
  EXPECT_EQ(refused({.length = 65'535, .count = 65'535}), 1000U);
}

//= draft-asymmetrical-pkts:number-zero draft-asymmetrical-pkts:groups
TEST(ReflectedControl, of_no_packets_or_of_others_is_answered_with_silence) {
  EXPECT_EQ(controlled({.length = 100, .count = 0}).tlvs.silence, Silence::Control);
  const auto group = [](std::string_view prefix) {
    return controlled({.length = 100, .count = 1, .layer3_group = *packet::Prefix::parse(prefix)})
        .tlvs.silence;
  };
  EXPECT_EQ(group("192.0.2.0/24"), Silence::None);
  EXPECT_EQ(group("198.51.100.0/24"), Silence::Control);
  EXPECT_EQ(group("2001:db8::/32"), Silence::Control);
}

//= draft-asymmetrical-pkts:beside-no-reply
TEST(ReflectedControl, beside_no_reply_is_refused_with_one_reply) {
  AskedTlv path{.type = kReturnPath, .value = from_hex("8001000400000000")};
  const RequestPlan plan{.asked = {control({.length = 100, .count = 0}), path}, .usual = false};
  const Reply reply = reflect(probe(plan), kOpen, generous());
  EXPECT_EQ(reply.tlvs.silence, Silence::None);
  EXPECT_EQ(reply.tlvs.unrecognised, 2U);
  EXPECT_EQ(reply.octets[kBaseSize], std::byte{kUnrecognised});
  EXPECT_EQ(reply.octets[kBaseSize + 16], std::byte{kUnrecognised});
}

//= draft-asymmetrical-pkts:numbers-rise
TEST(ReflectedControl, is_refused_when_numbers_do_not_rise) {
  TlvAnswers answers;
  answers.sequence_rose = false;
  const RequestPlan plan{.asked = {control({.length = 300, .count = 2})}, .usual = false};
  const Reply reply = reflect(probe(plan), kOpen, generous(), answers);
  EXPECT_EQ(reply.octets.size(), 60U);
  EXPECT_EQ(reply.octets[kBaseSize], std::byte{kUnrecognised});
}

TEST(ReflectedControl, before_a_malformed_tlv_changes_no_length) {
  Octets request = probe(
      {.asked = {control({.length = 300, .count = 2, .interval_ns = 5'000'000})}, .usual = false});
  const Octets cut = from_hex("8001006401020304");
  request.insert(request.end(), cut.begin(), cut.end());
  const Reply reply = reflect(request, kOpen, generous());
  EXPECT_TRUE(reply.tlvs.malformed);
  EXPECT_FALSE(reply.tlvs.burst);
  EXPECT_EQ(reply.octets.size(), request.size());
  EXPECT_EQ(reply.octets[kBaseSize], std::byte{kConformance});
}

//= draft-asymmetrical-pkts:number
TEST(Burst, numbers_each_reply_for_itself) {
  const RequestPlan plan{.mode = Mode::Authenticated,
                         .asked = {control({.length = 300, .count = 2, .interval_ns = 5'000'000})},
                         .usual = false};
  Reply reply = reflect(probe(plan), authenticated(), generous());
  ASSERT_EQ(reply.octets.size(), 300U);
  number_reply(reply.octets, authenticated(), reply.tlvs, 6);
  stamp_reply(reply.octets, authenticated(), 11, 0x8587);
  EXPECT_TRUE(authentic(reply.octets, key()));
  EXPECT_EQ(decode_auth_reply(reply.octets)->sequence, 6U);
  EXPECT_TRUE(read_reply_tlvs(base::Bytes(reply.octets).subspan(kAuthBaseSize), 6,
                              {.key = &key(), .mode = Mode::Authenticated})
                  .verified);
}

}  // namespace
}  // namespace wirestamp::wire
