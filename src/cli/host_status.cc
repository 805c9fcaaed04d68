// SPDX-License-Identifier: Apache-2.0
#include "cli/host_status.h"

#include <algorithm>
#include <map>
#include <utility>

#include "net/interface_stamps.h"
#include "platform/host_facts.h"
#include "platform/process.h"

namespace wirestamp::cli {

namespace {

// A host of containers has hundreds; a page of them helps nobody.
constexpr std::size_t kMostInterfaces = 256;
constexpr std::size_t kMostAddresses = 64;  // of one

std::map<std::uint32_t, std::vector<std::string>> addresses_by_interface() {
  std::map<std::uint32_t, std::vector<std::string>> found;
  const auto all = platform::local_addresses();
  if (!all) return found;
  for (const platform::LocalAddress& one : *all) {
    auto& addresses = found[one.interface];
    if (addresses.size() < kMostAddresses)
      addresses.push_back(packet::to_string(one.address) + "/" +
                          std::to_string(one.network.length));
  }
  return found;
}

api::InterfaceStatus told(const platform::Interface& interface) {
  const net::InterfaceStamps stamps = net::interface_stamps(interface.name);
  return {.name = interface.name,
          .index = interface.index,
          .mtu = interface.mtu,
          .up = interface.up,
          .running = interface.running,
          .stamps_told = stamps.told,
          .transmit_software = stamps.transmit_software,
          .receive_software = stamps.receive_software,
          .transmit_hardware = stamps.transmit_hardware,
          .receive_hardware = stamps.receive_hardware,
          .stamps_reason = stamps.reason};
}

}  // namespace

api::HostStatus ask_host() {
  api::HostStatus host{.name = platform::host_name(),
                       .kernel = platform::kernel_text(),
                       .processors = platform::processors()};
  auto addresses = addresses_by_interface();
  auto interfaces = platform::interfaces(kMostInterfaces + 1);
  host.more_interfaces = interfaces.size() > kMostInterfaces;
  if (host.more_interfaces) interfaces.pop_back();
  for (const platform::Interface& interface : interfaces) {
    host.interfaces.push_back(told(interface));
    host.interfaces.back().addresses = std::move(addresses[interface.index]);
  }
  host.clock.source = platform::clock_source();
  if (const auto discipline = platform::clock_discipline()) {
    host.clock.told = true;
    host.clock.synchronised = discipline->synchronised;
    host.clock.maximum_error = discipline->maximum_error;
    host.clock.estimated_error = discipline->estimated_error;
    host.clock.offset = discipline->offset;
    host.clock.rate_ppb = discipline->rate_ppb;
  }
  host.socket_drops = platform::socket_drops();
  return host;
}

}  // namespace wirestamp::cli
