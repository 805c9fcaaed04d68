// SPDX-License-Identifier: Apache-2.0
#include "term/glyphs.h"

#include <algorithm>

#include "publish/utf8.h"
#include "term/width_table.h"

namespace wirestamp::term {

namespace {

template <std::size_t N>
bool within(const std::array<detail::CodeRange, N>& ranges, char32_t code) {
  const auto range = std::ranges::lower_bound(ranges, code, {}, &detail::CodeRange::last);
  return range != ranges.end() && range->first <= code;
}

// `length` octets of well-formed UTF-8.
char32_t decoded(std::string_view text, std::size_t length) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (length == 1) return octet(0);
  char32_t code = octet(0) & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6U | (octet(i) & 0x3fU);
  return code;
}

constexpr char32_t kReplacement = U'\ufffd';

}  // namespace

std::vector<Glyph> glyphs_of(std::string_view text, Glyphs shown) {
  std::vector<Glyph> glyphs;
  glyphs.reserve(text.size());
  const bool ascii = shown == Glyphs::Ascii;
  while (!text.empty()) {
    const std::size_t length = publish::utf8_length(text);
    char32_t code = length == 0 ? kReplacement : decoded(text, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
    if (code == U'\t' || code == U'\n' || code == U'\r') code = U' ';
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) code = kReplacement;
    if (within(detail::kNoColumn, code)) continue;
    const int columns = within(detail::kTwoColumns, code) ? 2 : 1;
    if (!ascii || code < 0x7f) {
      glyphs.push_back({.code = code, .columns = columns});
    } else {
      for (int i = 0; i < columns; ++i) glyphs.push_back({.code = U'?'});
    }
  }
  return glyphs;
}

int columns_of(std::string_view text, Glyphs shown) {
  int columns = 0;
  for (const Glyph& glyph : glyphs_of(text, shown)) columns += glyph.columns;
  return columns;
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&](char32_t octet) { out += static_cast<char>(octet); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0U | code >> 6U);
  } else if (code < 0x10000) {
    put(0xe0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3fU));
  } else {
    put(0xf0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3fU));
    put(0x80U | (code >> 6U & 0x3fU));
  }
  put(0x80U | (code & 0x3fU));
}

}  // namespace wirestamp::term
