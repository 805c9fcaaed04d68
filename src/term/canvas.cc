// SPDX-License-Identifier: Apache-2.0
#include "term/canvas.h"

#include <algorithm>

namespace wirestamp::term {

namespace {

constexpr int kMostColumns = 1'000, kMostRows = 500;

}  // namespace

Canvas::Canvas(Size size, Glyphs glyphs)
    : size_{.columns = std::clamp(size.columns, 1, kMostColumns),
            .rows = std::clamp(size.rows, 1, kMostRows)},
      glyphs_(glyphs),
      cells_(static_cast<std::size_t>(size_.columns) * static_cast<std::size_t>(size_.rows)) {}

// Before it is written over: of a character of two columns both are.
void Canvas::free_cell(int row, int column) {
  if (at(row, column).code == 0) cells_[index(row, column - 1)].code = U' ';
  if (column + 1 < size_.columns && at(row, column + 1).code == 0)
    cells_[index(row, column + 1)].code = U' ';
}

void Canvas::set(int row, int column, char32_t code, Style style) {
  if (!inside(row, column)) return;
  free_cell(row, column);
  cells_[index(row, column)] = {.code = code, .style = style};
}

int Canvas::put(int row, int column, std::string_view text, Style style, int columns) {
  const std::vector<Glyph> glyphs = glyphs_of(text, glyphs_);
  int wanted = 0;
  for (const Glyph& glyph : glyphs) wanted += glyph.columns;
  const int room = std::min(columns, size_.columns - column);
  const bool cut = wanted > room;
  const int most = cut && room > 3 ? room - 1 : room;
  int taken = 0;
  for (const Glyph& glyph : glyphs) {
    if (taken + glyph.columns > most) break;
    set(row, column + taken, glyph.code, style);
    if (glyph.columns == 2) {
      set(row, column + taken + 1, U' ', style);
      if (inside(row, column + taken) && inside(row, column + taken + 1))
        cells_[index(row, column + taken + 1)].code = 0;
      else if (inside(row, column + taken))
        set(row, column + taken, U' ', style);
    }
    taken += glyph.columns;
  }
  if (cut && room > 3) set(row, column + taken++, glyphs_ == Glyphs::Ascii ? U'~' : U'…', style);
  return column + taken;
}

void Canvas::put_right(int row, int column, std::string_view text, Style style, int columns) {
  const int wanted = columns_of(text, glyphs_);
  put(row, column + std::max(0, columns - wanted), text, style, std::min(wanted, columns));
}

void Canvas::fill(const Area& area, char32_t code, Style style) {
  for (int row = area.row; row < area.row + area.rows; ++row)
    for (int column = area.column; column < area.column + area.columns; ++column)
      set(row, column, code, style);
}

std::string Canvas::text() const {
  std::string out;
  for (int row = 0; row < size_.rows; ++row) {
    for (int column = 0; column < size_.columns; ++column)
      if (const char32_t code = at(row, column).code; code != 0) append_utf8(out, code);
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

}  // namespace wirestamp::term
