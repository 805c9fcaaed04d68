// SPDX-License-Identifier: Apache-2.0
#include "measure/accumulator.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "measure/arrival_order.h"
#include "measure/clock_watch.h"
#include "measure/count.h"
#include "measure/delay.h"
#include "measure/in_turn.h"
#include "measure/loss_periods.h"
#include "measure/mos.h"
#include "measure/newest_of_flow.h"
#include "measure/series.h"

// Samples come in the order of their decision: an answered probe after the loss threshold, an
// unanswered one ten seconds after it left. What depends on send order (variation, loss periods) or
// on the order of arrival (reordering, RFC 3550 jitter) waits in a window until its turn comes.
namespace wirestamp::measure {

namespace {

// What one probe tells in send order.
struct Sent {
  std::uint32_t flow = 0;
  bool on_path = false;  // left, or would have but for the neighbour
  bool lost = false;
  bool skip = false;  // of a burst
  std::optional<ClassedDelay> rtt, forward, backward;
};

struct Arrival {
  std::uint32_t flow = 0;
  std::uint64_t probe = 0;
  std::optional<ReflectorNumber> reflector_number;
  std::optional<ClassedDelay> transit;  // of probes that count for jitter
};

std::optional<double> ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

bool clocks_agree(const DelaySeries& one_way) {
  const auto error = one_way.error().max;
  return error && *error <= kUselessClock;
}

// Between two neighbours the clocks have no time to drift apart; over a run they have.
Variation one_way_variation(const DelaySeries& one_way) {
  Variation variation = one_way.variation();
  if (!clocks_agree(one_way))
    variation.pdv_p50 = variation.pdv_p95 = variation.pdv_p99 = variation.pdv_p999 = std::nullopt;
  return variation;
}

// RFC 3550 6.4.1, in nanoseconds; one figure of all flows, out of differences within each.
struct RtpJitter {
  NewestOfFlow<Duration> transits;
  double value = 0;
  std::uint64_t pairs = 0;

  void add(std::uint32_t flow, Duration transit) {
    const auto previous = transits.exchange(flow, transit);
    if (!previous) return;
    //= RFC3550:jitter
    value += (static_cast<double>(abs(transit - *previous).ns()) - value) / 16;
    ++pairs;
  }
};

}  // namespace

struct Accumulator::State {
  explicit State(const AccumulatorOptions& given)
      : options(given),
        sent(given.first_probe, given.reach),
        arrivals(given.first_arrival, given.reach) {}

  void count_marks(const Sample& sample);
  void add_delays(const Sample& sample, Sent& sent);
  void take_sent(const std::optional<Sent>& sent);
  void take_arrival(const Arrival& arrival);

  AccumulatorOptions options;
  Summary counts;  // the counters only; summary() adds the rest
  ClockWatch clocks;
  DelaySeries rtt, gross_rtt, forward, backward, residence;
  Quantiles schedule_error;

