// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_policy.h"

#include <algorithm>

#include "session/limits.h"

namespace wirestamp::session {

namespace {
constexpr std::uint8_t kLongestWithBroadcast = 30;
}

packet::IpAddress rate_key(const packet::IpAddress& source) {
  if (source.family() == packet::Family::V4) return source;
  auto octets = source.octets();
  std::fill(octets.begin() + 8, octets.end(), std::byte{0});
  return packet::IpAddress::v6(octets);
}

bool ReflectorPolicy::listed(const packet::IpAddress& source) const {
  return std::ranges::any_of(options_.allowed,
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

bool ReflectorPolicy::take(Bucket& bucket, double rate, MonoTime now) {
  const double fresh = (now - bucket.filled).to_seconds() * rate;
  if (fresh > 0) {
    bucket.tokens = std::min(rate, bucket.tokens + fresh);
    bucket.filled = now;
  }
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

ReflectorPolicy::Bucket* ReflectorPolicy::bucket_of(const packet::IpAddress& source, MonoTime now) {
  const packet::IpAddress key = rate_key(source);
  if (const auto known = buckets_.find(key); known != buckets_.end()) return &known->second;
  if (buckets_.size() >= kMaxRateSources) {
    // A flood from many addresses asks this for every packet.
    if (swept_ && now - *swept_ < kRateSweepEvery) return nullptr;
    swept_ = now;
    // A bucket not touched for a second is full again, so forgetting it changes nothing.
    std::erase_if(buckets_, [&](const auto& entry) {
      return now - entry.second.filled >= Duration::seconds(1);
    });
    if (buckets_.size() >= kMaxRateSources) return nullptr;
  }
  return &buckets_.emplace(key, Bucket{static_cast<double>(options_.rate), now}).first->second;
}

Admission ReflectorPolicy::admit(const packet::IpAddress& source, MonoTime now) {
  const bool open = source.is_loopback() || source.is_private() || source.is_link_local() ||
                    std::ranges::any_of(options_.connected, [&](const packet::Prefix& prefix) {
                      return prefix.contains(source);
                    });
  if (!open && !listed(source)) return Admission::RefusedPrefix;
  if (options_.rate > 0) {
    Bucket* bucket = bucket_of(source, now);
    // More sources in one second than we remember: that is a flood; the total limit speaks for
    // them.
    if (bucket == nullptr) return Admission::RefusedRateTotal;
    if (!take(*bucket, options_.rate, now)) return Admission::RefusedRateSource;
  }
  if (options_.total_rate > 0) {
    if (!total_) total_ = Bucket{static_cast<double>(options_.total_rate), now};
    if (!take(*total_, options_.total_rate, now)) return Admission::RefusedRateTotal;
  }
  return Admission::Answer;
}

}  // namespace wirestamp::session
