// SPDX-License-Identifier: Apache-2.0
#include "measure/window.h"

#include <algorithm>
#include <cmath>

#include "measure/count.h"
#include "measure/delay.h"

namespace wirestamp::measure {

namespace {

std::optional<double> ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

void widen(std::optional<Duration>& bound, const std::optional<Duration>& other) {
  if (other) bound = std::max(bound.value_or(*other), *other);
}

template <typename T>
void renew(std::optional<T>& value, const std::optional<T>& later) {
  if (later) value = later;
}

void merge_counts(StampCounts& into, const StampCounts& other) {
  for (std::size_t i = 0; i < into.by_source.size(); ++i) into.by_source[i] += other.by_source[i];
  if (other.weakest) into.weakest = std::min(into.weakest.value_or(*other.weakest), *other.weakest);
}

void take_marks(const Sample& sample, Window& window) {
  if (sample.seen_traffic_class) {
    ++window.forward_marks_known;
    if (*sample.seen_traffic_class != sample.sent.traffic_class) ++window.forward_remarked;
    window.forward_traffic_class = sample.seen_traffic_class;
  }
  renew(window.forward_hop_limit, sample.seen_hop_limit);
  if (!sample.returned) return;
  ++window.backward_marks_known;
  window.backward_traffic_class = sample.returned->traffic_class;
  renew(window.backward_hop_limit, sample.returned->hop_limit);
  // Replies are asked for with the DSCP of the probe, and are sent without ECN. A reflector that
  // does not say what it saw may not have understood that, and sends them with what it likes; so
  // does one whose policy refuses. It is not known then whether the way back re-marked them.
  if (sample.seen_traffic_class && !sample.reply_class_refused &&
      sample.returned->dscp() != sample.sent.dscp())
    ++window.backward_remarked;
}

void take_delays(const Sample& sample, Window& window) {
  const auto residence = reflector_residence(sample);
  if (const auto delay = round_trip(sample); delay && residence) {
    window.rtt.add(round_trip_class(sample), *delay);
    widen(window.rtt_error_max, round_trip_error(sample));
    if (*delay < Duration()) ++window.negative_rtt;
  }
  if (const auto delay = forward_delay(sample)) {
    window.forward_delay.add(weakest(sample.sender_tx, sample.reflector_rx), *delay);
    widen(window.one_way_error_max, one_way_error(sample, *sample.sender_tx, *sample.reflector_rx));
  }
  if (const auto delay = backward_delay(sample)) {
    window.backward_delay.add(weakest(sample.reflector_tx, sample.sender_rx), *delay);
    widen(window.one_way_error_max, one_way_error(sample, *sample.reflector_tx, *sample.sender_rx));
  }
  if (residence) window.residence.add(*residence);
}

}  // namespace

void Values::add(Duration value) {
  const std::int64_t ns = value.ns();
  min = count() == 0 ? ns : std::min(min, ns);
  max = count() == 0 ? ns : std::max(max, ns);
  sum += static_cast<double>(ns);
  histogram.add(ns);
}

void Values::merge(const Values& other) {
  if (other.count() == 0) return;
  min = count() == 0 ? other.min : std::min(min, other.min);
  max = count() == 0 ? other.max : std::max(max, other.max);
  sum += other.sum;
  histogram.merge(other.histogram);
}

std::optional<Duration> Values::smallest() const {
  if (count() == 0) return std::nullopt;
  return Duration::nanoseconds(min);
}

std::optional<Duration> Values::largest() const {
  if (count() == 0) return std::nullopt;
  return Duration::nanoseconds(max);
}

std::optional<Duration> Values::mean() const {
  if (count() == 0) return std::nullopt;
  return Duration::nanoseconds(std::llround(sum / static_cast<double>(count())));
}

std::optional<Duration> Values::percentile(std::uint32_t ppm) const {
  const auto value = histogram.percentile(ppm);
  if (!value) return std::nullopt;
  return Duration::nanoseconds(std::clamp(*value, min, max));
}

void ClassedValues::add(StampSource stamps, Duration value) {
  auto place = std::ranges::lower_bound(classes, stamps, {}, &OfClass::stamps);
  if (place == classes.end() || place->stamps != stamps)
    place = classes.insert(place, {.stamps = stamps, .values = {}});
  place->values.add(value);
}

void ClassedValues::merge(const ClassedValues& other) {
  for (const OfClass& theirs : other.classes) {
    auto place = std::ranges::lower_bound(classes, theirs.stamps, {}, &OfClass::stamps);
    if (place == classes.end() || place->stamps != theirs.stamps)
      classes.insert(place, theirs);
    else
      place->values.merge(theirs.values);
  }
}

const ClassedValues::OfClass* ClassedValues::fullest() const {
  const OfClass* best = nullptr;
  for (const OfClass& one : classes)
    if (best == nullptr || one.values.count() >= best->values.count()) best = &one;
  return best;
}

std::uint64_t ClassedValues::others() const {
  const OfClass* best = fullest();
  std::uint64_t count = 0;
  for (const OfClass& one : classes)
    if (&one != best) count += one.values.count();
  return count;
}

void Window::add(const Sample& sample) {
  count_duplicates(sample, *this);
  if (sample.burst) return count_burst(sample, *this);
  ++scheduled;
  count_outcome(sample, *this);
  count_stamps(sample, *this);
  take_marks(sample, *this);
  if (sample.sender_user && sample.sender_user->mono)
    schedule_error.add(*sample.sender_user->mono - sample.scheduled);
  if (sample.outcome == Outcome::Delivered) take_delays(sample, *this);
}

void Window::merge(const Window& later) {
  scheduled += later.scheduled;
  sent += later.sent;
  delivered += later.delivered;
  late += later.late;
  lost.forward += later.lost.forward;
  lost.backward += later.lost.backward;
  lost.unknown += later.lost.unknown;
  peer_closed += later.peer_closed;
  too_big += later.too_big;
  refused_by_peer += later.refused_by_peer;
  withheld += later.withheld;
  late_schedule += later.late_schedule;
  departure_unconfirmed += later.departure_unconfirmed;
  for (std::size_t i = 0; i < unsent_by_cause.size(); ++i)
    unsent_by_cause[i] += later.unsent_by_cause[i];
  duplicates_forward += later.duplicates_forward;
  duplicates_backward += later.duplicates_backward;
  duplicates_unknown += later.duplicates_unknown;
  burst_sent += later.burst_sent;
  burst_received += later.burst_received;
  burst_lost += later.burst_lost;
  arrived += later.arrived;
  reordered += later.reordered;
  negative_rtt += later.negative_rtt;
  clock_step_samples += later.clock_step_samples;
  bad_reflector_stamps += later.bad_reflector_stamps;
  rtt.merge(later.rtt);
  forward_delay.merge(later.forward_delay);
  backward_delay.merge(later.backward_delay);
  ipdv.merge(later.ipdv);
  schedule_error.merge(later.schedule_error);
  residence.merge(later.residence);
  widen(rtt_error_max, later.rtt_error_max);
  widen(one_way_error_max, later.one_way_error_max);
  merge_counts(sender_tx, later.sender_tx);
  merge_counts(reflector_rx, later.reflector_rx);
  merge_counts(reflector_tx, later.reflector_tx);
  merge_counts(sender_rx, later.sender_rx);
  forward_marks_known += later.forward_marks_known;
  forward_remarked += later.forward_remarked;
  backward_marks_known += later.backward_marks_known;
  backward_remarked += later.backward_remarked;
  renew(forward_traffic_class, later.forward_traffic_class);
  renew(backward_traffic_class, later.backward_traffic_class);
  renew(forward_hop_limit, later.forward_hop_limit);
  renew(backward_hop_limit, later.backward_hop_limit);
}

void Window::merge_finer(const Window& finer, WallTime begin) {
  merge(finer);
  Worst of_finer = finer.worst.value_or(Worst{.loss_ratio = finer.loss_ratio().value_or(0),
                                              .loss_at = begin,
                                              .rtt_p99 = {},
                                              .rtt_p99_at = begin});
  if (!finer.worst)
    if (const auto* fullest = finer.rtt.fullest())
      of_finer.rtt_p99 = fullest->values.percentile(990'000);
  if (!worst) {
    worst = of_finer;
    return;
  }
  if (of_finer.loss_ratio > worst->loss_ratio) {
    worst->loss_ratio = of_finer.loss_ratio;
    worst->loss_at = of_finer.loss_at;
  }
  if (of_finer.rtt_p99 && (!worst->rtt_p99 || *of_finer.rtt_p99 > *worst->rtt_p99)) {
    worst->rtt_p99 = of_finer.rtt_p99;
    worst->rtt_p99_at = of_finer.rtt_p99_at;
  }
}

std::uint64_t Window::unsent_total() const {
  std::uint64_t total = 0;
  for (const std::uint64_t of_cause : unsent_by_cause) total += of_cause;
  return total;
}

std::uint64_t Window::lost_total() const {
  return lost.forward + lost.backward + lost.unknown + peer_closed + too_big + late;
}

std::optional<double> Window::loss_ratio() const {
  const std::uint64_t unresolved =
      unsent_by_cause[static_cast<std::size_t>(UnsentCause::NeighbourUnresolved)];
  return ratio(lost_total() + unresolved, sent + unresolved);
}

std::optional<double> Window::network_loss_ratio() const { return ratio(lost_total(), sent); }

std::optional<double> Window::unreachable_ratio() const {
  const std::uint64_t wanted = scheduled - std::min(scheduled, withheld + late_schedule);
  return ratio(wanted - std::min(wanted, delivered), wanted);
}

std::optional<double> Window::forward_loss_ratio() const { return ratio(lost.forward, sent); }

std::optional<double> Window::backward_loss_ratio() const { return ratio(lost.backward, sent); }

}  // namespace wirestamp::measure
