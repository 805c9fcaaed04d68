// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "packet/address.h"

// What the system knows about interfaces, addresses and routes. Reads only, no privilege. Not for
// the packet path: each call asks the kernel.
namespace wirestamp::platform {

struct Route {
  std::uint32_t interface = 0;
  std::string interface_name;
  std::optional<packet::IpAddress> source;
  std::optional<packet::IpAddress> gateway;
  std::uint32_t mtu = 0;  // of the path or route where known, else of the interface; 0: unknown
};

// A datagram to be sent; what is set narrows the route as it would narrow the datagram's.
struct RouteQuery {
  packet::Endpoint destination;  // with the interface of a link-local one
  std::optional<packet::IpAddress> source;
  std::string device;  // "" for none; stronger than the destination's interface
  std::uint8_t traffic_class = 0;
};
// The route the system would take now.
Result<Route> route_to(const RouteQuery& query);

struct Interface {
  std::uint32_t index = 0;
  std::string name;
  bool up = false;       // administratively
  bool running = false;  // carrier
  std::uint32_t mtu = 0;
};
std::optional<Interface> interface_by_name(const std::string& name);
std::optional<Interface> interface_by_index(std::uint32_t index);
// Whether there is such an interface and it is set up; absent when the system does not say, as when
// this program has no descriptors left.
std::optional<bool> interface_is_up(const std::string& name);
std::optional<bool> interface_is_up(std::uint32_t index);

struct LocalAddress {
  packet::Prefix network;  // the connected prefix, host bits cleared
  packet::IpAddress address;
  std::uint32_t interface = 0;
};
// Every address of this host with its connected prefix.
Result<std::vector<LocalAddress>> local_addresses();

}  // namespace wirestamp::platform
