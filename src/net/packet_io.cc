// SPDX-License-Identifier: Apache-2.0
#include "net/packet_io.h"

#include "net/linux/linux_io.h"
#include "net/portable/portable_io.h"

namespace wirestamp::net {

Result<std::unique_ptr<PacketIo>> make_packet_io(const Options& options) {
  if (options.portable) return net_portable::make_portable_io();
  return net_linux::make_linux_io(options.features);
}

}  // namespace wirestamp::net
