// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "crypto/secret.h"

namespace wirestamp::crypto {

// Octets of any number that are gone from memory with their owner. It is moved, never copied, and
// does not grow: neither leaves anything behind.
class SecretOctets {
 public:
  SecretOctets() = default;
  explicit SecretOctets(std::vector<std::byte> octets) : octets_(std::move(octets)) {}
  SecretOctets(SecretOctets&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
  SecretOctets& operator=(SecretOctets&& other) noexcept {
    std::swap(octets_, other.octets_);
    return *this;
  }
  SecretOctets(const SecretOctets&) = delete;
  SecretOctets& operator=(const SecretOctets&) = delete;
  ~SecretOctets() { wipe(octets_); }

  base::Bytes octets() const { return octets_; }
  std::size_t size() const { return octets_.size(); }

 private:
  std::vector<std::byte> octets_;
};

}  // namespace wirestamp::crypto
