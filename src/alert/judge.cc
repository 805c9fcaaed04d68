// SPDX-License-Identifier: Apache-2.0
#include "alert/judge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "measure/binomial.h"

namespace wirestamp::alert {

using measure::Crossing;
using measure::Figure;

namespace {

// Delays of thresholds that are longer count as so long.
constexpr Duration kLongestDelay = Duration::hours(1);
// Windows are merged over so many times the delay at most.
constexpr std::int64_t kLongestLook = 4;
// So many windows are kept whatever the time, for sessions with a probe every few minutes.
constexpr std::size_t kLeastKept = 18;
constexpr std::size_t kMostKept = 2'000;
constexpr std::int64_t kLeastWindows = 6;  // that make a judgement
constexpr Duration kForgotten = Duration::hours(6);
constexpr double kChance = 1e-6;
// What is cleared, in shares of the threshold, of the excess over the median, of the fixed limit.
constexpr double kClearLoss = 0.5, kClearExcess = 0.75, kClearLimit = 0.9;
constexpr Duration kComesBack = Duration::hours(6);
constexpr unsigned kMostReturns = 2;
// Beyond it a clock is wrong: the year 2190. What time is moved on by at most, so that sums fit.
constexpr WallTime kLatest = WallTime::from_ns(7'000'000'000'000'000'000);
constexpr Duration kMostMoved = Duration::hours(std::int64_t{24} * 366 * 50);

std::uint32_t narrow(std::uint64_t count) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

float value_of(const std::optional<Duration>& delay) {
  return delay ? static_cast<float>(std::max<std::int64_t>(delay->ns(), 1)) : 0.0F;
}

Duration delay_of(float value) {
  return Duration::nanoseconds(std::llround(static_cast<double>(value)));
}

std::optional<Duration> optional_delay(float value) {
  if (value == 0) return std::nullopt;
  return delay_of(value);
}

Duration times(Duration delay, double factor) {
  constexpr double kMost = 9e18;
  return Duration::nanoseconds(
      std::llround(std::min(static_cast<double>(delay.ns()) * factor, kMost)));
}

std::int64_t minute_of(WallTime time) {
  constexpr std::int64_t kMinute = Duration::minutes(1).ns();
  return time.ns() / kMinute - (time.ns() % kMinute < 0 ? 1 : 0);
}

Thresholds within_bounds(Thresholds thresholds) {
  for (Duration* delay :
       {&thresholds.warning_after, &thresholds.error_after, &thresholds.clear_after})
    *delay = std::clamp(*delay, Duration::seconds(10), kLongestDelay);
  return thresholds;
}

// The middle one, of an even number the lower.
float median(std::vector<float>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

Judge::Judge(const Thresholds& thresholds) : thresholds_(within_bounds(thresholds)) {}

void Judge::set(const Thresholds& thresholds) { thresholds_ = within_bounds(thresholds); }

// --- what is kept

// Where a window lies in time that only grows; absent: it is not later than the one before.
std::optional<WallTime> Judge::place(const measure::TimedWindow& window) {
  if (window.begin < WallTime() || window.begin > kLatest) return std::nullopt;
  WallTime begin = window.begin + moved_;
  if (last_end_ && begin < *last_end_) {
    if (epoch_ == window.epoch) return std::nullopt;
    moved_ += *last_end_ - begin;
    begin = *last_end_;
    if (moved_ > kMostMoved) {
      forget_all(window.begin);
      begin = window.begin;
    }
  }
  epoch_ = window.epoch;
  last_end_ = begin + window.length;
  return begin;
}

// A clock that is set to and fro by decades: nothing of before can be dated any more.
void Judge::forget_all(WallTime now) {
  moved_ = Duration();
  recent_.clear();
  minute_.clear();
  baseline_ = Baseline();
  for (State& state : states_) {
    state.since = now;
    state.cleared.reset();
  }
}

Duration Judge::longest() const {
  return std::max({thresholds_.warning_after, thresholds_.error_after, thresholds_.clear_after}) *
         kLongestLook;
}

void Judge::keep(const Entry& entry) {
  recent_.push_back(entry);
  const auto useless = [&] {
    const Duration age = entry.end - recent_.front().begin;
    return recent_.size() > kMostKept || age > kForgotten ||
           (age > longest() && recent_.size() > kLeastKept);
  };
  while (useless()) recent_.pop_front();
}

// The minute's value is the median of those of its windows: near the p50 of all its samples, which
// would take their histograms.
void Judge::keep_minute(const Entry& entry, bool in_trouble) {
  if (!minute_.empty() && minute_of(minute_.front().begin) != minute_of(entry.begin)) {
    std::vector<float> latency, jitter;
    for (const Entry& window : minute_) {
      if (window.latency != 0) latency.push_back(window.latency);
      if (window.jitter != 0) jitter.push_back(window.jitter);
    }
    if (!in_trouble && !latency.empty())
      baseline_.add(minute_of(minute_.front().begin), {.latency = optional_delay(median(latency)),
                                                       .jitter = optional_delay(median(jitter))});
    minute_.clear();
  }
  if (minute_.size() < 60) minute_.push_back(entry);
}

void Judge::remember(const measure::TimedWindow& minute, bool in_trouble) {
  // Of the past: it does not move the judge's time.
  if (in_trouble) return;
  const auto* rtt = minute.window.rtt.fullest();
  const auto* ipdv = minute.window.ipdv.fullest();
  if (rtt == nullptr) return;
  baseline_.add(minute_of(minute.begin + moved_),
                {.latency = rtt->values.percentile(500'000),
                 .jitter = ipdv != nullptr ? ipdv->values.mean() : std::nullopt});
  baseline_.look_again();
}

void Judge::on_trouble(WallTime since) {
  baseline_.forget_from(minute_of(since + moved_));
  minute_.clear();
}

std::vector<Crossing> Judge::add(const measure::TimedWindow& window, bool loss_known,
                                 bool in_trouble) {
  std::vector<Crossing> crossings;
  const auto begin = place(window);
  if (!begin) return crossings;
  const measure::Window& w = window.window;
  Entry entry{.begin = *begin, .end = *begin + window.length};
  if (!loss_known) {
    const std::uint64_t unresolved =
        w.unsent_by_cause[static_cast<std::size_t>(measure::UnsentCause::NeighbourUnresolved)];
    entry.probes = narrow(w.sent + unresolved);
    entry.lost = narrow(w.lost_total() + unresolved);
    entry.forward = narrow(w.lost.forward);
    entry.backward = narrow(w.lost.backward);
  }
  if (const auto* rtt = w.rtt.fullest()) entry.latency = value_of(rtt->values.percentile(500'000));
  if (const auto* ipdv = w.ipdv.fullest()) entry.jitter = value_of(ipdv->values.mean());
  if (entry.probes == 0 && entry.latency == 0 && entry.jitter == 0) return crossings;
  keep(entry);
  keep_minute(entry, in_trouble);
  if (auto crossing = judge_loss()) crossings.push_back(*crossing);
  for (const Figure figure : {Figure::Latency, Figure::Jitter})
    if (auto crossing = judge_delay(figure)) crossings.push_back(*crossing);
  return crossings;
}

// --- looking back

// At least as long as so many windows are apart.
Duration Judge::period(Duration wanted) const {
  if (recent_.size() < kLeastWindows) return wanted;
  return std::max(wanted, recent_.back().end - recent_[recent_.size() - kLeastWindows].begin);
}

Duration Judge::clear_period(const State& state) const {
  return period(thresholds_.clear_after *
                (std::int64_t{1} << std::min(state.returned, kMostReturns)));
}

Judge::Look Judge::look_at_loss(Duration length, double above) const {
  Look look;
  const WallTime end = recent_.back().end;
  look.from = look.first = look.oldest = end - length;
  std::array<std::uint64_t, 3> probes{}, lost{};
  for (auto entry = recent_.rbegin(); entry != recent_.rend() && entry->begin >= look.from;
       ++entry) {
    const auto third = static_cast<std::size_t>(
        std::min<std::int64_t>((entry->begin - look.from) * 3 / length, 2));
    probes[third] += entry->probes;
    if (entry->probes > 0) look.oldest = entry->begin;
    lost[third] += entry->lost;
    if (entry->lost > 0) look.first = entry->begin;
  }
  look.covered = true;
  for (std::size_t n = 0; n < probes.size(); ++n) {
    look.probes += probes[n];
    look.lost += lost[n];
    look.covered &= probes[n] > 0;
    look.throughout &=
        lost[n] > 0 && static_cast<double>(lost[n]) >= above * static_cast<double>(probes[n]);
  }
  return look;
}

Judge::Look Judge::look_at(float Entry::* value, Duration length, Duration above) const {
  Look look;
  look.from = look.first = look.oldest = recent_.back().end - length;
  std::array<bool, 3> there{};
  for (auto entry = recent_.rbegin(); entry != recent_.rend() && entry->begin >= look.from;
       ++entry) {
    if ((*entry).*value == 0) continue;
    there[static_cast<std::size_t>(
        std::min<std::int64_t>((entry->begin - look.from) * 3 / length, 2))] = true;
    ++look.values;
    look.oldest = entry->begin;
    if (delay_of((*entry).*value) <= above) continue;
    ++look.over;
    look.first = entry->begin;
  }
  look.covered = there[0] && there[1] && there[2];
  return look;
}

// The median of a delay over the windows since then.
Duration Judge::typical(float Entry::* value, WallTime from) const {
  std::vector<float> values;
  for (const Entry& entry : recent_)
    if (entry.begin >= from && entry.*value != 0) values.push_back(entry.*value);
  return delay_of(median(values));
}

// The trouble ended near `from`: behind the bad windows that go on there, or before the good ones
// that came before it.
WallTime Judge::end_of_trouble(WallTime from,
                               const std::function<bool(const Entry&)>& is_bad) const {
  WallTime until = from;
  const auto first = std::ranges::lower_bound(recent_, from, {}, &Entry::begin);
  for (auto entry = first; entry != recent_.end() && is_bad(*entry); ++entry) until = entry->end;
  if (until != from) return until;
  for (auto entry = first; entry != recent_.begin();) {
    --entry;
    if (is_bad(*entry)) return entry->end;
    until = entry->begin;
  }
  return until;
}

// --- loss

std::optional<Judge::Look> Judge::loss_above(double threshold, Duration after) const {
  for (Duration length = period(after); length <= std::max(longest(), period(after));
       length = length * 2) {
    const Look look = look_at_loss(length, threshold);
    if (!look.covered || !look.throughout || !look.lasted(recent_.back().end, after)) continue;
    if (static_cast<double>(look.lost) < threshold * static_cast<double>(look.probes)) continue;
    if (measure::binomial_tail_bound(look.lost, look.probes, threshold * kClearLoss) <= kChance)
      return look;
  }
  return std::nullopt;
}

std::optional<Crossing> Judge::judge_loss() {
  State& state = states_[static_cast<std::size_t>(Figure::Loss)];
  if (recent_.back().lost > 0) {
    for (const bool error : {true, false}) {
      const auto& threshold = error ? thresholds_.loss_error : thresholds_.loss_warning;
      if (!threshold || state.failed || (!error && state.warned)) continue;
      const auto look =
          loss_above(*threshold, error ? thresholds_.error_after : thresholds_.warning_after);
      if (!look) continue;
      Crossing crossing{.figure = Figure::Loss, .error = error};
      crossing.loss = static_cast<double>(look->lost) / static_cast<double>(look->probes);
      crossing.loss_threshold = threshold;
      raise(state, crossing, look->first);
      return crossing;
    }
  }
  return state.raised() ? clear_loss() : std::nullopt;
}

std::optional<Crossing> Judge::clear_loss() {
  State& state = states_[static_cast<std::size_t>(Figure::Loss)];
  Crossing crossing{.figure = Figure::Loss, .error = state.failed};
  for (const auto& threshold : {thresholds_.loss_warning, thresholds_.loss_error})
    if (threshold)
      crossing.loss_threshold = std::min(crossing.loss_threshold.value_or(*threshold), *threshold);
  if (!crossing.loss_threshold) {  // not judged any more
    clear(state, crossing, recent_.back().end);
    return crossing;
  }
  const Look look = look_at_loss(clear_period(state), 0);
  if (!look.covered || static_cast<double>(look.lost) >
                           kClearLoss * *crossing.loss_threshold * static_cast<double>(look.probes))
    return std::nullopt;
  crossing.loss = static_cast<double>(look.lost) / static_cast<double>(look.probes);
  clear(state, crossing, end_of_trouble(look.from, [&](const Entry& entry) {
          return static_cast<double>(entry.lost) >
                 *crossing.loss_threshold * static_cast<double>(entry.probes);
        }));
  return crossing;
}

// --- delays

std::optional<Judge::Level> Judge::level(Figure figure, bool error) {
  const bool latency = figure == Figure::Latency;
  const Thresholds::Against& against = latency ? thresholds_.latency : thresholds_.jitter;
  const Baseline::Minute medians = baseline_.median(minute_of(recent_.back().begin));
  if (const auto& usual = latency ? medians.latency : medians.jitter) {
    const auto& share = error ? against.error : against.warning;
    if (!share) return std::nullopt;
    const Duration excess = std::max(times(*usual, *share), against.at_least);
    return Level{
        .above = *usual + excess, .clear = *usual + times(excess, kClearExcess), .median = usual};
  }
  if (error || !against.limit) return std::nullopt;
  return Level{.above = *against.limit, .clear = times(*against.limit, kClearLimit), .median = {}};
}

std::optional<Crossing> Judge::judge_delay(Figure figure) {
  State& state = states_[static_cast<std::size_t>(figure)];
  const auto value = figure == Figure::Latency ? &Entry::latency : &Entry::jitter;
  if (recent_.back().*value == 0) return std::nullopt;
  const std::optional<Level> warning = level(figure, false), error = level(figure, true);
  for (const bool failing : {true, false}) {
    const auto& level = failing ? error : warning;
    if (!level || state.failed || (!failing && state.warned)) continue;
    if (delay_of(recent_.back().*value) <= level->above) continue;
    const Duration after = failing ? thresholds_.error_after : thresholds_.warning_after;
    const Look look = look_at(value, period(after), level->above);
    if (!look.covered || look.over * 6 < look.values * 5) continue;
    if (!look.lasted(recent_.back().end, after)) continue;
    Crossing crossing{.figure = figure, .error = failing};
    crossing.delay = typical(value, look.from);
    crossing.delay_threshold = level->above;
    crossing.median = level->median;
    raise(state, crossing, look.first);
    return crossing;
  }
  if (!state.raised()) return std::nullopt;
  const Level* lowest = warning ? &*warning : error ? &*error : nullptr;
  if (warning && error && error->above < warning->above) lowest = &*error;
  return clear_delay(figure, state, value, lowest);
}

std::optional<Crossing> Judge::clear_delay(Figure figure, State& state, float Entry::* value,
                                           const Level* lowest) {
  Crossing crossing{.figure = figure, .error = state.failed};
  if (lowest == nullptr) {  // not judged any more
    clear(state, crossing, recent_.back().end);
    return crossing;
  }
  const Look look = look_at(value, clear_period(state), lowest->clear);
  if (!look.covered || (look.values - look.over) * 6 < look.values * 5) return std::nullopt;
  crossing.delay = typical(value, look.from);
  crossing.delay_threshold = lowest->above;
  crossing.median = lowest->median;
  clear(state, crossing, end_of_trouble(look.from, [&](const Entry& entry) {
          return delay_of(entry.*value) > lowest->clear;
        }));
  return crossing;
}

// --- what it is now

std::optional<std::string> Judge::direction_of_loss(WallTime from) const {
  std::uint64_t lost = 0, forward = 0, backward = 0;
  for (const Entry& entry : recent_) {
    if (entry.begin < from) continue;
    lost += entry.lost;
    forward += entry.forward;
    backward += entry.backward;
  }
  if (lost == 0) return std::nullopt;
  if (forward * 10 >= lost * 9) return "forward";
  if (backward * 10 >= lost * 9) return "backward";
  return std::nullopt;
}

std::optional<measure::IncidentFigure> Judge::standing(Figure figure) const {
  const State& state = states_[static_cast<std::size_t>(figure)];
  if (!state.raised() || recent_.empty()) return std::nullopt;
  const Duration length =
      period(state.failed ? thresholds_.error_after : thresholds_.warning_after);
  measure::IncidentFigure now{.crossing = {.figure = figure}, .at = told(recent_.back().end)};
  if (figure == Figure::Loss) {
    const Look look = look_at_loss(length, 0);
    if (!look.covered) return std::nullopt;
    now.crossing.loss = static_cast<double>(look.lost) / static_cast<double>(look.probes);
    now.direction = direction_of_loss(look.from);
    return now;
  }
  const auto value = figure == Figure::Latency ? &Entry::latency : &Entry::jitter;
  const Look look = look_at(value, length, Duration());
  if (!look.covered) return std::nullopt;
  now.crossing.delay = typical(value, look.from);
  return now;
}

// --- states

void Judge::raise(State& state, Crossing& crossing, WallTime first) {
  if (!state.raised()) {
    const WallTime now = recent_.back().end;
    const bool soon = state.cleared && now - *state.cleared < kComesBack;
    state.returned = soon ? std::min(state.returned + 1, kMostReturns) : 0;
    state.since = first;
  }
  state.warned = true;
  state.failed |= crossing.error;
  crossing.since = told(state.since);
}

void Judge::clear(State& state, Crossing& crossing, WallTime until) {
  crossing.since = told(state.since);
  crossing.until = told(std::max(until, state.since));
  state.warned = state.failed = false;
  state.cleared = recent_.back().end;
}

}  // namespace wirestamp::alert
