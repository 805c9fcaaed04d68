// SPDX-License-Identifier: Apache-2.0
#include "term/keys.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "publish/utf8.h"

namespace wirestamp::term {

namespace {

struct Sequence {
  std::string_view text;
  KeyKind kind;
};

// Of terminals in both of their modes, and of older ones.
constexpr std::array<Sequence, 22> kSequences{
    {{"[A", KeyKind::Up},        {"[B", KeyKind::Down},  {"[C", KeyKind::Right},
     {"[D", KeyKind::Left},      {"OA", KeyKind::Up},    {"OB", KeyKind::Down},
     {"OC", KeyKind::Right},     {"OD", KeyKind::Left},  {"[5~", KeyKind::PageUp},
     {"[6~", KeyKind::PageDown}, {"[H", KeyKind::Home},  {"[F", KeyKind::End},
     {"OH", KeyKind::Home},      {"OF", KeyKind::End},   {"[1~", KeyKind::Home},
     {"[4~", KeyKind::End},      {"[7~", KeyKind::Home}, {"[8~", KeyKind::End},
     {"OM", KeyKind::Enter},     {"[Z", KeyKind::Tab},   {"[1;2A", KeyKind::Up},
     {"[1;2B", KeyKind::Down}}};
constexpr std::size_t kLongest = 32;  // a sequence that is longer is none

// Length of the control sequence behind an escape character; 0 when it is not whole.
std::size_t length_of(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] == 'O') return text.size() >= 2 ? 2 : 0;
  if (text[0] != '[') return 1;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
  return text.size() > kLongest ? text.size() : 0;
}

// The begin of a character whose end has not come.
bool is_begin(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0xc2 || lead > 0xf4) return false;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return text.size() < length &&
         std::ranges::all_of(
             text.substr(1),
             [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; });
}

std::optional<Key> of_octet(unsigned char octet) {
  switch (octet) {
    case '\r':
    case '\n':
      return Key{.kind = KeyKind::Enter, .text = {}};
    case 0x0c:
      return Key{.kind = KeyKind::Redraw, .text = {}};
    case '\t':
      return Key{.kind = KeyKind::Tab, .text = {}};
    case 0x08:
    case 0x7f:
      return Key{.kind = KeyKind::Backspace, .text = {}};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::vector<Key> KeyReader::read(std::string_view octets, bool quiet) {
  waiting_ += octets;
  std::vector<Key> keys;
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    if (rest[0] == '\x1b') {
      const std::size_t length = length_of(rest.substr(1));
      if (length == 0 && !quiet) break;
      if (length == 0 || (length == 1 && rest[1] == '\x1b')) {
        keys.push_back({.kind = KeyKind::Escape, .text = {}});
        rest.remove_prefix(length == 0 ? rest.size() : 1);
        continue;
      }
      const std::string_view sequence = rest.substr(1, length);
      const auto* const found = std::ranges::find(kSequences, sequence, &Sequence::text);
      if (found != kSequences.end()) keys.push_back({.kind = found->kind, .text = {}});
      rest.remove_prefix(1 + length);
      continue;
    }
    const std::size_t length = publish::utf8_length(rest);
    if (length == 0 && !quiet && is_begin(rest)) break;
    if (length == 0) {
      rest.remove_prefix(1);
      continue;
    }
    if (const auto key = of_octet(static_cast<unsigned char>(rest[0])))
      keys.push_back(*key);
    else if (static_cast<unsigned char>(rest[0]) >= 0x20)
      keys.push_back({.kind = KeyKind::Text, .text = std::string(rest.substr(0, length))});
    rest.remove_prefix(length);
  }
  waiting_ = std::string(rest);
  return keys;
}

}  // namespace wirestamp::term
