// SPDX-License-Identifier: Apache-2.0
#include "config/agent_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "config/words.h"
#include "packet/address.h"
#include "time/when.h"

namespace wirestamp::config {

namespace {

constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::uint8_t kEveryDay = 0x7f;
constexpr std::size_t kLongestUrl = 2'000;

struct OctetUnit {
  std::string_view name;
  std::uint64_t octets;
};
constexpr std::array<OctetUnit, 10> kOctetUnits{{{"", 1},
                                                 {"B", 1},
                                                 {"kB", 1'000},
                                                 {"KiB", 1'024},
                                                 {"MB", 1'000'000},
                                                 {"MiB", 1'048'576},
                                                 {"GB", 1'000'000'000},
                                                 {"GiB", 1'073'741'824},
                                                 {"TB", 1'000'000'000'000},
                                                 {"TiB", 1'099'511'627'776}}};

std::optional<std::size_t> day_of(std::string_view text) {
  const auto day = std::ranges::find(kDays, text);
  if (day == kDays.end()) return std::nullopt;
  return static_cast<std::size_t>(day - kDays.begin());
}

// "daily", "sat+sun", "mon-fri" (round the week where the first day is later).
Result<std::uint8_t> parse_days(std::string_view text) {
  if (text == "daily") return kEveryDay;
  std::uint8_t days = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t dash = std::min(part.find('-'), part.size());
    const auto first = day_of(part.substr(0, dash));
    const auto last = dash == part.size() ? first : day_of(part.substr(dash + 1));
    if (!first || !last)
      return fail(fmt::format("has the unknown day '{}'; there are daily and {}", part,
                              fmt::join(kDays, ", ")));
    for (std::size_t day = *first;; day = (day + 1) % kDays.size()) {
      days = static_cast<std::uint8_t>(days | 1U << day);
      if (day == *last) break;
    }
    begin = end + 1;
  }
  return days;
}

std::optional<Duration> parse_clock(std::string_view text) {
  const auto time = parse_when(fmt::format("1970-01-01T{}Z", text), WallTime());
  if (text == "24:00") return Duration::hours(24);
  if (!time) return std::nullopt;
  return *time - WallTime();
}

// "22:00" and "2h" are of the day on which they are read: another one with each start.
Result<WallTime> parse_dated(std::string_view text) {
  const auto time = parse_when(text, WallTime());
  if (!time) return fail("has a time that is none");
  const auto a_day_later = parse_when(text, WallTime() + Duration::hours(24));
  if (!a_day_later || *a_day_later != *time)
    return fail(fmt::format("needs a date with '{}', such as 2026-12-01T22:00Z", text));
  return *time;
}

Result<MaintenanceTime> parse_once(std::string_view text, std::size_t slash) {
  const auto from = parse_dated(text.substr(0, slash));
  if (!from) return std::unexpected(from.error());
  const auto until = parse_dated(text.substr(slash + 1));
  if (!until) return std::unexpected(until.error());
  if (*until <= *from) return fail("ends before it begins");
  return MaintenanceTime{.begin = {}, .end = {}, .from = *from, .until = *until};
}

// Of a URL: what stands between the scheme and the path.
std::string_view authority_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t begin = scheme + 3;
  return url.substr(begin, std::min(url.find_first_of("/?#\\", begin), url.size()) - begin);
}

}  // namespace

Result<MaintenanceTime> parse_maintenance(std::string_view text) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos)
    return parse_once(text, slash);
  const auto words = words_of(text);
  if (words.size() != 2) return fail("is not DAYS FROM-TO");
  MaintenanceTime time{
      .weekdays = TRY(parse_days(words[0])), .begin = {}, .end = {}, .from = {}, .until = {}};
  const std::size_t dash = words[1].find('-');
  if (dash == std::string_view::npos) return fail("has no time from and to");
  const auto begin = parse_clock(words[1].substr(0, dash));
  const auto end = parse_clock(words[1].substr(dash + 1));
  if (!begin || !end) return fail("has a time of day that is none");
  if (*begin == *end) return fail("ends when it begins");
  time.begin = *begin;
  time.end = *end;
  return time;
}

Result<double> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return fail("has no '%'");
  const std::string_view number = text.substr(0, text.size() - 1);
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value,
                                    std::chars_format::fixed);
  if (read.ec != std::errc{} || read.ptr != number.data() + number.size() || !std::isfinite(value))
    return fail("is no percentage");
  if (value < 0 || number.starts_with('-')) return fail("is negative");
  return value / 100;
}

Result<std::uint64_t> parse_octets(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) return fail("is too large");
  if (read.ec != std::errc{}) return fail("is no size");
  const std::string_view rest(read.ptr, text.data() + text.size());
  const auto unit = std::ranges::find(kOctetUnits, rest, &OctetUnit::name);
  if (unit == kOctetUnits.end())
    return fail(
        fmt::format("has the unknown unit '{}'; there are kB, MB, GB, KiB, MiB, GiB", rest));
  if (value > UINT64_MAX / unit->octets) return fail("is too large");
  return value * unit->octets;
}

std::string octets_text(std::uint64_t octets) {
  const OctetUnit* best = &kOctetUnits.front();
  for (const OctetUnit& unit : kOctetUnits)
    if (octets >= unit.octets && octets % unit.octets == 0) best = &unit;
  return fmt::format("{}{}", octets / best->octets, best->name);
}

Result<std::string> parse_url(std::string_view text) {
  if (text.size() > kLongestUrl) return fail("is too long for a URL");
  const std::size_t scheme = text.find("://");
  const std::string_view name = text.substr(0, std::min(scheme, text.size()));
  if (scheme == std::string_view::npos || (name != "http" && name != "https"))
    return fail("begins neither with http:// nor with https://");
  const std::string_view rest = text.substr(scheme + 3);
  if (rest.empty() || rest.front() == '/' || rest.front() == ':' || rest.front() == '?')
    return fail("has no host");
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; }))
    return fail("has a character that no URL has: write it as %XX");
  return std::string(text);
}

std::string shown_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "...";
  const std::string_view authority = authority_of(url);
  const std::size_t at = authority.rfind('@');
  const std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  const bool more = scheme + 3 + authority.size() < url.size();
  return fmt::format("{}://{}{}", url.substr(0, scheme), host, more ? "/..." : "");
}

std::string shown_word(std::string_view word) {
  if (word.contains("://")) return shown_url(word);
  const std::size_t at = word.rfind('@');
  return at == std::string_view::npos ? std::string(word) : fmt::format("...{}", word.substr(at));
}

bool names_this_host(std::string_view url) {
  std::string_view host = authority_of(url);
  if (host.contains('@')) return false;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view port = host.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return false;
    host = host.substr(1, end - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  constexpr std::string_view kName = "localhost";
  const auto same_letter = [](char one, char other) { return (one | 0x20) == other; };
  if (std::ranges::equal(host, kName, same_letter)) return true;
  const auto address = packet::IpAddress::parse(host);
  return address && address->is_loopback();
}

}  // namespace wirestamp::config
