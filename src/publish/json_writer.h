// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "time/duration.h"

namespace wirestamp::publish {

// Writes JSON piece by piece at the end of a string that the caller owns. Absent members are left
// out, never written as null. Octets that are no UTF-8 become U+FFFD. Calls must nest; the writer
// does not check.
class JsonWriter {
 public:
  enum class Style : std::uint8_t { Compact, Indented };

  explicit JsonWriter(std::string& out, Style style = Style::Compact) : out_(out), style_(style) {}

  void begin_object() { begin('{'); }
  void begin_object(std::string_view name) { key(name), begin('{'); }
  void begin_element() { begin('{'); }  // an object in an array
  void end_object() { end('}'); }
  void begin_array(std::string_view name) { key(name), begin('['); }
  void begin_row() { begin('['); }  // an array in an array
  void end_array() { end(']'); }

  template <typename T>
  void member(std::string_view name, const T& value) {
    key(name);
    write(value);
  }
  template <typename T>
  void member(std::string_view name, const std::optional<T>& value) {
    if (value) member(name, *value);
  }
  template <typename T>
  void element(const T& value) {
    separate();
    write(value);
  }
  // Of arrays whose elements have places: an absent one is null.
  template <typename T>
  void element(const std::optional<T>& value) {
    separate();
    if (value)
      write(*value);
    else
      out_ += "null";
  }

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void key(std::string_view name);

  void write(bool value) { after_key_ = false, out_ += value ? "true" : "false"; }
  void write(double value);
  void write(std::string_view value);
  void write(const std::string& value) { write(std::string_view(value)); }
  void write(const char* value) { write(std::string_view(value)); }
  void write(Duration value) { write_signed(value.ns()); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void write(T value) {
    if constexpr (std::is_signed_v<T>)
      write_signed(value);
    else
      write_unsigned(value);
  }
  void write_signed(std::int64_t value);
  void write_unsigned(std::uint64_t value);

  std::string& out_;
  Style style_;
  std::vector<bool> has_members_;  // one per open bracket
  bool after_key_ = false;
};

}  // namespace wirestamp::publish
