// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "measure/histogram.h"
#include "measure/sample.h"
#include "measure/summary.h"
#include "time/duration.h"

// What is kept of a stretch of time. Unlike a Summary, which needs the samples themselves, two
// Windows merge into the one of both stretches: counters add, histograms merge without loss, so
// that percentiles over any split of the data are those of the whole (within
// Histogram::kRelativeError). docs/measurement.md defines each figure; it is the same as in a
// Summary wherever the name is.
namespace wirestamp::measure {

// Signed nanoseconds of one kind.
struct Values {
  Histogram histogram;
  std::int64_t min = 0, max = 0;  // exact; meaningless when there is no value
  double sum = 0;

  std::uint64_t count() const { return histogram.count(); }
  void add(Duration value);
  void merge(const Values& other);
  std::optional<Duration> smallest() const, largest() const, mean() const;
  // Of rank ceil(ppm * count / 10^6), kept within min and max; absent when there is no value.
  std::optional<Duration> percentile(std::uint32_t ppm) const;
};

// Delays by the weakest stamp they are made of, since only like is compared with like.
struct ClassedValues {
  struct OfClass {
    StampSource stamps = StampSource::Unknown;
    Values values;
  };
  std::vector<OfClass> classes;  // those in use, weakest first

  void add(StampSource stamps, Duration value);
  void merge(const ClassedValues& other);
  // The class with most values, the strongest of equals; null when there is none.
  const OfClass* fullest() const;
  std::uint64_t others() const;  // values of the other classes
};

// The worst of the finer windows that a coarser one is made of: an average hides a bad second.
struct Worst {
  double loss_ratio = 0;
  WallTime loss_at;  // begin of that window
  std::optional<Duration> rtt_p99;
  WallTime rtt_p99_at;
};

struct Window {
  // Probes, as in Summary.
  std::uint64_t scheduled = 0, sent = 0, delivered = 0, late = 0;
  LossSums lost;
  std::uint64_t peer_closed = 0, too_big = 0, refused_by_peer = 0;
  std::uint64_t withheld = 0, late_schedule = 0, departure_unconfirmed = 0;
  std::array<std::uint64_t, 7> unsent_by_cause{};  // indexed by UnsentCause
  std::uint64_t duplicates_forward = 0, duplicates_backward = 0, duplicates_unknown = 0;
  std::uint64_t burst_sent = 0, burst_received = 0, burst_lost = 0;
  // Arrivals, and those of them that a later probe overtook (RFC 4737 3), duplicates not counted.
  std::uint64_t arrived = 0, reordered = 0;
  std::uint64_t negative_rtt = 0, clock_step_samples = 0, bad_reflector_stamps = 0;

  ClassedValues rtt, forward_delay, backward_delay;
  ClassedValues ipdv;  // |difference| of the round trips of consecutive probes of a flow (RFC 3393)
  Values schedule_error;                                     // sent minus scheduled
  Values residence;                                          // T3 - T2
  std::optional<Duration> rtt_error_max, one_way_error_max;  // bounds

  StampCounts sender_tx, reflector_rx, reflector_tx, sender_rx;
  // Marks that arrived otherwise than they were sent, and hop limits.
  std::uint64_t forward_marks_known = 0, forward_remarked = 0;
  std::uint64_t backward_marks_known = 0, backward_remarked = 0;
  std::optional<std::uint8_t> forward_traffic_class, backward_traffic_class;  // seen last
  std::optional<std::uint8_t> forward_hop_limit, backward_hop_limit;          // seen last

  std::optional<Worst> worst;  // of a window that was made of finer ones

  // Everything but order: `arrived`, `reordered` and `ipdv` are their keeper's.
  void add(const Sample& sample);
  // Counters add; what was seen last is the other's where it has it. Leaves `worst` alone.
  void merge(const Window& later);
  // Merges a finer window that begins at `begin`, and notes it where it is worse than the others.
  void merge_finer(const Window& finer, WallTime begin);

  std::uint64_t unsent_total() const;
  std::uint64_t lost_total() const;  // what network_loss_ratio() counts: late ones too
  // Section 6 of the design; absent where the divisor is 0.
  std::optional<double> loss_ratio() const, network_loss_ratio() const, unreachable_ratio() const;
  // Shares of what was sent; losses of unknown direction are in neither.
  std::optional<double> forward_loss_ratio() const, backward_loss_ratio() const;
};

// A window with its place in time.
struct TimedWindow {
  WallTime begin;
  Duration length;
  std::uint32_t epoch = 0;  // counts up when the wall clock was set: two windows may begin alike
  bool part = false;        // the session was not there for all of it
  Window window;

  WallTime end() const { return begin + length; }
};

}  // namespace wirestamp::measure
