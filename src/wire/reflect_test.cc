// SPDX-License-Identifier: Apache-2.0
#include "wire/reflect.h"

#include <gtest/gtest.h>

#include "wire/vectors_test.h"

// The rules for TLVs that the vectors do not show (RFC 8972 4).
namespace wirestamp::wire {
namespace {

struct Reflected {
  Octets reply;
  TlvOutcome outcome;
  std::string hex() const { return to_hex(reply); }
};

Reflected reflect(std::string_view hex, const TlvAnswers& answers = {}) {
  const Octets request = from_hex(hex);
  Reflected reflected{.reply = Octets(request.size(), std::byte{0xee}), .outcome = {}};
  reflected.outcome = reflect_tlvs(request, answers, reflected.reply);
  return reflected;
}

TEST(TlvReader, gives_each_tlv_with_its_place) {
  const Octets area = from_hex("8001000280c800c80000");
  TlvReader reader(area);
  // The value looks like a header: nothing but the Length tells where a TLV ends.
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, kExtraPadding);
  EXPECT_EQ(to_hex(first->value), "80c8");
  EXPECT_EQ(first->offset, 0U);
  const auto second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->offset, 6U);
  EXPECT_EQ(reader.end(), TlvReader::End::NotYet);
}

TEST(TlvReader, takes_a_length_of_zero) {
  const Octets area = from_hex("80010000");
  TlvReader reader(area);
  const auto tlv = reader.next();
  ASSERT_TRUE(tlv);
  EXPECT_TRUE(tlv->value.empty());
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.end(), TlvReader::End::Complete);
}

TEST(TlvReader, stops_at_a_tail_too_short_for_a_header) {
  const Octets area = from_hex("80010000800100");
  TlvReader reader(area);
  EXPECT_TRUE(reader.next());
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.end(), TlvReader::End::ShortTail);
  EXPECT_EQ(reader.position(), 4U);
}

TEST(TlvReader, stops_at_a_length_beyond_the_packet) {
  const Octets area = from_hex("8001000500000000");
  TlvReader reader(area);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.end(), TlvReader::End::Overrun);
  EXPECT_EQ(reader.position(), 0U);
}

TEST(ReflectedTlvs, of_an_empty_area_are_empty) {
  const Reflected reflected = reflect("", {.received_traffic_class = 46U << 2U});
  EXPECT_EQ(reflected.hex(), "");
  EXPECT_EQ(reflected.outcome.dscp, 46);
}

//= RFC8972:unknown-gets-u
TEST(ReflectedTlvs, of_an_unknown_type_keep_u_while_the_others_are_processed) {
  const Reflected reflected =
      reflect("80c80004616263648003000400000000", {.timestamp_information = {1, 2, 1, 2}});
  EXPECT_EQ(reflected.hex(), "80c80004616263640003000401020102");
  EXPECT_EQ(reflected.outcome.unrecognised, 1U);
  EXPECT_FALSE(reflected.outcome.malformed);
}

//= RFC8972:overrun-gets-m
TEST(ReflectedTlvs, that_run_over_the_end_get_m_and_those_before_are_processed) {
  const Reflected reflected =
      reflect("80030004000000008001006400010203", {.timestamp_information = {1, 2, 1, 2}});
  EXPECT_EQ(reflected.hex(), "00030004010201024001006400010203");
  EXPECT_TRUE(reflected.outcome.malformed);
}

//= RFC8972:rest-unchanged
TEST(ReflectedTlvs, behind_a_malformed_one_stay_as_they_came) {
  const Reflected reflected = reflect("8004000300000080030004aabbccdd");
  EXPECT_EQ(reflected.hex(), "4004000300000080030004aabbccdd");
  EXPECT_TRUE(reflected.outcome.malformed);
}

//= RFC8972:understood-clears
TEST(ReflectedTlvs, lose_the_reserved_flags) {
  EXPECT_EQ(reflect("9f010002abcd").hex(), "00010002abcd");
  EXPECT_EQ(reflect("9fc80002abcd").hex(), "80c80002abcd");
}

//= RFC8762:light-padding-copied
TEST(ReflectedTlvs, are_copied_when_u_is_not_set_because_that_is_padding) {
  // RFC 8762 4.6: a TWAMP Light sender's padding, here with the look of a TLV.
  EXPECT_EQ(reflect("0003000400000000").hex(), "0003000400000000");
  EXPECT_EQ(reflect("7f3fffffffffff").hex(), "7f3fffffffffff");
}

