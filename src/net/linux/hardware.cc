// SPDX-License-Identifier: Apache-2.0
#include "net/linux/hardware.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "platform/descriptor.h"

namespace wirestamp::net_linux {

namespace {

constexpr std::uint32_t kBothWays = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE;

std::optional<ethtool_ts_info> ask_driver(const std::string& device) {
  const platform::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_ts_info info{};
  info.cmd = ETHTOOL_GET_TS_INFO;
  ifreq request{};
  std::memcpy(request.ifr_name, device.data(), std::min<std::size_t>(device.size(), IFNAMSIZ - 1));
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return std::nullopt;
  return info;
}

bool offers_hardware_stamps(const std::string& device) {
  const auto info = ask_driver(device);
  return info && (info->so_timestamping & kBothWays) == kBothWays;
}

std::vector<std::string> interfaces() {
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> list(
      ::if_nameindex(), &::if_freenameindex);
  std::vector<std::string> names;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-bounds-pointer-arithmetic)
  for (const auto* one = list.get(); one != nullptr && one->if_index != 0; ++one)
    names.emplace_back(one->if_name);
  return names;
}

}  // namespace

std::string no_hardware_stamps(const std::string& device) {
  std::vector<std::string> offering;
  for (const std::string& name : device.empty() ? interfaces() : std::vector{device})
    if (offers_hardware_stamps(name)) offering.push_back(name);
  if (!offering.empty())
    return fmt::format(
        "{} offers hardware stamps, but this version cannot tie the interface's clock to the "
        "system's",
        fmt::join(offering, ", "));
  return device.empty() ? "no interface of this host offers hardware stamps"
                        : fmt::format("interface {} offers no hardware stamps", device);
}

net::InterfaceStamps interface_stamps(const std::string& device) {
  net::InterfaceStamps stamps;
  const auto info = device.size() < IFNAMSIZ ? ask_driver(device) : std::nullopt;
  if (!info) {
    stamps.reason = "its driver does not say what it can stamp";
    return stamps;
  }
  const auto offers = [&](std::uint32_t what) { return (info->so_timestamping & what) == what; };
  stamps.told = true;
  stamps.transmit_software = offers(SOF_TIMESTAMPING_TX_SOFTWARE);
  stamps.receive_software = offers(SOF_TIMESTAMPING_RX_SOFTWARE);
  stamps.transmit_hardware = offers(SOF_TIMESTAMPING_TX_HARDWARE);
  stamps.receive_hardware = offers(SOF_TIMESTAMPING_RX_HARDWARE);
  if (info->phc_index >= 0) stamps.hardware_clock = static_cast<unsigned>(info->phc_index);
  if (!stamps.transmit_software)
    stamps.reason =
        "its driver gives no transmit stamps: those of the scheduler before it stand in for them; ";
  stamps.reason += no_hardware_stamps(device);
  return stamps;
}

}  // namespace wirestamp::net_linux
