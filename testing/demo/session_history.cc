// SPDX-License-Identifier: Apache-2.0
#include "session_history.h"

#include <algorithm>
#include <array>
#include <utility>

#include "measure/delay.h"
#include "measure/histogram.h"

namespace wirestamp::demo {

namespace {

constexpr Duration kSecond = Duration::seconds(1), kTen = Duration::seconds(10),
                   kMinute = Duration::minutes(1), kHour = Duration::hours(1);
constexpr std::size_t kTens = 1, kMinutes = 2, kHours = 3;  // in store::kResolutions
// A window is told so long after its end; events are told when they happen.
constexpr Duration kDecided = Duration::seconds(12);

WallTime multiple(WallTime time, Duration of) {
  return WallTime::from_ns(time.ns() - time.ns() % of.ns());
}

void count(const Traffic::Probe& probe, measure::Window& window) {
  window.add(probe.sample);
  if (probe.ipdv) window.ipdv.add(measure::round_trip_class(probe.sample), *probe.ipdv);
  if (probe.arrived) ++window.arrived;
}

// The worst of the seconds of a window that is not made of them, as Window::merge_finer() has it.
class WorstSecond {
 public:
  explicit WorstSecond(measure::Window& window) : window_(window) {}

  void add(const measure::Sample& sample) {
    const WallTime second = multiple(sample.scheduled_wall, kSecond);
    if (second != second_) close();
    if (second != second_) ++seconds_;
    second_ = second;
    if (sample.burst || !left_this_host(sample.outcome)) return;
    ++sent_;
    if (lost_on_the_way(sample.outcome)) ++lost_;
    if (sample.outcome != measure::Outcome::Delivered) return;
    const auto rtt = measure::round_trip(sample);
    if (!rtt || !measure::reflector_residence(sample)) return;
    least_ = std::min(least_.value_or(*rtt), *rtt);
    most_ = std::max(most_.value_or(*rtt), *rtt);
  }

  // After the last one. How many there were.
  std::uint64_t close() {
    if (second_ == WallTime()) return 0;
    const double loss = sent_ == 0 ? 0 : static_cast<double>(lost_) / static_cast<double>(sent_);
    std::optional<Duration> p99;
    if (most_) {
      const auto told =
          Duration::nanoseconds(measure::Histogram::representative(measure::Histogram::bucket(
              static_cast<std::uint64_t>(std::max<std::int64_t>(most_->ns(), 1)))));
      p99 = std::clamp(told, *least_, *most_);
    }
    auto& worst = window_.worst;
    if (!worst)
      worst = measure::Worst{
          .loss_ratio = loss, .loss_at = second_, .rtt_p99 = p99, .rtt_p99_at = second_};
    if (loss > worst->loss_ratio) {
      worst->loss_ratio = loss;
      worst->loss_at = second_;
    }
    if (p99 && (!worst->rtt_p99 || *p99 > *worst->rtt_p99)) {
      worst->rtt_p99 = p99;
      worst->rtt_p99_at = second_;
    }
    sent_ = lost_ = 0;
    least_.reset();
    most_.reset();
    return seconds_;
  }

