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
// Classic buckets are counts of all values up to a bound. Ours lie at powers of two of a second,
// which are bounds of the histogram's own buckets, so that the counts are exact and not estimated.
// Native buckets are those of the histogram, with another number.
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

// From the number of a bucket of ours to that of the same native one.
inline constexpr int kNativeShift = -measure::Histogram::kOneSecond;

}  // namespace wirestamp::publish
