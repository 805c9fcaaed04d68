// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace wirestamp::emulator {
namespace {

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> result;
  for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

void append(std::vector<std::byte>& frame, std::initializer_list<unsigned> values) {
  for (const std::byte value : bytes(values)) frame.push_back(value);
}

// An Ethernet header, then IPv4 192.0.2.1 -> 192.0.2.2 with DSCP 46 and ECN 1, UDP 5000 -> 23999,
// "abcd".
std::vector<std::byte> v4_frame() {
  auto frame = bytes({2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00});
  append(frame, {0x45, 0xb9, 0, 32, 0x12, 0x34, 0x40, 0, 64, 17, 0xa3, 0xcf,  //
                 192,  0,    2, 1,  192,  0,    2,    2});
  append(frame, {0x13, 0x88, 0x5d, 0xbf, 0, 12, 0xaa, 0xbb, 'a', 'b', 'c', 'd'});
  return frame;
}

std::vector<std::byte> v6_frame() {
  auto frame = bytes({2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd});
  append(frame, {0x6b, 0x90, 0x12, 0x34, 0, 12, 17, 64});
  for (int address = 0; address < 2; ++address)
    append(frame, {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  append(frame, {0x13, 0x88, 0x5d, 0xbf, 0, 12, 0xaa, 0xbb, 'a', 'b', 'c', 'd'});
  return frame;
}

// A correct header sums up to all ones, its checksum included.
std::uint32_t v4_header_sum(const std::vector<std::byte>& frame) {
  std::uint32_t sum = 0;
  for (std::size_t i = 14; i < 34; i += 2) sum += base::load_be<std::uint16_t>(frame, i);
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
  return sum;
}

TEST(Frame, AUdpDatagramOverIpv4IsRecognised) {
  const auto frame = v4_frame();
  const auto udp = parse_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_FALSE(udp->v6);
  EXPECT_EQ(udp->dscp(), 46);
  EXPECT_EQ(udp->source_port, 5000);
  EXPECT_EQ(udp->destination_port, 23999);
  EXPECT_EQ(udp->payload_size, 4U);
  EXPECT_EQ(frame[udp->payload_offset], std::byte{'a'});
}

TEST(Frame, AUdpDatagramOverIpv6IsRecognised) {
  const auto frame = v6_frame();
  const auto udp = parse_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_TRUE(udp->v6);
  EXPECT_EQ(udp->traffic_class, 0xb9);
  EXPECT_EQ(udp->destination_port, 23999);
  EXPECT_EQ(frame[udp->payload_offset + 3], std::byte{'d'});
}

TEST(Frame, OtherProtocolsAndLaterFragmentsAreNotUdp) {
  auto icmp = v4_frame();
  icmp[14 + 9] = std::byte{1};
  EXPECT_FALSE(parse_udp(icmp));
  auto arp = v4_frame();
  arp[13] = std::byte{6};
  EXPECT_FALSE(parse_udp(arp));
  auto neighbour_discovery = v6_frame();
  neighbour_discovery[14 + 6] = std::byte{58};
  EXPECT_FALSE(parse_udp(neighbour_discovery));
  auto fragment = v4_frame();
  fragment[14 + 7] = std::byte{1};
  EXPECT_FALSE(parse_udp(fragment));
}

TEST(Frame, NoTruncatedFrameIsReadBeyondItsEnd) {
  for (const auto& whole : {v4_frame(), v6_frame()})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<long>(size));
      const auto udp = parse_udp(cut);
      EXPECT_TRUE(!udp || udp->payload_offset + udp->payload_size <= size);
    }
}

// The values are those of Python's zlib.crc32().
TEST(Frame, AFlowHasTheHashOfItsAddressesAndPorts) {
  auto v4 = v4_frame();
  const auto v6 = v6_frame();
  EXPECT_EQ(flow_hash(v4, *parse_udp(v4)), 0x8c105010U);
  EXPECT_EQ(flow_hash(v6, *parse_udp(v6)), 0x52352990U);
  v4.back() = std::byte{0};
  set_dscp(v4, *parse_udp(v4), 10);
  EXPECT_EQ(flow_hash(v4, *parse_udp(v4)), 0x8c105010U);
}

TEST(Frame, RemarkingIpv4KeepsEcnAndCorrectsTheHeaderChecksum) {
  auto frame = v4_frame();
  set_dscp(frame, *parse_udp(frame), 10);
  EXPECT_EQ(parse_udp(frame)->traffic_class, 10U << 2U | 1U);
  EXPECT_EQ(v4_header_sum(frame), 0xffffU);
}

TEST(Frame, RemarkingIpv6KeepsEcnVersionAndFlowLabel) {
  auto frame = v6_frame();
  set_dscp(frame, *parse_udp(frame), 0);
  EXPECT_EQ(parse_udp(frame)->traffic_class, 1);
  EXPECT_EQ(base::load_be<std::uint32_t>(frame, 14), 0x60101234U);
}

}  // namespace
}  // namespace wirestamp::emulator
