// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/key_file.h"
#include "config/nearest.h"
#include "config/source.h"

namespace wirestamp::config {

namespace {

constexpr std::string_view kOurs = "WIRESTAMP_";
constexpr std::array<std::string_view, 6> kForeignNames{"BIN",        "DEMO",   "EMULATOR",
                                                        "NO_BROWSER", "NO_RIG", "PORT"};
constexpr std::array<std::string_view, 5> kForeignPrefixes{"DEV_", "RIG_", "TEST_", "SERVICE_",
                                                           "PORT_"};

bool is_foreign(std::string_view rest) {
  return std::ranges::find(kForeignNames, rest) != kForeignNames.end() ||
         std::ranges::any_of(kForeignPrefixes,
                             [&](std::string_view prefix) { return rest.starts_with(prefix); });
}

// A repeatable option has one variable with commas; an interface with a comma in its name needs
// the flag.
void add(const Option& row, const std::string& name, std::string_view value, Source& source) {
  if (!row.repeatable) {
    source.push_back({row.key, std::string(value), name});
    return;
  }
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    source.push_back({row.key, std::string(value.substr(begin, end - begin)), name});
    begin = end + 1;
  }
}

}  // namespace

Result<Source> read_environment(std::span<const std::pair<std::string, std::string>> variables) {
  Source source;
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kOurs)) continue;
    const auto row =
        std::ranges::find_if(options(), [&](const Option& one) { return variable(one) == name; });
    if (name == kKeyVariable) continue;  // no option: it would stand in the process list
    if (row == options().end()) {
      if (is_foreign(std::string_view(name).substr(kOurs.size()))) continue;
      std::vector<std::string> known;
      for (const Option& one : options()) known.push_back(variable(one));
      return fail(
          fmt::format("the environment variable {} is no option{} ('wirestamp config reference' "
                      "lists them)",
                      name, did_you_mean(name, known)));
    }
    add(*row, name, value, source);
  }
  return source;
}

}  // namespace wirestamp::config
