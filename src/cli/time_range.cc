// SPDX-License-Identifier: Apache-2.0
#include "cli/time_range.h"

#include <fmt/format.h>

#include <chrono>

#include "time/when.h"

namespace wirestamp::cli {

namespace {

constexpr Duration kDay = Duration::hours(24);
// Nothing is kept for longer than the longest retention that makes sense; a century is a slip.
constexpr Duration kLongestSpan = kDay * 3'660;
std::string text_of(WallTime time) {
  const std::chrono::sys_days day{std::chrono::days((midnight_before(time).ns()) / kDay.ns())};
  const std::chrono::year_month_day date(day);
  const std::int64_t seconds = (time - midnight_before(time)).ns() / 1'000'000'000;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// What any span is held against.
Result<TimeSpan> checked(TimeSpan span, WallTime now) {
  if (span.from > now)
    return fail(fmt::format("the range begins at {} UTC, which is still to come (it is {} UTC)",
                            text_of(span.from), text_of(now)));
  if (span.to <= span.from)
    return fail(
        fmt::format("the range ends ({} UTC) {}: --from is the earlier of both", text_of(span.to),
                    span.to == span.from ? "where it begins"
                                         : "before it begins (" + text_of(span.from) + ")"));
  if (span.to - span.from > kLongestSpan)
    return fail("the range is longer than ten years: ask for a shorter one");
  if (span.to > now) {
    span.notes.push_back(
        fmt::format("the range ends now, at {} UTC: the rest is still to come", text_of(now)));
    span.to = now;
    span.until_now = true;
    if (span.to == span.from) return fail("the range begins now: there is nothing in it yet");
  }
  return span;
}

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
  return checked(std::move(span), now);
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
  if (given.from < span.to && span.from < given.to)
    given.notes.emplace_back(
        "both periods have a part in common: what is alike there hides what "
        "changed");
  return given;
}

}  // namespace wirestamp::cli