// RFC 8972 4: these are the reflector's to write, whatever the sender had there.
TEST(ReflectedTlvs, lose_m_and_i_of_the_request) {
  EXPECT_EQ(reflect("c0010002abcd").hex(), "00010002abcd");
  EXPECT_EQ(reflect("a0010002abcd").hex(), "00010002abcd");
  EXPECT_EQ(reflect("f001ffffabcd").hex(), "4001ffffabcd");
}

//= RFC8972:timestamp-information-length
TEST(ReflectedTimestampInformation, is_malformed_below_4_octets) {
  const Reflected reflected = reflect("80030003000000", {.timestamp_information = {1, 2, 1, 2}});
  EXPECT_EQ(reflected.hex(), "40030003000000");
}

//= RFC8972:timestamp-information-length
TEST(ReflectedTimestampInformation, keeps_what_follows_its_fields) {
  // RFC 8972 4.3 allows optional Sub-TLVs behind them.
  const Reflected reflected =
      reflect("80030006000000001234", {.timestamp_information = {5, 2, 5, 2}});
  EXPECT_EQ(reflected.hex(), "00030006050205021234");
}

//= RFC8972:follow-up-length
TEST(ReflectedFollowUp, of_a_wrong_length_is_zeroed_and_malformed) {
  const TlvAnswers answers{.follow_up = FollowUpTelemetry{.sequence = 1, .timestamp = 2}};
  // RFC 8972 4.7 with erratum 8339: Sequence Number and Follow-Up Timestamp are zeroed.
  EXPECT_EQ(reflect("8007000dffffffffffffffffffffffffff", answers).hex(),
            "4007000d000000000000000000000000ff");
  EXPECT_EQ(reflect("80070002ffff", answers).hex(), "400700020000");
}

//= RFC8972:follow-up-stateless
TEST(ReflectedFollowUp, without_an_answer_is_zero_whatever_came) {
  EXPECT_EQ(reflect("80070010ffffffffffffffffffffffffffffffff").hex(),
            "0007001000000000000000000000000000000000");
}

//= RFC8972:cos-received
TEST(ReflectedClassOfService, overwrites_what_the_sender_wrote_into_the_answer) {
  EXPECT_EQ(reflect("80040004b8ffffff", {.received_traffic_class = 0}).hex(), "00040004b8000000");
}

//= RFC8972:cos-refused
TEST(ReflectedClassOfService, refused_falls_back_to_the_received_dscp_when_policy_lets_that) {
  const Reflected low =
      reflect("80040004c0000000", {.received_traffic_class = 34U << 2U, .highest_dscp = 47});
  EXPECT_TRUE(low.outcome.dscp_refused);
  EXPECT_EQ(low.outcome.dscp, 34);
  const Reflected high =
      reflect("80040004c0000000", {.received_traffic_class = 56U << 2U, .highest_dscp = 47});
  EXPECT_TRUE(high.outcome.dscp_refused);
  EXPECT_EQ(high.outcome.dscp, 0);
}

TEST(ReflectedDscp, without_class_of_service_is_the_received_one_within_policy) {
  EXPECT_EQ(reflect("80010000", {.received_traffic_class = 40U << 2U}).outcome.dscp, 40);
  EXPECT_EQ(
      reflect("80010000", {.received_traffic_class = 48U << 2U, .highest_dscp = 47}).outcome.dscp,
      0);
}

// "WSTP", version 1, all else zero.
std::string wstp_request(std::size_t length) {
  return "80fb" + to_hex(Octets{std::byte(length >> 8U), std::byte(length & 255U)}) + "5753545001" +
         std::string(2 * (length - 5), '0');
}

TEST(ReflectedWstp, is_answered_with_as_many_entries_as_the_request_has_room_for) {
  Wstp wstp;
  wstp.entry_count = 8;
  for (std::uint32_t i = 0; i < 8; ++i)
    wstp.entries[i] = {.sender_sequence = 100 - i, .reflector_sequence = 50 - i};
  const Reflected reflected = reflect(wstp_request(Wstp::length_for(3)), {.wstp = wstp});
  EXPECT_EQ(reflected.reply.front(), std::byte{});
  const auto value = base::Bytes(reflected.reply).subspan(kTlvHeader);
  const Wstp told = Wstp::decode(value);
  EXPECT_EQ(told.entry_count, 3U);
  EXPECT_EQ(told.entries[2], wstp.entries[2]);
}

