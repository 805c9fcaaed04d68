// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/secret.h"
#include "wire/twamp_test_packet.h"

namespace wirestamp::twamp {

// Security modes that need a key.
inline constexpr std::uint32_t kKeyedModes =
    wire::kTwampAuthenticated | wire::kTwampEncrypted | wire::kTwampMixed;

// A passphrase that both ends know, by its KeyID (RFC 4656 3.1).
class SharedKey {
 public:
  static constexpr std::size_t kMost = 1'024;

  // Absent: empty, longer than that, or the KeyID is longer than a message has room for.
  static std::optional<SharedKey> make(std::string key_id, std::string_view passphrase) {
    if (passphrase.empty() || passphrase.size() > kMost || key_id.size() > 80) return std::nullopt;
    SharedKey key;
    key.key_id_ = std::move(key_id);
    key.size_ = passphrase.size();
    std::ranges::copy(std::as_bytes(std::span(passphrase)), key.octets_.octets().begin());
    return key;
  }

  const std::string& key_id() const { return key_id_; }
  base::Bytes passphrase() const { return octets_.octets().first(size_); }

 private:
  SharedKey() = default;
  std::string key_id_;
  crypto::Secret<kMost> octets_;
  std::size_t size_ = 0;
};

}  // namespace wirestamp::twamp
