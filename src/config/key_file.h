// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/secret_octets.h"
#include "packet/address.h"

// The text of keys (docs/authentication.md), one a line:
//
//     # ID       KEY                                 [peer=PREFIX,...]  [ssid=N,...]
//     site-2026  hex:8f0c41d2...                     peer=192.0.2.0/24
//     site-2027  base64:q83vEjRWeJCrze8SNFZ4kA==     peer=192.0.2.0/24
//     lab        text:as-it-is-typed-into-a-router   ssid=7,8
namespace wirestamp::config {

struct KeyLine {
  std::string id;
  crypto::SecretOctets secret;
  std::vector<packet::Prefix> peers;  // empty: every one
  std::vector<std::uint16_t> ssids;   // empty: every one
  std::string place;                  // "site.keys:3"
};

inline constexpr std::size_t kShortestKey = 16, kLongestKey = 128;  // octets
inline constexpr std::size_t kMostKeys = 1'024;                     // of a file
// Valid at once for the same peer and SSID: each request that is not authentic costs one HMAC of
// each of them.
inline constexpr std::size_t kMostKeysAtOnce = 8;
inline constexpr std::size_t kLongestKeyId = 32;
// Pairs of a peer and an SSID that the keys of a file are for: those of a key are multiplied.
inline constexpr std::size_t kMostKeyRules = 16'384;

// At least one key. `path` is for the errors, which are PATH:LINE, what is wrong and what is
// allowed; nothing of a key is in them. The caller wipes the text.
Result<std::vector<KeyLine>> read_key_text(std::string_view text, const std::string& path);

// The one key of the variable WIRESTAMP_KEY: a line as above, in which the id may be missing.
inline constexpr const char* kKeyVariable = "WIRESTAMP_KEY";
Result<std::vector<KeyLine>> read_key_variable(std::string_view text);

}  // namespace wirestamp::config
