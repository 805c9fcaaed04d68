// SPDX-License-Identifier: Apache-2.0
#include "cli/slow_work.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace wirestamp::cli {
namespace {

TEST(SlowWork, is_told_of_again_and_again_while_it_lasts) {
  std::promise<void> third;
  std::vector<Duration> told;
  {
    const SlowWork work(Duration::milliseconds(1), [&](Duration passed) {
      told.push_back(passed);
      if (told.size() == 3) third.set_value();
    });
    third.get_future().wait();
  }
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told[0], Duration::milliseconds(1));
  EXPECT_EQ(told[1], Duration::milliseconds(2));
  EXPECT_EQ(told[2], Duration::milliseconds(4));
}

TEST(SlowWork, what_is_quick_is_not_told_of) {
  bool told = false;
  {
    const SlowWork work(Duration::hours(1), [&](Duration) { told = true; });
  }
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace wirestamp::cli
