// SPDX-License-Identifier: Apache-2.0
#include "agent/reflector_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "platform/route.h"

namespace wirestamp::agent {

// A zone is the name of an interface or its number (RFC 4007 11).
Result<std::uint32_t> interface_of(const std::string& zone) {
  if (zone.empty()) return 0U;
  if (const auto found = platform::interface_by_name(zone)) return found->index;
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
  if (error == std::errc() && end == zone.data() + zone.size() &&
      platform::interface_by_index(index))
    return index;
  return fail(fmt::format("there is no interface '{}' on this host", zone));
}

namespace {

Result<void> open_port(net::PacketIo& io, const ReflectOptions& options,
                       const net::PortOptions& port_options, ReflectStart& start) {
  const net::PortId port = TRY(io.open(port_options));
  const net::PortStamping stamping = io.stamping(port);
  const StampSource got = std::min(stamping.transmit, stamping.receive);
  if (options.require && got < *options.require)
    return fail(fmt::format("--require {}: this host gives '{}' stamps here{}{}",
                            name(*options.require), name(got), stamping.reason.empty() ? "" : ": ",
                            stamping.reason));
  start.ports.push_back({io.local_endpoint(port), stamping, port});
  return {};
}

Result<void> open_listen(net::PacketIo& io, const ReflectOptions& options, const Listen& listen,
                         const std::string& device, ReflectStart& start) {
  net::PortOptions port_options;
  port_options.port = listen.port;
  port_options.device = device;
  port_options.stamps = options.stamps;
  port_options.separate_transmit = true;
  port_options.interface = TRY(interface_of(listen.zone));
  if (listen.address) {
    port_options.address = listen.address;
    port_options.family = listen.address->family();
    return open_port(io, options, port_options, start);
  }
  port_options.family = packet::Family::V4;
  TRY_VOID(open_port(io, options, port_options, start));
  // A port picked by the system is the same for both families.
  port_options.port = start.ports.back().local.port;
  port_options.family = packet::Family::V6;
  if (auto v6 = open_port(io, options, port_options, start); !v6) {
    const bool missing =
        v6.error().os_error == EAFNOSUPPORT || v6.error().os_error == EADDRNOTAVAIL;
    if (!missing) return std::unexpected(v6.error());
    start.notes.push_back("no IPv6 on this host: answering IPv4 only");
  }
  return {};
}

}  // namespace

Result<ReflectStart> open_reflector_ports(net::PacketIo& io, const ReflectOptions& options) {
  ReflectStart start;
  std::vector<Listen> listen = options.listen;
  if (listen.empty()) listen.emplace_back();
  std::vector<std::string> devices = options.devices;
  if (devices.empty()) devices.emplace_back();
  for (const std::string& device : devices)
    for (const Listen& one : listen) TRY_VOID(open_listen(io, options, one, device, start));
  return start;
}

Result<void> check_tlv_hmac(const ReflectOptions& options, bool has_keys) {
  if (!options.tlv_hmac) return {};
  if (!has_keys) return fail("--tlv-hmac wants keys: give --key-file FILE or WIRESTAMP_KEY");
  if (options.peers == session::Peers::Authenticated)
    return fail(
        "--answer authenticated answers who proves a key for whole packets, and --tlv-hmac leaves "
        "them in the open mode: leave one of them out");
  return {};
}

session::PolicyOptions reflector_policy(const ReflectOptions& options, ReflectStart& start) {
  session::PolicyOptions policy;
  policy.peers = options.peers;
  policy.allowed = options.allow;
  policy.rate = options.rate;
  policy.network_rate = options.network_rate;
  policy.total_rate = options.total_rate;
  policy.dscp = options.dscp;
  for (const ReflectStart::Port& port : start.ports) policy.own.push_back(port.local);
  if (const auto local = platform::local_addresses()) {
    for (const platform::LocalAddress& address : *local) {
      policy.connected.push_back(address.network);
      policy.addresses.push_back(address.address);
    }
  } else {
    start.notes.push_back(
        "cannot read this host's networks: answering loopback, private and "
        "link-local sources and those of --allow");
  }
  return policy;
}

}  // namespace wirestamp::agent
