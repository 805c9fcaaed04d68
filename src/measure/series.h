// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "measure/histogram.h"
#include "measure/newest_of_flow.h"
#include "measure/summary.h"
#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp::measure {

// Percentiles of a stream of durations: exact for the first kExactValues, from a histogram of the
// distances from the middle of these after that (error at most Histogram::kRelativeError of that
// distance). Delays are narrow and far from zero, and a one-way one stands on the offset of two
// clocks: relative to the value itself that error would swallow the whole distribution. Extremes,
// mean and standard deviation stay exact. Shares of all values are in parts per million, 0 to
// 1'000'000.
class Quantiles {
 public:
  static constexpr std::size_t kExactValues = 10'000;

  void add(Duration value);

  std::uint64_t count() const { return count_; }
  std::optional<Duration> min() const;
  std::optional<Duration> max() const;
  std::optional<Duration> mean() const;
  std::optional<Duration> stddev() const;  // divisor n - 1; absent below two values
  std::optional<Duration> percentile(std::uint32_t ppm) const;
  // Percentile minus minimum: packet delay variation (RFC 5481 4.2).
  std::optional<Duration> percentile_above_minimum(std::uint32_t ppm) const;
  void add_above_minimum_to(Histogram& histogram) const;
  // Values that lie more than `distance` above the minimum.
  std::uint64_t count_above_minimum(Duration distance) const;
  Distribution distribution() const;

 private:
  void spill();
  std::int64_t exact(std::uint32_t ppm) const;     // of values_
  std::int64_t value_at(std::uint32_t ppm) const;  // count_ > 0

  mutable std::vector<std::int64_t> values_;  // sorted up to sorted_
  mutable std::size_t sorted_ = 0;
  bool spilled_ = false;
  std::int64_t base_ = 0;  // the middle of the first values
  Histogram from_base_;    // of value - base_
  std::uint64_t count_ = 0;
  std::int64_t min_ = 0, max_ = 0, first_ = 0;
  double mean_ = 0, squares_ = 0;  // Welford, of the distance from the first value
};

// A delay with the weakest stamp it is made of.
struct ClassedDelay {
  Duration value;
  StampSource stamps = StampSource::Unknown;
  std::optional<Duration> error;  // bound; absent: not known
  // Delays of different stretches have another constant in them (ClockWatch): they are not
  // compared.
  std::uint32_t stretch = 0;
};

// Bounds of the error of several values; absent unless each of them has one.
struct ErrorBounds {
  std::optional<Duration> mean, max;
};

// Delays of one direction (or of the round trip), each stamp class for itself: distributions,
// bounds of error, and the variation between consecutive probes of a flow (RFC 3393), pairs of one
// class only. What is told is told of the fullest class.
class DelaySeries {
 public:
  // In any order.
  void add(const ClassedDelay& delay);
  // In send order, a call per probe: its delay, or none when it was lost.
  void add_in_order(std::uint32_t flow, const std::optional<ClassedDelay>& delay);
  // The next probe of the flow, or of all flows, has no predecessor: the one before was never sent.
  void break_order(std::uint32_t flow) { previous_.forget(flow); }
  void break_order() { previous_.forget_all(); }

  // The class with most values, the strongest of equals.
  const Quantiles* fullest() const;
  std::optional<StampSource> fullest_class() const;
  std::uint64_t others() const;  // values of the other classes
  ErrorBounds error() const;
  Variation variation() const;
  // Share of the values that lie more than `distance` above the minimum (of their stretch).
  std::optional<double> share_above_minimum(Duration distance) const;

 private:
  struct OfClass {
    // From the second stretch on: the delays of the current one, and those of the ones before
    // above the minimum of each.
    struct Stretches {
      Quantiles current;
      Histogram before;
    };

    void begin_stretch();
    Histogram all_stretches() const;
    std::optional<Duration> pdv(std::uint32_t ppm) const;

    Quantiles delays, ipdv;
    std::uint32_t stretch = 0;  // of the newest delay
    std::unique_ptr<Stretches> stretches;
    double ipdv_abs_sum = 0, error_sum = 0;
    Duration error_max;
    std::uint64_t errors = 0;
  };

  OfClass& of(StampSource stamps);
  const OfClass* shown() const;

  std::array<std::unique_ptr<OfClass>, 5> by_class_;
  std::uint64_t pairs_ = 0;  // of neighbours, defined or not, of all classes
  NewestOfFlow<std::optional<ClassedDelay>> previous_;
};

}  // namespace wirestamp::measure
