// SPDX-License-Identifier: Apache-2.0
#include "net/interface_stamps.h"

#include <gtest/gtest.h>

namespace wirestamp::net {
namespace {

TEST(InterfaceStamps, loopback_stamps_in_software_and_says_why_not_in_hardware) {
  const InterfaceStamps stamps = interface_stamps("lo");
  ASSERT_TRUE(stamps.told) << stamps.reason;
  EXPECT_TRUE(stamps.receive_software);
  EXPECT_FALSE(stamps.transmit_hardware || stamps.receive_hardware);
  EXPECT_FALSE(stamps.hardware_clock);
  EXPECT_NE(stamps.reason.find("hardware"), std::string::npos) << stamps.reason;
}

TEST(InterfaceStamps, of_one_that_is_not_there_nothing_is_known) {
  for (const std::string name : {"no-such-device", "", "a-name-much-longer-than-sixteen-octets"}) {
    const InterfaceStamps stamps = interface_stamps(name);
    EXPECT_FALSE(stamps.told) << name;
    EXPECT_FALSE(stamps.receive_software);
    EXPECT_FALSE(stamps.reason.empty()) << name;
  }
}

}  // namespace
}  // namespace wirestamp::net
