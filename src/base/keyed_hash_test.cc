// SPDX-License-Identifier: Apache-2.0
#include "base/keyed_hash.h"

#include <gtest/gtest.h>

namespace wirestamp::base {
namespace {

// Appendix A of the paper and the vectors beside its reference implementation: key 00 01 ... 0f,
// input of no octets and of 00 01 ... 07.
TEST(KeyedHash, is_siphash) {
  const KeyedHash<2, 4> hash(0x0706'0504'0302'0100U, 0x0f0e'0d0c'0b0a'0908U);
  EXPECT_EQ(hash(std::array<std::uint64_t, 0>{}), 0x726f'db47'dd0e'0e31U);
  EXPECT_EQ(hash(std::array<std::uint64_t, 1>{0x0706'0504'0302'0100U}), 0x93f5'f579'9a93'2462U);
}

TEST(KeyedHash, another_secret_is_another_hash) {
  const std::array<std::uint64_t, 2> words{1, 2};
  EXPECT_EQ(KeyedHash<>(1, 2)(words), KeyedHash<>(1, 2)(words));
  EXPECT_NE(KeyedHash<>(1, 2)(words), KeyedHash<>(1, 3)(words));
  EXPECT_NE(KeyedHash<>(1, 2)(words), KeyedHash<>(2, 2)(words));
}

}  // namespace
}  // namespace wirestamp::base
