// SPDX-License-Identifier: Apache-2.0
#include "notify/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace wirestamp::notify {
namespace {

constexpr Duration kSecond = Duration::seconds(1);

TEST(Backoff, doubles_up_to_the_most_and_begins_anew_after_a_success) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Backoff backoff({}, seed);
    for (int round = 0; round < 2; ++round) {
      Duration whole = kSecond;
      for (int i = 0; i < 400; ++i) {
        const Duration found = backoff.failed({});
        EXPECT_LE(found, whole) << "seed " << seed << ", failure " << i;
        EXPECT_GE(found, whole / 2) << "seed " << seed << ", failure " << i;
        whole = std::min(whole * 2, Duration::minutes(5));
      }
      backoff.succeeded();
    }
  }
}

TEST(Backoff, differs_from_agent_to_agent) {
  std::set<Duration> found;
  for (std::uint64_t seed = 0; seed < 50; ++seed) found.insert(Backoff({}, seed).failed({}));
  EXPECT_EQ(found.size(), 50U);
}

TEST(Backoff, a_receiver_may_ask_for_more_time_within_bounds_and_for_no_less) {
  EXPECT_EQ(Backoff({}, 1).failed(Duration::seconds(90)), Duration::seconds(90));
  EXPECT_EQ(Backoff({}, 1).failed(Duration::hours(24 * 365)), Duration::hours(1));
  const Duration own = Backoff({}, 1).failed({});
  EXPECT_EQ(Backoff({}, 1).failed(Duration()), own);
  EXPECT_EQ(Backoff({}, 1).failed(-kSecond), own);
}

TEST(Backoff, takes_limits_of_nothing) {
  Backoff backoff({.first = Duration(), .most = Duration()}, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.failed({}), Duration());
}

}  // namespace
}  // namespace wirestamp::notify
