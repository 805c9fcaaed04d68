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

namespace {

// Octets of a character at the begin of `text` that steers a terminal; 0: it does not.
std::size_t steering(std::string_view text) {
  const auto octet = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (octet(0) < 0x20 || octet(0) == 0x7f) return 1;
  if (octet(0) == 0xc2 && octet(1) >= 0x80 && octet(1) <= 0x9f) return 2;  // C1
  if (octet(0) == 0xd8 && octet(1) == 0x9c) return 2;                      // U+061C
  if (octet(0) != 0xe2) return 0;
  const bool marks = octet(1) == 0x80 && (octet(2) == 0x8e || octet(2) == 0x8f);  // U+200E, F
  const bool embeds = octet(1) == 0x80 && octet(2) >= 0xa8 && octet(2) <= 0xae;   // U+2028 to E
  const bool isolates = octet(1) == 0x81 && octet(2) >= 0xa6 && octet(2) <= 0xa9;
  return marks || embeds || isolates ? 3 : 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t octets = steering(text);
    out += octets > 0 ? '?' : text.front();
    text.remove_prefix(std::max<std::size_t>(octets, 1));
  }
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
