// SPDX-License-Identifier: Apache-2.0
#include "cli/host_status.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace wirestamp::cli {
namespace {

TEST(AskHost, tells_loopback_with_its_address_and_its_stamps) {
  const api::HostStatus host = ask_host();
  EXPECT_TRUE(host.kernel.starts_with("Linux ")) << host.kernel;
  EXPECT_GE(host.processors, 1U);
  EXPECT_FALSE(host.more_interfaces && host.interfaces.size() < 256);
  const auto lo = std::ranges::find(host.interfaces, "lo", &api::InterfaceStatus::name);
  ASSERT_NE(lo, host.interfaces.end());
  EXPECT_GT(lo->mtu, 0U);
  EXPECT_TRUE(lo->stamps_told);
  EXPECT_TRUE(lo->receive_software);
  EXPECT_FALSE(lo->transmit_hardware);
  EXPECT_FALSE(lo->stamps_reason.empty());
  const bool addressed = std::ranges::find(lo->addresses, "127.0.0.1/8") != lo->addresses.end();
  EXPECT_TRUE(addressed || !lo->up);
}

TEST(AskHost, the_clock_is_asked_for_its_discipline) {
  const api::HostStatus host = ask_host();
  ASSERT_TRUE(host.clock.told);
  EXPECT_GE(host.clock.maximum_error, Duration());
}

}  // namespace
}  // namespace wirestamp::cli
