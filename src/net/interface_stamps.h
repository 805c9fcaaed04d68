// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

// What the driver of an interface says that it can stamp.
namespace wirestamp::net {

struct InterfaceStamps {
  bool told = false;  // the driver said something; else the rest is not known
  bool transmit_software = false, receive_software = false;
  bool transmit_hardware = false, receive_hardware = false;
  std::optional<unsigned> hardware_clock;  // number of its PTP clock
  std::string reason;                      // why it is less than all, in words; "" when it is not
};

// Asks the system; not for the packet path.
InterfaceStamps interface_stamps(const std::string& device);

}  // namespace wirestamp::net
