// SPDX-License-Identifier: Apache-2.0
//
// Against messages as Linux 6.18 gave them: replies of its own stack, and requests that its ICMP
// errors quoted.
#include "wire/icmp_echo.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

namespace wirestamp::wire {
namespace {

using packet::Family;

std::vector<std::byte> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> octets;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    octets.push_back(static_cast<std::byte>(digit(text[i]) * 16 + digit(text[i + 1])));
  return octets;
}

constexpr Echo kSent{.sequence = 0x1230, .cookie = 0x434f'4f4b'4945'2d2d};

const auto kReplyV4 = from_hex("0000dbbd09051230434f4f4b49452d2d0000000000000000");
const auto kReplyV6 = from_hex("810048c620a11230434f4f4b49452d2d0000000000000000");
const auto kQuotedV4 = from_hex("0800d3bb09071230434f4f4b49452d2d0000000000000000");
const auto kQuotedV6 = from_hex("8000615f09081230434f4f4b49452d2d0000000000000000");

TEST(IcmpEcho, a_request_has_the_type_of_its_family_and_leaves_the_rest_to_the_system) {
  std::array<std::byte, 24> octets;
  octets.fill(std::byte{0xaa});
  encode_echo_request(octets, Family::V4, kSent);
  // RFC 792: type 8, code 0. Checksum and identifier are the system's.
  EXPECT_EQ(std::vector(octets.begin(), octets.end()),
            from_hex("0800000000001230434f4f4b49452d2d0000000000000000"));
  encode_echo_request(octets, Family::V6, kSent);
  // RFC 4443 4.1: type 128, code 0.
  EXPECT_EQ(std::vector(octets.begin(), octets.end()),
            from_hex("8000000000001230434f4f4b49452d2d0000000000000000"));
}

TEST(IcmpEcho, a_reply_of_another_stack_returns_sequence_and_cookie) {
  EXPECT_EQ(decode_echo_reply(kReplyV4, Family::V4), kSent);
  EXPECT_EQ(decode_echo_reply(kReplyV6, Family::V6), kSent);
}

TEST(IcmpEcho, a_quoted_request_is_read_as_it_was_sent) {
  EXPECT_EQ(decode_echo_request(kQuotedV4, Family::V4), kSent);
  EXPECT_EQ(decode_echo_request(kQuotedV6, Family::V6), kSent);
}

TEST(IcmpEcho, other_types_families_and_codes_are_no_reply) {
  EXPECT_FALSE(decode_echo_reply(kQuotedV4, Family::V4));
  EXPECT_FALSE(decode_echo_reply(kReplyV4, Family::V6));
  EXPECT_FALSE(decode_echo_reply(kReplyV6, Family::V4));
  EXPECT_FALSE(decode_echo_request(kReplyV4, Family::V4));
  std::vector<std::byte> other_code = kReplyV4;
  other_code[1] = std::byte{1};
  EXPECT_FALSE(decode_echo_reply(other_code, Family::V4));
}

TEST(IcmpEcho, every_cut_of_a_reply_is_read_or_refused_whole) {
  for (std::size_t size = 0; size <= kReplyV4.size(); ++size)
    EXPECT_EQ(decode_echo_reply(base::Bytes(kReplyV4).first(size), Family::V4).has_value(),
              size >= kShortestEcho)
        << size;
}

}  // namespace
}  // namespace wirestamp::wire
