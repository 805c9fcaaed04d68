// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/route.h"
#include "time/duration.h"

// What a person wants to know of this host. Reads only, no privilege. Not for the packet path: each
// call asks the kernel.
namespace wirestamp::platform {

std::string kernel_text();  // "Linux 6.1.0-30-amd64 x86_64"
// Those that this process may run on; 0 when the system does not say.
unsigned processors();

// What disciplines the wall clock says of it (adjtimex).
struct ClockDiscipline {
  bool synchronised = false;                // something disciplines it to UTC
  Duration maximum_error, estimated_error;  // of the clock against UTC; bounds, as it says
  Duration offset;                          // still to be slewed
  std::int64_t rate_ppb = 0;                // by which the kernel corrects the oscillator
};
std::optional<ClockDiscipline> clock_discipline();
std::string clock_source();  // that the kernel counts by: "tsc"; "" when it does not say

// By index, at most so many.
std::vector<Interface> interfaces(std::size_t most);

// Datagrams that the kernel dropped since the UDP sockets that this process has in this network
// namespace were opened, since their queues were full; absent when it does not say.
std::optional<std::uint64_t> socket_drops();
// The same of a table as /proc/net/udp is, of the sockets with these inodes.
std::uint64_t drops_in(const std::string& table, const std::vector<std::uint64_t>& inodes);

}  // namespace wirestamp::platform
