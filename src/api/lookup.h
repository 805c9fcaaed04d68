// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/desk.h"
#include "api/query.h"
#include "store/store.h"

// What several answers look up: sessions by their names, and the length of windows.
namespace wirestamp::api {

// What is known of a session under its name.
struct Known {
  std::string name;
  std::optional<store::SessionRow> row;  // absent: configured, and nothing kept yet
};

Answer<Known> known_session(const std::string& name, Desk& desk);
std::unexpected<Problem> unknown_session(const std::string& name, std::vector<std::string> allowed);
// Names to choose from, not all of hundreds.
std::vector<std::string> some_names(const std::vector<SessionStatus>& live,
                                    const std::vector<store::SessionRow>& rows,
                                    std::string_view wanted);

Answer<std::vector<store::SessionRow>> kept_sessions(Desk& desk);
// Null where there is none.
const store::SessionRow* find_row(const std::vector<store::SessionRow>& rows,
                                  std::string_view name);

store::TimeRange range_of(const Range& range);

// The parameter `step`; a problem when it is no whole number of seconds.
Answer<std::optional<Duration>> whole_step(const Query& query);
std::unexpected<Problem> wrong_step(std::string message);
// The next of the usual lengths that cuts `range` into fewer than `most` windows, and its text.
Duration fitting_step(Duration range, std::size_t most);
std::string length_text(Duration length);

}  // namespace wirestamp::api
