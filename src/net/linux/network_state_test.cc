// SPDX-License-Identifier: Apache-2.0
//
// Messages of the kernel, made by hand; tests/rig/network_changes.py has the real ones.
#include "net/linux/network_state.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

namespace wirestamp::net_linux {
namespace {

using packet::NetworkChange;
using packet::NetworkChangeKind;
using Octets = std::vector<std::byte>;

template <typename T>
void append(Octets& octets, const T& value) {
  const std::size_t at = octets.size();
  octets.resize((at + sizeof value + 3) / 4 * 4);
  std::memcpy(octets.data() + at, &value, sizeof value);
}

void attribute(Octets& octets, std::uint16_t type, std::string_view value) {
  const std::size_t at = octets.size();
  rtattr header{};
  header.rta_type = type;
  header.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size()));
  octets.resize(at + RTA_ALIGN(header.rta_len));
  std::memcpy(octets.data() + at, &header, sizeof header);
  std::memcpy(octets.data() + at + RTA_LENGTH(0), value.data(), value.size());
}

template <typename Body>
Octets message(std::uint16_t type, const Body& body, const Octets& attributes = {}) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  Octets octets;
  append(octets, header);
  append(octets, body);
  octets.insert(octets.end(), attributes.begin(), attributes.end());
  header.nlmsg_len = static_cast<std::uint32_t>(octets.size());
  std::memcpy(octets.data(), &header, sizeof header);
  return octets;
}

Octets link(std::uint16_t type, unsigned flags, unsigned char family = AF_UNSPEC) {
  ifinfomsg body{};
  body.ifi_family = family;
  body.ifi_index = 5;
  body.ifi_flags = flags;
  Octets name;
  attribute(name, IFLA_IFNAME, std::string_view("lan0\0", 5));
  return message(type, body, name);
}

Octets address(std::uint16_t type, unsigned char flags = 0) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = 20;
  body.ifa_flags = flags;
  body.ifa_index = 5;
  Octets attributes;
  attribute(attributes, IFA_ADDRESS, "\x0a\x01\x22\x38");
  attribute(attributes, IFA_LOCAL, "\x0a\x01\x22\x38");
  return message(type, body, attributes);
}

Octets route(std::uint16_t type, unsigned char kind, unsigned flags = 0) {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_type = kind;
  body.rtm_flags = flags;
  Octets attributes;
  attribute(attributes, RTA_GATEWAY, "\x0a\x01\x21\x01");
  attribute(attributes, RTA_OIF, std::string_view("\5\0\0\0", 4));
  return message(type, body, attributes);
}

std::vector<NetworkChange> read(NetworkState& state, const Octets& octets) {
  std::vector<NetworkChange> changes;
  state.read(octets, changes);
  return changes;
}

constexpr unsigned kUp = IFF_UP | IFF_RUNNING;

TEST(NetworkState, ReportsALinkWhenItsStateChangesOnly) {
  NetworkState state;
  EXPECT_EQ(read(state, link(RTM_NEWLINK, kUp)).at(0).kind, NetworkChangeKind::LinkUp);
  EXPECT_TRUE(read(state, link(RTM_NEWLINK, kUp | IFF_PROMISC)).empty());
  const auto lost = read(state, link(RTM_NEWLINK, IFF_UP));
  EXPECT_EQ(lost.at(0),
            (NetworkChange{
                .kind = NetworkChangeKind::LinkDown, .interface = 5, .interface_name = "lan0"}));
  EXPECT_TRUE(read(state, link(RTM_NEWLINK, 0)).empty()) << "down already";
  EXPECT_EQ(read(state, link(RTM_DELLINK, 0)).at(0).kind, NetworkChangeKind::LinkGone);
}

TEST(NetworkState, ALinkThatLeavesItsBridgeIsNotGone) {
  NetworkState state;
  read(state, link(RTM_NEWLINK, kUp));
  EXPECT_TRUE(read(state, link(RTM_DELLINK, kUp, AF_BRIDGE)).empty());
  EXPECT_TRUE(read(state, link(RTM_NEWLINK, 0, AF_INET6)).empty());
}

TEST(NetworkState, ReportsAnAddressWithItsNetworkAndAgainWhenItsFlagsChange) {
  NetworkState state;
  const auto added = read(state, address(RTM_NEWADDR));
  ASSERT_EQ(added.size(), 1U);
  EXPECT_EQ(packet::to_string(*added[0].address), "10.1.34.56");
  EXPECT_EQ(packet::to_string(*added[0].network), "10.1.32.0/20");
  EXPECT_TRUE(read(state, address(RTM_NEWADDR)).empty());
  EXPECT_TRUE(read(state, address(RTM_NEWADDR, IFA_F_DEPRECATED)).at(0).deprecated);
  EXPECT_EQ(read(state, address(RTM_DELADDR)).at(0).kind, NetworkChangeKind::AddressRemoved);
  EXPECT_EQ(read(state, address(RTM_NEWADDR)).size(), 1U);
}

TEST(NetworkState, ASecondaryAddressIsNotATemporaryOne) {
  NetworkState state;
  EXPECT_FALSE(read(state, address(RTM_NEWADDR, IFA_F_SECONDARY)).at(0).temporary);
}

TEST(NetworkState, ReportsRoutesButNotThoseThatComeWithAnAddressOrFromACache) {
  NetworkState state;
  const auto changed = read(state, route(RTM_DELROUTE, RTN_UNICAST));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_TRUE(changed[0].removed);
  EXPECT_EQ(packet::to_string(*changed[0].address), "10.1.33.1");
  EXPECT_EQ(packet::to_string(*changed[0].network), "0.0.0.0/0");
  EXPECT_EQ(changed[0].interface, 5U);
  EXPECT_TRUE(read(state, route(RTM_NEWROUTE, RTN_LOCAL)).empty());
  EXPECT_TRUE(read(state, route(RTM_NEWROUTE, RTN_UNICAST, RTM_F_CLONED)).empty());
}

// The sanitizers judge: nothing outside the octets is read, whatever lengths they claim.
TEST(NetworkState, SurvivesMessagesThatAreCutOrLie) {
  Octets all;
  for (const Octets& one :
       {link(RTM_NEWLINK, kUp), address(RTM_NEWADDR), route(RTM_NEWROUTE, RTN_UNICAST)})
    all.insert(all.end(), one.begin(), one.end());
  for (std::size_t size = 0; size <= all.size(); ++size) {
    NetworkState state;
    read(state, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  for (std::size_t at = 0; at < all.size(); ++at) {
    for (const unsigned value : {0x00U, 0x01U, 0x7fU, 0xffU}) {
      Octets changed = all;
      changed[at] = static_cast<std::byte>(value);
      NetworkState state;
      read(state, changed);
    }
  }
}

}  // namespace
}  // namespace wirestamp::net_linux
