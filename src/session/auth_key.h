// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "packet/address.h"

// The keys of authenticated STAMP (RFC 8762 4.2.2), and for whom each of them counts.
namespace wirestamp::session {

// One key, worked into the hash state that each packet starts from. It is never changed, so that
// threads and flows share it; its octets are in it in no other form, and are wiped with it.
class AuthKey {
 public:
  struct For {
    std::vector<packet::Prefix> peers;  // empty: every address
    std::vector<std::uint16_t> ssids;   // empty: every SSID
    bool operator==(const For&) const = default;
  };
  AuthKey(std::string id, base::Bytes secret, For valid_for);

  const std::string& id() const { return id_; }
  // Eight digits that are the same wherever the key is. Who reads them learns no more than from any
  // packet: both are an HMAC of a known text.
  const std::string& fingerprint() const { return fingerprint_; }
  const crypto::Hmac& hmac() const { return hmac_; }
  bool is_same(const AuthKey& other) const;
  const For& valid_for() const { return valid_for_; }

 private:
  std::string id_;
  crypto::Hmac hmac_;
  crypto::Tag tag_;  // of a known text
  std::string fingerprint_;
  For valid_for_;
};

using AuthKeyPtr = std::shared_ptr<const AuthKey>;

// All keys of a host. Keys that name a peer's network count for it instead of those of a shorter
// prefix, and keys that name an SSID instead of those of the same prefix that name none. Several
// that are equal in this are all valid: so a key is changed without a lost packet.
class Keyring {
 public:
  // In the order of preference of whoever wrote them.
  explicit Keyring(std::vector<AuthKeyPtr> keys);

  std::span<const AuthKeyPtr> keys() const { return keys_; }
  // Empty: packets of this peer and SSID are in the open mode.
  std::span<const AuthKeyPtr> valid(const packet::IpAddress& peer, std::uint16_t ssid) const;
  // What to send to this peer with, whatever the SSID then is: the first of those that are valid
  // for it. Null: none is.
  AuthKeyPtr to_send(const packet::IpAddress& peer) const;
  AuthKeyPtr find(const std::string& id) const;  // null: there is none

 private:
  struct Rule {
    std::optional<packet::Prefix> peer;
    std::optional<std::uint16_t> ssid;
    std::vector<AuthKeyPtr> keys;
  };
  static bool names(const Rule& rule, const packet::IpAddress& peer);

  std::vector<AuthKeyPtr> keys_;
  std::vector<Rule> rules_;  // the narrowest first
};

using KeyringPtr = std::shared_ptr<const Keyring>;

}  // namespace wirestamp::session
