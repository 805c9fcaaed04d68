// SPDX-License-Identifier: Apache-2.0
#include "packet/address.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace wirestamp::packet {
namespace {

std::string reprinted(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? to_string(*address) : "refused";
}

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress());
}

TEST(IpAddress, v4_is_read_and_printed) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "10.0.0.9"})
    EXPECT_EQ(reprinted(text), text);
  EXPECT_EQ(ip("192.0.2.1").to_v4(), 0xc000'0201U);
  EXPECT_EQ(IpAddress::v4(0xc000'0201), ip("192.0.2.1"));
}

TEST(IpAddress, v6_is_printed_as_rfc_5952_says) {
  EXPECT_EQ(reprinted("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");           // 4.1, 4.2.1, 4.3
  EXPECT_EQ(reprinted("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // 4.2.2: not for one
  EXPECT_EQ(reprinted("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");           // 4.2.3: the longest
  EXPECT_EQ(reprinted("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");  // 4.2.3: the first of equals
  EXPECT_EQ(reprinted("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(reprinted("1:0:0:0:0:0:0:0"), "1::");
  EXPECT_EQ(reprinted("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8");
}

TEST(IpAddress, v6_may_end_in_v4) {
  EXPECT_EQ(reprinted("::ffff:192.0.2.1"), "::ffff:c000:201");
  EXPECT_EQ(reprinted("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
  EXPECT_EQ(reprinted("1:2:3:4:5:6:7.8.9.10"), "1:2:3:4:5:6:708:90a");
  EXPECT_EQ(ip("::ffff:192.0.2.1").family(), Family::V6);
}

TEST(IpAddress, that_is_none_is_refused) {
  for (const char* text : {"",
                           " ",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "1.2.3.04",
                           "1.2.3.-4",
                           "1.2.3.+4",
                           "1.2.3.4 ",
                           "0x7f.0.0.1",
                           "1..2.3",
                           ".1.2.3",
                           "1.2.3.",
                           "localhost",
                           ":",
                           ":::",
                           "1:",
                           ":1",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7::8",
                           "::1::",
                           "12345::",
                           "g::",
                           "::1%eth0",
                           "[::1]",
                           "::1.2.3",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "1:2:3:4:5:6:7:",
                           "::+1",
                           "::-1",
                           "1.2.3.4::"})
    EXPECT_EQ(reprinted(text), "refused") << text;
  EXPECT_NE(IpAddress::parse("300.1.1.1").error().text.find("'300.1.1.1'"), std::string::npos);
}

TEST(IpAddress, printed_is_read_as_the_same) {
  constexpr std::uint64_t kSeed = 11;
  SCOPED_TRACE(kSeed);
  base::Random random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::byte, 16> octets{};
    for (std::size_t group = 0; group < 16; group += 2) {  // zeros are frequent, for the gaps
      if (random.chance(0.5)) continue;
      octets[group] = static_cast<std::byte>(random.next());
      octets[group + 1] = static_cast<std::byte>(random.next());
    }
    const IpAddress address = IpAddress::v6(octets);
    ASSERT_EQ(ip(to_string(address)), address) << to_string(address);
  }
}

TEST(IpAddress, knows_what_kind_it_is) {
  EXPECT_TRUE(ip("0.0.0.0").is_any() && ip("::").is_any());
  EXPECT_TRUE(ip("127.8.9.1").is_loopback() && ip("::1").is_loopback());
  EXPECT_TRUE(ip("169.254.1.1").is_link_local() && ip("febf::1").is_link_local());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast() && ip("239.1.1.1").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast() && ip("255.255.255.255").is_broadcast());
  for (const char* text : {"10.1.1.1", "172.16.0.1", "172.31.9.9", "192.168.0.1", "100.64.0.1",
                           "100.127.9.9", "fc00::1", "fdff::1"})
    EXPECT_TRUE(ip(text).is_private()) << text;
}

TEST(IpAddress, beside_those_ranges_is_not_of_that_kind) {
  for (const char* text : {"9.255.255.255", "11.0.0.0", "172.15.0.1", "172.32.0.1", "192.169.0.1",
                           "100.63.0.1", "100.128.0.1", "fbff::1", "fe00::1", "128.0.0.1", "::2",
                           "169.253.1.1", "169.255.1.1", "fec0::1", "223.1.1.1", "240.0.0.1"}) {
    const IpAddress address = ip(text);
    EXPECT_FALSE(address.is_private() || address.is_loopback() || address.is_link_local() ||
                 address.is_multicast() || address.is_any() || address.is_broadcast())
        << text;
  }
}

TEST(IpAddress, of_two_families_is_never_equal) {
  EXPECT_NE(IpAddress::any(Family::V4), IpAddress::any(Family::V6));
  EXPECT_EQ(to_string(IpAddress::loopback(Family::V4)), "127.0.0.1");
  EXPECT_EQ(to_string(IpAddress::loopback(Family::V6)), "::1");
}

TEST(IpAddress, counts_as_one_client_with_the_others_of_its_network_in_v6_alone) {
  EXPECT_EQ(one_client(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
  EXPECT_EQ(one_client(ip("192.0.2.1")), ip("192.0.2.1"));
}

TEST(Endpoint, is_printed_with_brackets_and_zone_where_needed) {
  EXPECT_EQ(to_string(Endpoint{ip("192.0.2.1"), 23'999}), "192.0.2.1:23999");
  EXPECT_EQ(to_string(Endpoint{ip("2001:db8::1"), 862}), "[2001:db8::1]:862");
  EXPECT_EQ(to_string(Endpoint{ip("fe80::1"), 1, 3}), "[fe80::1%3]:1");
}

TEST(Endpoint, hashes_by_address_port_and_interface) {
  const EndpointHash hash;
  const Endpoint one{ip("fe80::1"), 1, 3};
  EXPECT_EQ(hash(one), hash(Endpoint{ip("fe80::1"), 1, 3}));
  EXPECT_NE(hash(one), hash(Endpoint{ip("fe80::2"), 1, 3}));
  EXPECT_NE(hash(one), hash(Endpoint{ip("fe80::1"), 2, 3}));
  EXPECT_NE(hash(one), hash(Endpoint{ip("fe80::1"), 1, 4}));
}

}  // namespace
}  // namespace wirestamp::packet
