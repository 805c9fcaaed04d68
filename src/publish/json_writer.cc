// SPDX-License-Identifier: Apache-2.0
#include "publish/json_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace wirestamp::publish {

namespace {

// Octets of the well-formed UTF-8 character at the start of `text`, 0 when there is none (RFC 3629
// 4).
std::size_t utf8_length(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((octet(i) & 0xc0U) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  const unsigned char second = octet(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
    return 0;
  return length;
}

}  // namespace

void JsonWriter::begin(char bracket) {
  if (!after_key_) separate();
  after_key_ = false;
  out_ += bracket;
  has_members_.push_back(false);
}

void JsonWriter::end(char bracket) {
  const bool any = has_members_.back();
  has_members_.pop_back();
  if (any && style_ == Style::Indented) {
    out_ += '\n';
    out_.append(2 * has_members_.size(), ' ');
  }
  out_ += bracket;
}

void JsonWriter::separate() {
  if (has_members_.empty()) return;
  if (has_members_.back()) out_ += ',';
  has_members_.back() = true;
  if (style_ == Style::Indented) {
    out_ += '\n';
    out_.append(2 * has_members_.size(), ' ');
  }
}

void JsonWriter::key(std::string_view name) {
  separate();
  write(name);
  out_ += style_ == Style::Indented ? ": " : ":";
  after_key_ = true;
}

void JsonWriter::write(double value) {
  after_key_ = false;
  // Nothing of ours is infinite; should it be, a string is better than no JSON.
  if (!std::isfinite(value)) return write(std::string_view(value > 0 ? "infinite" : "undefined"));
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::write_signed(std::int64_t value) {
  after_key_ = false;
  out_ += fmt::format_int(value).c_str();
}

void JsonWriter::write_unsigned(std::uint64_t value) {
  after_key_ = false;
  out_ += fmt::format_int(value).c_str();
}

void JsonWriter::write(std::string_view value) {
  after_key_ = false;
  out_ += '"';
  while (!value.empty()) {
    const char c = value.front();
    const std::size_t length = utf8_length(value);
    if (length == 0) {
      out_ += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out_ += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out_.append(value.substr(0, length));
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  out_ += '"';
}

}  // namespace wirestamp::publish
