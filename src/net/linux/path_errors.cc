// SPDX-License-Identifier: Apache-2.0
#include "net/linux/path_errors.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "net/linux/kernel_abi.h"

namespace wirestamp::net_linux {

namespace {

packet::PathErrorKind kind_v4(const ErrorEntry& entry, bool own_host) {
  using packet::PathErrorKind;
  if (entry.type == ICMP_TIME_EXCEEDED) return PathErrorKind::TimeExceeded;
  if (entry.type != ICMP_DEST_UNREACH) return PathErrorKind::Other;
  switch (entry.code) {
    case ICMP_HOST_UNREACH:
      return own_host ? PathErrorKind::NeighbourUnresolved : PathErrorKind::HostUnreachable;
    case ICMP_PORT_UNREACH:
    case ICMP_PROT_UNREACH:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::PortUnreachable;
    case ICMP_FRAG_NEEDED:
      return PathErrorKind::TooBig;
    case ICMP_NET_UNREACH:
    case ICMP_NET_UNKNOWN:
      return PathErrorKind::NetworkUnreachable;
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::Prohibited;
    default:
      return PathErrorKind::HostUnreachable;
  }
}

packet::PathErrorKind kind_v6(const ErrorEntry& entry, bool own_host) {
  using packet::PathErrorKind;
  if (entry.type == ICMP6_TIME_EXCEEDED) return PathErrorKind::TimeExceeded;
  if (entry.type == ICMP6_PACKET_TOO_BIG) return PathErrorKind::TooBig;
  if (entry.type != ICMP6_DST_UNREACH) return PathErrorKind::Other;
  switch (entry.code) {
    case ICMP6_DST_UNREACH_ADDR:
      return own_host ? PathErrorKind::NeighbourUnresolved : PathErrorKind::HostUnreachable;
    case ICMP6_DST_UNREACH_NOPORT:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::PortUnreachable;
    case ICMP6_DST_UNREACH_ADMIN:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::Prohibited;
    case ICMP6_DST_UNREACH_NOROUTE:
      return PathErrorKind::NetworkUnreachable;
    default:
      return PathErrorKind::HostUnreachable;
  }
}

}  // namespace

packet::PathErrorKind kind_of(const ErrorEntry& entry, bool own_host) {
  return entry.origin == SO_EE_ORIGIN_ICMP6 ? kind_v6(entry, own_host) : kind_v4(entry, own_host);
}

}  // namespace wirestamp::net_linux
