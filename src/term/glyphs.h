// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What of a text can stand on a terminal, and how many columns it takes.
namespace wirestamp::term {

// What the terminal can show.
enum class Glyphs : std::uint8_t {
  Braille,  // UTF-8: dots of braille in plots, two by four in a cell
  Blocks,   // UTF-8, but a font without braille, as that of the Linux console: half blocks
  Ascii,    // anything else
};

struct Glyph {
  char32_t code = U' ';
  int columns = 1;  // 1 or 2
};

// Nothing of `text` reaches a terminal as a command: control characters and what is no UTF-8 become
// replacement characters, what takes no column (marks that combine, marks of direction) is left
// out. With Ascii all beyond it is '?'.
std::vector<Glyph> glyphs_of(std::string_view text, Glyphs shown);

int columns_of(std::string_view text, Glyphs shown);

void append_utf8(std::string& out, char32_t code);

}  // namespace wirestamp::term
