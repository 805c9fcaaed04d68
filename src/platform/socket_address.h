// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "packet/address.h"

namespace wirestamp::platform {

// Writes the endpoint as the socket calls take it; returns its length.
inline socklen_t to_sockaddr(const packet::Endpoint& at, sockaddr_storage& storage) {
  storage = {};
  if (at.address.family() == packet::Family::V4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(at.port);
    std::memcpy(&v4.sin_addr, at.address.octets().data(), sizeof v4.sin_addr);
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(at.port);
  v6.sin6_scope_id = at.interface;
  std::memcpy(&v6.sin6_addr, at.address.octets().data(), sizeof v6.sin6_addr);
  std::memcpy(&storage, &v6, sizeof v6);
  return sizeof v6;
}

}  // namespace wirestamp::platform
