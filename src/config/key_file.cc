// SPDX-License-Identifier: Apache-2.0
#include "config/key_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "config/file.h"
#include "config/words.h"

namespace wirestamp::config {

namespace {

constexpr std::string_view kHex = "hex:", kBase64 = "base64:", kText = "text:";
constexpr const char* kVariableId = "environment";

bool is_key(std::string_view word) {
  return word.starts_with(kHex) || word.starts_with(kBase64) || word.starts_with(kText);
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

Result<std::vector<std::byte>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail("a hex: key has two digits for each octet");
  std::vector<std::byte> octets;
  octets.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (!high || !low) return fail("a hex: key has digits 0 to 9 and a to f only");
    octets.push_back(static_cast<std::byte>(*high << 4U | *low));
  }
  return octets;
}

std::optional<unsigned> base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

// RFC 4648 4. A last digit with bits that count for nothing is most likely a key that was cut off.
Result<std::vector<std::byte>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail("a base64: key has four characters for each three octets");
  const std::size_t padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
  std::vector<std::byte> octets;
  octets.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = i < text.size() - padding ? base64_digit(text[i]) : 0U;
    if (!digit) return fail("a base64: key has letters, digits, + and /, and = at its end only");
    bits = bits << 6U | *digit;
    if (i % 4 != 3) continue;
    const std::size_t unused = i + 1 == text.size() ? padding : 0U;
    if ((bits & ((1U << (8 * unused)) - 1)) != 0) return fail("the base64: key is cut off");
    for (std::size_t n = 0; n < 3 - unused; ++n)
      octets.push_back(static_cast<std::byte>(bits >> (16 - 8 * n) & 0xffU));
    bits = 0;
  }
  return octets;
}

Result<crypto::SecretOctets> secret_of(std::string_view word) {
  std::vector<std::byte> octets;
  if (word.starts_with(kHex)) {
    octets = TRY(from_hex(word.substr(kHex.size())));
  } else if (word.starts_with(kBase64)) {
    octets = TRY(from_base64(word.substr(kBase64.size())));
  } else if (word.starts_with(kText)) {
    const auto typed = std::as_bytes(std::span(word.substr(kText.size())));
    octets.assign(typed.begin(), typed.end());
  } else {
    return fail("behind the id comes the key, which begins with hex:, base64: or text:");
  }
  crypto::SecretOctets secret(std::move(octets));
  if (secret.size() < kShortestKey || secret.size() > kLongestKey)
    return fail(fmt::format("the key has {} octets: {} to {} are allowed, 32 random ones are best",
                            secret.size(), kShortestKey, kLongestKey));
  return secret;
}

