// SPDX-License-Identifier: Apache-2.0
#include "packet/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace wirestamp::packet {

namespace {

// Decimal without sign or leading zeros ("010" is octal to some readers).
std::optional<unsigned> parse_decimal(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool padded = text.size() > 1 && text[0] == '0';
  if (error != std::errc() || end != text.data() + text.size() || padded || value > most)
    return std::nullopt;
  return value;
}

std::optional<std::array<std::byte, 4>> parse_v4(std::string_view text) {
  std::array<std::byte, 4> octets{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto value = parse_decimal(text.substr(0, dot), 255);
    if (!value) return std::nullopt;
    octets[i] = static_cast<std::byte>(*value);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return octets;
}

// RFC 4291 2.2: eight groups, one "::", and possibly an IPv4 address at the end.
class V6Parser {
 public:
  explicit V6Parser(std::string_view text) : text_(text) {}

  std::optional<std::array<std::byte, 16>> parse() {
    if (text_.starts_with("::")) {
      gap_ = 0;
      text_.remove_prefix(2);
    } else if (text_.starts_with(':')) {
      return std::nullopt;
    }
    while (!text_.empty())
      if (!group()) return std::nullopt;
    if (gap_ ? count_ >= 16 : count_ != 16) return std::nullopt;
    if (gap_) {
      const auto tail = static_cast<std::ptrdiff_t>(*gap_);
      std::rotate(octets_.begin() + tail, octets_.begin() + static_cast<std::ptrdiff_t>(count_),
                  octets_.end());
    }
    return octets_;
  }

 private:
  bool group() {
    const std::size_t end = std::min(text_.find(':'), text_.size());
    const std::string_view digits = text_.substr(0, end);
    if (end == text_.size() && digits.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(digits);
      if (!v4 || count_ > 12) return false;
      std::ranges::copy(*v4, octets_.begin() + static_cast<std::ptrdiff_t>(count_));
      count_ += 4;
      text_ = {};
      return true;
    }
    unsigned value = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || stop != digits.data() + digits.size() || digits.size() > 4 ||
        count_ > 14)
      return false;
    octets_[count_++] = static_cast<std::byte>(value >> 8U);
    octets_[count_++] = static_cast<std::byte>(value & 255U);
    text_.remove_prefix(end);
    return separator();
  }

  bool separator() {
    if (text_.empty()) return true;
    text_.remove_prefix(1);
    if (text_.starts_with(':')) {
      if (gap_) return false;
      gap_ = count_;
      text_.remove_prefix(1);
      return true;
    }
    return !text_.empty();  // a single colon at the end
  }

  std::string_view text_;
  std::array<std::byte, 16> octets_{};
  std::size_t count_ = 0;
  std::optional<std::size_t> gap_;
};

unsigned octet(const IpAddress& address, std::size_t i) {
  return static_cast<unsigned>(address.octets()[i]);
}

// The longest run of zero groups (RFC 5952 4.2), at least two.
std::pair<std::size_t, std::size_t> longest_zero_run(const std::array<unsigned, 8>& groups) {
  std::size_t best = 8, length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t run = 0;
    while (i + run < 8 && groups[i + run] == 0) ++run;
    if (run > length) {
      best = i;
      length = run;
    }
  }
  return {best, best == 8 ? 0 : length};
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  std::array<std::byte, 4> octets{};
  base::store_be(octets, 0, host_order);
  return v4(octets);
}

