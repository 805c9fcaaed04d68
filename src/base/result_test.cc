// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/check.h"

namespace wirestamp {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail("odd", 33);
  return number / 2;
}

Result<void> must_be_even(int number) {
  [[maybe_unused]] const int even = TRY(half(number));
  return {};
}

Result<int> quarter(int number) {
  TRY_VOID(must_be_even(number));
  return TRY(half(TRY(half(number))));  // one inside the other
}

Result<std::unique_ptr<int>> owned(bool possible) {
  if (!possible) return fail("nothing to own");
  return std::make_unique<int>(5);
}

Result<int> taken(bool possible) {
  const std::unique_ptr<int> number = TRY(owned(possible));
  return *number;
}

TEST(Try, gives_the_value) { EXPECT_EQ(quarter(12), 3); }

TEST(Try, returns_the_error_with_its_number) {
  const Result<int> odd = quarter(6);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().text, "odd");
  EXPECT_EQ(odd.error().os_error, 33);
  EXPECT_FALSE(quarter(7));
}

TEST(Try, moves_what_cannot_be_copied) {
  EXPECT_EQ(taken(true), 5);
  EXPECT_EQ(taken(false).error().text, "nothing to own");
}

TEST(CheckDeathTest, names_the_condition_and_aborts) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(CHECK(1 + 1 == 3), "CHECK\\(1 \\+ 1 == 3\\)");
  CHECK(1 + 1 == 2);
}

}  // namespace
}  // namespace wirestamp
