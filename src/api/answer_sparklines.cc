// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/answers.h"
#include "api/lookup.h"
#include "api/sparklines.h"
#include "store/steps.h"

namespace wirestamp::api {

namespace {

std::unexpected<Problem> too_many(Duration length, std::size_t sessions) {
  const std::size_t most = kMostSparklineValues / std::max<std::size_t>(1, sessions);
  return wrong_step(fmt::format(
      "more than {} values for {} sessions: ask for a shorter range, for fewer sessions, or for a "
      "step of {} or more",
      kMostSparklineValues, sessions, length_text(fitting_step(length, most))));
}

// Those asked for, else all that are measured and those of the past that have data in the range.
Answer<std::vector<Known>> sessions_of(const Request& request, Desk& desk, const Range& range) {
  const auto rows = TRY(kept_sessions(desk));
  const auto live = desk.service().brief_sessions();
  std::vector<Known> sessions;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(sessions, name, &Known::name) != sessions.end()) return;
    const store::SessionRow* const row = find_row(rows, name);
    sessions.push_back({name, row == nullptr ? std::nullopt : std::optional(*row)});
  };
  const auto asked = request.query.texts("session");
  for (const std::string& name : asked) {
    if (find_row(rows, name) == nullptr &&
        std::ranges::find(live, name, &SessionStatus::name) == live.end())
      return unknown_session(name, some_names(live, rows, name));
    add(name);
  }
  if (!asked.empty()) return sessions;
  for (const SessionStatus& status : live) add(status.name);
  for (const store::SessionRow& row : rows)
    if (row.first < range.to && row.last > range.from) add(row.info.name);
  return sessions;
}

}  // namespace

Answer<Reply> answer_sparklines(const Request& request, Desk& desk) {
  Range range = TRY(request.query.range());
  const Duration step = TRY(whole_step(request.query)).value_or(Duration::minutes(1));
  const auto sessions = TRY(sessions_of(request, desk, range));
  range.from = store::step_begin(range.from, step);
  const Duration length = range.to - range.from;
  const auto steps = static_cast<std::size_t>((length.ns() - 1) / step.ns() + 1);
  if (steps > kMostSparklineValues / std::max<std::size_t>(1, sessions.size()))
    return too_many(length, sessions.size());
  store::Reader* const reader = TRY(desk.reader());
  Sparklines answer{.from = range.from, .step = step, .steps = steps};
  for (const Known& session : sessions) {
    Sparkline line(session.name, steps);
    if (session.row)
      for (const measure::TimedWindow& window :
           TRY(desk.kept(reader->windows({.session = session.row->id,
                                          .range = range_of(range),
                                          .step = step,
                                          .brief = true}))))
        if (window.begin >= range.from && window.begin < range.to)
          line.set(static_cast<std::size_t>((window.begin - range.from) / step), window.window);
    answer.sessions.push_back(std::move(line));
  }
  return Reply{.body = to_json(answer)};
}

}  // namespace wirestamp::api
