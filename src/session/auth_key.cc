// SPDX-License-Identifier: Apache-2.0
#include "session/auth_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace wirestamp::session {

namespace {

constexpr std::string_view kKnownText = "wirestamp key fingerprint";

// "Every one" is one more to be listed.
template <typename T>
std::vector<std::optional<T>> or_every(const std::vector<T>& named) {
  std::vector<std::optional<T>> all(named.begin(), named.end());
  if (all.empty()) all.emplace_back();
  return all;
}

}  // namespace

AuthKey::AuthKey(std::string id, base::Bytes secret, For valid_for)
    : id_(std::move(id)),
      hmac_(crypto::Hash::Sha256, secret),
      tag_(hmac_.tag(std::as_bytes(std::span(kKnownText)))),
      fingerprint_(fmt::format("{:08x}", base::load_be<std::uint32_t>(tag_, 0))),
      valid_for_(std::move(valid_for)) {}

bool AuthKey::is_same(const AuthKey& other) const {
  return id_ == other.id_ && tag_ == other.tag_ && valid_for_ == other.valid_for_;
}

Keyring::Keyring(std::vector<AuthKeyPtr> keys) : keys_(std::move(keys)) {
  for (const AuthKeyPtr& key : keys_)
    for (const auto& peer : or_every(key->valid_for().peers))
      for (const auto& ssid : or_every(key->valid_for().ssids)) {
        const auto same = std::ranges::find_if(
            rules_, [&](const Rule& rule) { return rule.peer == peer && rule.ssid == ssid; });
        (same != rules_.end() ? *same : rules_.emplace_back(Rule{peer, ssid, {}}))
            .keys.push_back(key);
      }
  const auto rank = [](const Rule& rule) {
    return std::pair(rule.peer ? rule.peer->length + 1 : 0, rule.ssid.has_value());
  };
  std::ranges::stable_sort(rules_, std::ranges::greater(), rank);
}

bool Keyring::names(const Rule& rule, const packet::IpAddress& peer) {
  return !rule.peer || rule.peer->contains(peer);
}

//= RFC8762:key-per-session
std::span<const AuthKeyPtr> Keyring::valid(const packet::IpAddress& peer,
                                           std::uint16_t ssid) const {
  for (const Rule& rule : rules_)
    if ((!rule.ssid || *rule.ssid == ssid) && names(rule, peer)) return rule.keys;
  return {};
}

AuthKeyPtr Keyring::to_send(const packet::IpAddress& peer) const {
  for (const Rule& rule : rules_)
    if (names(rule, peer)) return rule.keys.front();
  return nullptr;
}

AuthKeyPtr Keyring::find(const std::string& id) const {
  const auto found =
      std::ranges::find_if(keys_, [&](const AuthKeyPtr& key) { return key->id() == id; });
  return found != keys_.end() ? *found : nullptr;
}

}  // namespace wirestamp::session
