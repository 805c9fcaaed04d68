// SPDX-License-Identifier: Apache-2.0
//
// Any text as a file of keys, and as the variable of one. What is read is within its limits and is
// read again as the same; what is refused names its line in words that can be told, and no part of
// a key is among them.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "config/file.h"
#include "config/key_file.h"
#include "config/words.h"
#include "fuzz.h"

using namespace wirestamp;

namespace {

const std::string kPath = "k.keys";
constexpr std::size_t kLongestError = 512;

void check_key(const config::KeyLine& key, std::set<std::string>& ids) {
  CHECK(config::is_session_name(key.id) && key.id.size() <= config::kLongestKeyId);
  CHECK(key.id != "none" && ids.insert(key.id).second);
  CHECK(key.secret.size() >= config::kShortestKey && key.secret.size() <= config::kLongestKey);
  CHECK(key.peers.size() * key.ssids.size() <= config::kMostKeyRules);
  CHECK(std::ranges::count(key.ssids, 0) == 0);
  CHECK(key.place.starts_with(kPath + ':'));
}

std::string written(const std::vector<config::KeyLine>& keys) {
  std::string text;
  for (const config::KeyLine& key : keys) {
    text += key.id + " hex:";
    for (const std::byte octet : key.secret.octets())
      text += fmt::format("{:02x}", static_cast<unsigned>(octet));
    const char* before = " peer=";
    for (const packet::Prefix& peer : key.peers) {
      text += before + to_string(peer);
      before = ",";
    }
    before = " ssid=";
    for (const std::uint16_t ssid : key.ssids) {
      text += fmt::format("{}{}", before, ssid);
      before = ",";
    }
    text += '\n';
  }
  return text;
}

bool same(const config::KeyLine& one, const config::KeyLine& other) {
  return one.id == other.id && fuzz::equal(one.secret.octets(), other.secret.octets()) &&
         one.peers == other.peers && one.ssids == other.ssids;
}

void check_error(const std::string& error, std::string_view path) {
  CHECK(error.starts_with(path));
  CHECK(error.size() <= kLongestError);
  CHECK(std::ranges::all_of(error, [](char c) { return c >= ' ' && c < 0x7f; }));
}

// The secrets of a text, as far as their place tells that they are ones: the second word of a line,
// behind its kind. Those that are also written elsewhere prove nothing.
std::vector<std::string_view> secrets_of(std::string_view text) {
  std::vector<std::string_view> secrets;
  std::set<std::string_view> others;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto words = config::words_of(line);
    for (std::size_t n = 0; n < words.size(); ++n) {
      const std::size_t kind = words[n].find(':');
      if (n != 1 || kind == std::string_view::npos)
        others.insert(words[n]);
      else
        secrets.push_back(words[n].substr(kind + 1));
    }
  }
  std::erase_if(secrets, [&](std::string_view secret) {
    // Marks that an error puts around words may make up others.
    const bool plain = std::ranges::all_of(secret, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    return secret.size() < config::kShortestKey || !plain ||
           std::ranges::any_of(
               others,
               [&](std::string_view other) {
                 return other.find(secret) != std::string_view::npos;
               });
  });
  return secrets;
}

}  // namespace

FUZZ_TARGET(input) {
  const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
  const auto keys = config::read_key_text(text, kPath);
  if (keys) {
    CHECK(!keys->empty() && keys->size() <= config::kMostKeys);
    std::set<std::string> ids;
    for (const config::KeyLine& key : *keys) check_key(key, ids);
    const auto again = config::read_key_text(written(*keys), kPath);
    CHECK(again && std::ranges::equal(*again, *keys, same));
  } else {
    check_error(keys.error().text, kPath);
    for (const std::string_view secret : secrets_of(text))
      CHECK(keys.error().text.find(secret) == std::string::npos);
  }
  const auto one = config::read_key_variable(text);
  if (!one) return check_error(one.error().text, config::kKeyVariable);
  CHECK(one->size() == 1);
}
