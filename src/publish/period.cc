// SPDX-License-Identifier: Apache-2.0
#include "publish/period.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "publish/document.h"
#include "publish/text.h"

namespace wirestamp::publish {

namespace {

// Windows of a minute are told when they are decided and committed: what is younger is no gap.
constexpr Duration kSettling = Duration::minutes(2);

void find_gaps(Period& period) {
  WallTime covered = period.from;
  Duration missing;
  const auto gap_until = [&](WallTime next, Duration shortest) {
    if (next <= covered || next - covered < shortest) return;
    period.gaps.push_back({covered, next});
    missing += next - covered;
  };
  for (const measure::TimedWindow& window : period.windows) {
    // The range need not begin where a window does.
    gap_until(std::min(window.begin, period.to),
              covered == period.from ? period.step : Duration::nanoseconds(1));
    covered = std::max(covered, window.end());
  }
  // Of a session without any window all is missing, however young.
  const Duration young =
      period.until_now && !period.windows.empty() ? period.step + kSettling : Duration();
  gap_until(period.to, std::max(young, Duration::nanoseconds(1)));
  period.with_data = period.to - period.from - missing;
}

void count_hops(std::optional<std::uint8_t> seen, std::optional<std::uint8_t>& last,
                unsigned& changes) {
  if (seen && last && *seen != *last) ++changes;
  if (seen) last = seen;
}

}  // namespace

measure::TimedWindow Period::whole() const {
  return {.begin = from,
          .length = to - from,
          .epoch = windows.empty() ? 0 : windows.back().epoch,
          .part = with_data < to - from,
          .window = total};
}

double Period::share_with_data() const {
  if (to <= from) return 0;
  return static_cast<double>(with_data.ns()) / static_cast<double>((to - from).ns());
}

std::vector<const measure::RecordedEvent*> outages_of(
    std::span<const measure::RecordedEvent> events) {
  std::vector<const measure::RecordedEvent*> found;
  const measure::RecordedEvent* open = nullptr;
  for (const measure::RecordedEvent& event : events) {
    if (event.event.kind == measure::EventKind::OutageBegan) {
      if (open != nullptr) found.push_back(open);
      open = &event;
    }
    if (event.event.kind != measure::EventKind::OutageEnded) continue;
    open = nullptr;
    found.push_back(&event);
  }
  if (open != nullptr) found.push_back(open);
  return found;
}

std::vector<const measure::RecordedEvent*> Period::outages() const { return outages_of(events); }

void sum_up(Period& period) {
  period.total = {};
  period.gaps.clear();
  period.forward_hop_changes = period.backward_hop_changes = 0;
  std::optional<std::uint8_t> forward, backward;
  for (const measure::TimedWindow& window : period.windows) {
    period.total.merge_finer(window.window, window.begin);
    count_hops(window.window.forward_hop_limit, forward, period.forward_hop_changes);
    count_hops(window.window.backward_hop_limit, backward, period.backward_hop_changes);
  }
  find_gaps(period);
}

std::string human_time(WallTime time) {
  const std::string text = rfc3339(time);
  const bool whole_minute = text.substr(17, 2) == "00";
  return fmt::format("{} {}", text.substr(0, 10), text.substr(11, whole_minute ? 5 : 8));
}

std::string human_length(Duration length) {
  struct Unit {
    std::int64_t seconds;
    std::string_view name;
  };
  constexpr std::array<Unit, 4> kUnits{{{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}}};
  // Seconds keep their fraction: outages are short.
  if (length < Duration::minutes(1)) return human(length);
  std::int64_t seconds = (length.ns() + 500'000'000) / 1'000'000'000;
  std::string text;
  for (std::size_t i = 0, told = 0; i < kUnits.size() && told < 2; ++i) {
    const std::int64_t count = seconds / kUnits[i].seconds;
    if (count == 0 && told == 0) continue;
    ++told;
    seconds -= count * kUnits[i].seconds;
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, kUnits[i].name);
  }
  return text;
}

}  // namespace wirestamp::publish
