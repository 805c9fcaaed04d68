// SPDX-License-Identifier: Apache-2.0
#include "config/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace wirestamp::config {
namespace {

const std::array<std::string, 4> kWords{"interval", "count", "source", "source-port"};

TEST(Nearest, a_typing_error_is_recognised) {
  EXPECT_EQ(nearest("intervall", kWords), "interval");
  EXPECT_EQ(nearest("cuont", kWords), "count");
  EXPECT_EQ(nearest("sourec", kWords), "source");
}

TEST(Nearest, an_abbreviation_is_recognised) {
  EXPECT_EQ(nearest("int", kWords), "interval");
  EXPECT_EQ(nearest("source-p", kWords), "source-port");
}

TEST(Nearest, another_word_is_not) {
  EXPECT_EQ(nearest("xyzzy", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'c'), kWords), std::nullopt);
  EXPECT_EQ(did_you_mean("xyzzy", kWords), "");
}

}  // namespace
}  // namespace wirestamp::config
