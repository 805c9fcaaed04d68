// SPDX-License-Identifier: Apache-2.0
#include "publish/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "publish/utf8.h"

namespace wirestamp::publish {

namespace {

constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

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
  const fmt::format_int text(value);
  out_.append(text.data(), text.size());
}

void JsonWriter::write_unsigned(std::uint64_t value) {
  after_key_ = false;
  const fmt::format_int text(value);
  out_.append(text.data(), text.size());
}

void JsonWriter::write(std::string_view value) {
  after_key_ = false;
  out_ += '"';
  while (true) {
    // Nearly all there is.
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(value, is_plain) - value.begin());
    out_.append(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;
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
