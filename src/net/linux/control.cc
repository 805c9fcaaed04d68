// SPDX-License-Identifier: Apache-2.0
#include "net/linux/control.h"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include <array>

namespace wirestamp::net_linux {

namespace {

template <typename T>
T read_as(const cmsghdr& header) {
  T value{};
  std::memcpy(&value, CMSG_DATA(&header), sizeof value);
  return value;
}

packet::IpAddress from_in(const in_addr& address) {
  return packet::IpAddress::v4(ntohl(address.s_addr));
}

packet::IpAddress from_in6(const in6_addr& address) {
  std::array<std::byte, 16> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return packet::IpAddress::v6(octets);
}

ErrorEntry read_error(const cmsghdr& header) {
  const auto entry = read_as<sock_extended_err>(header);
  ErrorEntry error{.number = entry.ee_errno,
                   .origin = entry.ee_origin,
                   .type = entry.ee_type,
                   .code = entry.ee_code,
                   .info = entry.ee_info,
                   .data = entry.ee_data,
                   .offender = std::nullopt};
  // The offender's address stands behind the entry (SO_EE_OFFENDER).
  const std::size_t room = header.cmsg_len - CMSG_LEN(sizeof entry);
  const auto* behind = CMSG_DATA(&header) + sizeof entry;
  sa_family_t family = AF_UNSPEC;
  if (room >= sizeof family) std::memcpy(&family, behind, sizeof family);
  if (family == AF_INET && room >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, behind, sizeof v4);
    error.offender = from_in(v4.sin_addr);
  } else if (family == AF_INET6 && room >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, behind, sizeof v6);
    error.offender = from_in6(v6.sin6_addr);
  }
  return error;
}

void read_socket_level(const cmsghdr& header, Control& control) {
  if (header.cmsg_type == SCM_TIMESTAMPING) {
    const auto stamps = read_as<scm_timestamping>(header);
    const timespec& software = stamps.ts[0];
    if (software.tv_sec != 0 || software.tv_nsec != 0)
      control.kernel_ns = std::int64_t{software.tv_sec} * 1'000'000'000 + software.tv_nsec;
  } else if (header.cmsg_type == SO_RXQ_OVFL) {
    control.dropped = read_as<std::uint32_t>(header);
  }
}

void read_ip_level(const cmsghdr& header, Control& control) {
  switch (header.cmsg_type) {
    case IP_PKTINFO: {
      const auto info = read_as<in_pktinfo>(header);
      control.destination = from_in(info.ipi_addr);
      // Only for these is the address to answer from another one; 0: not known any more.
      control.to_many =
          info.ipi_spec_dst.s_addr != 0 && info.ipi_spec_dst.s_addr != info.ipi_addr.s_addr;
      control.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
      break;
    }
    case IP_TTL:
      control.hop_limit = static_cast<std::uint8_t>(read_as<int>(header));
      break;
    case IP_TOS:
      control.traffic_class = read_as<std::uint8_t>(header);
      break;
    case IP_RECVERR:
      control.error = read_error(header);
      break;
    default:
      break;
  }
}

void read_ipv6_level(const cmsghdr& header, Control& control) {
  switch (header.cmsg_type) {
    case IPV6_PKTINFO: {
      const auto info = read_as<in6_pktinfo>(header);
      control.destination = from_in6(info.ipi6_addr);
      control.to_many = control.destination->is_multicast();
      control.interface = info.ipi6_ifindex;
      break;
    }
    case IPV6_HOPLIMIT:
      control.hop_limit = static_cast<std::uint8_t>(read_as<int>(header));
      break;
    case IPV6_TCLASS:
      control.traffic_class = static_cast<std::uint8_t>(read_as<int>(header));
      break;
    case IPV6_RECVERR:
      control.error = read_error(header);
      break;
    default:
      break;
  }
}

}  // namespace

Control parse_control(const msghdr& message) {
  Control control;
  auto& mutable_message = const_cast<msghdr&>(message);  // CMSG_NXTHDR takes no const
  for (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&mutable_message, const_cast<cmsghdr*>(header))) {
    if (header->cmsg_level == SOL_SOCKET) read_socket_level(*header, control);
    if (header->cmsg_level == SOL_IP) read_ip_level(*header, control);
    if (header->cmsg_level == SOL_IPV6) read_ipv6_level(*header, control);
  }
  return control;
}

packet::Endpoint endpoint_of(const sockaddr_storage& address) {
  packet::Endpoint endpoint;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    endpoint.address = from_in(v4.sin_addr);
    endpoint.port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    endpoint.address = from_in6(v6.sin6_addr);
    endpoint.port = ntohs(v6.sin6_port);
    if (endpoint.address.is_link_local()) endpoint.interface = v6.sin6_scope_id;
  }
  return endpoint;
}

socklen_t to_sockaddr(const packet::Endpoint& endpoint, sockaddr_storage& address) {
  if (endpoint.address.family() == packet::Family::V4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v4.sin_addr.s_addr = htonl(endpoint.address.to_v4());
    std::memcpy(&address, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  v6.sin6_scope_id = endpoint.interface;
  std::memcpy(&v6.sin6_addr, endpoint.address.octets().data(), 16);
  std::memcpy(&address, &v6, sizeof v6);
  return sizeof v6;
}

}  // namespace wirestamp::net_linux
