// SPDX-License-Identifier: Apache-2.0
#include "wire/request_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "wire/stamp.h"
#include "wire/tlv.h"
#include "wire/vectors_test.h"
#include "wire/wstp.h"

namespace wirestamp::wire {
namespace {

struct Found {
  std::vector<unsigned> types;
  std::size_t wstp_entries = 0;
  TlvReader::End end = TlvReader::End::NotYet;
};

Found tlvs_of(const RequestLayout& layout) {
  Found found;
  TlvReader reader(base::Bytes(layout.octets).subspan(kBaseSize));
  while (const auto tlv = reader.next()) {
    EXPECT_EQ(tlv->flags, kUnrecognised);
    found.types.push_back(tlv->type);
    if (tlv->type == kWstp) {
      EXPECT_TRUE(Wstp::ours(tlv->value) && Wstp::valid_length(tlv->value.size()));
      found.wstp_entries = (tlv->value.size() - Wstp::kHeader) / Wstp::kEntry;
    }
  }
  found.end = reader.end();
  return found;
}

void expect_types(std::uint32_t size, const std::vector<unsigned>& types, std::size_t entries,
                  std::size_t notes) {
  SCOPED_TRACE(size);
  const auto layout = plan_request(size);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->size, size);
  EXPECT_EQ(layout->octets.size(), size);
  const Found found = tlvs_of(*layout);
  EXPECT_EQ(found.types, types);
  EXPECT_EQ(found.wstp_entries, entries);
  EXPECT_EQ(found.end, TlvReader::End::Complete);
  EXPECT_EQ(layout->notes.size(), notes);
}

//= RFC8085:small-by-default
TEST(RequestLayout, is_252_octets_with_everything_in_it_by_default) {
  const auto layout = plan_request(std::nullopt);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->size, 252U);
  expect_types(252, {kClassOfService, kFollowUpTelemetry, kWstp}, 8, 0);
}

TEST(RequestLayout, leaves_out_from_the_end_and_says_so) {
  expect_types(44, {}, 0, 3);
  expect_types(48, {kExtraPadding}, 0, 3);
  expect_types(60, {kClassOfService, kExtraPadding}, 0, 2);
  expect_types(100, {kClassOfService, kFollowUpTelemetry, kExtraPadding}, 0, 1);
  expect_types(124, {kClassOfService, kFollowUpTelemetry, kWstp}, 0, 1);
  expect_types(140, {kClassOfService, kFollowUpTelemetry, kWstp}, 1, 1);
  // One octet short of eight entries is seven entries and a padding of 11 octets.
  expect_types(251, {kClassOfService, kFollowUpTelemetry, kWstp, kExtraPadding}, 7, 1);
}