 private:
  measure::Window& window_;
  WallTime second_;
  std::uint64_t seconds_ = 0, sent_ = 0, lost_ = 0;
  std::optional<Duration> least_, most_;
};

}  // namespace

void record(Books& books, std::uint32_t session, const alert::Told& told) {
  for (const measure::RecordedEvent& event : told.events) books.store.add_event(session, event);
  for (const measure::Incident& incident : told.incidents)
    books.store.put_incident(session, incident);
}

SessionHistory::SessionHistory(const Plan& plan, std::uint64_t seed, Books& books,
                               std::uint32_t row)
    : plan_(plan), books_(books), row_(row), traffic_(plan, seed) {}

void SessionHistory::begin(WallTime time, std::uint32_t epoch) {
  running_ = true;
  epoch_ = epoch;
  books_.watch.watch(plan_.info.name, {});
  traffic_.begin(time);
  const auto [flow, port] = traffic_.flow();
  use_flow(flow, tuple(plan_, port), time);
}

void SessionHistory::end(WallTime time) {
  running_ = false;
  use_flow(0, {}, time);
  close_hour();
}

// An empty tuple ends the one in use.
void SessionHistory::use_flow(std::uint32_t flow, const std::string& tuple, WallTime since) {
  if (flow_) {
    flow_->ended = since;
    books_.store.put_flow(*flow_);
    flow_.reset();
  }
  if (tuple.empty()) return;
  flow_ = {.session = row_, .flow = flow, .tuple = tuple, .began = since, .ended = std::nullopt};
  books_.store.put_flow(*flow_);
}

void SessionHistory::tell_events(WallTime to) {
  for (const measure::Event& event : traffic_.events(to)) {
    if (event.kind == measure::EventKind::FlowChanged && event.new_flow)
      use_flow(event.flow.value_or(0), *event.new_flow, event.wall);
    record(books_, row_, books_.watch.event(plan_.info.name, event));
  }
  for (; next_note_ < plan_.notes.size() && plan_.notes[next_note_].wall < to; ++next_note_)
    record(books_, row_, books_.watch.event(plan_.info.name, plan_.notes[next_note_]));
}

void SessionHistory::judge(const measure::TimedWindow& window) {
  record(books_, row_, books_.watch.window(plan_.info.name, window));
}

void SessionHistory::minute(WallTime begin) {
  if (hour_ && hour_->begin != multiple(begin, kHour)) close_hour();
  if (begin >= books_.seconds_from)
    by_the_second(begin);
  else if (begin >= books_.tens_from || (plan_.eventful && plan_.eventful(begin)))
    by_ten_seconds(begin);
  else
    by_the_minute(begin);
}

SessionHistory::Filled SessionHistory::fill(WallTime begin, Duration length) {
  Filled made{.window = {.begin = begin, .length = length, .epoch = epoch_, .window = {}}};
  WorstSecond worst(made.window.window);
  traffic_.run(begin + length, [&](const Traffic::Probe& probe) {
    count(probe, made.window.window);
    worst.add(probe.sample);
  });
  made.seconds = worst.close();
  return made;
}

void SessionHistory::by_the_minute(WallTime begin) {
  const Filled minute = fill(begin, kMinute);
  tell_events(begin + kMinute + kDecided);
  judge(minute.window);
  put_minute(minute);
}

void SessionHistory::by_ten_seconds(WallTime begin) {
  std::array<Filled, 6> tens;
  Filled minute{.window = {.begin = begin, .length = kMinute, .epoch = epoch_, .window = {}}};
  for (std::size_t i = 0; i < tens.size(); ++i) {
    tens[i] = fill(begin + kTen * static_cast<std::int64_t>(i), kTen);
    const measure::TimedWindow& ten = tens[i].window;
    if (tens[i].seconds == 0) continue;
    if (begin >= books_.tens_from) books_.rows.add(row_, kTens, ten, tens[i].seconds);
    minute.window.window.merge_finer(ten.window, ten.begin);
    minute.seconds += tens[i].seconds;
  }
  tell_events(begin + kMinute + kDecided);
  for (const Filled& ten : tens)
    if (ten.seconds > 0) judge(ten.window);
  put_minute(minute);
}

void SessionHistory::by_the_second(WallTime begin) {
  std::array<measure::TimedWindow, 60> seconds;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    measure::TimedWindow& second = seconds[i];
    second = {.begin = begin + kSecond * static_cast<std::int64_t>(i),
              .length = kSecond,
              .epoch = epoch_,
              .part = false,
              .window = {}};
    traffic_.run(second.end(), [&](const Traffic::Probe& probe) {
      count(probe, second.window);
      if (begin >= books_.samples_from) books_.store.add_sample(row_, probe.sample);
    });
  }
  tell_events(begin + kMinute + kDecided);
  for (const measure::TimedWindow& second : seconds) {
    // A second in which no probe was due has no window.
    if (second.window.scheduled == 0 && second.window.burst_sent == 0) continue;
    books_.store.add_window(row_, second);
    if (const auto ten = tens_.add(second)) judge(*ten);
  }
}

void SessionHistory::put_minute(const Filled& minute) {
  if (minute.seconds == 0) return;
  const measure::TimedWindow& window = minute.window;
  books_.rows.add(row_, kMinutes, window, minute.seconds);
  if (!hour_)
    hour_ = {
        .begin = multiple(window.begin, kHour), .length = kHour, .epoch = epoch_, .window = {}};
  hour_->window.merge_finer(window.window, window.begin);
  hour_seconds_ += minute.seconds;
}

void SessionHistory::close_hour() {
  if (!hour_) return;
  books_.rows.add(row_, kHours, *hour_, hour_seconds_);
  hour_.reset();
  hour_seconds_ = 0;
}

}  // namespace wirestamp::demo
