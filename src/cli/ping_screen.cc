// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/ping_layout.h"

namespace wirestamp::cli {

namespace {

constexpr std::size_t kMostMarks = 200, kMostFlows = 64;

term::Fate fate_of(measure::Outcome outcome) {
  using measure::Outcome;
  switch (outcome) {
    case Outcome::Delivered:
      return term::Fate::Answered;
    case Outcome::LostForward:
      return term::Fate::LostThere;
    case Outcome::LostBackward:
      return term::Fate::LostBack;
    case Outcome::Unsent:
      return term::Fate::Unsent;
    default:
      return term::Fate::LostSomewhere;
  }
}

// The shortest view with a hundred probes in it, a minute at least.
std::size_t first_zoom(Duration interval) {
  for (std::size_t i = 1; i < kSpans.size(); ++i)
    if (kSpans[i] >= interval * 100) return i;
  return kSpans.size() - 1;
}

}  // namespace

std::string progress_text(const PingGoal& goal, std::uint64_t done, Duration elapsed) {
  done /= std::max(goal.flows, 1U);
  double share = -1;
  Duration left;
  if (goal.count) {
    share =
        static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(*goal.count, 1));
    const std::uint64_t rest = *goal.count - std::min(done, *goal.count);
    // A century is as good as forever.
    left = rest < 3'000'000'000'000'000'000ULL /
                       static_cast<std::uint64_t>(std::max<std::int64_t>(goal.interval.ns(), 1))
               ? goal.interval * static_cast<std::int64_t>(rest)
               : Duration::hours(std::int64_t{24} * 36'525);
  }
  if (goal.duration) {
    const double passed = elapsed.to_seconds() / std::max(goal.duration->to_seconds(), 1e-9);
    const Duration rest = std::max(*goal.duration - elapsed, Duration());
    if (share < 0 || rest < left) {
      share = passed;
      left = rest;
    }
  }
  if (share < 0) return {};
  const auto seconds = (left + Duration::milliseconds(500)) / Duration::seconds(1);
  return fmt::format("{} %, {} left", static_cast<int>(std::clamp(share, 0.0, 1.0) * 100),
                     elapsed_text(Duration::seconds(seconds)));
}

PingScreen::PingScreen(std::vector<std::string> labels, PingGoal goal, unsigned flows)
    : lanes_(labels.size()), goal_(goal), flows_(flows), zoom_(first_zoom(goal.interval)) {
  for (std::size_t i = 0; i < labels.size(); ++i) lanes_[i].label = std::move(labels[i]);
}

void PingScreen::on_start(std::size_t measurement, publish::Report start, MonoTime now) {
  Lane& lane = lanes_[measurement];
  lane.start = std::move(start);
  lane.began = now;
}

void PingScreen::on_batch(std::size_t measurement, const PingEvents::Batch& batch, WallTime now) {
  Lane& lane = lanes_[measurement];
  if (batch.start)
    for (const std::string& note : batch.start->notes) lane.ticker.on_note(note, now);
  for (const std::string& note : batch.notes) lane.ticker.on_note(note, now);
  for (const measure::Event& event : batch.events) on_event(lane, event);
  for (const PingEvents::Point& point : batch.points) on_point(lane, point);
  if (batch.progress) lane.progress = batch.progress;
  lane.ended = lane.ended || batch.ended;
}

void PingScreen::on_event(Lane& lane, const measure::Event& event) {
  lane.ticker.on_event(event);
  if (event.kind == measure::EventKind::Verdict) lane.finding = event.finding;
  if (event.kind == measure::EventKind::OutageBegan) {
    lane.silent = true;
    lane.timeline.silent_from(event.first_lost ? event.first_lost->left : event.wall);
  } else if (event.kind == measure::EventKind::OutageEnded) {
    lane.silent = false;
    lane.finding.reset();
    lane.timeline.silent_until(event.first_good ? event.first_good->left : event.wall);
  } else {
    if (lane.marks.size() == kMostMarks) lane.marks.erase(lane.marks.begin());
    lane.marks.push_back(event.wall);
  }
}

void PingScreen::on_point(Lane& lane, const PingEvents::Point& point) {
  using measure::Outcome;
  if (point.outcome == Outcome::Withheld || point.outcome == Outcome::LateSchedule ||
      point.outcome == Outcome::RefusedByPeer)
    return;
  lane.timeline.add(point.due, fate_of(point.outcome), point.rtt);
  lane.ticker.on_point(point);
  if (lane.flows.size() == kMostFlows && !lane.flows.contains(point.flow))
    lane.flows.erase(lane.flows.begin());
  Flow& flow = lane.flows[point.flow];
  if (point.outcome == Outcome::Delivered) ++flow.answered;
  if (measure::lost_on_the_way(point.outcome)) ++flow.lost;
  if (!point.rtt) return;
  flow.last = point.rtt;
  flow.least = std::min(flow.least.value_or(*point.rtt), *point.rtt);
  flow.most = std::max(flow.most.value_or(*point.rtt), *point.rtt);
}

bool PingScreen::on_key(const term::Key& key) {
  using term::KeyKind;
  const std::size_t last = lanes_.size() - 1;
  if (key.is('q')) {
    stopping_ = true;
    return true;
  }
  if (key.is('+') || key.is('=')) {
    zoom_ = zoom_ == 0 ? 0 : zoom_ - 1;
  } else if (key.is('-')) {
    zoom_ = std::min(zoom_ + 1, kSpans.size() - 1);
  } else if (key.is('l')) {
    logarithmic_ = !logarithmic_;
  } else if (key.is('?') || key.is('h')) {
    help_ = !help_;
  } else if (key.kind == KeyKind::Escape) {
    help_ = false;
  } else if (key.kind == KeyKind::Tab || key.kind == KeyKind::Down || key.is('j')) {
    selected_ = selected_ == last ? (key.kind == KeyKind::Tab ? 0 : last) : selected_ + 1;
  } else if (key.kind == KeyKind::Up || key.is('k')) {
    selected_ = selected_ == 0 ? 0 : selected_ - 1;
  }
  return false;
}

}  // namespace wirestamp::cli
