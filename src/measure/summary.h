// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "measure/sample.h"
#include "time/duration.h"

// The figures of one measurement or window. docs/measurement.md defines each of them. A figure that
// is undefined for want of samples is absent.
namespace wirestamp::measure {

struct Distribution {
  std::uint64_t count = 0;
  std::optional<Duration> min, p10, p50, p90, p95, p99, max, mean, stddev;
};

// Per-direction or round-trip variation of delay.
struct Variation {
  // RFC 5481 PDV: D(i) - D_min over the window.
  std::optional<Duration> pdv_p50, pdv_p95, pdv_p99, pdv_p999;
  // RFC 3393 IPDV over consecutive probes of a flow in send order.
  std::optional<Duration> ipdv_p5, ipdv_p95, ipdv_mean_abs;
  std::uint64_t ipdv_count = 0, ipdv_undefined = 0;
};

// Clocks whose error has no smaller bound are those of hosts that nobody synchronises: of a one-way
// delay and its variation over a run they tell nothing.
inline constexpr Duration kUselessClock = Duration::seconds(1);

struct StampCounts {
  std::array<std::uint64_t, 5> by_source{};  // indexed by StampSource
  std::optional<StampSource> weakest;        // among the probes that have this stamp

  // One probe's stamp of this kind, if it has one.
  void add(const std::optional<Timestamp>& stamp) {
    if (!stamp) return;
    ++by_source[static_cast<std::size_t>(stamp->source)];
    weakest = std::min(weakest.value_or(stamp->source), stamp->source);
  }
};

// The largest n that is told apart in n-reordering; one more place counts what is beyond.
inline constexpr std::size_t kMostReordering = 17;

struct Reordering {
  std::uint64_t reordered = 0, received = 0;  // packets, duplicates not counted
  std::optional<double> ratio;                // reordered / received
  std::uint64_t max_extent = 0;               // RFC 4737 4.2, in packets
  // RFC 4737 5: [n] packets that are n-reordered, for n up to 16; [17]: those with n > 16.
  std::array<std::uint64_t, kMostReordering + 1> n_reordered{};

  // Of another stream of packets, which shares no packet with this one.
  void merge(const Reordering& other) {
    reordered += other.reordered;
    received += other.received;
    if (received > 0) ratio = static_cast<double>(reordered) / static_cast<double>(received);
    max_extent = std::max(max_extent, other.max_extent);
    for (std::size_t n = 0; n < n_reordered.size(); ++n) n_reordered[n] += other.n_reordered[n];
  }
};

struct Mos {
  double value = 0;  // 1 to 4.5
  double r = 0;      // E-model rating
  bool forward_is_worse = false;
  bool alike = false;      // both ways have the same rating
  Duration one_way_delay;  // half the p50 of the net round trips: labelled, not measured
};

struct LossSums {
  std::uint64_t forward = 0, backward = 0, unknown = 0;
};

struct Summary {
  std::uint64_t scheduled = 0;  // probes that were due, bursts and unmeasured ones excluded
  std::uint64_t sent = 0;       // left this host (or may have: departure unconfirmed)
  std::uint64_t received = 0;   // delivered + late
  std::uint64_t delivered = 0, late = 0;
  std::uint64_t duplicates_forward = 0, duplicates_backward = 0, duplicates_unknown = 0;
  LossSums lost;  // late ones not included
  std::uint64_t peer_closed = 0, too_big = 0, refused_by_peer = 0;
  std::uint64_t withheld = 0, late_schedule = 0, departure_unconfirmed = 0;
  std::uint64_t unsent_total = 0;
  std::array<std::uint64_t, 7> unsent_by_cause{};  // indexed by UnsentCause
  std::optional<double> loss_ratio, network_loss_ratio, unreachable_ratio;

  std::uint64_t burst_sent = 0, burst_received = 0, burst_lost = 0;
  std::optional<double> burst_loss;

  // Net of the reflector, of the stamp class with most values.
  Distribution rtt;
  std::optional<StampSource> rtt_class;  // weakest stamp in each sample of `rtt`
  std::uint64_t rtt_other_class = 0;     // samples with other stamps, counted beside
  std::uint64_t negative_rtt = 0;        // of all classes: T2 or T3 is wrong by more than that
  std::optional<Duration> rtt_error_mean, rtt_error_max;  // bounds of the error of those in `rtt`
  // T4 - T1 where the reflector's stamps are not to be believed: contains its time.
  Distribution gross_rtt;
  std::optional<StampSource> gross_rtt_class;  // weaker of T1 and T4
  std::uint64_t gross_rtt_other_class = 0;
  // One way, raw: contains the difference of both clocks; believed only within the errors, the
  // largest bounds of clocks and stamps of the values told.
  Distribution forward_delay, backward_delay;
  std::optional<StampSource> forward_class, backward_class;  // weaker of both stamps
  std::uint64_t forward_other_class = 0, backward_other_class = 0;
  std::optional<Duration> forward_error, backward_error;
  std::optional<Duration> one_way_error;  // the larger of both
  std::uint64_t clock_step_samples = 0, bad_reflector_stamps = 0;
  Distribution reflector_residence;            // T3 - T2, of its fullest stamp class
  std::optional<StampSource> residence_class;  // weaker of both stamps
  std::uint64_t residence_other_class = 0;

  Variation rtt_variation, forward_variation, backward_variation;
  std::optional<Duration> jitter_rfc3550;  // RFC 3550 6.4.1 over round-trip transit, arrival order
  std::optional<Duration> jitter_consecutive;  // mean |IPDV| of the round trip

  Reordering round_trip_order, forward_order, backward_order;
  std::uint64_t loss_periods = 0, longest_loss_period = 0;  // RFC 3357, send order
  std::optional<Mos> mos;

  StampCounts sender_tx, reflector_rx, reflector_tx, sender_rx;
  Distribution schedule_error;  // sent minus scheduled

  // Traffic class seen at each place: [value] counts; DSCP is value >> 2.
  std::array<std::uint64_t, 256> forward_traffic_class{}, backward_traffic_class{};
  std::uint64_t forward_marks_known = 0, backward_marks_known = 0;
};

// What network_loss_ratio counts: all that left and did not come back in time.
constexpr std::uint64_t lost_total(const Summary& s) {
  return s.lost.forward + s.lost.backward + s.lost.unknown + s.peer_closed + s.too_big + s.late;
}

}  // namespace wirestamp::measure
