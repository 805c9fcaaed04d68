// SPDX-License-Identifier: Apache-2.0
#include "publish/plot_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace wirestamp::publish {

namespace {

constexpr double kUs = 1e3, kMs = 1e6, kS = 1e9;

// The largest of 1, 2 or 5 times a power of ten that is not above `value`; value > 0.
double round_below(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double step : {5.0, 2.0})
    if (step * power <= value * (1 + 1e-9)) return step * power;
  return power;
}

double round_above(double value) {
  const double below = round_below(value);
  if (below >= value * (1 - 1e-9)) return below;
  return round_below(below * 2.6);  // 1 to 2, 2 to 5, 5 to 10
}

double step_of(double span, std::size_t wanted) {
  return round_above(span / static_cast<double>(std::max<std::size_t>(wanted, 1)));
}

struct Unit {
  double ns;
  const char* name;
};

Unit unit_of(double ns) {
  const double size = std::abs(ns);
  if (size >= kS) return {kS, "s"};
  if (size >= kMs) return {kMs, "ms"};
  if (size >= kUs) return {kUs, "us"};
  return {1, "ns"};
}

// As short as it is exact to six digits.
std::string plain(double value) {
  const std::string text = fmt::format("{:.6g}", value);
  return text == "-0" ? "0" : text;
}

std::vector<double> round_values(const Axis& axis, std::size_t wanted) {
  std::vector<double> values;
  const double step = step_of(axis.to - axis.from, wanted);
  const double first = std::ceil(axis.from / step - 1e-6);
  const double last = std::floor(axis.to / step + 1e-6);
  for (double i = first; i <= last && values.size() < 100; ++i) values.push_back(i * step);
  return values;
}

// At 1, 2 and 5 of each power of ten; where they are more than `wanted`, only the first is told.
std::vector<Tick> logarithmic_ticks(const Axis& axis, std::size_t wanted) {
  std::vector<Tick> ticks;
  for (double value = axis.from; value <= axis.to * (1 + 1e-9); value = round_above(value * 1.5)) {
    const Unit unit = unit_of(value * (1 + 1e-9));
    ticks.push_back({.value = value,
                     .label = fmt::format("{} {}", plain(value / unit.ns), unit.name),
                     .further = {}});
  }
  if (ticks.size() <= wanted) return ticks;
  for (Tick& tick : ticks)
    if (tick.value / std::pow(10, std::floor(std::log10(tick.value) + 1e-9)) > 1.5)
      tick.label.clear();
  return ticks;
}

}  // namespace

double Axis::at(double value) const {
  double share = 0;
  if (logarithmic)
    share = value <= from ? 0 : std::log(value / from) / std::log(to / from);
  else
    share = (value - from) / (to - from);
  return begin + (end - begin) * std::clamp(share, 0.0, 1.0);
}

Axis duration_axis(double least, double most, bool logarithmic) {
  Axis axis;
  axis.logarithmic = logarithmic && least > 0;
  if (axis.logarithmic) {
    axis.from = round_below(least);
    axis.to = round_above(most);
    if (axis.to < axis.from * 1.5) axis.to = round_above(axis.from * 1.5);
    return axis;
  }
  // From zero, unless that would leave most of the plot empty.
  if (least >= 0 && least < most / 2) least = 0;
  if (most - least < 10) {
    least = least >= 0 ? std::max(0.0, least - 5) : least - 5;
    most += 5;
  }
  const double step = step_of(most - least, 6);
  axis.from = std::floor(least / step + 1e-9) * step;
  axis.to = std::ceil(most / step - 1e-9) * step;
  return axis;
}

std::vector<Tick> duration_ticks(const Axis& axis, std::size_t wanted) {
  if (axis.logarithmic) return logarithmic_ticks(axis, wanted);
  std::vector<Tick> ticks;
  const Unit unit = unit_of(std::max(std::abs(axis.from), std::abs(axis.to)));
  for (const double value : round_values(axis, wanted))
    ticks.push_back({.value = value,
                     .label = fmt::format("{} {}", plain(value / unit.ns), unit.name),
                     .further = {}});
  return ticks;
}

Axis share_axis(double most) {
  Axis axis;
  axis.from = 0;
  axis.to = most <= 0.01
                ? 0.01
                : std::min(1.0, std::ceil(most / step_of(most, 5) - 1e-9) * step_of(most, 5));
  return axis;
}

