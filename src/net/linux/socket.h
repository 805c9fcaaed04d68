// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "net/linux/features.h"
#include "net/packet_io.h"
#include "platform/descriptor.h"

namespace wirestamp::net_linux {

using platform::Descriptor;

// The sockets of one port. `transmit` is empty when one socket does both.
struct Sockets {
  Descriptor receive, transmit;
  packet::Endpoint local;
  net::PortStamping stamping;
  std::uint32_t device = 0;             // index of the interface they are bound to; 0: none
  bool stamps_asked = false;            // the kernel is asked for stamps at all
  std::uint32_t transmit_stamping = 0;  // SO_TIMESTAMPING of the socket that sends
};

Result<Sockets> open_sockets(const net::PortOptions& options, const Features& features);

}  // namespace wirestamp::net_linux
