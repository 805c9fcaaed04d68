// SPDX-License-Identifier: Apache-2.0
#include "agent/twamp_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/secret.h"
#include "platform/secret_file.h"

namespace wirestamp::agent {

namespace {

Result<twamp::SharedKey> key_of(const std::string& passphrase, const std::string& path,
                                const std::string& key_id) {
  if (passphrase.size() < kShortestPassphrase || passphrase.size() > twamp::SharedKey::kMost)
    return fail(fmt::format("the passphrase in '{}' has {} octets: {} to {} are allowed", path,
                            passphrase.size(), kShortestPassphrase, twamp::SharedKey::kMost));
  if (!std::ranges::all_of(passphrase, [](char c) { return c >= ' ' && c < 0x7f; }))
    return fail(
        fmt::format("the passphrase in '{}' is no printable ASCII, and TWAMP has no other "
                    "(RFC 4656 3.1)",
                    path));
  auto key = twamp::SharedKey::make(key_id, passphrase);
  if (!key) return fail("--twamp-key-id has at most 80 octets");
  return *key;
}

}  // namespace

Result<twamp::SharedKey> read_twamp_key(const std::string& path, const std::string& key_id) {
  std::string passphrase = TRY(platform::read_secret(path));
  auto key = key_of(passphrase, path, key_id);
  crypto::wipe(std::as_writable_bytes(std::span(passphrase)));
  return key;
}

}  // namespace wirestamp::agent
