// SPDX-License-Identifier: Apache-2.0
//
// Literals only: names belong to the network that the tests run in.
#include "platform/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

namespace wirestamp::platform {
namespace {

using packet::Endpoint;
using packet::Family;
using packet::IpAddress;
using ::testing::HasSubstr;

std::string error_of(const std::string& host, std::optional<Family> family = std::nullopt) {
  const auto found = resolve(host, 9, family);
  return found ? "resolved" : found.error().text;
}

TEST(Resolve, ALiteralIsItselfAndCarriesThePort) {
  for (const char* literal : {"192.0.2.1", "2001:db8::1"}) {
    const auto found = resolve(literal, 23'999, std::nullopt);
    ASSERT_TRUE(found.has_value()) << found.error().text;
    EXPECT_THAT(*found,
                ::testing::ElementsAre(Endpoint{IpAddress::parse(literal).value(), 23'999, 0}));
  }
}

TEST(Resolve, AZoneIsTheInterfacesIndexByNameOrNumber) {
  const std::uint32_t loopback = ::if_nametoindex("lo");
  for (const std::string& zone : {std::string("lo"), std::to_string(loopback)}) {
    const auto found = resolve("fe80::1%" + zone, 9, std::nullopt);
    ASSERT_TRUE(found.has_value()) << found.error().text;
    EXPECT_EQ(found->at(0).interface, loopback);
  }
  EXPECT_THAT(error_of("fe80::1%no-such-dev0"), HasSubstr("there is no interface 'no-such-dev0'"));
  EXPECT_THAT(error_of("fe80::1%"), HasSubstr("there is no interface ''"));
}

TEST(Resolve, AZoneOfWhatIsNotLinkLocalIsRefusedAsSuch) {
  for (const char* host : {"2001:db8::1%lo", "2001:db8::1%1", "192.0.2.1%lo"})
    EXPECT_THAT(error_of(host),
                HasSubstr(std::string(host) +
                          "': only a link-local IPv6 address has a zone; leave out '%"));
}

TEST(Resolve, ALinkLocalAddressWithoutAZoneSaysHowToNameIt) {
  EXPECT_THAT(error_of("fe80::1"), HasSubstr("name the interface, as in fe80::1%eth0"));
}

TEST(Resolve, OfANamesAddressesALinkLocalOneIsLeftOut) {
  const auto at = [](const char* text) { return Endpoint{IpAddress::parse(text).value(), 9, 0}; };
  const auto found = reachable({at("fe80::1"), at("192.0.2.1"), at("2001:db8::1")});
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(*found, ::testing::ElementsAre(at("192.0.2.1"), at("2001:db8::1")));
  EXPECT_FALSE(reachable({at("fe80::1")}).has_value());
}

TEST(Resolve, AnAddressOfTheOtherFamilyIsRefused) {
  EXPECT_THAT(error_of("192.0.2.1", Family::V6), HasSubstr("try without -4 or -6"));
  EXPECT_THAT(error_of("2001:db8::1", Family::V4), HasSubstr("try without -4 or -6"));
  EXPECT_THAT(error_of(""), HasSubstr("cannot resolve ''"));
}

}  // namespace
}  // namespace wirestamp::platform
