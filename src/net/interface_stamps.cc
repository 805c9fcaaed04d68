// SPDX-License-Identifier: Apache-2.0
#include "net/interface_stamps.h"

#include "net/linux/hardware.h"

namespace wirestamp::net {

InterfaceStamps interface_stamps(const std::string& device) {
  return net_linux::interface_stamps(device);
}

}  // namespace wirestamp::net
