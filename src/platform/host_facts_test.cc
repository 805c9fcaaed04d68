// SPDX-License-Identifier: Apache-2.0
#include "platform/host_facts.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace wirestamp::platform {
namespace {

TEST(HostFacts, the_kernel_and_its_processors_have_names_and_numbers) {
  EXPECT_TRUE(kernel_text().starts_with("Linux ")) << kernel_text();
  EXPECT_GE(processors(), 1U);
}

TEST(HostFacts, the_clock_tells_bounds_of_its_error) {
  const auto discipline = clock_discipline();
  ASSERT_TRUE(discipline);
  EXPECT_GE(discipline->maximum_error, Duration());
  EXPECT_GE(discipline->estimated_error, Duration());
  // A kernel slews at most this much.
  EXPECT_LE(std::abs(discipline->rate_ppb), 110'000'000);
}

TEST(HostFacts, loopback_is_among_the_interfaces_and_no_more_come_than_are_asked_for) {
  const auto all = interfaces(1'000);
  EXPECT_TRUE(std::ranges::any_of(all, [](const Interface& one) { return one.name == "lo"; }));
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &Interface::index));
  EXPECT_EQ(interfaces(1).size(), 1U);
  EXPECT_TRUE(interfaces(0).empty());
}

TEST(HostFacts, drops_are_those_of_own_sockets) {
  const std::string table =
      "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode ref pointer drops\n"
      "  151: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 "
      "4711 2 0000000000000000 5\n"
      "  164: 00000000:5DBF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
      "42 2 0000000000000000 70\n"
      "  165: 00000000:5DC0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
      "43 2 0000000000000000 800\n";
  EXPECT_EQ(drops_in(table, {42, 43}), 870U);
  EXPECT_EQ(drops_in(table, {42}), 70U);
  EXPECT_EQ(drops_in(table, {}), 0U);
  EXPECT_EQ(drops_in("rubbish\n\n 1 2 3", {1, 2, 3}), 0U);
  // Cut in a line: what is left of it does not count.
  EXPECT_EQ(drops_in(table.substr(0, table.size() - 6), {42, 43}), 70U);
  const auto own = socket_drops();
  EXPECT_EQ(own.value_or(0), 0U) << "this program has no UDP socket";
}

}  // namespace
}  // namespace wirestamp::platform
