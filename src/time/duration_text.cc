// SPDX-License-Identifier: Apache-2.0
#include "time/duration_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

namespace wirestamp {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

constexpr std::array<Unit, 7> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000},
                                      {"d", 86'400'000'000'000}}};

constexpr std::uint64_t kLongest = static_cast<std::uint64_t>(INT64_MAX);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Nanoseconds of "12.345" units; digits below a nanosecond are refused, not rounded.
Result<std::uint64_t> scale(std::string_view number, std::uint64_t unit) {
  __extension__ using Wide = unsigned __int128;
  Wide value = 0;
  std::uint64_t fraction_of = 0;  // what one unit of the next digit is divided by; 0: no point yet
  for (const char c : number) {
    if (c == '.') {
      fraction_of = 1;
      continue;
    }
    const auto digit = static_cast<unsigned>(c - '0');
    if (fraction_of == 0) {
      value = value * 10 + Wide{unit} * digit;
    } else {
      fraction_of *= 10;
      if (digit != 0 && unit * digit % fraction_of != 0) return fail("is finer than a nanosecond");
      value += unit * digit / fraction_of;
    }
    if (value > kLongest) return fail("is too long");
    if (fraction_of > 100'000'000'000'000U) return fail("has too many digits");
  }
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Result<std::uint64_t> parse_duration(std::string_view text) {
  if (text.starts_with('-') && text.size() > 1) return fail("is negative");
  const auto end = std::ranges::find_if_not(text, [](char c) { return is_digit(c) || c == '.'; });
  const std::string_view number(text.begin(), end);
  const std::string_view unit_name(end, text.end());
  if (number.empty() || !is_digit(number.front()) || !is_digit(number.back()) ||
      std::ranges::count(number, '.') > 1)
    return fail("is not a duration");
  if (unit_name.empty())
    return fail(fmt::format("has no unit; did you mean '{0}ms' or '{0}s'?", number));
  const auto unit = std::ranges::find(kUnits, unit_name, &Unit::name);
  if (unit == kUnits.end())
    return fail(fmt::format("has the unknown unit '{}'; there are ns, us, ms, s, m (minutes), h, d",
                            unit_name));
  return scale(number, unit->nanoseconds);
}

std::string duration_text(std::uint64_t nanoseconds) {
  for (const Unit& unit : kUnits | std::views::reverse)
    if (nanoseconds >= unit.nanoseconds && nanoseconds % unit.nanoseconds == 0)
      return fmt::format("{}{}", nanoseconds / unit.nanoseconds, unit.name);
  return "0s";
}

}  // namespace wirestamp
