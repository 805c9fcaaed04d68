// SPDX-License-Identifier: Apache-2.0
#include "report/span.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "time/when.h"

namespace wirestamp::report {

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

}  // namespace

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

void note_overlap(const TimeSpan& span, TimeSpan& other) {
  if (other.from < span.to && span.from < other.to)
    other.notes.emplace_back(
        "both periods have a part in common: what is alike there hides what "
        "changed");
}

}  // namespace wirestamp::report
