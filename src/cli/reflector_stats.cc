// SPDX-License-Identifier: Apache-2.0
#include "cli/reflector_stats.h"

#include <fmt/format.h>

#include <algorithm>

#include "session/counter_words.h"

namespace wirestamp::cli {

std::string stats_table(const session::ReflectorCounters& now,
                        const std::optional<StatsBefore>& before) {
  std::size_t width = 0, digits = 0;
  for (const auto& counter : session::kReflectorCounters) {
    width = std::max(width, counter.name.size());
    digits = std::max(digits, fmt::formatted_size("{}", now.*counter.value));
  }
  std::string text = before ? fmt::format("counters, and what the last {:.0f} s added:\n",
                                          before->ago.to_seconds())
                            : "counters:\n";
  for (const auto& counter : session::kReflectorCounters) {
    text += fmt::format("  {:{}}  {:>{}}", counter.name, width, now.*counter.value, digits);
    if (before)
      text += fmt::format("  {:>{}}",
                          fmt::format("+{}", now.*counter.value - before->counters.*counter.value),
                          digits + 1);
    text += fmt::format("  {}\n", session::reflector_counter_words(counter.name));
  }
  return text;
}

std::string stats_line(const session::ReflectorCounters& counters) {
  std::string text = "reflector:";
  for (const auto& counter : session::kReflectorCounters)
    text += fmt::format("{} {} {}", text.ends_with(':') ? "" : ",", counter.name,
                        counters.*counter.value);
  return text;
}

api::ReflectorStatus reflector_status(const session::ReflectorCounters& counters) {
  api::ReflectorStatus status;
  for (const auto& counter : session::kReflectorCounters) {
    status.counters.emplace_back(counter.name, counters.*counter.value);
    status.meanings.emplace_back(session::reflector_counter_words(counter.name));
  }
  return status;
}

}  // namespace wirestamp::cli
