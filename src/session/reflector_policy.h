// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "packet/address.h"
#include "packet/datagram.h"
#include "session/counters.h"
#include "time/duration.h"

// Whom a reflector answers, and how often (the policy `open`). One code path for every
// request.
namespace wirestamp::session {

struct PolicyOptions {
  std::vector<packet::Prefix> allowed;    // listed by the operator
  std::vector<packet::Prefix> connected;  // of this host's interfaces; answered, but not listed
  std::uint32_t rate = 2'000;             // requests per second from one address; 0: no limit
  std::uint32_t total_rate = 20'000;      // from all addresses together; 0: no limit
};

enum class Admission : std::uint8_t { Answer, RefusedPrefix, RefusedRateSource, RefusedRateTotal };

class ReflectorPolicy {
 public:
  explicit ReflectorPolicy(const PolicyOptions& options) : options_(options) {}

  // The networks of this host's interfaces changed.
  void set_connected(std::vector<packet::Prefix> connected) {
    options_.connected = std::move(connected);
  }

  // Listed sources may send short requests and ask for DSCP 48-63.
  bool listed(const packet::IpAddress& source) const;
  // The directed broadcast address of a connected IPv4 network (RFC 919). Networks of two addresses
  // and of one have none (RFC 3021).
  bool is_directed_broadcast(const packet::IpAddress& address) const;
  // Counts the request against the rates when it is to be answered.
  Admission admit(const packet::IpAddress& source, MonoTime now);

 private:
  // A token bucket: as many tokens as one second's worth, filled continuously.
  struct Bucket {
    double tokens = 0;
    MonoTime filled;
  };
  static bool take(Bucket& bucket, double rate, MonoTime now);
  Bucket* bucket_of(const packet::IpAddress& source, MonoTime now);

  PolicyOptions options_;
  std::unordered_map<packet::IpAddress, Bucket, packet::IpAddressHash> buckets_;
  std::optional<MonoTime> swept_;
  std::optional<Bucket> total_;
};

// Rates are per address; an IPv6 guest owns at least a /64, so there it is per /64.
packet::IpAddress rate_key(const packet::IpAddress& source);

}  // namespace wirestamp::session
