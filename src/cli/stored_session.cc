// SPDX-License-Identifier: Apache-2.0
#include "cli/stored_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "config/nearest.h"

namespace wirestamp::cli {

Result<store::SessionRow> find_session(const std::vector<store::SessionRow>& sessions,
                                       std::string_view name) {
  constexpr std::size_t kListed = 10;
  std::vector<std::string> names;
  for (const store::SessionRow& row : sessions) {
    if (row.info.name == name) return row;
    names.push_back(row.info.name);
  }
  if (names.empty())
    return fail(fmt::format("the store has no session '{}', nor any other one yet", name));
  if (const std::string meant = config::did_you_mean(name, names); !meant.empty())
    return fail(fmt::format("the store has no session '{}'{}", name, meant));
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i)
    list += (i == 0 ? "" : ", ") + names[i];
  return fail(
      fmt::format("the store has no session '{}'; it has {}{}", name, list,
                  names.size() > kListed ? " and others: `wirestamp report` lists them" : ""));
}

}  // namespace wirestamp::cli
