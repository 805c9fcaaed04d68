// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace wirestamp::base {
namespace {

TEST(Bytes, are_read_in_network_order_at_any_offset) {
  const std::array<std::byte, 9> octets{std::byte{0x00}, std::byte{0x01}, std::byte{0x02},
                                        std::byte{0x03}, std::byte{0x04}, std::byte{0x05},
                                        std::byte{0x06}, std::byte{0x07}, std::byte{0xff}};
  EXPECT_EQ(load_be<std::uint8_t>(octets, 8), 0xff);
  EXPECT_EQ(load_be<std::uint16_t>(octets, 1), 0x0102);
  EXPECT_EQ(load_be<std::uint32_t>(octets, 1), 0x0102'0304U);
  EXPECT_EQ(load_be<std::uint64_t>(octets, 1), 0x0102'0304'0506'07ffU);
}

TEST(Bytes, are_written_in_network_order_and_nothing_beside_them) {
  std::array<std::byte, 6> octets{};
  store_be(octets, 1, std::uint32_t{0xdead'beef});
  EXPECT_EQ(load_be<std::uint16_t>(octets, 0), 0x00de);
  EXPECT_EQ(load_be<std::uint32_t>(octets, 2), 0xadbe'ef00U);
}

TEST(Bytes, written_are_read_again) {
  std::array<std::byte, 8> octets{};
  store_be(octets, 0, std::uint64_t{0x8000'0000'0000'0001});
  EXPECT_EQ(load_be<std::uint64_t>(octets, 0), 0x8000'0000'0000'0001U);
  store_be(octets, 3, std::uint8_t{7});
  EXPECT_EQ(load_be<std::uint8_t>(octets, 3), 7);
}

}  // namespace
}  // namespace wirestamp::base
