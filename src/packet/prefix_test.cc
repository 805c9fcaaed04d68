// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/random.h"
#include "packet/address.h"
#include "packet/dscp.h"

namespace wirestamp::packet {
namespace {

bool contains(std::string_view prefix, std::string_view address) {
  const auto parsed = Prefix::parse(prefix);
  const auto other = IpAddress::parse(address);
  EXPECT_TRUE(parsed && other) << prefix << ' ' << address;
  return parsed && other && parsed->contains(*other);
}

TEST(Prefix, contains_what_shares_its_bits) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(Prefix, without_a_length_is_one_address) {
  EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1", "192.0.2.0"));
  EXPECT_TRUE(contains("2001:db8::1/128", "2001:db8::1"));
  EXPECT_FALSE(contains("2001:db8::1", "2001:db8::"));
}

TEST(Prefix, of_length_0_contains_all_of_its_family_and_none_of_the_other) {
  EXPECT_TRUE(contains("0.0.0.0/0", "255.1.2.3"));
  EXPECT_TRUE(contains("::/0", "ffff::1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
  EXPECT_FALSE(contains("::/0", "1.2.3.4"));
}

TEST(Prefix, agrees_with_comparing_bit_by_bit) {
  constexpr std::uint64_t kSeed = 5;
  SCOPED_TRACE(kSeed);
  base::Random random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const auto length = static_cast<std::uint8_t>(random.below(33));
    const std::uint32_t mask = length == 0 ? 0 : ~std::uint32_t{0} << (32U - length);
    const auto base = static_cast<std::uint32_t>(random.next()) & mask;
    const std::uint32_t other = base ^ (std::uint32_t{1} << random.below(32));
    const Prefix prefix{IpAddress::v4(base), length};
    ASSERT_EQ(prefix.contains(IpAddress::v4(other)), (other & mask) == base)
        << to_string(prefix) << ' ' << other;
  }
}

TEST(Prefix, is_printed_as_it_is_read) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "192.0.2.1/32"})
    EXPECT_EQ(to_string(Prefix::parse(text).value_or(Prefix())), text);
}

TEST(Prefix, that_is_none_is_refused_with_the_reason) {
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08",
                           "10.0.0.0/8 ", "10.0.0.0/8/8", "2001:db8::/129", "10/8", "all"})
    EXPECT_FALSE(Prefix::parse(text)) << text;
  EXPECT_NE(Prefix::parse("10.0.0.0/33").error().text.find("0 to 32"), std::string::npos);
  EXPECT_NE(Prefix::parse("10.0.0.1/8").error().text.find("bits set behind its length of 8"),
            std::string::npos);
  EXPECT_FALSE(Prefix::parse("2001:db8::1/127"));
}

//= RFC2474:names
TEST(Dscp, has_a_name_for_each_value_and_back) {
  for (const CodePoint& point : kCodePoints) {
    EXPECT_EQ(dscp_value(point.name), point.value);
    EXPECT_EQ(dscp_name(point.value), point.name);
  }
  EXPECT_EQ(dscp_value("EF"), 46);
  EXPECT_FALSE(dscp_value("ef"));
  EXPECT_EQ(dscp_name(63), "");
}

}  // namespace
}  // namespace wirestamp::packet
