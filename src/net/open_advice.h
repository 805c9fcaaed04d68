// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "net/packet_io.h"

// Why a port could not be opened and what to try, in the words of every backend. `error` is an
// errno.
namespace wirestamp::net {

inline std::string socket_advice(int error, const PortOptions& options) {
  const bool echo = options.protocol == Protocol::IcmpEcho;
  std::string reason = std::generic_category().message(error);
  if (echo && error == EACCES) reason = kHowToPermitEcho;
  if (error == EMFILE)
    reason += "; allow this program more (`ulimit -n`, LimitNOFILE= of its unit)";
  return fmt::format("cannot open an {} {}socket: {}",
                     options.family == packet::Family::V4 ? "IPv4" : "IPv6",
                     echo ? "ICMP echo " : "", reason);
}

inline std::string device_advice(int error, const PortOptions& options) {
  std::string reason = std::generic_category().message(error);
  if (error == ENODEV) reason = "there is none of that name (see `ip link`)";
  if (error == EPERM)
    reason =
        "this system permits it to nobody without CAP_NET_RAW (Linux does since 5.7); leave it "
        "out and let the route choose, or give the source address";
  return fmt::format("cannot use interface '{}': {}", options.device, reason);
}

// The first port that needs no privilege, in this network namespace.
inline int first_open_port() {
  int port = 0;
  return std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> port ? port : 1024;
}

inline std::string bind_advice(int error, const packet::Endpoint& local) {
  const std::string address = packet::to_string(local.address);
  if (error == EINVAL && local.address.is_link_local() && local.interface == 0)
    return fmt::format("{} is a link-local address: name its interface, as in {}%eth0", address,
                       address);
  switch (error) {
    case EADDRINUSE:
      return fmt::format(
          "port {} is in use: another program (perhaps another wirestamp) listens on {}; "
          "stop it or choose another port",
          local.port, packet::to_string(local));
    case EADDRNOTAVAIL:
      return fmt::format("{} is no address of this host (see `ip address`)", address);
    case EACCES:
      return fmt::format("port {} needs a privilege; choose one from {} up", local.port,
                         first_open_port());
    default:
      return fmt::format("cannot bind {}: {}", packet::to_string(local),
                         std::generic_category().message(error));
  }
}

}  // namespace wirestamp::net
