// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wirestamp::packet {

enum class Family : std::uint8_t { V4, V6 };

// An IP address in network order; an IPv4 address uses the first 4 octets and leaves the rest zero.
// An IPv4-mapped IPv6 address is not normalised here: backends hand out real IPv4 addresses.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v4(const std::array<std::byte, 4>& octets);
  static IpAddress v6(const std::array<std::byte, 16>& octets);
  static IpAddress any(Family family);
  static IpAddress loopback(Family family);
  // "192.0.2.1" or "2001:db8::1"; no port, no zone, no brackets.
  static Result<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  const std::array<std::byte, 16>& octets() const { return octets_; }
  std::uint32_t to_v4() const;  // host order; CHECKs the family
  bool is_any() const;
  bool is_loopback() const;
  bool is_link_local() const;
  bool is_multicast() const;
  bool is_private() const;    // RFC 1918, 100.64/10 and IPv6 ULA
  bool is_broadcast() const;  // 255.255.255.255

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::byte, 16> octets_{};
  Family family_ = Family::V4;
};

// Address and port; `interface` is the index that an IPv6 link-local address needs and 0 otherwise.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  std::uint32_t interface = 0;

  auto operator<=>(const Endpoint&) const = default;
};

struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;  // bits; at most 32 (IPv4) or 128

  // "10.0.0.0/8", "2001:db8::/32"; a bare address means the whole length. Host bits must be zero.
  static Result<Prefix> parse(std::string_view text);
  bool contains(const IpAddress& other) const;
  bool operator==(const Prefix&) const = default;
};

std::string to_string(const IpAddress& address);
std::string to_string(const Endpoint& endpoint);  // "192.0.2.1:23999", "[2001:db8::1]:23999"
std::string to_string(const Prefix& prefix);

// Who counts as one where clients have limits: an IPv4 address, or the /64 of an IPv6 address (the
// rest is zero), since a guest owns at least that.
IpAddress one_client(const IpAddress& address);

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const noexcept;
};
struct IpAddressHash {
  std::size_t operator()(const IpAddress& address) const noexcept;
};

}  // namespace wirestamp::packet
