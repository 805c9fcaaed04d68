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

}  // namespace

void SendDiagnosis::succeeded(const packet::OutgoingDatagram& datagram,
                              const net::PortOptions& options) {
  if (interface_to_.size() >= kMaxDestinations ||
      interface_to_.contains(datagram.destination.address))
    return;
  const auto route = platform::route_to(datagram.destination.address, datagram.source,
                                        options.device, datagram.traffic_class);
  interface_to_[datagram.destination.address] = route ? route->interface : 0;
}

SendStatus SendDiagnosis::unreachable(const packet::OutgoingDatagram& datagram,
                                      const net::PortOptions& options,
                                      const PortContext& context) const {
  const auto source = datagram.source ? datagram.source : options.address;
  // Not known: do not accuse the address.
  if (source && !source->is_any() &&
      !context.own.contains(*source, context.clock.mono_now()).value_or(true))
    return SendStatus::AddressGone;
  if (!options.device.empty()) {
    const auto device = platform::interface_by_name(options.device);
    if (!device || !device->up) return SendStatus::InterfaceDown;
  }
  const auto known = interface_to_.find(datagram.destination.address);
  if (known != interface_to_.end() && known->second != 0) {
    const auto interface = platform::interface_by_index(known->second);
    if (!interface || !interface->up) return SendStatus::InterfaceDown;
  }
  return SendStatus::NoRoute;
}

packet::SendResult SendDiagnosis::failed(int error, const packet::OutgoingDatagram& datagram,
                                         const net::PortOptions& options,
                                         const PortContext& context) const {
  packet::SendResult result;
  result.os_error = error;
  switch (error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EINVAL:  // a blackhole route; kernels of old for a removed source address
    case ENODEV:
    case ENXIO:
      result.status = unreachable(datagram, options, context);
      break;
    case EADDRNOTAVAIL:
      result.status = SendStatus::AddressGone;
      break;
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
      const auto route = platform::route_to(datagram.destination.address, datagram.source,
                                            options.device, datagram.traffic_class);
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
