// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "packet/address.h"
#include "platform/descriptor.h"

struct sockaddr;

// What a server needs of the system beside its library.
namespace wirestamp::platform {

struct Listener {
  Descriptor socket;    // non-blocking, closed on exec
  packet::Endpoint at;  // with the real port
};

enum class Families : std::uint8_t {
  OfAddress,  // an IPv6 address takes no IPv4 connections
  Both,       // `::` takes both, and is 0.0.0.0 where the system has no IPv6
};

// Listens for TCP connections; port 0 lets the system choose. An address that is in use or not of
// this host is an error that says so.
Result<Listener> listen_tcp(const packet::Endpoint& at, Families families = Families::OfAddress);

// 0.0.0.0:0 for what is no IP address. An IPv4-mapped IPv6 address becomes the IPv4 one.
packet::Endpoint endpoint_of(const sockaddr* address);

// Both directions of a connection end; whoever waits on it wakes up. The descriptor stays open.
void shut_down(int socket);

// Raises how many descriptors the process may have open to `wanted`, as far as the system permits.
// Returns how many it may have now.
std::size_t permit_descriptors(std::size_t wanted);

}  // namespace wirestamp::platform
