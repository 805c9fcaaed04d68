// SPDX-License-Identifier: Apache-2.0
#include "measure/flow_comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <numeric>
#include <span>
#include <utility>

#include "base/check.h"
#include "measure/binomial.h"
#include "measure/histogram.h"

namespace wirestamp::measure {

namespace {

using enum FlowDeviation;
constexpr std::array kDeviations{MoreLoss, LessLoss, Slower, Faster};

// One number for each deviation. 32 bits hold the rounds of the longest block.
class Tally {
 public:
  std::uint32_t& operator[](FlowDeviation deviation) { return counts_[index(deviation)]; }
  std::uint32_t operator[](FlowDeviation deviation) const { return counts_[index(deviation)]; }
  void merge(const Tally& other) {
    for (const FlowDeviation deviation : kDeviations) (*this)[deviation] += other[deviation];
  }

 private:
  static std::size_t index(FlowDeviation deviation) { return static_cast<std::size_t>(deviation); }
  std::array<std::uint32_t, kDeviations.size()> counts_{};
};

struct Probe {
  std::optional<Duration> round_trip;  // only when delivered
  Duration error;
  FlowOutcome outcome = FlowOutcome::NotSent;
  StampSource stamps = StampSource::Unknown;
  bool told = false;
};

// What a block knows of one flow.
struct Counts {
  Tally marks;  // of MoreLoss: lost; of LessLoss: got through when others were lost
  std::uint32_t timed = 0;
  Histogram round_trips;
};

struct Block {
  explicit Block(std::size_t count) : flows(count) {}

  std::uint64_t rounds = 0, first_round = 0, last_round = 0;
  std::uint32_t passable = 0;  // rounds that were not lost on all flows
  Tally rounds_with;           // rounds in which any flow has the mark
  std::vector<Counts> flows;

  // `later` comes after this one.
  void merge(const Block& later) {
    if (rounds == 0) first_round = later.first_round;
    rounds += later.rounds;
    last_round = later.last_round;
    passable += later.passable;
    rounds_with.merge(later.rounds_with);
    for (std::size_t i = 0; i < flows.size(); ++i) {
      flows[i].marks.merge(later.flows[i].marks);
      flows[i].timed += later.flows[i].timed;
      flows[i].round_trips.merge(later.flows[i].round_trips);
    }
  }

