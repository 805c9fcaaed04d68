// SPDX-License-Identifier: Apache-2.0
#include "cli/top_probes.h"

#include <fmt/format.h>

#include <string_view>

#include "publish/plot_axis.h"
#include "publish/text.h"

namespace wirestamp::cli {

namespace {

constexpr int kWide = 158;  // columns from which on the stamps have room

std::string delay(const std::optional<Duration>& value) {
  return value ? publish::human(*value) : std::string("-");
}

char letter_of(const client::Probe::Stamp& stamp) {
  if (!stamp.at) return '-';
  if (stamp.source.empty() || stamp.source == "unknown") return '?';
  return stamp.source.front();
}

// "18:00:01.512345".
std::string of_day(const std::optional<WallTime>& time, std::int64_t digits) {
  if (!time) return "-";
  const std::int64_t ns = time->ns() % 1'000'000'000;
  std::string text = publish::time_text(*time).substr(11, 8);
  return digits == 3 ? fmt::format("{}.{:03}", text, ns / 1'000'000)
                     : fmt::format("{}.{:06}", text, ns / 1'000);
}

}  // namespace

std::string top_probe_text(const client::Probe& probe, int columns) {
  std::string outcome = probe.outcome;
  if (!probe.cause.empty() && probe.cause != probe.outcome) outcome += " (" + probe.cause + ")";
  std::string text = fmt::format("{} #{:<6} {:<13} {:>8}", of_day(probe.due, 3), probe.number,
                                 outcome, delay(probe.rtt));
  if (probe.there || probe.back)
    text += fmt::format(" {:>8} >{:>8} <{:>8}", delay(probe.there), delay(probe.residence),
                        delay(probe.back));
  text += "  ";
  for (const client::Probe::Stamp& stamp : probe.stamps) text += letter_of(stamp);
  if (columns < kWide) return text;
  constexpr std::string_view kNames[] = {"T1", "T2", "T3", "T4"};
  for (std::size_t n = 0; n < probe.stamps.size(); ++n)
    if (probe.stamps[n].at)
      text += fmt::format("  {} {}", kNames[n], of_day(probe.stamps[n].at, 6));
  return text;
}

}  // namespace wirestamp::cli
