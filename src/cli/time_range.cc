// SPDX-License-Identifier: Apache-2.0
#include "cli/time_range.h"

#include <fmt/format.h>

#include "time/when.h"

namespace wirestamp::cli {

namespace {

constexpr Duration kDay = Duration::hours(24);
}  // namespace

Result<WallTime> parse_time(std::string_view text, WallTime now) {
  auto time = parse_when(text, now);
  if (!time) return fail(fmt::format("'{}' {}", text, time.error().text));
  return time;
}

Result<TimeSpan> parse_span(std::string_view from, std::string_view to, WallTime now) {
  TimeSpan span{.from = now - kDay, .to = now, .until_now = to.empty(), .notes = {}};
  if (!from.empty()) span.from = TRY(parse_time(from, now));
  if (to.starts_with('+')) {
    const auto lasting = parse_span_length(to.substr(1));
    if (!lasting) return fail(fmt::format("'{}' is no length: +90m, +24h, +7d", to));
    span.to = span.from + *lasting;
  } else if (!to.empty()) {
    span.to = TRY(parse_time(to, now));
  }
  if (from.empty()) span.from = span.to - kDay;
  return report::checked(std::move(span), now);
}

Result<TimeSpan> compared_span(std::string_view with, const TimeSpan& span, WallTime now) {
  const auto shifted = [&](Duration by) {
    return TimeSpan{.from = span.from - by, .to = span.to - by, .until_now = false, .notes = {}};
  };
  const auto same_hours = [&](Duration by) -> Result<TimeSpan> {
    if (span.length() <= by) return shifted(by);
    return fail(
        fmt::format("the range is longer than the time back to {}: both would overlap; "
                    "compare with `before`",
                    with));
  };
  if (with == "before") return shifted(span.length());
  if (with == "yesterday") return same_hours(kDay);
  if (with == "last-week") return same_hours(kDay * 7);
  const std::size_t slash = with.find('/');
  if (slash == std::string_view::npos)
    return fail(
        fmt::format("'{}' is nothing to compare with: before, yesterday, last-week, or "
                    "FROM/TO",
                    with));
  auto given = TRY(parse_span(with.substr(0, slash), with.substr(slash + 1), now));
  report::note_overlap(span, given);
  return given;
}

}  // namespace wirestamp::cli