// Each part of a list with commas.
template <typename Take>
Result<void> each(std::string_view list, Take take) {
  while (true) {
    const std::size_t comma = list.find(',');
    TRY_VOID(take(list.substr(0, comma)));
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

// What is repeated of a wrong value: a slip of the editor may have put the rest of a file behind
// it.
std::string_view begin_of(std::string_view text) {
  constexpr std::size_t kMostRepeated = 50;  // the longest prefix
  return text.substr(0, kMostRepeated);
}

Result<void> take_peer(std::string_view text, KeyLine& line) {
  auto prefix = packet::Prefix::parse(text);
  if (!prefix)
    return fail(fmt::format("peer={}: {}", begin_of(text),
                            text == begin_of(text) ? prefix.error().text : "is no address"));
  line.peers.push_back(*prefix);
  return {};
}

Result<void> take_ssid(std::string_view text, KeyLine& line) {
  std::uint16_t ssid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ssid);
  if (error != std::errc() || end != text.data() + text.size() || ssid == 0)
    return fail(fmt::format("ssid={}: 1 to 65535 are allowed", begin_of(text)));
  line.ssids.push_back(ssid);
  return {};
}

// A word that is none of these may be a part of the key, so it is not repeated.
Result<void> take_option(std::string_view word, KeyLine& line) {
  constexpr std::string_view kPeer = "peer=", kSsid = "ssid=";
  const auto again = [](std::string_view which) {
    return fail(fmt::format("{} is there twice: several are one list with commas", which));
  };
  if (word.starts_with(kPeer)) {
    if (!line.peers.empty()) return again(kPeer);
    return each(word.substr(kPeer.size()), [&](auto part) { return take_peer(part, line); });
  }
  if (word.starts_with(kSsid)) {
    if (!line.ssids.empty()) return again(kSsid);
    return each(word.substr(kSsid.size()), [&](auto part) { return take_ssid(part, line); });
  }
  return fail(
      "behind the key only peer=PREFIX,... and ssid=N,... are allowed; a key has no blanks");
}

Result<void> check_id(std::string_view id) {
  if (is_key(id)) return fail("a line begins with the id of its key: ID KEY [peer=...] [ssid=...]");
  if (!is_session_name(id) || id.size() > kLongestKeyId)
    return fail(fmt::format("the id of a key has 1 to {} letters, digits, '-', '_' and '.'",
                            kLongestKeyId));
  if (id == "none") return fail("'none' is no id: it stands for the open mode");
  return {};
}

Result<KeyLine> read_line(std::vector<std::string_view> words) {
  KeyLine line;
  TRY_VOID(check_id(words[0]));
  line.id = words[0];
  // The one word may be a key without a kind, so it is not repeated.
  if (words.size() < 2) return fail("the key is missing: a line is ID KEY [peer=...] [ssid=...]");
  line.secret = TRY(secret_of(words[1]));
  for (std::size_t i = 2; i < words.size(); ++i) TRY_VOID(take_option(words[i], line));
  return line;
}

std::size_t count_of_rules(const KeyLine& line) {
  return std::max<std::size_t>(line.peers.size(), 1) * std::max<std::size_t>(line.ssids.size(), 1);
}

// For whom it counts, in words that are the same for keys that are valid at once.
std::vector<std::string> rules_of(const KeyLine& line) {
  std::vector<std::string> rules;
  for (std::size_t p = 0; p < std::max<std::size_t>(line.peers.size(), 1); ++p)
    for (std::size_t s = 0; s < std::max<std::size_t>(line.ssids.size(), 1); ++s)
      rules.push_back(
          fmt::format("{}{}", line.peers.empty() ? "every peer" : to_string(line.peers[p]),
                      line.ssids.empty() ? "" : fmt::format(" with SSID {}", line.ssids[s])));
  return rules;
}

bool is_text(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

}  // namespace

Result<std::vector<KeyLine>> read_key_text(std::string_view text, const std::string& path) {
  std::vector<KeyLine> keys;
  std::map<std::string, std::string> places;      // by id
  std::map<std::string, std::size_t> valid_once;  // by rule
  std::size_t rules = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string place = fmt::format("{}:{}", path, number);
    const auto wrong = [&](const std::string& what) {
      return fail(fmt::format("{}: {}", place, what));
    };
    if (!is_text(line)) return wrong("keys are written in ASCII: use hex: or base64: for others");
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    auto key = read_line(words);
    if (!key) return wrong(key.error().text);
    key->place = place;
    if (const auto [there, is_new] = places.emplace(key->id, place); !is_new)
      return wrong(fmt::format("the id '{}' is there twice, first in {}: each key has its own",
                               key->id, there->second));
    rules += count_of_rules(*key);
    if (rules > kMostKeyRules)
      return wrong(fmt::format("more than {} pairs of peer and SSID: name networks, not each host",
                               kMostKeyRules));
    for (const std::string& rule : rules_of(*key))
      if (++valid_once[rule] > kMostKeysAtOnce)
        return wrong(fmt::format("more than {} keys for {}: take out those that nobody uses",
                                 kMostKeysAtOnce, rule));
    if (keys.size() == kMostKeys) return wrong(fmt::format("more than {} keys", kMostKeys));
    keys.push_back(std::move(*key));
  }
  if (keys.empty())
    return fail(fmt::format("{} has no key: write a line 'ID hex:...' for each", path));
  return keys;
}

Result<std::vector<KeyLine>> read_key_variable(std::string_view text) {
  std::string line;
  // Its whole size at once, so that no part of it is left behind where it was before it grew.
  line.reserve(text.size() + 16);
  const std::vector<std::string_view> words = words_of(text);
  if (!words.empty() && is_key(words[0])) line += std::string(kVariableId) + ' ';
  line += text;
  auto keys = read_key_text(line, kKeyVariable);
  crypto::wipe(std::as_writable_bytes(std::span(line)));
  if (keys && keys->size() > 1)
    return fail(fmt::format("{} holds one key: several go into a file (--key-file)", kKeyVariable));
  return keys;
}

}  // namespace wirestamp::config
