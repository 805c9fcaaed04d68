// SPDX-License-Identifier: Apache-2.0
#include "measure/clock_events.h"

#include <fmt/format.h>

#include <utility>

namespace wirestamp::measure {

namespace {

Event event_of(EventKind kind, const Timestamp& now, std::string text) {
  Event event;
  event.kind = kind;
  event.at = *now.mono;
  event.wall = now.wall;
  event.text = std::move(text);
  return event;
}

// "1.5 s": milliseconds matter up to ten seconds.
std::string seconds(Duration time) {
  return fmt::format("{:.{}f} s", abs(time).to_seconds(),
                     abs(time) < Duration::seconds(10) ? 3 : 0);
}

}  // namespace

std::vector<Event> ClockEvents::on_state(const ClockState& state, const Timestamp& now) {
  std::vector<Event> events;
  if (state_) {
    if (const Duration slept = state.suspended - state_->suspended; slept > Duration()) {
      events.push_back(event_of(
          EventKind::Suspended, now,
          "this host slept for " + seconds(slept) + ": nothing was measured in that time"));
      events.back().change = slept;
    }
    if (state.steps != state_->steps) watch_steps(state, now, events);
  } else {
    synchronised_ = state.synchronised;
  }
  watch_synchronisation(state, now, events);
  state_ = state;
  read_ = now;
  return events;
}

void ClockEvents::watch_steps(const ClockState& state, const Timestamp& now,
                              std::vector<Event>& events) {
  const Duration raw = *now.mono - *read_.mono;
  const Duration change =
      (now.wall - read_.wall) - scaled(raw, state.rate_ppb) - (state.suspended - state_->suspended);
  const auto recently = [&](const std::optional<MonoTime>& time) {
    return time && *now.mono - *time < kTogether;
  };
  const bool again = recently(stepped_before_);
  const bool known = steps_told_ && recently(stepped_);
  stepped_before_ = std::exchange(stepped_, *now.mono);
  if (known) return;
  steps_told_ = again;
  std::string text = fmt::format("this host's clock was set {} by {}",
                                 change < Duration() ? "back" : "forward", seconds(change));
  if (again) text += ", again and again: the next one told is one after an hour without";
  events.push_back(event_of(EventKind::ClockStepped, now, std::move(text)));
  events.back().change = change;
}

void ClockEvents::watch_synchronisation(const ClockState& state, const Timestamp& now,
                                        std::vector<Event>& events) {
  if (state.synchronised == synchronised_) return otherwise_since_.reset();
  if (!otherwise_since_) otherwise_since_ = *now.mono;
  if (*now.mono - *otherwise_since_ < kLasts) return;
  otherwise_since_.reset();
  synchronised_ = state.synchronised;
  if (synchronised_)
    events.push_back(
        event_of(EventKind::ClockSynchronised, now,
                 fmt::format("this host's clock is synchronised, to {}", seconds(state.error))));
  else
    events.push_back(event_of(EventKind::ClockUnsynchronised, now,
                              "this host's clock is not synchronised any more: one-way delays are "
                              "worth less from minute to minute"));
}

}  // namespace wirestamp::measure
