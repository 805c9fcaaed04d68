// SPDX-License-Identifier: Apache-2.0
#include "api/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "time/when.h"

namespace wirestamp::api {

namespace {

constexpr std::string_view kTimes =
    "a time is RFC 3339 (2026-01-31T12:00:00Z), a date (2026-01-31, UTC), Unix time in "
    "nanoseconds, now, today, yesterday, or a time before now such as -1h";
constexpr std::string_view kLengths =
    "a length of time is a whole number above 0 with a unit: ms, s, m, h or d";
constexpr Duration kLongest = Duration::hours(std::int64_t{24} * 366 * 100);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <typename T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() ||
      !is_digit(text.front()))
    return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array kUnits{
    Unit{"ms", Duration::milliseconds(1)}, Unit{"s", Duration::seconds(1)},
    Unit{"m", Duration::minutes(1)},       Unit{"h", Duration::hours(1)},
    Unit{"d", Duration::hours(24)},
};

// "99.95" as 999'500.
std::optional<std::uint32_t> parts_per_million(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto units = whole<std::uint32_t>(text.substr(0, dot));
  if (!units || *units > 100) return std::nullopt;
  std::uint32_t ppm = *units * 10'000;
  if (dot < text.size()) {
    std::string_view decimals = text.substr(dot + 1);
    if (decimals.empty() || decimals.size() > 4) return std::nullopt;
    const auto fraction = whole<std::uint32_t>(decimals);
    if (!fraction) return std::nullopt;
    std::uint32_t scaled = *fraction;
    for (std::size_t i = decimals.size(); i < 4; ++i) scaled *= 10;
    ppm += scaled;
  }
  if (ppm > 1'000'000) return std::nullopt;
  return ppm;
}

std::string percentile_name(std::uint32_t ppm) {
  std::string name = fmt::format("p{}", ppm / 10'000);
  if (ppm % 10'000 == 0) return name;
  name += fmt::format(".{:04}", ppm % 10'000);
  while (name.ends_with('0')) name.pop_back();
  return name;
}

}  // namespace

Result<WallTime> parse_time(std::string_view text, WallTime now) {
  if (const auto ns = whole<std::int64_t>(text)) {
    // Whoever sends seconds or milliseconds would get an empty answer and not know why.
    if (*ns > 0 && *ns < 1'000'000'000'000'000)
      return fail("Unix times are in nanoseconds: 1700000000 s is 1700000000000000000");
    if (*ns / 1'000'000'000 > std::int64_t{291} * 366 * 86'400) return fail(std::string(kTimes));
    return WallTime::from_ns(*ns);
  }
  // A plus sign in a query is a space when it was not escaped.
  std::string written(text);
  const std::size_t space = written.rfind(' ');
  if (space != std::string::npos && space > written.find_first_of("Tt")) written[space] = '+';
  if (const auto time = parse_when(written, now)) return *time;
  return fail(std::string(kTimes));
}

Result<Duration> parse_length(std::string_view text) {
  const auto* const unit = std::ranges::find_if(kUnits, [&](const Unit& one) {
    return text.size() > one.name.size() && text.ends_with(one.name) &&
           is_digit(text[text.size() - one.name.size() - 1]);
  });
  if (unit == kUnits.end()) return fail(std::string(kLengths));
  const auto number = whole<std::int64_t>(text.substr(0, text.size() - unit->name.size()));
  if (!number || *number == 0) return fail(std::string(kLengths));
  if (*number > kLongest / unit->length) return fail("it is longer than a hundred years");
  return unit->length * *number;
}

Result<std::vector<publish::Percentile>> parse_percentiles(std::string_view text) {
  constexpr std::size_t kMost = 16;
  std::vector<publish::Percentile> percentiles;
  for (bool more = true; more;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto ppm = parts_per_million(text.substr(0, comma));
    if (!ppm)
      return fail(
          "percentiles are numbers from 0 to 100 with at most four decimals and commas between "
          "them, such as 50,95,99.9");
    std::string name = percentile_name(*ppm);
    if (std::ranges::find(percentiles, *ppm, &publish::Percentile::ppm) != percentiles.end())
      return fail(fmt::format("{} is named twice", name.substr(1)));
    if (percentiles.size() == kMost)
      return fail(fmt::format("at most {} percentiles at once", kMost));
    percentiles.push_back({.name = std::move(name), .ppm = *ppm});
    more = comma < text.size();
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return percentiles;
}

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto value = whole<std::uint64_t>(text);
  if (!value || *value < least || *value > most)
    return fail(most == UINT64_MAX
                    ? fmt::format("it is a whole number from {} on", least)
                    : fmt::format("it is a whole number from {} to {}", least, most));
  return *value;
}

bool is_text(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char first = octet(i);
    if (first < 0x20 || first == 0x7f) return false;
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() - i < length) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((octet(i + k) & 0xc0U) != 0x80) return false;
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    const unsigned char second = octet(i + 1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
      return false;
    i += length;
  }
  return true;
}

std::string url_authority(const packet::Endpoint& at, std::string_view zone) {
  std::string text = packet::to_string(packet::Endpoint{.address = at.address, .port = at.port});
  const std::size_t end = text.find(']');
  if (zone.empty() || end == std::string::npos) return text;
  // RFC 6874 2: a '%' begins an escape, and what no URL has is escaped.
  std::string escaped = "%25";
  for (const char c : zone) {
    const bool plain = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").contains(c);
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text.insert(end, escaped);
}

bool same_letters(std::string_view one, std::string_view other) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(one, other, {}, lower, lower);
}

}  // namespace wirestamp::api
