// SPDX-License-Identifier: Apache-2.0
//
// Messages of the kernel, made by hand; tests/rig/network_changes.py has the real ones.
#include "net/linux/network_state.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

namespace wirestamp::net_linux {
namespace {

using packet::Family;
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

// Three messages in one buffer, what they say, and where each ends.
struct Three {
  Octets octets;
  std::vector<NetworkChange> changes;
  std::vector<std::size_t> ends;
};
Three three_messages() {
  Three three;
  for (const Octets& one :
       {link(RTM_NEWLINK, kUp), address(RTM_NEWADDR), route(RTM_NEWROUTE, RTN_UNICAST)}) {
    three.octets.insert(three.octets.end(), one.begin(), one.end());
    three.ends.push_back(three.octets.size());
  }
  NetworkState state;
  three.changes = read(state, three.octets);
  EXPECT_EQ(three.changes.size(), 3U);
  return three;
}
// How many of the messages end at or before `at`.
std::size_t whole_before(const Three& three, std::size_t at) {
  return static_cast<std::size_t>(
      std::ranges::count_if(three.ends, [&](std::size_t end) { return end <= at; }));
}

TEST(NetworkState, OfMessagesThatAreCutTheWholeOnesCount) {
  const Three three = three_messages();
  for (std::size_t size = 0; size <= three.octets.size(); ++size) {
    const Octets cut(three.octets.begin(),
                     three.octets.begin() + static_cast<std::ptrdiff_t>(size));
    NetworkState state;
    const auto changes = read(state, cut);
    ASSERT_EQ(changes.size(), whole_before(three, size)) << size;
    EXPECT_TRUE(std::ranges::equal(changes, std::span(three.changes).first(changes.size())));
  }
}

// And the sanitizers judge: nothing outside the octets is read, whatever lengths they claim.
TEST(NetworkState, AMessageThatLiesChangesNothingBeforeItAndTellsNothingImpossible) {
  const Three three = three_messages();
  for (std::size_t at = 0; at < three.octets.size(); ++at) {
    for (const unsigned value : {0x00U, 0x01U, 0x7fU, 0xffU}) {
      Octets changed = three.octets;
      changed[at] = static_cast<std::byte>(value);
      NetworkState state;
      const auto changes = read(state, changed);
      const std::size_t before = whole_before(three, at);
      ASSERT_GE(changes.size(), before) << at;
      // Attributes look like messages to a reader that lost its place; there are not many.
      ASSERT_LE(changes.size(), 2 * three.changes.size()) << at;
      EXPECT_TRUE(std::ranges::equal(std::span(changes).first(before),
                                     std::span(three.changes).first(before)));
      for (const NetworkChange& change : changes) {
        EXPECT_LE(change.interface_name.size(), three.octets.size());
        if (change.network) {
          EXPECT_LE(change.network->length,
                    change.network->address.family() == Family::V4 ? 32 : 128);
        }
      }
    }
  }
}

}  // namespace
}  // namespace wirestamp::net_linux
