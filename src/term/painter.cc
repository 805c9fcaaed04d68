// SPDX-License-Identifier: Apache-2.0
#include "term/painter.h"

#include <fmt/format.h>

#include <iterator>

namespace wirestamp::term {

namespace {

// Terminals that know it show the frame at once, others ignore it.
constexpr std::string_view kBegin = "\x1b[?2026h", kEnd = "\x1b[?2026l";

std::string_view colour_of(Tone tone) {
  switch (tone) {
    case Tone::Plain:
      return "";
    case Tone::Quiet:
      return ";2";  // faint
    case Tone::Accent:
      return ";36";
    case Tone::Good:
      return ";34";
    case Tone::Warning:
      return ";33";
    case Tone::Bad:
      return ";31";
  }
  return "";
}

// Terminals do not agree on how wide others are.
bool of_certain_width(char32_t code) { return code < 0x7f || (code >= 0x2500 && code < 0x2900); }

}  // namespace

void Painter::style(std::string& out, const Style& wanted) {
  if (style_ == wanted) return;
  style_ = wanted;
  fmt::format_to(std::back_inserter(out), "\x1b[0{}{}{}m", wanted.bold ? ";1" : "",
                 wanted.inverse ? ";7" : "", colours_ ? colour_of(wanted.tone) : "");
}

// From the first cell that changed to the last.
bool Painter::paint_row(std::string& out, const Canvas& next, int row) {
  const auto same = [&](int column) {
    return shown_ && shown_->at(row, column) == next.at(row, column);
  };
  int first = 0, last = next.columns() - 1;
  while (first <= last && same(first)) ++first;
  while (last > first && same(last)) --last;
  if (first > last) return false;
  // A character of two columns is written as a whole.
  while (first > 0 &&
         (next.at(row, first).code == 0 || (shown_ && shown_->at(row, first).code == 0)))
    --first;
  fmt::format_to(std::back_inserter(out), "\x1b[{};{}H", row + 1, first + 1);
  int blank_from = last + 1;
  if (last == next.columns() - 1)
    while (blank_from > first && next.at(row, blank_from - 1) == Cell{}) --blank_from;
  for (int column = first; column < blank_from; ++column) {
    const Cell& cell = next.at(row, column);
    if (cell.code == 0) continue;
    style(out, cell.style);
    append_utf8(out, cell.code);
    if (!of_certain_width(cell.code) && column + 1 < blank_from) {
      const bool wide = next.at(row, column + 1).code == 0;
      fmt::format_to(std::back_inserter(out), "\x1b[{}G", column + (wide ? 3 : 2));
    }
  }
  if (blank_from <= last) {
    style(out, {});
    if (blank_from > first && blank_from > 0 &&
        !of_certain_width(next.at(row, blank_from - 1).code))
      fmt::format_to(std::back_inserter(out), "\x1b[{}G", blank_from + 1);
    out += "\x1b[K";
  }
  return true;
}

std::string Painter::paint(const Canvas& next) {
  if (shown_ && shown_->size() != next.size()) forget();
  std::string out(kBegin);
  style_ = {};
  out += "\x1b[0m";
  if (!shown_) out += "\x1b[2J";
  bool changed = !shown_;
  for (int row = 0; row < next.rows(); ++row) changed |= paint_row(out, next, row);
  shown_ = next;
  if (!changed) return {};
  style(out, {});
  out += kEnd;
  return out;
}

}  // namespace wirestamp::term
