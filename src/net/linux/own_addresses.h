// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::net_linux {

// Which addresses are this host's own. Asked for each ICMP error and each unreachable destination,
// which anybody may cause thousands of times a second; listing them takes the kernel long (30 us to
// milliseconds), so the list is kept and read again once a second at most.
class OwnAddresses {
 public:
  // Absent: not to be had from the system.
  std::optional<bool> contains(const packet::IpAddress& address, MonoTime now);

 private:
  void renew(MonoTime now);

  std::optional<std::vector<packet::IpAddress>> addresses_;  // sorted
  std::optional<MonoTime> read_;
};

}  // namespace wirestamp::net_linux
