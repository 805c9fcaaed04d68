// SPDX-License-Identifier: Apache-2.0
//
// HMAC (RFC 2104) with SHA-256 for STAMP and with SHA-1 for TWAMP, truncated to 16 octets.
//
// A key is worked into two hash states once, when its object is made; each packet then starts from
// copies of them, so nothing is allocated or looked up on the packet path. OpenSSL's EVP_MAC has
// the same idea (EVP_MAC_init without a key), but since OpenSSL 3 it allocates two states for each
// packet: 250 ns for 96 octets where this takes 150, and the one-shot HMAC() 1,180 (processor time;
// ./dev bench codec prints all three). The hash itself is OpenSSL's in each case.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace wirestamp::crypto {

inline constexpr std::size_t kTagSize = 16;
using Tag = std::array<std::byte, kTagSize>;

enum class Hash : std::uint8_t { Sha1, Sha256 };

// Holds the state of one key, which is wiped with it. Copies are independent. One thread at a time
// for run(); tag() and verify() change nothing.
class Hmac {
 public:
  // Any length of key (RFC 2104 3); the object keeps no reference.
  Hmac(Hash hash, base::Bytes key);
  Hmac(const Hmac&) = default;
  Hmac& operator=(const Hmac&) = default;
  ~Hmac();

  // The first 16 octets of the HMAC over `first` and then `second`.
  Tag tag(base::Bytes first, base::Bytes second = {}) const;
  // Compares in constant time; `expected` of another length than 16 is wrong.
  bool verify(base::Bytes expected, base::Bytes first, base::Bytes second = {}) const;

  // For a message in more pieces (TWAMP-Control chains them): a run begins with the object and
  // after each finish().
  void add(base::Bytes piece);
  Tag finish();

 private:
  // A hash in progress: SHA_CTX or SHA256_CTX of OpenSSL, which hmac.cc knows.
  struct alignas(8) State {
    std::array<std::byte, 112> octets{};
  };
  Tag finished(State& inner) const;

  Hash hash_;
  State inner_, outer_, running_;
};

}  // namespace wirestamp::crypto
