// SPDX-License-Identifier: Apache-2.0
#include "time/when.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "time/duration_text.h"

namespace wirestamp {

namespace {

constexpr const char* kNotATime =
    "is no time: a time is 2026-01-31T12:00:00Z, 2026-01-31, 12:30, now, today, yesterday, or so "
    "long ago: 90m, 24h, 7d, 2w";
constexpr Duration kDay = Duration::hours(24);
constexpr Duration kLongestAgo = kDay * 366 * 100;

// Takes the text from its beginning, piece by piece.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    for (const char c : rest_.substr(0, digits))
      if (c < '0' || c > '9') return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) value = value * 10 + (c - '0');
    rest_.remove_prefix(digits);
    return value;
  }
  // Nanoseconds of the digits behind a point, at least one and at most nine.
  std::optional<std::int64_t> fraction() {
    std::int64_t ns = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits)
      ns = ns * 10 + (rest_[digits] - '0');
    if (digits == 0 || digits > 9) return std::nullopt;
    rest_.remove_prefix(digits);
    for (; digits < 9; ++digits) ns *= 10;
    return ns;
  }

 private:
  std::string_view rest_;
};

std::optional<WallTime> take_date(Pieces& pieces) {
  const auto year = pieces.number(4);
  if (!year || !pieces.take('-')) return std::nullopt;
  const auto month = pieces.number(2);
  if (!month || !pieces.take('-')) return std::nullopt;
  const auto day = pieces.number(2);
  if (!day || *year < 1970 || *year > 2250) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const std::chrono::nanoseconds since = std::chrono::sys_days(date).time_since_epoch();
  return WallTime::from_ns(since.count());
}

// "10:00[:00[.5]]"; a leap second is the second after it.
std::optional<Duration> take_clock(Pieces& pieces) {
  const auto hours = pieces.number(2);
  if (!hours || *hours > 23 || !pieces.take(':')) return std::nullopt;
  const auto minutes = pieces.number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  Duration clock = Duration::hours(*hours) + Duration::minutes(*minutes);
  if (!pieces.take(':')) return clock;
  const auto seconds = pieces.number(2);
  if (!seconds || *seconds > 60) return std::nullopt;
  clock += Duration::seconds(*seconds);
  if (!pieces.take('.')) return clock;
  const auto ns = pieces.fraction();
  if (!ns) return std::nullopt;
  return clock + Duration::nanoseconds(*ns);
}

std::optional<Duration> take_offset(Pieces& pieces) {
  if (pieces.done() || pieces.take('Z') || pieces.take('z')) return Duration();
  const bool west = pieces.take('-');
  if (!west && !pieces.take('+')) return std::nullopt;
  const auto hours = pieces.number(2);
  if (!hours || *hours > 23 || !pieces.take(':')) return std::nullopt;
  const auto minutes = pieces.number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const Duration offset = Duration::hours(*hours) + Duration::minutes(*minutes);
  return west ? -offset : offset;
}

std::optional<WallTime> absolute(std::string_view text, WallTime now) {
  Pieces clock_alone(text);
  if (const auto clock = take_clock(clock_alone); clock && clock_alone.done())
    return midnight_before(now) + *clock;
  Pieces pieces(text);
  const auto date = take_date(pieces);
  if (!date || pieces.done()) return date;
  if (!pieces.take('T') && !pieces.take('t') && !pieces.take(' ')) return std::nullopt;
  const auto clock = take_clock(pieces);
  const auto offset = clock ? take_offset(pieces) : std::nullopt;
  if (!offset || !pieces.done()) return std::nullopt;
  return *date + *clock - *offset;
}

}  // namespace

WallTime midnight_before(WallTime time) {
  const std::int64_t into = time.ns() % kDay.ns();
  return WallTime::from_ns(time.ns() - (into < 0 ? into + kDay.ns() : into));
}

Result<Duration> parse_span_length(std::string_view text) {
  std::string days(text);
  std::int64_t times = 1;
  if (days.ends_with('w')) days.back() = 'd', times = 7;
  const std::uint64_t ns = TRY(parse_duration(days));
  if (ns > static_cast<std::uint64_t>(kLongestAgo.ns() / times)) return fail("is too long");
  return Duration::nanoseconds(static_cast<std::int64_t>(ns)) * times;
}

Result<WallTime> parse_when(std::string_view text, WallTime now) {
  if (text == "now") return now;
  if (text == "today") return midnight_before(now);
  if (text == "yesterday") return midnight_before(now) - kDay;
  if (const auto time = absolute(text, now)) return *time;
  if (const auto ago = parse_span_length(text.starts_with('-') ? text.substr(1) : text))
    return std::max(now - *ago, WallTime());
  return fail(kNotATime);
}

}  // namespace wirestamp
