// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

// The octets of a stored record: numbers take as many octets as they need (seven bits each, least
// first), signed ones fold their sign into the lowest bit. What was read from a file is believed
// only as far as Unpacker says: after any mistake it hands out zeros and ok() is false for ever.
namespace wirestamp::store {

class Packer {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) octet(static_cast<std::uint8_t>(value | 0x80U));
    octet(static_cast<std::uint8_t>(value));
  }
  void signed_number(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void octet(std::uint8_t value) { octets_.push_back(static_cast<char>(value)); }
  void real(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8)
      octet(static_cast<std::uint8_t>(bits >> shift));
  }
  void text(std::string_view value) {
    number(value.size());
    octets_.append(value);
  }

  const std::string& octets() const { return octets_; }
  std::string take() { return std::move(octets_); }

 private:
  std::string octets_;
};

class Unpacker {
 public:
  explicit Unpacker(base::Bytes octets) : rest_(octets) {}

  std::uint64_t number() {
    // Most are small: the counts of buckets.
    if (!rest_.empty() && rest_.front() < std::byte{0x80}) {
      const auto value = std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      return value;
    }
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = octet();
      if (shift == 63 && part > 1) break;  // beyond 64 bits
      value |= std::uint64_t{part & 0x7fU} << shift;
      if ((part & 0x80U) == 0) return value;
    }
    fail();
    return 0;
  }
  // At most `most`, else a mistake.
  std::uint64_t number(std::uint64_t most) {
    const std::uint64_t value = number();
    if (value > most) fail();
    return value > most ? 0 : value;
  }
  std::int64_t signed_number() {
    const std::uint64_t folded = number();
    return static_cast<std::int64_t>(folded >> 1U) ^ -static_cast<std::int64_t>(folded & 1U);
  }
  std::uint8_t octet() {
    if (rest_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  double real() {
    std::uint64_t bits = 0;
    for (unsigned shift = 0; shift < 64; shift += 8) bits |= std::uint64_t{octet()} << shift;
    return std::bit_cast<double>(bits);
  }
  std::string text() {
    const std::uint64_t size = number(rest_.size());
    if (size > rest_.size()) fail();  // the length itself was part of the rest
    if (!ok_) return {};
    std::string value(size, '\0');
    if (size > 0) std::memcpy(value.data(), rest_.data(), size);
    rest_ = rest_.subspan(size);
    return value;
  }

  void fail() {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  base::Bytes rest() const { return rest_; }

 private:
  base::Bytes rest_;
  bool ok_ = true;
};

}  // namespace wirestamp::store