TEST(ReflectedWstp, of_another_version_or_magic_is_unrecognised) {
  std::string other = wstp_request(Wstp::kHeader);
  other[17] = '2';
  EXPECT_EQ(reflect(other, {.wstp = Wstp()}).hex(), other);
  EXPECT_EQ(reflect("80fb000457535451", {.wstp = Wstp()}).outcome.unrecognised, 1U);
}

TEST(ReflectedWstp, is_unrecognised_where_it_is_not_spoken) {
  const std::string request = wstp_request(Wstp::kHeader);
  EXPECT_EQ(reflect(request).hex(), request);
}

constexpr WstpToken kKnown{std::byte{1}}, kForged{std::byte{2}};

// Knows one session.
std::optional<WstpAccount> account_of(const WstpToken& token) {
  if (token != kKnown) return std::nullopt;
  return WstpAccount{.requests_seen = 3, .replies_sent = 2, .last_sender_sequence = 9};
}

std::string question(const WstpToken& asked, std::size_t places = 8) {
  Octets tlv = from_hex(wstp_request(Wstp::length_for(places)));
  Wstp::encode_question(base::MutableBytes(tlv).subspan(kTlvHeader), asked);
  return to_hex(tlv);
}

Wstp told_in(const Reflected& reflected, std::size_t offset = 0) {
  EXPECT_EQ(reflected.reply[offset], std::byte{});
  const std::size_t length = base::load_be<std::uint16_t>(reflected.reply, offset + 2);
  return Wstp::decode(base::Bytes(reflected.reply).subspan(offset + kTlvHeader, length));
}

TEST(ReflectedQuestion, is_answered_with_the_account_of_the_session_it_names) {
  const Reflected reflected =
      reflect(question(kKnown), {.wstp = Wstp{.epoch = 5}, .account_of = account_of});
  EXPECT_TRUE(reflected.outcome.asked && reflected.outcome.told);
  EXPECT_EQ(told_in(reflected), (Wstp{.epoch = 5, .account = account_of(kKnown)}));
}

TEST(ReflectedQuestion, about_any_unknown_token_gets_the_same_answer) {
  const TlvAnswers answers{.wstp = Wstp{.epoch = 5, .entry_count = 8}, .account_of = account_of};
  const Reflected forged = reflect(question(kForged), answers);
  EXPECT_TRUE(forged.outcome.asked && !forged.outcome.told);
  EXPECT_EQ(forged.hex(), reflect(question(WstpToken{}), answers).hex());
  // But for the flag it is that to no question.
  Wstp told = told_in(forged);
  EXPECT_TRUE(told.unknown_token);
  told.unknown_token = false;
  EXPECT_EQ(told, answers.wstp);
}

TEST(ReflectedQuestion, is_not_answered_by_a_reflector_that_does_not_know_it) {
  const TlvAnswers answers{.wstp = Wstp{.epoch = 5, .entry_count = 8}};
  const Reflected reflected = reflect(question(kKnown), answers);
  EXPECT_FALSE(reflected.outcome.asked);
  EXPECT_EQ(told_in(reflected), answers.wstp);
  EXPECT_EQ(reflected.hex(), reflect(wstp_request(Wstp::length_for(8)), answers).hex());
}

TEST(ReflectedQuestion, is_answered_once_per_request) {
  // In this order the second question could be told, the first could not.
  const std::string asked = question(kForged) + question(kKnown);
  const Reflected reflected = reflect(asked, {.wstp = Wstp(), .account_of = account_of});
  EXPECT_TRUE(told_in(reflected).unknown_token);
  EXPECT_EQ(told_in(reflected, asked.size() / 4), Wstp());
  EXPECT_FALSE(reflected.outcome.told);
}

TEST(ReflectedQuestion, may_come_behind_a_wstp_tlv_that_asks_nothing) {
  const std::string before = wstp_request(Wstp::kHeader);
  const Reflected reflected =
      reflect(before + question(kKnown, 2), {.wstp = Wstp(), .account_of = account_of});
  EXPECT_EQ(told_in(reflected), Wstp());
  EXPECT_EQ(told_in(reflected, before.size() / 2).account, account_of(kKnown));
}

TEST(ReflectedWstp, of_an_impossible_length_is_malformed) {
  for (const std::size_t length :
       {std::size_t{5}, std::size_t{47}, std::size_t{49}, std::size_t{63}, Wstp::length_for(9)}) {
    const Reflected reflected = reflect(wstp_request(length), {.wstp = Wstp()});
    EXPECT_TRUE(reflected.outcome.malformed) << length;
    EXPECT_EQ(reflected.hex(), "40" + wstp_request(length).substr(2)) << length;
  }
}

}  // namespace
}  // namespace wirestamp::wire
