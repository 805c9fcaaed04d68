// SPDX-License-Identifier: Apache-2.0
#include "net/linux/send_status.h"

#include <cerrno>

#include "net/linux/port.h"
#include "platform/route.h"

namespace wirestamp::net_linux {

using packet::SendStatus;

namespace {

// A reflector answers thousands; only a sender's few destinations are worth remembering.
constexpr std::size_t kMaxDestinations = 16;

packet::Endpoint host_of(const packet::Endpoint& destination) {
  return {destination.address, 0, destination.interface};
}

platform::RouteQuery query_of(const packet::OutgoingDatagram& datagram,
                              const net::PortOptions& options) {
  platform::RouteQuery query{.destination = datagram.destination,
                             .source = datagram.source,
                             .device = options.device,
                             .traffic_class = datagram.traffic_class};
  if (datagram.interface != 0) query.destination.interface = datagram.interface;
  return query;
}

}  // namespace

void SendDiagnosis::succeeded(const packet::OutgoingDatagram& datagram,
                              const net::PortOptions& options) {
  const auto known = interface_to_.find(host_of(datagram.destination));
  const bool fresh = known == interface_to_.end();
  if (fresh ? interface_to_.size() >= kMaxDestinations : !known->second.to_ask) return;
  const auto route = platform::route_to(query_of(datagram, options));
  interface_to_[host_of(datagram.destination)] = {.interface = route ? route->interface : 0,
                                                  .to_ask = false};
}

SendStatus SendDiagnosis::unreachable(const packet::OutgoingDatagram& datagram,
                                      const net::PortOptions& options, const PortContext& context) {
  const auto source = datagram.source ? datagram.source : options.address;
  // Not known: do not accuse the address.
  if (source && !source->is_any() &&
      !context.own.contains(*source, context.clock.mono_now()).value_or(true))
    return SendStatus::AddressGone;
  if (!options.device.empty() && platform::interface_is_up(options.device) == false)
    return SendStatus::InterfaceDown;
  const auto known = interface_to_.find(host_of(datagram.destination));
  if (known != interface_to_.end() && known->second.interface != 0) {
    known->second.to_ask = true;
    if (platform::interface_is_up(known->second.interface) == false)
      return SendStatus::InterfaceDown;
  }
  return SendStatus::NoRoute;
}

packet::SendResult SendDiagnosis::failed(int error, const packet::OutgoingDatagram& datagram,
                                         const net::PortOptions& options,
                                         const PortContext& context) {
  packet::SendResult result;
  result.os_error = error;
  switch (error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EINVAL:  // a blackhole route; kernels of old for a removed source address
      result.status = unreachable(datagram, options, context);
      break;
    case EADDRNOTAVAIL:  // for IPv6 also when the device went with its addresses
      result.status = !options.device.empty() && platform::interface_is_up(options.device) == false
                          ? SendStatus::InterfaceDown
                          : SendStatus::AddressGone;
      break;
    case ENODEV:  // the one the socket is bound to; another one may have its name by now
    case ENXIO:
    case ENETDOWN:
      result.status = SendStatus::InterfaceDown;
      break;
    case EPERM:   // a filter
    case EACCES:  // a prohibit route
      result.status = SendStatus::RefusedLocally;
      break;
    case EAGAIN:
      result.buffer_full = true;
      [[fallthrough]];
    case ENOBUFS:
    case ENOMEM:
      result.status = SendStatus::DroppedLocally;
      break;
    case EMSGSIZE: {
      result.status = SendStatus::TooBig;
      const auto route = platform::route_to(query_of(datagram, options));
      if (route && route->mtu != 0) result.mtu = route->mtu;
      break;
    }
    default:
      result.status = SendStatus::Invalid;
      break;
  }
  return result;
}

}  // namespace wirestamp::net_linux
