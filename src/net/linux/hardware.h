// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/interface_stamps.h"

namespace wirestamp::net_linux {

// Why there are no hardware stamps, in words: what the drivers say of `device`, or of all
// interfaces when it is empty.
std::string no_hardware_stamps(const std::string& device);

net::InterfaceStamps interface_stamps(const std::string& device);

}  // namespace wirestamp::net_linux
