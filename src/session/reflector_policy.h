// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/keyed_hash.h"
#include "packet/address.h"
#include "session/rate_table.h"
#include "time/duration.h"

// Whom a reflector answers, how often, and with what marks (docs/reflector.md). One code path for
// every request.
namespace wirestamp::session {

// Who is answered.
enum class Peers : std::uint8_t {
  Open,           // loopback, private, link-local and connected networks, and the listed ones
  Listed,         // the listed networks
  Authenticated,  // who proves a key; of the listed networks alone where there are any
};

// DSCP of replies, bit n for n. Unlisted sources may have all but network control (CS6 and above).
inline constexpr std::uint64_t kAnyDscp = ~std::uint64_t{0};
inline constexpr std::uint64_t kOpenDscp = (std::uint64_t{1} << 48U) - 1;

// What of this host the policy must know; it changes while the reflector runs.
struct HostNetworks {
  std::vector<packet::Prefix> connected;     // of its interfaces; answered, but not listed
  std::vector<packet::IpAddress> addresses;  // its own
};

struct PolicyOptions {
  Peers peers = Peers::Open;
  std::vector<packet::Prefix> allowed;    // listed by the operator
  std::vector<packet::Prefix> connected;  // see HostNetworks
  std::vector<packet::IpAddress> addresses;
  // Where this process listens; address 0.0.0.0 or ::, every one. Nobody there is answered.
  std::vector<packet::Endpoint> own;
  std::uint32_t rate = 2'000;           // requests per second from one address; 0: no limit
  std::uint32_t network_rate = 10'000;  // from one network (network_key()); 0: no limit
  std::uint32_t total_rate = 20'000;    // from all addresses together; 0: no limit
  std::optional<std::uint64_t> dscp;    // of replies to anybody, bit n for n
};

enum class Admission : std::uint8_t {
  Answer,
  RefusedPrefix,
  RefusedUnauthenticated,
  RefusedRateSource,
  RefusedRateNetwork,
  RefusedRateTotal
};

// Of a request, beside its source.
struct Credentials {
  Standing standing = Standing::Newcomer;
  bool authenticated = false;  // it proved a key of ours
};

class ReflectorPolicy {
 public:
  // `hash`: with a secret, for what strangers choose.
  explicit ReflectorPolicy(const PolicyOptions& options, base::KeyedHash<> hash = {})
      : options_(options), hash_(hash) {}

  // The networks of this host's interfaces changed.
  void set_networks(HostNetworks networks) {
    options_.connected = std::move(networks.connected);
    options_.addresses = std::move(networks.addresses);
  }

  // Hosts that are known otherwise: they count as listed, too.
  void set_peers(std::vector<packet::IpAddress> peers);

  // Listed sources may send short requests and ask for DSCP 48-63.
  bool listed(const packet::IpAddress& source) const;
  // The directed broadcast address of a connected IPv4 network (RFC 919). Networks of two addresses
  // and of one have none (RFC 3021).
  bool is_directed_broadcast(const packet::IpAddress& address) const;
  // More than one host may have it: multicast or broadcast.
  bool is_group(const packet::IpAddress& address) const {
    return address.is_multicast() || address.is_broadcast() || is_directed_broadcast(address);
  }
  // One of the ports that this process listens on.
  bool is_own(const packet::Endpoint& source) const;
  // Counts the request against the rates when it is to be answered.
  Admission admit(const packet::IpAddress& source, const Credentials& credentials, MonoTime now);
  // What the header of a reply may have, bit n for DSCP n. 0 always.
  std::uint64_t permitted_dscp(const packet::IpAddress& source) const;

 private:
  bool answers(const packet::IpAddress& source) const;
  std::optional<Admission> refuses_peer(const packet::IpAddress& source, bool authenticated) const;
  std::uint64_t hash_of(const packet::IpAddress& key) const;

  PolicyOptions options_;
  std::vector<packet::IpAddress> peers_;  // sorted
  base::KeyedHash<> hash_;
  RateTable sources_, networks_;
  std::optional<Bucket> total_;
};

// Rates are per address; an IPv6 guest owns at least a /64, so there it is per /64.
packet::IpAddress rate_key(const packet::IpAddress& source);
// What one customer may own: the /24 of an IPv4 address, the /48 of an IPv6 one.
packet::IpAddress network_key(const packet::IpAddress& source);

}  // namespace wirestamp::session
