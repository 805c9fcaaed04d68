// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wirestamp::term {

enum class KeyKind : std::uint8_t {
  Text,  // a character
  Enter,
  Escape,
  Tab,
  Backspace,
  Up,
  Down,
  Left,
  Right,
  PageUp,
  PageDown,
  Home,
  End,
  Redraw,  // Ctrl-L: something else wrote on the screen
};

struct Key {
  KeyKind kind = KeyKind::Text;
  std::string text;  // one character in UTF-8, of Text

  bool is(char c) const { return kind == KeyKind::Text && text.size() == 1 && text[0] == c; }
  bool operator==(const Key&) const = default;
};

// Makes keys of what a terminal sends. A sequence may come in pieces.
class KeyReader {
 public:
  // `quiet`: nothing more came for a while: an escape character that waits was the key.
  std::vector<Key> read(std::string_view octets, bool quiet);

 private:
  std::string waiting_;
};

}  // namespace wirestamp::term
