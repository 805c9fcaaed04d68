// SPDX-License-Identifier: Apache-2.0
#include "platform/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "platform/own_namespaces_test.h"

namespace wirestamp::platform {
namespace {

using packet::IpAddress;

IpAddress address(const char* text) { return IpAddress::parse(text).value(); }
packet::Endpoint to(const char* text) { return {address(text), 0, 0}; }

void alone(const std::function<void()>& body) {
  const InOwnNamespaces outcome = in_own_namespaces([&] {
    body();
    return !::testing::Test::HasFailure();
  });
  // ThreadSanitizer has a thread of its own, and a process with threads gets no user namespace.
  if (outcome == InOwnNamespaces::Forbidden)
    GTEST_SKIP() << "no network of our own is to be had, or `ip` is missing";
  EXPECT_EQ(outcome, InOwnNamespaces::Passed) << "see the failures above";
}

TEST(Route, ToOurselvesItIsLoopback) {
  alone([] {
    run({"ip", "link", "set", "lo", "up"});
    for (const char* self : {"127.0.0.1", "::1"}) {
      const auto route = route_to({.destination = to(self)});
      ASSERT_TRUE(route.has_value()) << route.error().text;
      EXPECT_EQ(route->interface_name, "lo");
      EXPECT_EQ(route->interface, interface_by_name("lo")->index);
      EXPECT_EQ(route->source, address(self));
      EXPECT_EQ(route->gateway, std::nullopt);
      EXPECT_EQ(route->mtu, 65'536U);
    }
  });
}

TEST(Route, WhereThereIsNoneTheErrorSaysWhereto) {
  alone([] {
    const auto route = route_to({.destination = to("192.0.2.1")});
    ASSERT_FALSE(route.has_value());
    EXPECT_EQ(route.error().os_error, ENETUNREACH);
    EXPECT_THAT(route.error().text, ::testing::HasSubstr("192.0.2.1"));
  });
}

TEST(Route, ASmallerMtuOfTheRouteIsToldInPlaceOfTheInterfaces) {
  alone([] {
    run({"ip", "link", "set", "lo", "up"});
    run({"ip", "route", "add", "192.0.2.0/24", "dev", "lo", "mtu", "1300"});
    run({"ip", "-6", "route", "add", "2001:db8::/64", "dev", "lo", "mtu", "1400"});
    EXPECT_EQ(route_to({.destination = to("192.0.2.1")}).value().mtu, 1'300U);
    EXPECT_EQ(route_to({.destination = to("2001:db8::1")}).value().mtu, 1'400U);
  });
}

TEST(Route, FollowsDeviceSourceAndMark) {
  alone([] {
    run({"ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"});
    for (const char* name : {"a0", "b0"}) run({"ip", "link", "set", name, "up"});
    run({"ip", "address", "add", "192.0.2.1/25", "dev", "a0"});
    run({"ip", "address", "add", "192.0.2.129/25", "dev", "b0"});
    run({"ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.2"});
    run({"ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.130", "metric", "9"});
    run({"ip", "route", "add", "198.51.100.0/24", "tos", "0x10", "via", "192.0.2.130"});
    run({"ip", "rule", "add", "from", "192.0.2.129", "table", "7"});
    run({"ip", "route", "add", "default", "via", "192.0.2.131", "table", "7"});
    RouteQuery query{.destination = to("198.51.100.1")};
    EXPECT_EQ(route_to(query).value().gateway, address("192.0.2.2"));
    query.traffic_class = 0x10;
    EXPECT_EQ(route_to(query).value().gateway, address("192.0.2.130"));
    query.traffic_class = 0;
    query.device = "b0";
    EXPECT_EQ(route_to(query).value().gateway, address("192.0.2.130"));
    EXPECT_EQ(route_to(query).value().interface_name, "b0");
    query.device = "";
    query.source = address("192.0.2.129");
    EXPECT_EQ(route_to(query).value().gateway, address("192.0.2.131"));
    query.source.reset();
    query.device = "c0";
    EXPECT_EQ(route_to(query).error().text, "there is no interface 'c0'");
  });
}

TEST(Interface, SaysWhetherItIsSetUpAndHasCarrier) {
  alone([] {
    run({"ip", "link", "add", "a0", "mtu", "1400", "type", "veth", "peer", "name", "b0"});
    EXPECT_FALSE(interface_by_name("a0")->up);
    run({"ip", "link", "set", "a0", "up"});
    const auto found = interface_by_name("a0");
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->up);
    EXPECT_FALSE(found->running) << "its other end is down";
    EXPECT_EQ(found->mtu, 1'400U);
    run({"ip", "link", "set", "b0", "up"});
    auto again = interface_by_index(found->index);
    ASSERT_TRUE(again.has_value());
    // The kernel tells the carrier to the other end in its own time, up to a second.
    for (int tries = 0; tries < 2'000 && !again->running; ++tries) {
      run({"ip", "link", "show", "b0"});
      again = interface_by_index(found->index);
      ASSERT_TRUE(again.has_value());
    }
    EXPECT_EQ(again->name, "a0");
    EXPECT_TRUE(again->running);
    EXPECT_FALSE(interface_by_name("c0").has_value());
    EXPECT_FALSE(interface_by_index(0).has_value());
    EXPECT_FALSE(interface_by_index(12'345).has_value());
  });
}

TEST(Interface, ThatCannotBeAskedForIsNotDown) {
  alone([] {
    run({"ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"});
    run({"ip", "link", "set", "a0", "up"});
    const std::uint32_t index = interface_by_name("a0")->index;
    EXPECT_EQ(interface_is_up("a0"), true);
    EXPECT_EQ(interface_is_up(index), true);
    EXPECT_EQ(interface_is_up("b0"), false);
    EXPECT_EQ(interface_is_up("c0"), false);
    EXPECT_EQ(interface_is_up(12'345), false);
    EXPECT_EQ(interface_is_up(0), false);
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_EQ(interface_is_up("a0"), std::nullopt);
    EXPECT_EQ(interface_is_up(index), std::nullopt);
  });
}

TEST(LocalAddresses, HaveTheirNetworkAndInterfaceWhateverTheirLabel) {
  alone([] {
    run({"ip", "link", "set", "lo", "up"});
    run({"ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"});
    run({"ip", "address", "add", "192.0.2.130/25", "dev", "a0", "label", "a0:1"});
    run({"ip", "address", "add", "192.0.2.3", "peer", "198.51.100.1/32", "dev", "a0"});
    run({"ip", "address", "add", "2001:db8::5/64", "dev", "a0", "nodad"});
    const std::uint32_t index = interface_by_name("a0")->index;
    const auto all = local_addresses().value();
    const auto network_of = [&](const char* text) {
      const auto found = std::ranges::find(all, address(text), &LocalAddress::address);
      if (found == all.end()) return std::string("not there");
      return packet::to_string(found->network) + " on " + std::to_string(found->interface);
    };
    const std::string on_a0 = " on " + std::to_string(index);
    EXPECT_EQ(network_of("192.0.2.130"), "192.0.2.128/25" + on_a0);
    EXPECT_EQ(network_of("192.0.2.3"), "192.0.2.3/32" + on_a0);
    EXPECT_EQ(network_of("2001:db8::5"), "2001:db8::/64" + on_a0);
    EXPECT_EQ(network_of("127.0.0.1"), "127.0.0.0/8 on 1");
    EXPECT_EQ(network_of("::1"), "::1/128 on 1");
  });
}

}  // namespace
}  // namespace wirestamp::platform
