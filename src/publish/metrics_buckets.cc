// SPDX-License-Identifier: Apache-2.0
#include "publish/metrics_buckets.h"

#include <algorithm>
#include <cmath>

namespace wirestamp::publish {

namespace {

constexpr int kPerOctave = 1 << measure::Histogram::kSchema;

// From 7.6 us to 8 s: below lies the noise of stamps, above the loss threshold.
constexpr int kFirstOctave = -17, kLastOctave = 3;
constexpr int kCoarseStep = 3;

// A bound at 2^octave seconds, on either side of zero; zero itself is `sign` 0.
struct Bound {
  int sign = 0, octave = 0;

  double seconds() const {
    if (sign >= 0) return sign == 0 ? 0 : std::ldexp(1.0, octave);
    // The bucket of -2^n holds magnitudes up to and with it, so that the values below are those
    // from the next whole nanosecond on.
    return -(std::floor(measure::Histogram::upper(last_bucket())) + 1) / 1e9;
  }
  int last_bucket() const { return measure::Histogram::kOneSecond + octave * kPerOctave; }
  bool holds(int other_sign, int bucket) const {
    if (other_sign == 0) return sign >= 0;
    if (other_sign < 0) return sign >= 0 || bucket > last_bucket();
    return sign > 0 && bucket <= last_bucket();
  }
};

std::vector<Bound> bounds_of(Ladder ladder) {
  std::vector<Bound> bounds;
  if (ladder == Ladder::None) return bounds;
  if (ladder == Ladder::Signed) {
    for (int octave = kLastOctave; octave >= kFirstOctave; octave -= kCoarseStep)
      bounds.push_back({.sign = -1, .octave = octave});
  }
  bounds.push_back({});
  const int step = ladder == Ladder::Coarse ? kCoarseStep : 1;
  for (int octave = kLastOctave - (kLastOctave - kFirstOctave) / step * step; octave <= kLastOctave;
       octave += step)
    bounds.push_back({.sign = 1, .octave = octave});
  return bounds;
}

}  // namespace

std::vector<ClassicBucket> classic_buckets(const measure::Histogram& histogram, Ladder ladder) {
  const std::vector<Bound> bounds = bounds_of(ladder);
  std::vector<ClassicBucket> buckets;
  for (const Bound& bound : bounds) buckets.push_back({.upper = bound.seconds(), .count = 0});
  // First each bucket to the lowest bound that holds it, then each bound has those below it too.
  const auto put = [&](int sign, int index, std::uint64_t times) {
    const auto lowest = std::ranges::partition_point(
        bounds, [&](const Bound& bound) { return !bound.holds(sign, index); });
    if (lowest != bounds.end())
      buckets[static_cast<std::size_t>(lowest - bounds.begin())].count += times;
  };
  put(0, 0, histogram.zero());
  histogram.for_each_bucket(put);
  for (std::size_t i = 1; i < buckets.size(); ++i) buckets[i].count += buckets[i - 1].count;
  return buckets;
}

NativeSide native_side(const measure::Histogram& histogram, int sign) {
  // A few empty buckets cost less than a span.
  constexpr std::int32_t kBridged = 2;
  NativeSide side;
  std::int32_t next = 0;  // behind the last bucket told
  std::int64_t before = 0;
  histogram.for_each_bucket([&](int of, int index, std::uint64_t times) {
    if (of != sign) return;
    const std::int32_t gap = index + kNativeShift - next;
    if (side.spans.empty() || gap > kBridged) {
      side.spans.push_back({.offset = gap, .length = 0});
    } else {
      for (std::int32_t i = 0; i < gap; ++i) {
        side.deltas.push_back(-before);
        before = 0;
        ++side.spans.back().length;
      }
    }
    const auto count = static_cast<std::int64_t>(times);
    side.deltas.push_back(count - before);
    ++side.spans.back().length;
    before = count;
    next = index + kNativeShift + 1;
  });
  return side;
}

}  // namespace wirestamp::publish