//= RFC8972:padding-for-size
TEST(RequestLayout, fills_a_larger_size_with_extra_padding) {
  expect_types(256, {kClassOfService, kFollowUpTelemetry, kWstp, kExtraPadding}, 8, 0);
  expect_types(65'507, {kClassOfService, kFollowUpTelemetry, kWstp, kExtraPadding}, 8, 0);
}

//= RFC8972:padding-random
TEST(RequestLayout, pads_with_content_that_no_link_compresses) {
  // RFC 8972 4.1: pseudo-random. A run of 256 octets with 20 alike would be a strange chance.
  const auto layout = plan_request(1400);
  ASSERT_TRUE(layout && layout->padding);
  std::array<unsigned, 256> counts{};
  for (std::size_t i = *layout->padding + kTlvHeader; i < layout->size; ++i)
    ++counts[static_cast<unsigned>(layout->octets[i])];
  EXPECT_LT(*std::ranges::max_element(counts), 30U);
}

//= RFC8972:padding-length
TEST(RequestLayout, never_leaves_a_rest_of_one_to_three_octets) {
  for (std::uint32_t size = 48; size < 700; ++size) {
    const auto layout = plan_request(size);
    ASSERT_TRUE(layout) << size;
    ASSERT_EQ(tlvs_of(*layout).end, TlvReader::End::Complete) << size;
  }
}

TEST(RequestLayout, refuses_sizes_no_packet_can_have) {
  for (const std::uint32_t size : {0U, 1U, 13U, 14U, 43U, 45U, 46U, 47U, 65'508U, 4'294'967'295U}) {
    const auto layout = plan_request(size);
    ASSERT_FALSE(layout) << size;
    EXPECT_NE(layout.error().text.find("44, or 48 to 65507"), std::string::npos);
  }
}

TEST(RequestLayout, of_a_bare_probe_is_the_base_packet_without_a_word) {
  const RequestLayout layout = bare_layout();
  EXPECT_EQ(layout.octets, Octets(kBaseSize));
  EXPECT_TRUE(layout.notes.empty());
}

//= RFC8762:sender-layout-open RFC8972:ssid-in-every-packet
TEST(EncodeProbe, writes_what_its_fields_say_and_the_layout_for_the_rest) {
  const auto layout = plan_request(std::nullopt);
  ASSERT_TRUE(layout);
  Octets out(layout->size, std::byte{0xee});
  const ProbeFields fields{.sequence = 7,
                           .timestamp = 0xe8fe6f801f9add37,
                           .error_estimate = 0x8f84,
                           .ssid = 0x1234,
                           .dscp = 46};
  encode_probe(*layout, fields, out);
  EXPECT_EQ(to_hex(base::Bytes(out).first(kBaseSize)),
            to_hex(stamp_vector("sender-unauth-ssid").octets));
  EXPECT_EQ(to_hex(base::Bytes(out).subspan(kBaseSize, 8)), "80040004b8000000");
  EXPECT_TRUE(std::equal(out.begin() + 52, out.end(), layout->octets.begin() + 52));
}

TEST(RequestLayout, can_ask_where_two_places_are) {
  EXPECT_FALSE(bare_layout().can_ask());
  for (const auto& [size, can] : {std::pair{48U, false},
                                  {124U, false},
                                  {140U, false},
                                  {155U, false},
                                  {156U, true},
                                  {252U, true},
                                  {1400U, true}})
    EXPECT_EQ(plan_request(size)->can_ask(), can) << size;
}

TEST(EncodeProbe, writes_a_question_over_its_layout_and_nothing_else) {
  const WstpToken asked{std::byte{0xc0}, std::byte{0xc1}};
  for (const std::uint32_t size : {156U, 252U, 1400U}) {
    const auto layout = plan_request(size);
    ASSERT_TRUE(layout);
    Octets without(size), with(size);
    encode_probe(*layout, {.sequence = 7}, without);
    encode_probe(*layout, {.sequence = 7, .asked = asked}, with);
    const auto value = base::Bytes(with).subspan(*layout->wstp + kTlvHeader,
                                                 Wstp::length_for(layout->wstp_entries));
    EXPECT_EQ(Wstp::question(value), asked);
    std::fill_n(with.begin() + (value.data() - with.data()) + 5, 1, std::byte{});
    std::fill_n(with.begin() + (value.data() - with.data()) + 16, 16, std::byte{});
    EXPECT_EQ(to_hex(with), to_hex(without));
  }
}

TEST(EncodeProbe, leaves_out_a_question_that_has_no_room) {
  for (const std::uint32_t size : {44U, 100U, 124U, 140U}) {
    const auto layout = plan_request(size);
    ASSERT_TRUE(layout);
    Octets without(size), with(size);
    encode_probe(*layout, {.sequence = 7}, without);
    encode_probe(*layout, {.sequence = 7, .asked = WstpToken{std::byte{0xc0}}}, with);
    EXPECT_EQ(to_hex(with), to_hex(without)) << size;
  }
}

TEST(EncodeProbe, without_class_of_service_writes_only_the_base_packet) {
  const auto layout = plan_request(48);
  ASSERT_TRUE(layout);
  Octets out(layout->size, std::byte{0xee});
  encode_probe(*layout, {.sequence = 1, .dscp = 46}, out);
  EXPECT_EQ(to_hex(base::Bytes(out).subspan(kBaseSize)), "80010000");
}

}  // namespace
}  // namespace wirestamp::wire
