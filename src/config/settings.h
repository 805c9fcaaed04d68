// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "config/option.h"
#include "config/source.h"
#include "config/value.h"

namespace wirestamp::config {

struct Value {
  Data data;
  std::string text;    // as it was written
  std::string origin;  // "--interval", "WIRESTAMP_INTERVAL", "default"
};

// The checked values of one command's options, each with the place it came from.
class Settings {
 public:
  // One value per key, several for repeatable ones, none when there is neither value nor default.
  std::span<const Value> values(Key key) const { return values_[index(key)]; }

  template <typename T>
  std::optional<T> get(Key key) const {
    if (values(key).empty()) return std::nullopt;
    return of_type<T>(values(key).front());
  }

  template <typename T>
  std::vector<T> all(Key key) const {
    std::vector<T> found;
    for (const Value& value : values(key)) found.push_back(of_type<T>(value));
    return found;
  }

  bool flag(Key key) const { return get<bool>(key).value_or(false); }
  std::string text(Key key) const { return get<std::string>(key).value_or(std::string()); }
  // Given by somebody, not the default.
  bool given(Key key) const;

  void set(Key key, std::vector<Value> values) { values_[index(key)] = std::move(values); }

 private:
  static std::size_t index(Key key) { return static_cast<std::size_t>(key); }

  template <typename T>
  static const T& of_type(const Value& value) {
    const T* data = std::get_if<T>(&value.data);
    CHECK(data != nullptr);
    return *data;
  }

  std::array<std::vector<Value>, kOptionCount> values_;
};

inline constexpr const char* kDefaultOrigin = "default";

// The strongest source that names an option decides it, all of its values; the default comes last.
// Values of options that `command` does not have are not looked at: a variable may be meant for
// another command. The error names option, value, place and what is allowed.
Result<Settings> resolve(Command command, std::span<const Source> strongest_first);

// Of an option that is right by itself and does not go with the rest: "NAME (from PLACE): TEXT",
// the text alone where nobody gave it. `number`: which of its values.
std::unexpected<Error> refuse(const Settings& settings, Key key, std::string_view text,
                              std::size_t number = 0);
// The same of what another part said, with its error of the system.
std::unexpected<Error> refuse(const Settings& settings, Key key, const Error& error,
                              std::size_t number = 0);

}  // namespace wirestamp::config
