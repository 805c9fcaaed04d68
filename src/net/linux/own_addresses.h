// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/linux/network_watch.h"
#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::net_linux {

// Which addresses are this host's own. Asked for each ICMP error and each unreachable destination,
// which anybody may cause thousands of times a second; listing them takes the kernel 30 us to
// milliseconds. So the list is kept, and read again when the kernel said that it changed, or once a
// second where we do not hear of that.
class OwnAddresses {
 public:
  explicit OwnAddresses(NetworkWatch& watch) : watch_(watch) {}

  // Absent: not to be had from the system.
  std::optional<bool> contains(const packet::IpAddress& address, MonoTime now);

 private:
  bool outdated(MonoTime now);

  NetworkWatch& watch_;
  std::optional<std::vector<packet::IpAddress>> addresses_;  // sorted
  std::optional<MonoTime> read_;
  std::uint64_t changes_ = 0;  // as the watch counted them then
};

}  // namespace wirestamp::net_linux
