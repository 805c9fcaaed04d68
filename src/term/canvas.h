// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "term/glyphs.h"

// A screen in memory: cells that text and plots are put into. No I/O; Painter makes octets of it.
namespace wirestamp::term {

// Colours that people who tell few of them apart can keep apart; none says anything that no letter
// says as well.
enum class Tone : std::uint8_t { Plain, Quiet, Accent, Good, Warning, Bad };

struct Style {
  Tone tone = Tone::Plain;
  bool bold = false;
  bool inverse = false;

  bool operator==(const Style&) const = default;
};

inline constexpr Style kQuiet{.tone = Tone::Quiet};
inline constexpr Style kStrong{.bold = true};
inline constexpr Style kBad{.tone = Tone::Bad, .bold = true};
inline constexpr Style kWarning{.tone = Tone::Warning, .bold = true};
inline constexpr Style kBar{.inverse = true};

struct Size {
  int columns = 80, rows = 24;

  bool operator==(const Size&) const = default;
};

// Cells of a canvas; it need not lie within it.
struct Area {
  int row = 0, column = 0, columns = 0, rows = 0;
};

struct Cell {
  char32_t code = U' ';  // 0: the second column of the character before
  Style style;

  bool operator==(const Cell&) const = default;
};

class Canvas {
 public:
  // At least one cell, at most 1,000 by 500.
  Canvas(Size size, Glyphs glyphs);

  Size size() const { return size_; }
  int columns() const { return size_.columns; }
  int rows() const { return size_.rows; }
  Glyphs glyphs() const { return glyphs_; }
  const Cell& at(int row, int column) const { return cells_[index(row, column)]; }

  // Puts text into one row, at most `columns` of it; what does not fit is cut and, where there is
  // room for it, the cut is marked. What lies outside of the canvas is left out. Returns the column
  // behind the text.
  int put(int row, int column, std::string_view text, Style style = {},
          int columns = std::numeric_limits<int>::max());
  // The same at the right end of these columns.
  void put_right(int row, int column, std::string_view text, Style style, int columns);
  // One character of one column.
  void set(int row, int column, char32_t code, Style style = {});
  void fill(const Area& area, char32_t code, Style style);

  // All rows, without blanks at their ends.
  std::string text() const;

 private:
  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(size_.columns) +
           static_cast<std::size_t>(column);
  }
  bool inside(int row, int column) const {
    return row >= 0 && row < size_.rows && column >= 0 && column < size_.columns;
  }
  void free_cell(int row, int column);

  Size size_;
  Glyphs glyphs_;
  std::vector<Cell> cells_;
};

}  // namespace wirestamp::term
