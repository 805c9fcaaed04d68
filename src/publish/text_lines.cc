// SPDX-License-Identifier: Apache-2.0
#include "publish/text_lines.h"

#include <algorithm>

namespace wirestamp::publish {

namespace {

// Where to break `text` so that it fits: behind a comma, semicolon or colon, else between words.
std::size_t break_in(std::string_view text, std::size_t room) {
  const std::string_view fitting = text.substr(0, room + 1);
  std::size_t word = std::string_view::npos;
  for (std::size_t space = fitting.rfind(' '); space != std::string_view::npos && space > 0;
       space = fitting.rfind(' ', space - 1)) {
    if (std::string_view(",;:").find(text[space - 1]) != std::string_view::npos) return space;
    if (word == std::string_view::npos) word = space;
  }
  return word;
}

}  // namespace

void append_wrapped(std::string& out, std::string_view text, std::size_t begin,
                    std::size_t indent) {
  while (text.size() > kWidth - begin) {
    const std::size_t end = break_in(text, kWidth - begin);
    if (end == std::string_view::npos) break;
    out += text.substr(0, end);
    out += '\n';
    out.append(indent, ' ');
    text.remove_prefix(end + 1);
    begin = indent;
  }
  out += text;
  out += '\n';
}

void long_line(std::string& out, std::string_view name, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "  {:<13}{}\n", name, text);
}

std::string words(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string stamp_list(const measure::StampCounts& counts) {
  std::string text;
  for (std::size_t i = counts.by_source.size(); i-- > 0;)
    if (counts.by_source[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : " + ", name(static_cast<StampSource>(i)),
                          counts.by_source[i]);
  return text.empty() ? "none" : text;
}

}  // namespace wirestamp::publish
