// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "term/canvas.h"

namespace wirestamp::term {

// Dots of one cell, across and down.
constexpr int dots_across(Glyphs glyphs) { return glyphs == Glyphs::Braille ? 2 : 1; }
constexpr int dots_down(Glyphs glyphs) { return glyphs == Glyphs::Braille ? 4 : 2; }

// A raster of dots that becomes characters: braille, half blocks, or . ' and : in ASCII.
class Dots {
 public:
  // So many cells.
  Dots(int columns, int rows, Glyphs glyphs);

  int across() const { return columns_ * dots_across(glyphs_); }
  int down() const { return rows_ * dots_down(glyphs_); }
  // From the left and from the bottom; outside of the raster nothing happens.
  void set(int x, int y);
  // All dots of a column from one height to another.
  void line(int x, int from, int to);
  // Cells without dots are left as they are.
  void draw(Canvas& canvas, int row, int column, Style style) const;

 private:
  char32_t glyph(unsigned bits) const;

  int columns_, rows_;
  Glyphs glyphs_;
  std::vector<unsigned> cells_;  // a bit for each dot
};

// A row of bars, one for each value from 0 to 1; below 0: nothing is known, and nothing is drawn.
void draw_bars(Canvas& canvas, int row, int column, const std::vector<double>& values, Style style);

}  // namespace wirestamp::term
