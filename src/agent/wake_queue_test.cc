// SPDX-License-Identifier: Apache-2.0
#include "agent/wake_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"

namespace wirestamp::agent {
namespace {

TEST(WakeQueue, is_what_a_list_of_all_would_be) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    base::Random random(seed);
    WakeQueue queue;
    std::map<std::uint32_t, MonoTime> list;
    const auto of_list = [&]() -> std::optional<MonoTime> {
      if (list.empty()) return std::nullopt;
      return std::ranges::min_element(list, {}, [](const auto& one) { return one.second; })->second;
    };
    for (int step = 0; step < 2'000; ++step) {
      const auto number = static_cast<std::uint32_t>(random.below(200));
      const MonoTime time = MonoTime::from_ns(static_cast<std::int64_t>(random.below(1'000)));
      if (random.chance(0.8)) {
        queue.set(number, time);
        list[number] = time;
      } else if (random.chance(0.5)) {
        queue.set(number, std::nullopt);
        list.erase(number);
      } else {
        const MonoTime now = MonoTime::from_ns(static_cast<std::int64_t>(random.below(300)));
        std::vector<std::uint32_t> due;
        queue.take_due(now, due);
        EXPECT_TRUE(std::ranges::is_sorted(due, {}, [&](auto one) { return list.at(one); }));
        EXPECT_EQ(due.size(),
                  std::erase_if(list, [&](const auto& one) { return one.second <= now; }));
      }
      ASSERT_EQ(queue.first(), of_list());
    }
  }
}

}  // namespace
}  // namespace wirestamp::agent