  InTurn<Sent> sent;
  InTurn<Arrival> arrivals;
  LossPeriods loss_periods;
  std::array<RtpJitter, 5> jitter;  // by the class of the round trip
  ArrivalOrder order;
};

Accumulator::Accumulator(const AccumulatorOptions& options)
    : state_(std::make_unique<State>(options)) {}
Accumulator::~Accumulator() = default;
Accumulator::Accumulator(Accumulator&&) noexcept = default;
Accumulator& Accumulator::operator=(Accumulator&&) noexcept = default;

std::size_t Accumulator::waiting() const {
  return state_->sent.waiting() + state_->arrivals.waiting();
}

void Accumulator::State::count_marks(const Sample& sample) {
  if (sample.seen_traffic_class) {
    ++counts.forward_marks_known;
    ++counts.forward_traffic_class[*sample.seen_traffic_class];
  }
  if (sample.returned) {
    ++counts.backward_marks_known;
    ++counts.backward_traffic_class[sample.returned->traffic_class];
  }
}

void Accumulator::State::add_delays(const Sample& sample, Sent& one) {
  if (sample.sender_user && sample.sender_user->mono)
    //= RFC3432:lateness-told
    schedule_error.add(*sample.sender_user->mono - sample.scheduled);
  //= RFC7679:undefined-when-late
  if (sample.outcome != Outcome::Delivered) return;
  const auto put = [](const ClassedDelay& delay, DelaySeries& series,
                      std::optional<ClassedDelay>& slot) {
    slot = delay;
    series.add(delay);
  };
  if (const auto delay = round_trip(sample)) {
    const ClassedDelay classed{*delay, round_trip_class(sample), round_trip_error(sample)};
    if (reflector_residence(sample)) {
      put(classed, rtt, one.rtt);
      if (*delay < Duration()) ++counts.negative_rtt;
    } else {
      gross_rtt.add(classed);
    }
  }
  const std::uint32_t stretch = clocks.stretch_of(sample);
  if (const auto delay = forward_delay(sample))
    put({*delay, weakest(sample.sender_tx, sample.reflector_rx),
         one_way_error(sample, *sample.sender_tx, *sample.reflector_rx), stretch},
        forward, one.forward);
  if (const auto delay = backward_delay(sample))
    put({*delay, weakest(sample.reflector_tx, sample.sender_rx),
         one_way_error(sample, *sample.reflector_tx, *sample.sender_rx), stretch},
        backward, one.backward);
  if (const auto stay = reflector_residence(sample))
    residence.add({*stay, weakest(sample.reflector_rx, sample.reflector_tx), {}});
}

void Accumulator::State::take_sent(const std::optional<Sent>& one) {
  const std::array all{&rtt, &forward, &backward};
  if (!one) {
    for (DelaySeries* series : all) series->break_order();
    return;
  }
  if (one->skip) return;
  if (!one->on_path) {
    for (DelaySeries* series : all) series->break_order(one->flow);
    return;
  }
  //= RFC3357:periods
  loss_periods.add(one->lost);
  rtt.add_in_order(one->flow, one->rtt);
  forward.add_in_order(one->flow, one->forward);
  backward.add_in_order(one->flow, one->backward);
}

void Accumulator::State::take_arrival(const Arrival& arrival) {
  order.add(arrival.flow, arrival.probe, arrival.reflector_number);
  if (const auto& transit = arrival.transit)
    jitter[static_cast<std::size_t>(transit->stamps)].add(arrival.flow, transit->value);
}

void Accumulator::add(const Sample& sample) {
  State& s = *state_;
  count_duplicates(sample, s.counts);
  Sent one{.flow = sample.flow};
  if (sample.burst) {
    one.skip = true;
    count_burst(sample, s.counts);
  } else {
    ++s.counts.scheduled;
    count_outcome(sample, s.counts);
    count_stamps(sample, s.counts);
    s.count_marks(sample);
    s.add_delays(sample, one);
    const bool neighbour =
        sample.outcome == Outcome::Unsent && sample.cause == UnsentCause::NeighbourUnresolved;
    one.on_path = left_this_host(sample.outcome) || neighbour;
    one.lost = lost_on_the_way(sample.outcome) || neighbour;
  }
  if (sample.arrival_index > 0) {
    Arrival arrival{
        .flow = sample.flow, .probe = sample.probe, .reflector_number = {}, .transit = one.rtt};
    if (sample.reflector_sequence)
      arrival.reflector_number = {
          .epoch = sample.reflector_epoch,
          .sequence = *sample.reflector_sequence,
          .first = sample.reflector_first_sequence.value_or(*sample.reflector_sequence)};
    s.arrivals.put(sample.arrival_index, arrival, [&](const std::optional<Arrival>& next) {
      if (next) s.take_arrival(*next);
    });
  }
  s.sent.put(sample.probe, one, [&](const std::optional<Sent>& next) { s.take_sent(next); });
}

void Accumulator::finish() {
  State& s = *state_;
  s.sent.finish([&](const std::optional<Sent>& next) { s.take_sent(next); });
  s.arrivals.finish([&](const std::optional<Arrival>& next) {
    if (next) s.take_arrival(*next);
  });
  s.order.finish();
}

void Accumulator::resolve_unknown(std::uint64_t forward, std::uint64_t backward) {
  LossSums& lost = state_->counts.lost;
  forward = std::min(forward, lost.unknown);
  backward = std::min(backward, lost.unknown - forward);
  lost.unknown -= forward + backward;
  lost.forward += forward;
  lost.backward += backward;
}

std::uint64_t Accumulator::lost_unknown() const { return state_->counts.lost.unknown; }

Summary Accumulator::summary() const {
  const State& s = *state_;
  Summary summary = s.counts;
  summary.received = summary.delivered + summary.late;
  for (const std::uint64_t of_cause : summary.unsent_by_cause) summary.unsent_total += of_cause;
  const std::uint64_t neighbour =
      summary.unsent_by_cause[static_cast<std::size_t>(UnsentCause::NeighbourUnresolved)];
  const std::uint64_t lost = lost_total(summary);
  summary.loss_ratio = ratio(lost + neighbour, summary.sent + neighbour);
  //= RFC7680:ratio
  summary.network_loss_ratio = ratio(lost, summary.sent);
  const std::uint64_t due = summary.scheduled - summary.withheld - summary.late_schedule;
  if (const auto reached = ratio(summary.delivered, due)) summary.unreachable_ratio = 1 - *reached;
  summary.burst_loss = ratio(summary.burst_lost, summary.burst_sent);

  const auto distribution = [](const DelaySeries& series) {
    const Quantiles* values = series.fullest();
    return values != nullptr ? values->distribution() : Distribution{};
  };
  summary.rtt = distribution(s.rtt);
  summary.rtt_class = s.rtt.fullest_class();
  summary.rtt_other_class = s.rtt.others();
  summary.gross_rtt = distribution(s.gross_rtt);
  summary.gross_rtt_class = s.gross_rtt.fullest_class();
  summary.gross_rtt_other_class = s.gross_rtt.others();
  const ErrorBounds rtt_error = s.rtt.error();
  summary.rtt_error_mean = rtt_error.mean;
  summary.rtt_error_max = rtt_error.max;
  summary.forward_delay = distribution(s.forward);
  summary.forward_class = s.forward.fullest_class();
  summary.forward_other_class = s.forward.others();
  summary.forward_error = s.forward.error().max;
  summary.backward_delay = distribution(s.backward);
  summary.backward_class = s.backward.fullest_class();
  summary.backward_other_class = s.backward.others();
  summary.backward_error = s.backward.error().max;
  if (summary.forward_error && summary.backward_error)
    summary.one_way_error = std::max(*summary.forward_error, *summary.backward_error);
  summary.reflector_residence = distribution(s.residence);
  summary.residence_class = s.residence.fullest_class();
  summary.residence_other_class = s.residence.others();
  summary.schedule_error = s.schedule_error.distribution();
  summary.rtt_variation = s.rtt.variation();
  summary.forward_variation = one_way_variation(s.forward);
  summary.backward_variation = one_way_variation(s.backward);
  if (summary.rtt_class) {
    const RtpJitter& jitter = s.jitter[static_cast<std::size_t>(*summary.rtt_class)];
    if (jitter.pairs > 0)
      summary.jitter_rfc3550 = Duration::nanoseconds(std::llround(jitter.value));
  }
  summary.jitter_consecutive = summary.rtt_variation.ipdv_mean_abs;
  const ArrivalOrder::Figures order = s.order.figures();
  summary.round_trip_order = order.round_trip;
  summary.forward_order = order.forward;
  summary.backward_order = order.backward;
  summary.loss_periods = s.loss_periods.count;
  summary.longest_loss_period = s.loss_periods.longest;
  summary.mos = speech({.counts = s.counts,
                        .interval = s.options.interval,
                        .round_trip = s.rtt,
                        .forward = clocks_agree(s.forward) ? s.forward : s.rtt,
                        .backward = clocks_agree(s.backward) ? s.backward : s.rtt,
                        .loss_periods = s.loss_periods});
  return summary;
}

}  // namespace wirestamp::measure
