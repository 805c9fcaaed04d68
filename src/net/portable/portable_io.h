// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "net/packet_io.h"

namespace wirestamp::net_portable {

// Plain sockets, poll(2) and the user clock: what every system with sockets has (S3).
Result<std::unique_ptr<net::PacketIo>> make_portable_io();

}  // namespace wirestamp::net_portable
