// SPDX-License-Identifier: Apache-2.0
#include "measure/series.h"

#include <algorithm>
#include <cmath>

namespace wirestamp::measure {

namespace {

std::optional<Duration> nanoseconds(std::optional<std::int64_t> value) {
  if (!value) return std::nullopt;
  return Duration::nanoseconds(*value);
}

constexpr std::uint32_t kP5 = 50'000, kP10 = 100'000, kP50 = 500'000, kP90 = 900'000,
                        kP95 = 950'000, kP99 = 990'000, kP999 = 999'000;

}  // namespace

void Quantiles::add(Duration value) {
  const std::int64_t ns = value.ns();
  if (count_ == 0) min_ = max_ = first_ = ns;
  min_ = std::min(min_, ns);
  max_ = std::max(max_, ns);
  ++count_;
  const auto distance = static_cast<double>(ns - first_);
  const double step = distance - mean_;
  mean_ += step / static_cast<double>(count_);
  squares_ += step * (distance - mean_);

  if (spilled_) {
    from_base_.add(ns - base_);
    return;
  }
  values_.push_back(ns);
  if (values_.size() > kExactValues) spill();
}

// The middle as the base, not the minimum: a single wild value does not move it away from the rest.
void Quantiles::spill() {
  base_ = exact(kP50);
  for (const std::int64_t value : values_) from_base_.add(value - base_);
  values_ = {};
  spilled_ = true;
}

//= RFC7679:minimum
std::optional<Duration> Quantiles::min() const {
  return count_ == 0 ? std::nullopt : nanoseconds(min_);
}
std::optional<Duration> Quantiles::max() const {
  return count_ == 0 ? std::nullopt : nanoseconds(max_);
}
std::optional<Duration> Quantiles::mean() const {
  if (count_ == 0) return std::nullopt;
  return Duration::nanoseconds(first_ + std::llround(mean_));
}
std::optional<Duration> Quantiles::stddev() const {
  //= RFC6703:empty
  if (count_ < 2) return std::nullopt;
  return Duration::nanoseconds(std::llround(std::sqrt(squares_ / static_cast<double>(count_ - 1))));
}

// RFC 2330 11.3: the smallest value with at least that share of all values at or below it.
//= RFC2330:percentile
std::int64_t Quantiles::exact(std::uint32_t ppm) const {
  if (sorted_ != values_.size()) {
    const auto middle = values_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(middle, values_.end());
    std::inplace_merge(values_.begin(), middle, values_.end());
    sorted_ = values_.size();
  }
  const std::uint64_t rank = (std::uint64_t{ppm} * values_.size() + 999'999) / 1'000'000;
  return values_[std::max<std::uint64_t>(rank, 1) - 1];
}

std::int64_t Quantiles::value_at(std::uint32_t ppm) const {
  if (!spilled_) return exact(ppm);
  // The extremes are known better than their buckets.
  if (ppm == 0) return min_;
  if (ppm == 1'000'000) return max_;
  return std::clamp(base_ + *from_base_.percentile(ppm), min_, max_);
}

std::optional<Duration> Quantiles::percentile(std::uint32_t ppm) const {
  return count_ == 0 ? std::nullopt : nanoseconds(value_at(ppm));
}

//= RFC5481:pdv
std::optional<Duration> Quantiles::percentile_above_minimum(std::uint32_t ppm) const {
  return count_ == 0 ? std::nullopt : nanoseconds(value_at(ppm) - min_);
}

void Quantiles::add_above_minimum_to(Histogram& histogram) const {
  for (const std::int64_t value : values_) histogram.add(value - min_);
  from_base_.for_each([&](std::int64_t distance, std::uint64_t times) {
    histogram.add(std::clamp(base_ + distance, min_, max_) - min_, times);
  });
}

std::uint64_t Quantiles::count_above_minimum(Duration distance) const {
  if (!spilled_)
    return static_cast<std::uint64_t>(std::ranges::count_if(
        values_, [&](std::int64_t value) { return value - min_ > distance.ns(); }));
  std::uint64_t found = 0;
  from_base_.for_each([&](std::int64_t from_base, std::uint64_t times) {
    if (std::clamp(base_ + from_base, min_, max_) - min_ > distance.ns()) found += times;
  });
  return found;
}

//= RFC6703:conditional
Distribution Quantiles::distribution() const {
  return {.count = count_,
          .min = min(),
          .p10 = percentile(kP10),
          .p50 = percentile(kP50),
          .p90 = percentile(kP90),
          .p95 = percentile(kP95),
          .p99 = percentile(kP99),
          .max = max(),
          .mean = mean(),
          .stddev = stddev()};
}

DelaySeries::OfClass& DelaySeries::of(StampSource stamps) {
  auto& one = by_class_[static_cast<std::size_t>(stamps)];
  if (!one) one = std::make_unique<OfClass>();
  return *one;
}

void DelaySeries::OfClass::begin_stretch() {
  if (delays.count() == 0) return;
  if (!stretches) {
    stretches = std::make_unique<Stretches>();
    delays.add_above_minimum_to(stretches->before);
  } else {
    stretches->current.add_above_minimum_to(stretches->before);
    stretches->current = {};
  }
}

Histogram DelaySeries::OfClass::all_stretches() const {
  Histogram all = stretches->before;
  stretches->current.add_above_minimum_to(all);
  return all;
}

std::optional<Duration> DelaySeries::OfClass::pdv(std::uint32_t ppm) const {
  if (!stretches) return delays.percentile_above_minimum(ppm);
  return nanoseconds(all_stretches().percentile(ppm));
}

std::optional<double> DelaySeries::share_above_minimum(Duration distance) const {
  const OfClass* best = shown();
  if (best == nullptr) return std::nullopt;
  std::uint64_t above = 0;
  if (!best->stretches) {
    above = best->delays.count_above_minimum(distance);
  } else {
    best->all_stretches().for_each([&](std::int64_t value, std::uint64_t times) {
      if (value > distance.ns()) above += times;
    });
  }
  return static_cast<double>(above) / static_cast<double>(best->delays.count());
}

void DelaySeries::add(const ClassedDelay& delay) {
  OfClass& one = of(delay.stamps);
  if (delay.stretch != one.stretch) {
    one.begin_stretch();
    one.stretch = delay.stretch;
  }
  one.delays.add(delay.value);
  if (one.stretches) one.stretches->current.add(delay.value);
  if (!delay.error) return;
  ++one.errors;
  one.error_sum += static_cast<double>(delay.error->ns());
  one.error_max = std::max(one.error_max, *delay.error);
}

void DelaySeries::add_in_order(std::uint32_t flow, const std::optional<ClassedDelay>& delay) {
  const auto predecessor = previous_.exchange(flow, delay);
  if (!predecessor) return;
  ++pairs_;
  const std::optional<ClassedDelay>& previous = *predecessor;
  //= RFC3393:ipdv-undefined
  if (!delay || !previous || delay->stamps != previous->stamps ||
      delay->stretch != previous->stretch)
    return;
  //= RFC3393:ipdv
  const Duration variation = delay->value - previous->value;
  OfClass& one = of(delay->stamps);
  one.ipdv.add(variation);
  one.ipdv_abs_sum += static_cast<double>(abs(variation).ns());
}

std::optional<StampSource> DelaySeries::fullest_class() const {
  std::optional<std::size_t> best;
  for (std::size_t i = by_class_.size(); i-- > 0;)
    if (by_class_[i] && (!best || by_class_[i]->delays.count() > by_class_[*best]->delays.count()))
      best = i;
  if (!best) return std::nullopt;
  return static_cast<StampSource>(*best);
}

const DelaySeries::OfClass* DelaySeries::shown() const {
  const auto best = fullest_class();
  return best ? by_class_[static_cast<std::size_t>(*best)].get() : nullptr;
}

const Quantiles* DelaySeries::fullest() const {
  const OfClass* best = shown();
  return best != nullptr ? &best->delays : nullptr;
}

std::uint64_t DelaySeries::others() const {
  std::uint64_t all = 0;
  for (const auto& one : by_class_)
    if (one) all += one->delays.count();
  const Quantiles* best = fullest();
  return best != nullptr ? all - best->count() : 0;
}

ErrorBounds DelaySeries::error() const {
  const OfClass* best = shown();
  if (best == nullptr || best->errors < best->delays.count()) return {};
  return {.mean = Duration::nanoseconds(
              std::llround(best->error_sum / static_cast<double>(best->errors))),
          .max = best->error_max};
}

Variation DelaySeries::variation() const {
  Variation variation;
  variation.ipdv_undefined = pairs_;
  const OfClass* best = shown();
  if (best == nullptr) return variation;
  variation.pdv_p50 = best->pdv(kP50);
  variation.pdv_p95 = best->pdv(kP95);
  variation.pdv_p99 = best->pdv(kP99);
  variation.pdv_p999 = best->pdv(kP999);
  //= RFC5481:ipdv-percentiles
  variation.ipdv_p5 = best->ipdv.percentile(kP5);
  variation.ipdv_p95 = best->ipdv.percentile(kP95);
  variation.ipdv_count = best->ipdv.count();
  variation.ipdv_undefined = pairs_ - variation.ipdv_count;
  if (variation.ipdv_count > 0)
    variation.ipdv_mean_abs = Duration::nanoseconds(
        std::llround(best->ipdv_abs_sum / static_cast<double>(variation.ipdv_count)));
  return variation;
}

}  // namespace wirestamp::measure
