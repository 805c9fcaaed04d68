// SPDX-License-Identifier: Apache-2.0
#include "api/lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/steps.h"

namespace wirestamp::api {

const store::SessionRow* find_row(const std::vector<store::SessionRow>& rows,
                                  std::string_view name) {
  const auto found = std::ranges::find(
      rows, name, [](const store::SessionRow& row) { return std::string_view(row.info.name); });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string> some_names(const std::vector<SessionStatus>& live,
                                    const std::vector<store::SessionRow>& rows,
                                    std::string_view wanted) {
  constexpr std::size_t kMost = 20;
  std::vector<std::string_view> all;
  for (const SessionStatus& status : live) all.emplace_back(status.name);
  for (const store::SessionRow& row : rows)
    if (std::ranges::find(all, row.info.name) == all.end()) all.emplace_back(row.info.name);
  std::vector<std::string> names;
  if (const std::string_view meant = nearest(wanted, all); !meant.empty())
    names.emplace_back(meant);
  for (const std::string_view name : all) {
    if (names.size() == kMost) break;
    if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
  return names;
}

std::unexpected<Problem> unknown_session(const std::string& name,
                                         std::vector<std::string> allowed) {
  return refuse({.status = 404,
                 .code = "unknown_session",
                 .message = fmt::format("there is no session \"{}\"", name),
                 .allowed = std::move(allowed)});
}

Answer<std::vector<store::SessionRow>> kept_sessions(Desk& desk) {
  store::Reader* const reader = TRY(desk.reader());
  return desk.kept(reader->sessions());
}

Answer<Known> known_session(const std::string& name, Desk& desk) {
  const auto rows = TRY(kept_sessions(desk));
  if (const store::SessionRow* const row = find_row(rows, name)) return Known{name, *row};
  const auto live = desk.service().brief_sessions();
  if (std::ranges::find(live, name, &SessionStatus::name) != live.end()) return Known{name, {}};
  return unknown_session(name, some_names(live, rows, name));
}

store::TimeRange range_of(const Range& range) { return {range.from, range.to}; }

std::unexpected<Problem> wrong_step(std::string message) {
  return refuse({.status = 400,
                 .code = "wrong_parameter",
                 .message = "step: " + std::move(message),
                 .parameter = "step"});
}

std::string length_text(Duration length) {
  const std::int64_t seconds = length.ns() / 1'000'000'000;
  if (seconds % 86'400 == 0) return fmt::format("{}d", seconds / 86'400);
  if (seconds % 3'600 == 0) return fmt::format("{}h", seconds / 3'600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

Duration fitting_step(Duration range, std::size_t most) {
  constexpr std::int64_t kUsual[] = {1,   2,     5,     10,    30,     60,     300,
                                     600, 1'800, 3'600, 7'200, 21'600, 43'200, 86'400};
  for (const std::int64_t seconds : kUsual)
    if (range / Duration::seconds(seconds) < static_cast<std::int64_t>(most))
      return Duration::seconds(seconds);
  return Duration::hours(std::int64_t{24} * 30);
}

Answer<std::optional<Duration>> whole_step(const Query& query) {
  const auto step = TRY(query.length("step"));
  if (step && step->ns() % 1'000'000'000 != 0) return wrong_step("it is a whole number of seconds");
  if (step)
    if (const auto good = store::check_step(*step); !good) return wrong_step(good.error().text);
  return step;
}

}  // namespace wirestamp::api
