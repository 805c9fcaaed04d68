// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_ticker.h"

#include <fmt/format.h>

#include <algorithm>

#include "publish/document.h"
#include "publish/text.h"

namespace wirestamp::cli {

namespace {

constexpr std::size_t kMostLines = 200;

std::string time_of_day(WallTime time) { return publish::rfc3339(time).substr(11, 12); }

PingTicker::Weight weight_of(measure::EventKind kind) {
  using measure::EventKind;
  switch (kind) {
    case EventKind::OutageBegan:
    case EventKind::PortsExhausted:
      return PingTicker::Weight::Bad;
    case EventKind::OutageEnded:
    case EventKind::RateRestored:
    case EventKind::SessionUp:
      return PingTicker::Weight::Good;
    case EventKind::AccountTold:
    case EventKind::TimeoutMeasured:
      return PingTicker::Weight::Note;
    default:
      return PingTicker::Weight::Warning;
  }
}

}  // namespace

void PingTicker::on_event(const measure::Event& event) {
  if (lines_.size() == kMostLines) lines_.pop_front();
  lines_.push_back(
      {.at = event.wall, .text = publish::event_line(event), .weight = weight_of(event.kind)});
}

void PingTicker::on_note(const std::string& text, WallTime now) {
  if (lines_.size() == kMostLines) lines_.pop_front();
  lines_.push_back({.at = now, .text = fmt::format("{} note: {}", time_of_day(now), text)});
}

void PingTicker::on_point(const PingEvents::Point& point) {
  using measure::Outcome;
  if (!measure::lost_on_the_way(point.outcome)) return;
  // They are decided at different times, and so come out of order.
  const auto follows = [&](const Loss& loss) {
    return point.probe == loss.last_probe + 1 || point.probe + 1 == loss.first_probe;
  };
  auto loss = std::find_if(losses_.rbegin(), losses_.rend(), follows);
  if (loss == losses_.rend()) {
    if (losses_.size() == kMostLines) losses_.pop_front();
    losses_.push_back({.first = point.due,
                       .last = point.due,
                       .first_probe = point.probe,
                       .last_probe = point.probe});
    loss = losses_.rbegin();
  }
  loss->first = std::min(loss->first, point.due);
  loss->last = std::max(loss->last, point.due);
  loss->first_probe = std::min(loss->first_probe, point.probe);
  loss->last_probe = std::max(loss->last_probe, point.probe);
  switch (point.outcome) {
    case Outcome::LostForward:
      ++loss->there;
      break;
    case Outcome::LostBackward:
      ++loss->back;
      break;
    case Outcome::Late:
      ++loss->late;
      break;
    case Outcome::LostUnknown:
      ++loss->unknown;
      break;
    case Outcome::PeerClosed:
      ++loss->closed;
      break;
    default:
      ++loss->too_big;
      break;
  }
}

PingTicker::Line PingTicker::line_of(const Loss& loss) {
  const std::uint64_t all =
      loss.there + loss.back + loss.unknown + loss.late + loss.closed + loss.too_big;
  std::string text = fmt::format("{} lost {}", time_of_day(loss.first), all);
  if (loss.last > loss.first)
    text += fmt::format(" within {}", publish::human(loss.last - loss.first));
  const char* separator = ": ";
  const auto add = [&](std::uint64_t count, const char* words) {
    if (count == 0) return;
    text += count == all ? fmt::format("{}{}", separator, words)
                         : fmt::format("{}{} {}", separator, count, words);
    separator = ", ";
  };
  add(loss.there, "on the way there");
  add(loss.back, "on the way back");
  add(loss.unknown, "direction unknown");
  add(loss.late, "answered too late");
  add(loss.closed, "at a closed port");
  add(loss.too_big, "too big for the way");
  return {.at = loss.first, .text = std::move(text), .weight = Weight::Bad};
}

std::vector<PingTicker::Line> PingTicker::newest(std::size_t most) const {
  std::vector<Line> all(lines_.begin(), lines_.end());
  for (const Loss& loss : losses_) all.push_back(line_of(loss));
  std::ranges::stable_sort(all, {}, &Line::at);
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
  return all;
}

}  // namespace wirestamp::cli
