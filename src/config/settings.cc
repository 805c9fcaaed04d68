// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <fmt/format.h>

namespace wirestamp::config {

namespace {

Result<Value> check(const Option& row, const std::string& text, const std::string& origin) {
  auto data = parse_value(row, text);
  if (data) return Value{std::move(*data), text, origin};
  const std::string& problem = data.error().text;
  return fail(fmt::format("{}: '{}' (from {}) {}{} {}", row.name, shown(row, text), origin, problem,
                          problem.ends_with('?') ? " Allowed:" : "; allowed:", allowed(row)));
}

Result<std::vector<Value>> values_from(const Option& row, const Source& source) {
  std::vector<Value> values;
  for (const Assignment& assignment : source)
    if (assignment.key == row.key)
      values.push_back(TRY(check(row, assignment.text, assignment.origin)));
  return values;
}

}  // namespace

bool Settings::given(Key key) const {
  return !values(key).empty() && values(key).front().origin != kDefaultOrigin;
}

std::unexpected<Error> refuse(const Settings& settings, Key key, std::string_view text,
                              std::size_t number) {
  if (!settings.given(key)) return fail(std::string(text));
  return fail(
      fmt::format("{} (from {}): {}", option(key).name, settings.values(key)[number].origin, text));
}

std::unexpected<Error> refuse(const Settings& settings, Key key, const Error& error,
                              std::size_t number) {
  std::unexpected<Error> told = refuse(settings, key, std::string_view(error.text), number);
  told.error().os_error = error.os_error;
  return told;
}

Result<Settings> resolve(Command command, std::span<const Source> strongest_first) {
  Settings settings;
  for (const Option& row : options()) {
    if (!applies(row, command)) continue;
    std::vector<Value> values;
    for (const Source& source : strongest_first) {
      // Weaker sources are checked too: a wrong value is wrong even where a flag hides it today.
      std::vector<Value> found = TRY(values_from(row, source));
      if (values.empty()) values = std::move(found);
    }
    if (values.empty() && !row.fallback.empty())
      values.push_back(TRY(check(row, std::string(row.fallback), kDefaultOrigin)));
    settings.set(row.key, std::move(values));
  }
  return settings;
}

}  // namespace wirestamp::config