IpAddress IpAddress::v4(const std::array<std::byte, 4>& octets) {
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(const std::array<std::byte, 16>& octets) {
  IpAddress address;
  address.octets_ = octets;
  address.family_ = Family::V6;
  return address;
}

IpAddress IpAddress::any(Family family) {
  return family == Family::V4 ? IpAddress() : v6(std::array<std::byte, 16>{});
}

IpAddress IpAddress::loopback(Family family) {
  if (family == Family::V4) return v4(0x7f00'0001);
  std::array<std::byte, 16> octets{};
  octets[15] = std::byte{1};
  return v6(octets);
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    if (const auto octets = parse_v4(text)) return v4(*octets);
  } else if (const auto octets = V6Parser(text).parse()) {
    return v6(*octets);
  }
  return fail(fmt::format("'{}' is no IP address: write 192.0.2.1 or 2001:db8::1", text));
}

std::uint32_t IpAddress::to_v4() const {
  CHECK(family_ == Family::V4);
  return base::load_be<std::uint32_t>(octets_, 0);
}

bool IpAddress::is_any() const {
  return std::ranges::all_of(octets_, [](std::byte b) { return b == std::byte{}; });
}

bool IpAddress::is_loopback() const {
  if (family_ == Family::V4) return octet(*this, 0) == 127;
  return *this == loopback(Family::V6);
}

bool IpAddress::is_link_local() const {
  if (family_ == Family::V4) return octet(*this, 0) == 169 && octet(*this, 1) == 254;
  return octet(*this, 0) == 0xfe && (octet(*this, 1) & 0xc0U) == 0x80;
}

bool IpAddress::is_multicast() const {
  return family_ == Family::V4 ? (octet(*this, 0) & 0xf0U) == 0xe0 : octet(*this, 0) == 0xff;
}

bool IpAddress::is_private() const {
  if (family_ == Family::V6) return (octet(*this, 0) & 0xfeU) == 0xfc;  // RFC 4193
  const unsigned first = octet(*this, 0), second = octet(*this, 1);
  return first == 10 || (first == 172 && (second & 0xf0U) == 16) ||
         (first == 192 && second == 168) ||         // RFC 1918
         (first == 100 && (second & 0xc0U) == 64);  // RFC 6598
}

bool IpAddress::is_broadcast() const { return family_ == Family::V4 && to_v4() == 0xffff'ffff; }

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  Prefix prefix;
  prefix.address = TRY(IpAddress::parse(text.substr(0, slash)));
  const unsigned most = prefix.address.family() == Family::V4 ? 32 : 128;
  prefix.length = static_cast<std::uint8_t>(most);
  if (slash != std::string_view::npos) {
    const auto length = parse_decimal(text.substr(slash + 1), most);
    if (!length)
      return fail(fmt::format("'{}' is no prefix: the length behind '/' is 0 to {}", text, most));
    prefix.length = static_cast<std::uint8_t>(*length);
  }
  for (unsigned bit = prefix.length; bit < most; ++bit)
    if ((octet(prefix.address, bit / 8) & (0x80U >> (bit % 8))) != 0)
      return fail(fmt::format("'{}' has bits set behind its length of {}", text, prefix.length));
  return prefix;
}

bool Prefix::contains(const IpAddress& other) const {
  if (other.family() != address.family()) return false;
  const std::size_t whole = length / 8U;
  if (std::memcmp(other.octets().data(), address.octets().data(), whole) != 0) return false;
  const unsigned rest = length % 8U;
  if (rest == 0) return true;
  const unsigned mask = 0xffU << (8 - rest);
  return ((octet(other, whole) ^ octet(address, whole)) & mask & 0xffU) == 0;
}

std::string to_string(const IpAddress& address) {
  if (address.family() == Family::V4)
    return fmt::format("{}.{}.{}.{}", octet(address, 0), octet(address, 1), octet(address, 2),
                       octet(address, 3));
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = (octet(address, 2 * i) << 8U) | octet(address, 2 * i + 1);
  const auto [gap, length] = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += length - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

std::string to_string(const Endpoint& endpoint) {
  const std::string address = to_string(endpoint.address);
  if (endpoint.address.family() == Family::V4) return fmt::format("{}:{}", address, endpoint.port);
  if (endpoint.interface != 0)
    return fmt::format("[{}%{}]:{}", address, endpoint.interface, endpoint.port);
  return fmt::format("[{}]:{}", address, endpoint.port);
}

std::string to_string(const Prefix& prefix) {
  return fmt::format("{}/{}", to_string(prefix.address), prefix.length);
}

std::size_t IpAddressHash::operator()(const IpAddress& address) const noexcept {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, address.octets().data(), 8);
  std::memcpy(&low, address.octets().data() + 8, 8);
  high = (high ^ (low * 0x9e37'79b9'7f4a'7c15U)) * 0xff51'afd7'ed55'8ccdU;
  return high ^ (high >> 32U);
}

IpAddress one_client(const IpAddress& address) {
  if (address.family() == Family::V4) return address;
  auto octets = address.octets();
  std::fill(octets.begin() + 8, octets.end(), std::byte{0});
  return IpAddress::v6(octets);
}

std::size_t EndpointHash::operator()(const Endpoint& endpoint) const noexcept {
  const std::uint64_t rest = (std::uint64_t{endpoint.interface} << 16U) | endpoint.port;
  const std::uint64_t mixed = (IpAddressHash()(endpoint.address) ^ rest) * 0xc4ce'b9fe'1a85'ec53U;
  return mixed ^ (mixed >> 29U);
}

}  // namespace wirestamp::packet