  double loss_ratio(std::size_t flow) const {
    return passable == 0 ? 0 : static_cast<double>(flows[flow].marks[MoreLoss]) / passable;
  }
};

// How many other flows a flow must differ from.
std::size_t needed(FlowDeviation deviation, std::size_t flows) {
  return deviation == MoreLoss || deviation == Slower ? (flows + 1) / 2 : flows / 2 + 1;
}

// The upper tail of a flow's count of marks when it is like the flows of these counts. Its marks
// are then a sum of independent draws, the mean of which is an equal part of all marks of the set.
// The tail is at most that of a binomial with as many draws and the same mean, from one above the
// mean on (Hoeffding 1956, On the distribution of the number of successes in independent trials),
// and equal to it when all chances are: when no two are marked in one round. Draws count where the
// set has a mark; an upper bound of their number is safe, as the tail grows with it.
double tail_among(std::uint64_t own, std::span<const std::uint64_t> others,
                  std::uint64_t most_draws) {
  const std::uint64_t all = std::accumulate(others.begin(), others.end(), own);
  const double mean = static_cast<double>(all) / static_cast<double>(others.size() + 1);
  if (static_cast<double>(own) < mean + 1) return 1;
  const std::uint64_t draws = std::min(all, most_draws);
  return binomial_tail_bound(own, draws, std::nextafter(mean / static_cast<double>(draws), 1));
}

// The null hypothesis: the flow is like at least so many others that fewer than needed() remain; it
// is not known which they are. Two tests of it, of which the better one is taken and pays for both:
//   - among as many others as it must be like it has no surplus: strong when one flow is bad;
//   - against one alone of any needed() others, since one of these is like it, it has no surplus:
//     strong when many are bad. Each of the flows that it is like may be that one.
// In both the others that give the largest value are taken, which bounds that of the right ones:
// those with the most marks, and in the second the one with the most among the needed() with the
// fewest.
double p_value(const Block& block, FlowDeviation deviation, std::size_t flow) {
  std::vector<std::uint64_t> others;
  for (std::size_t other = 0; other < block.flows.size(); ++other)
    if (other != flow) others.push_back(block.flows[other].marks[deviation]);
  std::ranges::sort(others);
  const std::size_t first = needed(deviation, block.flows.size()) - 1;
  const std::span<const std::uint64_t> most(others.begin() + static_cast<std::ptrdiff_t>(first),
                                            others.end());
  const std::uint64_t own = block.flows[flow].marks[deviation];
  const std::uint64_t draws = block.rounds_with[deviation];
  const double among_all = tail_among(own, most, draws);
  if (most.size() == 1) return among_all;
  const double alone = tail_among(own, most.first(1), draws) * static_cast<double>(most.size());
  return std::min(1.0, 2 * std::min(among_all, alone));
}

bool loses_more(const FlowComparisonOptions& options, double more, double less) {
  return more >= less * options.least_loss_factor && more - less >= options.least_loss_difference;
}

// Whether the deviation would be worth telling if it were sure.
bool is_large(const FlowComparisonOptions& options, const Block& block, FlowDeviation deviation,
              std::size_t flow) {
  const std::size_t enough = needed(deviation, block.flows.size());
  if (enough >= block.flows.size()) return false;
  const Counts& counts = block.flows[flow];
  if (deviation == Slower || deviation == Faster) return 2 * counts.marks[deviation] > counts.timed;
  if (block.rounds_with[deviation] == 0) return false;
  std::size_t from = 0;
  for (std::size_t other = 0; other < block.flows.size(); ++other) {
    const auto [more, less] =
        deviation == MoreLoss ? std::pair(flow, other) : std::pair(other, flow);
    from += loses_more(options, block.loss_ratio(more), block.loss_ratio(less)) && other != flow;
  }
  return from >= enough;
}

FlowFigures figures_of(const Block& block, std::size_t flow) {
  FlowFigures figures;
  if (block.passable > 0) figures.loss_ratio = block.loss_ratio(flow);
  if (const auto p50 = block.flows[flow].round_trips.percentile(500'000))
    figures.round_trip = Duration::nanoseconds(*p50);
  return figures;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  return std::midpoint(values[(values.size() - 1) / 2], values[values.size() / 2]);
}

FlowFigures figures_of_rest(const Block& block, std::size_t flow) {
  std::vector<double> losses, delays_ns;
  for (std::size_t other = 0; other < block.flows.size(); ++other) {
    if (other == flow) continue;
    const FlowFigures figures = figures_of(block, other);
    if (figures.loss_ratio) losses.push_back(*figures.loss_ratio);
    if (figures.round_trip) delays_ns.push_back(static_cast<double>(figures.round_trip->ns()));
  }
  FlowFigures rest{.loss_ratio = median(std::move(losses)), .round_trip = std::nullopt};
  constexpr double kLargest = 9.2e18;
  if (const auto ns = median(std::move(delays_ns)))
    rest.round_trip = Duration::nanoseconds(std::llround(std::clamp(*ns, -kLargest, kLargest)));
  return rest;
}

// The stamp class that more than half of the round trips have; absent when there is none.
std::optional<StampSource> class_of_most(std::span<const Probe> round) {
  std::array<std::size_t, 5> counts{};  // indexed by StampSource
  std::size_t all = 0;
  for (const Probe& probe : round) {
    if (!probe.round_trip) continue;
    ++counts[static_cast<std::size_t>(probe.stamps)];
    ++all;
  }
  const auto most = std::ranges::max_element(counts);
  if (2 * *most <= all) return std::nullopt;
  return static_cast<StampSource>(most - counts.begin());
}

}  // namespace

struct FlowComparison::State {
  explicit State(const FlowComparisonOptions& made_with)
      : options(made_with), current(made_with.flows) {}

  void make_room(std::uint64_t round);
  void close_first();
  void count(std::span<const Probe> round);
  void count_losses(std::span<const Probe> round);
  void count_delays(std::span<const Probe> round);
  void carry();
  void look(const Block& block);
  void name(const Block& block, FlowDeviation deviation, std::size_t flow, double p_value);

  FlowComparisonOptions options;
  bool finished = false;

  // Rounds not closed yet: `flows` probes each, and how many of them were told.
  std::uint64_t first_open = 0;
  std::deque<Probe> open;
  std::deque<std::uint32_t> told;
  std::vector<Probe> closing;

  Block current;                                       // shorter than kFirstLook
  std::array<std::optional<Block>, kLengths> waiting;  // one of each length, for its second half
  std::vector<FlowDifference> differences;
};

void FlowComparison::State::make_room(std::uint64_t round) {
  while (round - first_open >= kOpenRounds && !told.empty()) close_first();
  if (round - first_open >= kOpenRounds) first_open = round - kOpenRounds + 1;
  while (round - first_open >= told.size()) {
    told.push_back(0);
    open.resize(open.size() + options.flows);
  }
}

void FlowComparison::State::close_first() {
  const auto end = open.begin() + static_cast<std::ptrdiff_t>(options.flows);
  closing.assign(open.begin(), end);
  open.erase(open.begin(), end);
  told.pop_front();
  count(closing);
  ++first_open;
}

// What is left out takes nothing from the budget, which counts rounds.
void FlowComparison::State::count(std::span<const Probe> round) {
  if (std::ranges::count(round, FlowOutcome::NotSent, &Probe::outcome) > 0) return;
  if (current.rounds == 0) current.first_round = first_open;
  current.last_round = first_open;
  count_losses(round);
  count_delays(round);
  if (++current.rounds == kFirstLook) carry();
}

void FlowComparison::State::count_losses(std::span<const Probe> round) {
  const auto lost =
      static_cast<std::size_t>(std::ranges::count(round, FlowOutcome::Lost, &Probe::outcome));
  if (lost == round.size()) return;
  ++current.passable;
  if (lost == 0) return;
  ++current.rounds_with[MoreLoss];
  ++current.rounds_with[LessLoss];
  for (std::size_t flow = 0; flow < round.size(); ++flow)
    ++current.flows[flow].marks[round[flow].outcome == FlowOutcome::Lost ? MoreLoss : LessLoss];
}

void FlowComparison::State::count_delays(std::span<const Probe> round) {
  const auto stamps = class_of_most(round);
  if (!stamps) return;
  const auto compared = [&](const Probe& probe) {
    return probe.round_trip && probe.stamps == *stamps;
  };
  std::array<std::int64_t, kMaxFlows> values;
  std::size_t count = 0;
  Duration error;
  for (const Probe& probe : round) {
    if (!compared(probe)) continue;
    values[count++] = probe.round_trip->ns();
    error = std::max(error, probe.error);
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((count - 1) / 2);
  std::nth_element(values.begin(), middle, values.begin() + static_cast<std::ptrdiff_t>(count));
  // In floating point, which does not overflow on the stamps of a broken peer.
  const auto median_ns = static_cast<double>(*middle);
  const double margin_ns = std::max(std::fabs(median_ns) * options.least_delay_share,
                                    2 * static_cast<double>(error.ns()));
  bool any_slower = false, any_faster = false;
  for (std::size_t flow = 0; flow < round.size(); ++flow) {
    if (!compared(round[flow])) continue;
    const std::int64_t ns = round[flow].round_trip->ns();
    const double above_ns = static_cast<double>(ns) - median_ns;
    const bool slower = above_ns > margin_ns, faster = -above_ns > margin_ns;
    Counts& counts = current.flows[flow];
    counts.round_trips.add(ns);
    ++counts.timed;
    counts.marks[Slower] += slower;
    counts.marks[Faster] += faster;
    any_slower |= slower;
    any_faster |= faster;
  }
  current.rounds_with[Slower] += any_slower;
  current.rounds_with[Faster] += any_faster;
}

// As a binary counter: two blocks of one length make one of the next.
void FlowComparison::State::carry() {
  Block block = std::exchange(current, Block(options.flows));
  for (std::optional<Block>& first_half : waiting) {
    look(block);
    if (!first_half) {
      // A block of the longest kind is no half of anything.
      if (&first_half != &waiting.back()) first_half = std::move(block);
      return;
    }
    first_half->merge(block);
    block = *std::exchange(first_half, std::nullopt);
  }
}

// In T hours there are at most T / h blocks of h hours of each length, and each test of one gives a
// false alarm with a chance of at most `allowed`: together at most T * false_alarms_per_hour. The
// look of finish() has the place of one more length.
void FlowComparison::State::look(const Block& block) {
  const double hours = static_cast<double>(block.rounds) * options.interval.to_seconds() / 3'600;
  const double tests = static_cast<double>(block.flows.size() * kDeviations.size());
  const double allowed = options.false_alarms_per_hour * hours / (kLengths + 1) / tests;
  for (const FlowDeviation deviation : kDeviations) {
    for (std::size_t flow = 0; flow < block.flows.size(); ++flow) {
      if (!is_large(options, block, deviation, flow)) continue;
      const double chance = p_value(block, deviation, flow);
      if (chance <= allowed) name(block, deviation, flow, chance);
    }
  }
}

void FlowComparison::State::name(const Block& block, FlowDeviation deviation, std::size_t flow,
                                 double p_value) {
  auto known = std::ranges::find_if(differences, [&](const FlowDifference& difference) {
    return difference.flow == flow && difference.deviation == deviation;
  });
  if (known == differences.end()) known = differences.insert(known, FlowDifference());
  known->last_confirmed = block.last_round;
  if (block.rounds < known->rounds) return;
  *known = {.flow = static_cast<std::uint32_t>(flow),
            .deviation = deviation,
            .own = figures_of(block, flow),
            .rest = figures_of_rest(block, flow),
            .p_value = p_value,
            .rounds = block.rounds,
            .first_round = block.first_round,
            .last_round = block.last_round,
            .last_confirmed = block.last_round};
}

FlowComparison::FlowComparison(const FlowComparisonOptions& options)
    : state_(std::make_unique<State>(options)) {
  CHECK(options.flows >= 2 && options.flows <= kMaxFlows);
  CHECK(options.interval > Duration());
}

FlowComparison::~FlowComparison() = default;
FlowComparison::FlowComparison(FlowComparison&&) noexcept = default;
FlowComparison& FlowComparison::operator=(FlowComparison&&) noexcept = default;

void FlowComparison::add(const FlowProbe& probe) {
  State& state = *state_;
  CHECK(!state.finished);
  CHECK(probe.flow < state.options.flows);
  if (probe.round < state.first_open) return;
  state.make_room(probe.round);
  const auto place = static_cast<std::size_t>(probe.round - state.first_open);
  Probe& kept = state.open[place * state.options.flows + probe.flow];
  if (kept.told) return;
  kept = {.error = probe.error, .outcome = probe.outcome, .stamps = probe.stamps, .told = true};
  if (probe.outcome == FlowOutcome::Delivered) kept.round_trip = probe.round_trip;
  ++state.told[place];
  while (!state.told.empty() && state.told.front() == state.options.flows) state.close_first();
}

void FlowComparison::finish() {
  State& state = *state_;
  CHECK(!state.finished);
  state.finished = true;
  while (!state.told.empty()) state.close_first();
  Block whole(state.options.flows);
  for (std::size_t length = kLengths; length-- > 0;)
    if (state.waiting[length]) whole.merge(*state.waiting[length]);
  if (state.current.rounds > 0) whole.merge(state.current);
  state.look(whole);
}

const std::vector<FlowDifference>& FlowComparison::differences() const {
  return state_->differences;
}

}  // namespace wirestamp::measure
