// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "net/packet_io.h"

namespace wirestamp::net_linux {

Result<std::unique_ptr<net::PacketIo>> make_linux_io(net::KernelFeatures features);

}  // namespace wirestamp::net_linux
