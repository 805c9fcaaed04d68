// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/reflect.h"
#include "wire/reply_tlvs.h"
#include "wire/vectors_test.h"

// Rules of single TLVs that the vectors do not show.
namespace wirestamp::wire {
namespace {

packet::IpAddress address(std::string_view text) { return *packet::IpAddress::parse(text); }

struct Reflected {
  std::string hex;
  TlvOutcome outcome;
};

Reflected reflect(std::string_view area, const TlvAnswers& answers) {
  const Octets request = from_hex(area);
  Octets reply(reply_room(request.size(), answers.policy), std::byte{0xee});
  const TlvOutcome outcome = reflect_tlvs(request, answers, reply);
  reply.resize(outcome.size);
  return {.hex = to_hex(reply), .outcome = outcome};
}

Reflected with_policy(std::string_view area, const TlvPolicy& policy, TlvAnswers answers = {}) {
  answers.policy = &policy;
  return reflect(area, answers);
}

TlvAnswers everything() {
  TlvAnswers answers;
  answers.location = LocationAnswer{.destination = {.address = address("192.0.2.20"), .port = 862},
                                    .source = {.address = address("198.51.100.10"), .port = 50'000},
                                    .source_mac = std::nullopt};
  answers.direct = DirectCounters{.received = 8, .sent = 7};
  answers.access_reports = true;
  answers.micro_session = 0x22;
  return answers;
}

TEST(Tlv, that_is_not_told_of_is_not_understood) {
  for (const char* area :
       {"8002000400000000", "8005000c000000000000000000000000", "8006000410010000",
        "80080010000000000000000000000000000000000"
        "0",
        "80090004c0000214", "800a00088001000400000001", "800b000400110000",
        "800c000c000000010000000000000000", "80f00002ff00", "80f1000400000000"}) {
    const Reflected reflected = reflect(area, {});
    EXPECT_EQ(reflected.outcome.unrecognised, 1U) << area;
    EXPECT_TRUE(std::string_view(area).starts_with(reflected.hex.substr(0, 8)));
  }
}

// RFC 8972 4: M for a length that the type cannot have.
//= RFC8972:bad-length-gets-m RFC9503:node-length RFC9534:length draft-asymmetrical-pkts:shortest
TEST(Tlv, of_a_wrong_length_is_malformed) {
  TlvPolicy policy;
  policy.own = [](const packet::Prefix&) { return true; };
  policy.return_path.emplace();
  policy.drafts = true;
  for (const char* area : {"80020003000000", "8003000300000000", "800400080000000000000000",
                           "8005000800000000"
                           "00000000",
                           "80060003100100", "8007000400000000",
                           "8009000500000000"
                           "00",
                           "800a0003000000", "800b00080000000000000000", "800c00080000000100000000",
                           "80f10002ffff", "80f6000700000000000000", "80f7000400000000"}) {
    const Reflected reflected = with_policy(area, policy, everything());
    EXPECT_TRUE(reflected.outcome.malformed) << area;
    EXPECT_EQ(reflected.hex.substr(0, 2), "40") << area;
  }
}

// RFC 8972 4.2.
//= RFC8972:location-policy
TEST(Location, withholds_what_policy_does_not_tell) {
  TlvAnswers answers = everything();
  answers.location->tell_ports = answers.location->tell_source = false;
  const Reflected reflected =
      reflect("80020018000000008007001000000000000000000000000000000000", answers);
  EXPECT_EQ(reflected.hex, "00020018000000000008001000000000000000000000000000000000");
  const auto told = decode_location(base::Bytes(from_hex(reflected.hex)).subspan(4));
  ASSERT_TRUE(told && told->source);
  EXPECT_TRUE(told->source->is_any());
}

//= RFC8972:sub-tlv-flags RFC8972:location-length
TEST(Location, answers_questions_and_leaves_the_rest) {
  // A type that is no question, then a question, then one of a wrong length, then another question.
  const Reflected reflected = reflect(
      "80020034000000008005000461626364"
      "8001000800000000000000008004000400000000"
      "80070010000000000000000000000000"
      "00000000",
      everything());
  EXPECT_EQ(reflected.hex,
            "00020034035ec3508005000461626364"
            "0003000800000000000000004004000400000000"
            "80070010000000000000000000000000"
            "00000000");
  EXPECT_FALSE(reflected.outcome.malformed);
}

//= RFC8972:sub-tlv-flags
TEST(Location, marks_a_part_that_runs_over_its_end) {
  const Reflected reflected = reflect("80020008000000008001000880010000", everything());
  EXPECT_EQ(reflected.hex, "00020008035ec3504001000800010000");
}

// RFC 8972 4.6: another ID "MUST be discarded".
//= RFC8972:access-id
TEST(AccessReport, of_an_unknown_access_is_malformed) {
  EXPECT_TRUE(reflect("8006000430010000", everything()).outcome.malformed);
  const Reflected good = reflect("80060004170100ff", everything());
  EXPECT_EQ(good.hex, "0006000410010000");
  EXPECT_EQ(good.outcome.access_report, (AccessReport{AccessReport::k3gpp, 1}));
}

// RFC 8972 4.4.
//= RFC8972:cos-permitted
TEST(ClassOfService, may_ask_for_what_is_permitted_for_zero_and_for_its_own) {
  TlvPolicy policy;
  policy.permitted_dscp = 1ULL << 46U;
  const auto refused = [&](const char* area) {
    return with_policy(area, policy, {.received_traffic_class = 10U << 2U}).outcome.dscp_refused;
  };
  EXPECT_FALSE(refused("80040004b8000000"));
  EXPECT_FALSE(refused("8004000400000000"));
  EXPECT_FALSE(refused("8004000428000000"));
  EXPECT_TRUE(refused("800400042c000000"));
}

//= draft-stamp-cos-ecn:ecn-done
TEST(ClassOfService, clears_the_bits_of_the_draft_where_it_is_off) {
  EXPECT_EQ(reflect("800400040000ffff", {}).hex, "0004000400000000");
}

// RFC 9534 3.
//= RFC9534:other-link-discarded
TEST(MicroSession, of_another_link_gets_no_reply) {
  EXPECT_EQ(reflect("800b000400110023", everything()).outcome.silence, Silence::MicroSession);
  EXPECT_EQ(reflect("800b000400110022", everything()).outcome.silence, Silence::None);
}

// RFC 9503 3.
TEST(DestinationNode, counts_once) {
  TlvPolicy policy;
  policy.own = [](const packet::Prefix& prefix) { return prefix.length == 32; };
  const Reflected reflected = with_policy("80090004c000021480090004c0000215", policy);
  EXPECT_EQ(reflected.hex, "00090004c000021480090004c0000215");
  EXPECT_EQ(reflected.outcome.source, address("192.0.2.20"));
}

TlvPolicy path_policy() {
  TlvPolicy policy;
  policy.return_path.emplace();
  policy.return_path->may_answer = [](const packet::IpAddress& to) {
    return to == address("203.0.113.5");
  };
  return policy;
}

// RFC 9503 4.
//= RFC9503:path-usable
TEST(ReturnPath, to_an_address_is_done_where_that_is_permitted) {
  const Reflected done = with_policy("800a000880020004cb007105", path_policy());
  EXPECT_EQ(done.hex, "000a000800020004cb007105");
  EXPECT_EQ(done.outcome.destination, address("203.0.113.5"));
  const Reflected refused = with_policy("800a000880020004cb007106", path_policy());
  EXPECT_EQ(refused.hex, "800a000800020004cb007106");
  EXPECT_FALSE(refused.outcome.destination);
}

//= RFC9503:path-first-only
TEST(ReturnPath, counts_only_the_first_time) {
  const Reflected reflected =
      with_policy("800a00088001000400000001800a00088001000400000000", path_policy());
  EXPECT_EQ(reflected.hex, "000a00080001000400000001800a00088001000400000000");
  EXPECT_TRUE(reflected.outcome.same_link);
  EXPECT_EQ(reflected.outcome.silence, Silence::None);
}

//= RFC9503:path-lengths
TEST(ReturnPath, is_not_done_where_its_parts_disagree) {
  for (const char* area : {
           "800a0010800100040000000180020004cb007105",  // same link and an address
           "800a001080020004cb00710580020004cb007105",  // the same twice
           "800a001080020004cb0071058003000400000000",  // with a label stack
           "800a000c80020004cb00710580090000",          // with what nobody knows
           "800a000a80020004cb0071050000",              // with a rest
           "800a000780020003cb0071",                    // of a wrong length
           "800a000880020008cb007105",                  // over the end
       }) {
    const Reflected reflected = with_policy(area, path_policy());
    EXPECT_EQ(reflected.outcome.unrecognised, 1U) << area;
    EXPECT_FALSE(reflected.outcome.destination || reflected.outcome.same_link) << area;
  }
}

//= RFC9503:path-no-reply
TEST(ReturnPath, without_a_reply_is_silent_whatever_stands_beside_it) {
  EXPECT_EQ(with_policy("800a0010800100040000000080020004cb007105", path_policy()).outcome.silence,
            Silence::ReturnPath);
}

//= RFC9503:path-sender
TEST(ReturnPath, is_valid_alone_or_with_one_kind_of_segments) {
  const auto to = address("203.0.113.5");
  EXPECT_FALSE(ReturnPath{}.valid());
  EXPECT_TRUE((ReturnPath{.control_code = 1}).valid());
  EXPECT_FALSE((ReturnPath{.control_code = 1, .address = to}).valid());
  EXPECT_TRUE((ReturnPath{.address = to, .label_stack = {1}}).valid());
  EXPECT_FALSE((ReturnPath{.label_stack = {1}, .segments = {to}}).valid());
}

//= RFC9503:path-code-bits
TEST(ReturnPath, reads_only_the_lowest_bit_of_the_control_code) {
  EXPECT_TRUE(with_policy("800a000880010004ffffffff", path_policy()).outcome.same_link);
  EXPECT_EQ(with_policy("800a000880010004fffffffe", path_policy()).outcome.silence,
            Silence::ReturnPath);
}

// RFC 8972 4: whoever forgot M, or changed the length on the way.
//= RFC8972:sender-checks-lengths
TEST(ReplyTlvs, of_a_wrong_length_end_the_reading) {
  for (const char* area : {"00020003000000", "00030003000000", "000400080000000000000000",
                           "000500080000000000000000", "00060003100100", "0007000400000000",
                           "000900050000000000", "000a0003000000", "000b00080000000000000000"}) {
    // A sound one stands before it, and one behind it.
    const Octets octets = from_hex("0003000401020102" + std::string(area) + "00040004b8b80000");
    const ReplyTlvs told = read_reply_tlvs(octets, 5, {});
    EXPECT_TRUE(told.malformed) << area;
    EXPECT_EQ(told.malformed_type, static_cast<std::uint8_t>(octets[9])) << area;
    EXPECT_EQ(told.timestamp_information, (TimestampInformation{1, 2, 1, 2})) << area;
    EXPECT_FALSE(told.class_of_service) << area;
  }
}

// --- drafts
// ----------------------------------------------------------------------------------------------

TlvPolicy drafts() {
  TlvPolicy policy;
  policy.drafts = true;
  return policy;
}

// draft-gandhi-ippm-stamp-ber.
//= draft-stamp-ber:bits-counted
TEST(BitErrors, are_counted_and_the_padding_is_restored) {
  // ff00 four times, with one bit wrong in the second octet and three in a row over two others.
  const Reflected reflected =
      with_policy("80f00002ff0080f100040000000080f200040000000080010008ff10ff00fe80ff00", drafts());
  EXPECT_EQ(reflected.hex, "00f00002ff0000f100040000000300f200040000000200010008ff00ff00ff00ff00");
}

TEST(BitErrors, have_a_pattern_of_their_own_where_none_is_told) {
  EXPECT_EQ(with_policy("80f100040000000080010002ff01", drafts()).hex,
            "00f100040000000100010002ff00");
}

//= draft-stamp-ber:padding-fits
TEST(BitErrors, cannot_be_counted_in_padding_that_does_not_fit) {
  for (const char* area : {"80f100040000000080010003ff00ff", "80f1000400000000",
                           "80f0000080f100040000000080010002ff00"}) {
    const Reflected reflected = with_policy(area, drafts());
    EXPECT_EQ(reflected.outcome.unfulfilled, 1U) << area;
    EXPECT_TRUE(reflected.hex.contains("10f1000400000000")) << reflected.hex;
  }
}

TEST(BitErrors, restore_nothing_behind_a_malformed_tlv) {
  EXPECT_EQ(with_policy("80f100040000000080040000"
                        "80010002ff01",
                        drafts())
                .hex,
            "00f100040000000140040000"
            "80010002ff01");
}

// draft-ietf-ippm-stamp-ext-hdr-13.
//= draft-stamp-ext-hdr:header-copied
TEST(ExtensionHeader, comes_back_as_it_arrived) {
  const Octets header = from_hex("3b000102030405060708090a0b0c0d0e");
  const std::array headers{base::Bytes(header)};
  TlvAnswers answers;
  answers.extension_headers = headers;
  // The first one of that length, then the one that is named, then one that is not there.
  EXPECT_EQ(with_policy("80f6001000000000000000000000000000000000", drafts(), answers).hex,
            "00f6001000000000000000000708090a0b0c0d0e");
  EXPECT_EQ(with_policy("80f600103b000102030405060000000000000000", drafts(), answers).hex,
            "00f600103b000102030405060708090a0b0c0d0e");
  EXPECT_EQ(with_policy("80f600103c000102030405060000000000000000", drafts(), answers).hex,
            "10f600103c000102030405060000000000000000");
}

}  // namespace
}  // namespace wirestamp::wire
