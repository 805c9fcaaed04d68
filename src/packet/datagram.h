// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "packet/address.h"
#include "time/duration.h"
#include "time/timestamp.h"

// Where session (no I/O) and net (no STAMP) meet: what goes out, what comes in, and what the system
// says about it. Spans point into buffers of the giver and are valid during the call only.
namespace wirestamp::packet {

inline constexpr std::size_t kMaxPayload = 65'507;  // UDP over IPv4
inline constexpr std::size_t kMaxBatch = 32;        // datagrams per system call; more gain nothing

// Handed back with everything that is later learned about one datagram. Unique among the datagrams
// in flight of one port; the engine puts the owner in it.
using Token = std::uint64_t;

struct OutgoingDatagram {
  base::Bytes payload;
  Endpoint destination;
  std::optional<IpAddress> source;  // absent: the bound address, else the kernel's choice
  std::uint32_t interface = 0;      // egress by index; 0: by routing
  std::uint8_t traffic_class = 0;   // DSCP << 2 | ECN
  std::uint8_t hop_limit = 255;
  Token token = 0;
};

enum class SendStatus : std::uint8_t {
  Accepted,
  NoRoute,
  InterfaceDown,
  AddressGone,
  RefusedLocally,  // a local firewall or policy
  DroppedLocally,  // a full queue or buffer, a lost carrier
  TooBig,          // larger than the path or interface allows without fragmentation
  Invalid,         // the system refuses the arguments; a bug of ours or an impossible destination
};

struct SendResult {
  SendStatus status = SendStatus::Accepted;
  int os_error = 0;
  std::optional<std::uint32_t> mtu;  // octets of an IP packet; with TooBig, where known
  // With DroppedLocally: the port's own buffer was full, mostly of datagrams that wait for ARP or
  // NDP. Such a port sends to nobody.
  bool buffer_full = false;
  Timestamp handed_over;  // user clock just before the send call (source User)
};

struct ReceivedDatagram {
  base::Bytes payload;
  Endpoint source;
  Endpoint destination;  // the local address and port it was sent to
  std::uint32_t interface = 0;
  std::uint8_t traffic_class = 0;
  std::optional<std::uint8_t> hop_limit;
  Timestamp arrival;  // the best there is; User when the kernel gave none
  bool truncated = false;
  bool to_many = false;  // sent to a multicast or broadcast address, a subnet's included
};

// A transmit stamp that came back for `token`. Several may come, from different sources, in any
// order. Kernel and Hardware stamps come once (the first there was), Scheduler stamps once for each
// queue that the datagram went through: the last one counts (`replaces`).
struct TransmitStamp {
  Token token = 0;
  Timestamp stamp;
};

// Whether `stamp` tells more about when a datagram left than `known`.
constexpr bool replaces(const Timestamp& stamp, const std::optional<Timestamp>& known) {
  if (!known || known->source < stamp.source) return true;
  return stamp.source == StampSource::Scheduler && known->source == StampSource::Scheduler;
}

enum class PathErrorKind : std::uint8_t {
  NeighbourUnresolved,  // our own kernel gave up on ARP or NDP
  PortUnreachable,      // the peer's host is up, nobody listens
  HostUnreachable,
  NetworkUnreachable,
  Prohibited,       // a filter on the path said so
  RejectedLocally,  // a filter on this host said so (reject in output)
  TooBig,
  TimeExceeded,
  Other,
};

// An ICMP error or its local equivalent. It belongs to the datagram quoted in it, never to the one
// being sent when it was noticed.
struct PathError {
  PathErrorKind kind = PathErrorKind::Other;
  Endpoint destination;               // of the quoted datagram
  std::optional<IpAddress> offender;  // who sent the error
  std::uint32_t mtu = 0;              // octets of an IP packet, with TooBig; 0: not told
  std::uint32_t interface = 0;        // the error came in by
  base::Bytes quoted;                 // start of the quoted UDP payload; may be empty
  MonoTime noticed;
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
};

}  // namespace wirestamp::packet
