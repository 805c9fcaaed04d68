// SPDX-License-Identifier: Apache-2.0
#include "alert/baseline.h"

#include <algorithm>

#include "measure/histogram.h"

namespace wirestamp::alert {

namespace {

// A median over two days moves slowly, and finding it looks at all values.
constexpr std::int64_t kComputedEvery = 30;  // minutes
constexpr std::int64_t kLongestSpacing = 15;

std::uint16_t code_of(const std::optional<Duration>& value) {
  if (!value) return 0;
  const auto magnitude = static_cast<std::uint64_t>(std::max<std::int64_t>(value->ns(), 1));
  return static_cast<std::uint16_t>(measure::Histogram::bucket(magnitude) + 1);
}

}  // namespace

Baseline::Codes& Baseline::at(std::int64_t minute) {
  return ring_[static_cast<std::size_t>((minute % kMinutes + kMinutes) % kMinutes)];
}

void Baseline::add(std::int64_t minute, const Minute& values) {
  if (ring_.empty()) {
    ring_.resize(kMinutes);
    newest_ = minute;
  }
  if (minute <= newest_ - kMinutes) return;
  for (std::int64_t n = std::max(newest_ + 1, minute - kMinutes + 1); n <= minute; ++n) at(n) = {};
  newest_ = std::max(newest_, minute);
  at(minute) = {code_of(values.latency), code_of(values.jitter)};
}

void Baseline::forget_from(std::int64_t minute) {
  if (ring_.empty()) return;
  for (std::int64_t n = std::max(minute, newest_ - kMinutes + 1); n <= newest_; ++n) at(n) = {};
}

Baseline::Minute Baseline::median(std::int64_t now) {
  if (!computed_ || now - *computed_ >= kComputedEvery || now < *computed_) {
    computed_ = now;
    known_ = {.latency = median_of(0, now), .jitter = median_of(1, now)};
  }
  return known_;
}

std::optional<Duration> Baseline::median_of(std::size_t which, std::int64_t now) const {
  if (ring_.empty()) return std::nullopt;
  std::vector<std::uint16_t> codes;
  codes.reserve(kMinutes);
  // A session with a probe every few minutes has a value as often: each stands for that time.
  std::int64_t spacing = kLongestSpacing, last = 0;
  for (std::int64_t n = std::max(newest_, now) - kMinutes + 1; n <= newest_; ++n) {
    const std::uint16_t code =
        ring_[static_cast<std::size_t>((n % kMinutes + kMinutes) % kMinutes)][which];
    if (code == 0) continue;
    if (!codes.empty()) spacing = std::min(spacing, n - last);
    last = n;
    codes.push_back(code);
  }
  if (Duration::minutes(spacing) * static_cast<std::int64_t>(codes.size()) < kEnough)
    return std::nullopt;
  const auto middle = codes.begin() + static_cast<std::ptrdiff_t>((codes.size() - 1) / 2);
  std::ranges::nth_element(codes, middle);
  return Duration::nanoseconds(measure::Histogram::representative(*middle - 1));
}

}  // namespace wirestamp::alert
