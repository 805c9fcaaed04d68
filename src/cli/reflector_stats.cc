// SPDX-License-Identifier: Apache-2.0
#include "cli/reflector_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace wirestamp::cli {

namespace {

struct Told {
  std::string name;
  std::uint64_t value;
  std::string_view meaning;
};

std::vector<Told> told(const agent::ReflectCounters& counters) {
  std::vector<Told> all;
  agent::for_each(counters, [&](std::string name, std::uint64_t value, std::string_view meaning) {
    all.push_back({std::move(name), value, meaning});
  });
  return all;
}

void add(std::string& text, std::string_view name, std::uint64_t value) {
  if (value > 0) text += fmt::format(", {} {}", name, value);
}

}  // namespace

std::string stats_table(const agent::ReflectCounters& now,
                        const std::optional<StatsBefore>& before) {
  const std::vector<Told> all = told(now);
  const std::vector<Told> earlier = before ? told(before->counters) : std::vector<Told>();
  std::size_t width = 0, digits = 0;
  for (const Told& one : all) {
    width = std::max(width, one.name.size());
    digits = std::max(digits, fmt::formatted_size("{}", one.value));
  }
  std::string text = before ? fmt::format("counters, and what the last {:.0f} s added:\n",
                                          before->ago.to_seconds())
                            : "counters:\n";
  for (std::size_t n = 0; n < all.size(); ++n) {
    const Told& one = all[n];
    text += fmt::format("  {:{}}  {:>{}}", one.name, width, one.value, digits);
    if (before)
      text +=
          fmt::format("  {:>{}}", fmt::format("+{}", one.value - earlier.at(n).value), digits + 1);
    text += fmt::format("  {}\n", one.meaning);
  }
  return text;
}

std::string stats_line(const agent::ReflectCounters& counters) {
  std::string text = "reflector:";
  for (const Told& one : told(counters))
    text += fmt::format("{} {} {}", text.ends_with(':') ? "" : ",", one.name, one.value);
  return text;
}

std::string reflector_summary(const session::ReflectorCounters& counters) {
  std::string text = fmt::format("answered {} of {} requests", counters.replies, counters.requests);
  session::for_each(counters, [&](std::string_view name, std::uint64_t value) {
    if (name != "requests" && name != "replies") add(text, name, value);
  });
  return text;
}

std::string twamp_summary(const agent::TwampTotals& totals) {
  std::string text =
      fmt::format("TWAMP: {} connections, {} sessions of {} asked for", totals.control.connections,
                  totals.control.accepted, totals.control.requests);
  for (const auto& counter : twamp::kServerCounters)
    if (counter.name != "connections" && counter.name != "requests" && counter.name != "accepted" &&
        counter.name != "started")
      add(text, counter.name, counter.value(totals.control));
  text += fmt::format("; answered {} of {} packets", totals.test.replies, totals.test.requests);
  for (const auto& counter : twamp::kTestCounters)
    if (counter.name != "requests" && counter.name != "replies" && counter.name != "sessions")
      add(text, counter.name, counter.value(totals.test));
  return text;
}

std::string stopped_line(const agent::ReflectCounters& counters) {
  std::string text = "stopped; " + reflector_summary(counters.packets);
  if (counters.twamp) text += "; " + twamp_summary(*counters.twamp);
  return text;
}

api::ReflectorStatus reflector_status(const agent::ReflectCounters& counters) {
  agent::ReflectCounters all = counters;
  if (!all.twamp) all.twamp.emplace();
  api::ReflectorStatus status;
  for (Told& one : told(all)) {
    status.counters.emplace_back(std::move(one.name), one.value);
    status.meanings.emplace_back(one.meaning);
  }
  return status;
}

}  // namespace wirestamp::cli
