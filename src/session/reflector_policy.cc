// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_policy.h"

#include <algorithm>

#include "base/bytes.h"

namespace wirestamp::session {

namespace {

constexpr std::uint8_t kLongestWithBroadcast = 30;

// The first `count` octets, zeros behind them.
packet::IpAddress first_octets(const packet::IpAddress& address, std::size_t count) {
  auto octets = address.octets();
  std::fill(octets.begin() + static_cast<std::ptrdiff_t>(count), octets.end(), std::byte{0});
  if (address.family() == packet::Family::V6) return packet::IpAddress::v6(octets);
  return packet::IpAddress::v4(base::load_be<std::uint32_t>(octets, 0));
}

}  // namespace

packet::IpAddress rate_key(const packet::IpAddress& source) { return packet::one_client(source); }

packet::IpAddress network_key(const packet::IpAddress& source) {
  return first_octets(source, source.family() == packet::Family::V4 ? 3 : 6);
}

void ReflectorPolicy::set_peers(std::vector<packet::IpAddress> peers) {
  peers_ = std::move(peers);
  std::ranges::sort(peers_);
}

//= RFC8972:sessions-provisioned
bool ReflectorPolicy::listed(const packet::IpAddress& source) const {
  return std::ranges::binary_search(peers_, source) ||
         std::ranges::any_of(options_.allowed,
                             [&](const packet::Prefix& prefix) { return prefix.contains(source); });
}

bool ReflectorPolicy::is_directed_broadcast(const packet::IpAddress& address) const {
  if (address.family() != packet::Family::V4) return false;
  return std::ranges::any_of(options_.connected, [&](const packet::Prefix& prefix) {
    if (prefix.length > kLongestWithBroadcast || !prefix.contains(address)) return false;
    const std::uint32_t host = 0xffff'ffffU >> prefix.length;
    return (address.to_v4() & host) == host;
  });
}

bool ReflectorPolicy::is_own(const packet::Endpoint& source) const {
  return std::ranges::any_of(options_.own, [&](const packet::Endpoint& own) {
    if (own.port != source.port || own.address.family() != source.address.family()) return false;
    if (!own.address.is_any()) return own.address == source.address;
    return source.address.is_loopback() ||
           std::ranges::find(options_.addresses, source.address) != options_.addresses.end();
  });
}

bool ReflectorPolicy::answers(const packet::IpAddress& source) const {
  if (listed(source)) return true;
  if (options_.peers != Peers::Open) return false;
  return source.is_loopback() || source.is_private() || source.is_link_local() ||
         std::ranges::any_of(options_.connected,
                             [&](const packet::Prefix& prefix) { return prefix.contains(source); });
}

// Who proves a key is no unknown peer, wherever it is; but a list that stands beside the keys is
// meant to hold.
//= RFC8972:unmatched-discarded
std::optional<Admission> ReflectorPolicy::refuses_peer(const packet::IpAddress& source,
                                                       bool authenticated) const {
  if (options_.peers == Peers::Authenticated) {
    if (!options_.allowed.empty() && !listed(source)) return Admission::RefusedPrefix;
    if (!authenticated) return Admission::RefusedUnauthenticated;
    return std::nullopt;
  }
  if (authenticated || answers(source)) return std::nullopt;
  return Admission::RefusedPrefix;
}

std::uint64_t ReflectorPolicy::hash_of(const packet::IpAddress& key) const {
  const base::Bytes octets(key.octets());
  const bool v4 = key.family() == packet::Family::V4;
  return hash_(std::array{base::load_be<std::uint64_t>(octets, 0),
                          base::load_be<std::uint64_t>(octets, 8), std::uint64_t{v4}});
}

//= RFC8085:replies-limited
Admission ReflectorPolicy::admit(const packet::IpAddress& source, const Credentials& credentials,
                                 MonoTime now) {
  if (const auto refused = refuses_peer(source, credentials.authenticated)) return *refused;
  const Standing standing = credentials.standing;
  if (options_.rate > 0 && !sources_.take(hash_of(rate_key(source)), options_.rate, standing, now))
    return Admission::RefusedRateSource;
  if (options_.network_rate > 0 &&
      !networks_.take(hash_of(network_key(source)), options_.network_rate, standing, now))
    return Admission::RefusedRateNetwork;
  if (options_.total_rate > 0) {
    if (!total_) total_ = Bucket(options_.total_rate, now);
    if (!total_->has(options_.total_rate, standing, now)) return Admission::RefusedRateTotal;
    total_->take();
  }
  return Admission::Answer;
}

//= RFC8972:cos-policy
std::uint64_t ReflectorPolicy::permitted_dscp(const packet::IpAddress& source) const {
  if (options_.dscp) return *options_.dscp | 1U;
  return listed(source) ? kAnyDscp : kOpenDscp;
}

}  // namespace wirestamp::session
