// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "measure/histogram.h"
#include "publish/metrics_table.h"

// Our histograms as Prometheus wants them, in seconds.
//
// Classic buckets are counts of all values up to a bound. Ours lie at powers of two of nanoseconds,
// which are bounds of the histogram's own buckets, so that the counts are exact and not estimated.
//
// Native buckets lie at powers of 2^(1/32) of a second, ours at those of a nanosecond, and 10^9 is
// no power of 2^(1/32): the two grids differ by 0.285 of a bucket. So a whole bucket goes to the
// one that holds most of it, 957 below its number, and what Prometheus then takes for its bounds
// lies 0.62 % below the true ones, all of them alike. Counts are not split, because a quantile must
// not come from a bucket that no value was in.
namespace wirestamp::publish {

struct ClassicBucket {
  double upper = 0;         // seconds; the value itself is in
  std::uint64_t count = 0;  // of all values up to it
};
// By rising bound, without the infinite one, whose count is that of the histogram.
std::vector<ClassicBucket> classic_buckets(const measure::Histogram& histogram, Ladder ladder);

// One sign of a native histogram.
struct NativeSide {
  struct Span {
    std::int32_t offset = 0;  // from the end of the span before, of the first one from bucket 0
    std::uint32_t length = 0;
  };
  std::vector<Span> spans;
  std::vector<std::int64_t> deltas;  // each count minus the one before
};
NativeSide native_side(const measure::Histogram& histogram, int sign);

// The native bucket that a bucket of ours becomes.
inline constexpr int kNativeShift = -957;

}  // namespace wirestamp::publish