std::vector<Tick> share_ticks(const Axis& axis, std::size_t wanted) {
  std::vector<Tick> ticks;
  for (const double value : round_values(axis, wanted))
    ticks.push_back(
        {.value = value, .label = fmt::format("{} %", plain(value * 100)), .further = {}});
  return ticks;
}

namespace {

using Nanoseconds = std::chrono::sys_time<std::chrono::nanoseconds>;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute,
                       kDay = 24 * kHour;
constexpr std::array kSteps{
    kSecond,     2 * kSecond, 5 * kSecond,  10 * kSecond, 15 * kSecond, 30 * kSecond, kMinute,
    2 * kMinute, 5 * kMinute, 10 * kMinute, 15 * kMinute, 30 * kMinute, kHour,        2 * kHour,
    3 * kHour,   6 * kHour,   12 * kHour,   kDay,         2 * kDay,     7 * kDay,     14 * kDay};

Nanoseconds instant(std::int64_t ns) { return Nanoseconds(std::chrono::nanoseconds(ns)); }

std::string day_text(std::int64_t ns) {
  const year_month_day date{std::chrono::floor<days>(instant(ns))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string clock_text(std::int64_t ns, bool seconds) {
  const auto time = instant(ns);
  const std::int64_t of_day = (time - std::chrono::floor<days>(time)).count();
  std::string text = fmt::format("{:02}:{:02}", of_day / kHour, of_day / kMinute % 60);
  if (seconds) text += fmt::format(":{:02}", of_day / kSecond % 60);
  return text;
}

// The first days of months, or of every third, sixth or twelfth, or of every so many years.
std::vector<Tick> month_ticks(WallTime from, WallTime to, std::size_t most) {
  const double months = static_cast<double>((to - from).ns()) / (30.44 * kDay);
  int step = 1;
  for (const int larger : {3, 6, 12, 24, 60, 120, 600, 1'200, 12'000})
    if (months / step > static_cast<double>(most)) step = larger;
  std::vector<Tick> ticks;
  const year_month_day begin{std::chrono::floor<days>(instant(from.ns()))};
  int month = static_cast<int>(begin.year()) * 12 + static_cast<int>(unsigned{begin.month()}) - 1;
  month -= (month % step + step) % step;
  while (ticks.size() <= 2 * most) {
    const std::chrono::year_month at{std::chrono::year(month / 12),
                                     std::chrono::month(static_cast<unsigned>(month % 12 + 1))};
    const auto day = sys_days(at / 1).time_since_epoch().count();
    if (day > to.ns() / kDay) break;
    month += step;
    // Of so many years that the first lies centuries back.
    if (static_cast<double>(day) * kDay < static_cast<double>(from.ns())) continue;
    ticks.push_back({.value = static_cast<double>(day * kDay - from.ns()),
                     .label = day_text(day * kDay).substr(0, 7),
                     .further = {}});
  }
  return ticks;
}

}  // namespace

std::vector<Tick> time_ticks(WallTime from, WallTime to, std::size_t most) {
  most = std::max<std::size_t>(most, 1);
  const double span = static_cast<double>(to.ns()) - static_cast<double>(from.ns());
  const auto fits = [&](std::int64_t step) {
    return span / static_cast<double>(step) <= static_cast<double>(most);
  };
  const auto* const found = std::ranges::find_if(kSteps, fits);
  if (found == kSteps.end()) return month_ticks(from, to, most);
  const std::int64_t step = *found;
  std::vector<Tick> ticks;
  std::string day;
  // Weeks begin on Mondays, and 1970 did so on a Thursday.
  const std::int64_t origin = step % (7 * kDay) == 0 ? 4 * kDay : 0;
  std::int64_t at = from.ns() - origin;
  at -= (at % step + step) % step;
  for (at += origin; at <= to.ns(); at += step) {
    if (at < from.ns()) continue;
    Tick tick{.value = static_cast<double>(at - from.ns()), .label = {}, .further = {}};
    if (step >= kDay) {
      tick.label = day_text(at);
    } else {
      tick.label = clock_text(at, step < kMinute);
      if (day != day_text(at)) tick.further = day = day_text(at);
    }
    ticks.push_back(std::move(tick));
  }
  return ticks;
}

std::string time_text(WallTime time) {
  return fmt::format("{} {}", day_text(time.ns()), clock_text(time.ns(), true));
}

}  // namespace wirestamp::publish
