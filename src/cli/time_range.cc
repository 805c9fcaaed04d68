// SPDX-License-Identifier: Apache-2.0
#include "cli/time_range.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "time/duration_text.h"

namespace wirestamp::cli {

namespace {

constexpr Duration kDay = Duration::hours(24);
// Nothing is kept for longer than the longest retention that makes sense; a century is a slip.
constexpr Duration kLongestSpan = kDay * 3'660;
constexpr std::string_view kForms =
    "a time is 2026-01-31T12:00:00Z, 2026-01-31, 12:30, now, today, yesterday, or so long ago: "
    "90m, 24h, 7d, 2w";

// Digits at the start of `text`, exactly `count` of them, which are taken off it.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  for (const char c : text.substr(0, count))
    if (c < '0' || c > '9') return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

WallTime day_of(WallTime time) {
  const std::int64_t day = kDay.ns(), ns = time.ns();
  return WallTime::from_ns(ns - ((ns % day) + day) % day);
}

// "2026-01-31" off the start.
std::optional<WallTime> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // What nanoseconds of 64 bits can hold, with room for arithmetic.
  if (!date.ok() || *year < 1700 || *year > 2250) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return WallTime::from_ns(days * kDay.ns());
}

// "12:30" or "12:30:05.25" off the start.
std::optional<Duration> take_clock(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Duration time = Duration::hours(*hour) + Duration::minutes(*minute);
  if (!take(text, ':')) return time;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second
  time += Duration::seconds(*second);
  if (!take(text, '.')) return time;
  std::int64_t unit = 1'000'000'000;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    unit /= 10;
    time += Duration::nanoseconds(unit * (text.front() - '0'));
  }
  return time;
}

// "Z", "+01:00" or nothing.
std::optional<Duration> take_offset(std::string_view& text) {
  if (text.empty()) return Duration();
  if (take(text, 'Z') || take(text, 'z')) return Duration();
  const bool east = text.starts_with('+');
  if (!east && !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  const auto offset = take_clock(text);
  if (!offset) return std::nullopt;
  return east ? *offset : -*offset;
}

std::optional<WallTime> absolute(std::string_view text, WallTime now) {
  std::string_view rest = text;
  if (const auto clock = take_clock(rest); clock && rest.empty()) return day_of(now) + *clock;
  rest = text;
  const auto date = take_date(rest);
  if (!date) return std::nullopt;
  if (rest.empty()) return *date;
  if (!take(rest, 'T') && !take(rest, 't') && !take(rest, ' ')) return std::nullopt;
  const auto clock = take_clock(rest);
  if (!clock) return std::nullopt;
  const auto offset = take_offset(rest);
  if (!offset || !rest.empty()) return std::nullopt;
  return *date + *clock - *offset;
}

// "90m" or "2w", which a configuration has no use for.
std::optional<Duration> length(std::string_view text) {
  std::string days(text);
  std::int64_t times = 1;
  if (days.ends_with('w')) days.back() = 'd', times = 7;
  const auto parsed = parse_duration(days);
  if (!parsed || *parsed > static_cast<std::uint64_t>(kLongestSpan.ns())) return std::nullopt;
  return Duration::nanoseconds(static_cast<std::int64_t>(*parsed)) * times;
}

std::string text_of(WallTime time) {
  const std::chrono::sys_days day{std::chrono::days((day_of(time).ns()) / kDay.ns())};
  const std::chrono::year_month_day date(day);
  const std::int64_t seconds = (time - day_of(time)).ns() / 1'000'000'000;
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
  if (text == "now") return now;
  if (text == "today") return day_of(now);
  if (text == "yesterday") return day_of(now) - kDay;
  if (const auto time = absolute(text, now)) return *time;
  if (const auto ago = length(text.starts_with('-') ? text.substr(1) : text)) return now - *ago;
  return fail(fmt::format("'{}' is no time: {}", text, kForms));
}

Result<TimeSpan> parse_span(std::string_view from, std::string_view to, WallTime now) {
  TimeSpan span{.from = now - kDay, .to = now, .until_now = to.empty(), .notes = {}};
  if (!from.empty()) span.from = TRY(parse_time(from, now));
  if (to.starts_with('+')) {
    const auto lasting = length(to.substr(1));
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
