// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "packet/address.h"

// Something about this host's network changed. A hint to look again, not a state to rely on:
// changes may come twice, in bursts, or as one `Unknown` when there were too many.
namespace wirestamp::packet {

enum class NetworkChangeKind : std::uint8_t {
  Unknown,       // too many at once: anything may have changed
  LinkUp,        // set up, and with carrier
  LinkDown,      // set down, or the carrier is lost
  LinkGone,      // the interface does not exist any more
  AddressAdded,  // or its flags changed
  AddressRemoved,
  RouteChanged,     // added, replaced or removed
  NeighbourFailed,  // our kernel gave up on ARP or NDP for `address`
};

struct NetworkChange {
  NetworkChangeKind kind = NetworkChangeKind::Unknown;
  std::uint32_t interface = 0;  // 0: none (a blackhole route) or several
  std::string interface_name;
  // The address itself; of a route its gateway.
  std::optional<IpAddress> address;
  // An address's connected network; the destination of a route (length 0: the default route).
  std::optional<Prefix> network;

  bool set_down = false;    // LinkDown: by hand, not by a lost carrier
  bool removed = false;     // RouteChanged: this route is no more
  bool temporary = false;   // an IPv6 privacy address: it will go by itself
  bool deprecated = false;  // not to be used for anything new
  bool tentative = false;   // not usable yet (or never: it is a duplicate)

  bool operator==(const NetworkChange&) const = default;
};

constexpr std::string_view name(NetworkChangeKind kind) {
  switch (kind) {
    case NetworkChangeKind::LinkUp:
      return "link_up";
    case NetworkChangeKind::LinkDown:
      return "link_down";
    case NetworkChangeKind::LinkGone:
      return "link_gone";
    case NetworkChangeKind::AddressAdded:
      return "address_added";
    case NetworkChangeKind::AddressRemoved:
      return "address_removed";
    case NetworkChangeKind::RouteChanged:
      return "route_changed";
    case NetworkChangeKind::NeighbourFailed:
      return "neighbour_failed";
    case NetworkChangeKind::Unknown:
      break;
  }
  return "unknown";
}

}  // namespace wirestamp::packet
