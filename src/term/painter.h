// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "term/canvas.h"

namespace wirestamp::term {

// Octets that turn what a terminal shows into what it is to show: no more than what changed.
class Painter {
 public:
  explicit Painter(bool colours) : colours_(colours) {}

  // "" when nothing changed. A canvas of another size than the last is painted whole.
  std::string paint(const Canvas& next);
  // The terminal shows something else now: the next one is painted whole.
  void forget() { shown_.reset(); }

 private:
  bool paint_row(std::string& out, const Canvas& next, int row);
  void style(std::string& out, const Style& wanted);

  bool colours_;
  std::optional<Canvas> shown_;
  Style style_;
};

// What a whole screen begins and ends with: the other screen of the terminal, which has no history
// and leaves that of the first alone, no cursor, and text in the order of its cells.
inline constexpr std::string_view kEnterScreen = "\x1b[?1049h\x1b[?25l\x1b[8l\x1b[0m\x1b[2J";
inline constexpr std::string_view kLeaveScreen = "\x1b[0m\x1b[8h\x1b[?25h\x1b[?1049l";

}  // namespace wirestamp::term
