// SPDX-License-Identifier: Apache-2.0
#include "term/dots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace wirestamp::term {

namespace {

// Bits of the dots of a braille character, by row from above and column (U+2800 and following).
constexpr std::array<std::array<unsigned, 2>, 4> kBraille{
    {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};

}  // namespace

Dots::Dots(int columns, int rows, Glyphs glyphs)
    : columns_(std::max(columns, 0)),
      rows_(std::max(rows, 0)),
      glyphs_(glyphs),
      cells_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_)) {}

void Dots::set(int x, int y) {
  if (x < 0 || x >= across() || y < 0 || y >= down()) return;
  const int from_above = down() - 1 - y;
  const int row = from_above / dots_down(glyphs_), column = x / dots_across(glyphs_);
  const auto within_row = static_cast<std::size_t>(from_above % dots_down(glyphs_));
  const auto within_column = static_cast<std::size_t>(x % dots_across(glyphs_));
  // Both others have an upper and a lower half.
  const unsigned bit =
      glyphs_ == Glyphs::Braille ? kBraille[within_row][within_column] : 1U << within_row;
  cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
         static_cast<std::size_t>(column)] |= bit;
}

void Dots::line(int x, int from, int to) {
  if (from > to) std::swap(from, to);
  from = std::max(from, 0);
  to = std::min(to, down() - 1);
  for (int y = from; y <= to; ++y) set(x, y);
}

char32_t Dots::glyph(unsigned bits) const {
  if (glyphs_ == Glyphs::Braille) return 0x2800 + bits;
  constexpr std::array<char32_t, 4> kBlocks{U' ', U'▀', U'▄', U'█'},
      kAscii{U' ', U'\'', U'.', U':'};
  return glyphs_ == Glyphs::Blocks ? kBlocks[bits] : kAscii[bits];
}

void Dots::draw(Canvas& canvas, int row, int column, Style style) const {
  for (int y = 0; y < rows_; ++y)
    for (int x = 0; x < columns_; ++x)
      if (const unsigned bits =
              cells_[static_cast<std::size_t>(y) * static_cast<std::size_t>(columns_) +
                     static_cast<std::size_t>(x)])
        canvas.set(row + y, column + x, glyph(bits), style);
}

void draw_bars(Canvas& canvas, int row, int column, const std::vector<double>& values,
               Style style) {
  constexpr std::u32string_view kBlocks = U"▁▂▃▄▅▆▇█", kAscii = U"_.-=+*#@";
  const std::u32string_view bars = canvas.glyphs() == Glyphs::Ascii ? kAscii : kBlocks;
  for (const double value : values) {
    if (value >= 0) {
      const double height = std::min(value, 1.0) * static_cast<double>(bars.size());
      const auto bar = std::min(static_cast<std::size_t>(height), bars.size() - 1);
      canvas.set(row, column, bars[bar], style);
    }
    ++column;
  }
}

}  // namespace wirestamp::term
