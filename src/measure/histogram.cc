// SPDX-License-Identifier: Apache-2.0
#include "measure/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace wirestamp::measure {

namespace {

constexpr int kPerOctave = 1 << Histogram::kSchema;

// Upper bounds of the buckets of (0.5, 1], the range of std::frexp.
const std::array<double, kPerOctave>& bounds() {
  static const std::array<double, kPerOctave> table = [] {
    std::array<double, kPerOctave> made{};
    for (int i = 0; i < kPerOctave; ++i)
      made[static_cast<std::size_t>(i)] = std::exp2(static_cast<double>(i + 1) / kPerOctave) / 2;
    return made;
  }();
  return table;
}

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                   : static_cast<std::uint64_t>(value);
}

}  // namespace

int Histogram::bucket(std::uint64_t magnitude) {
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(magnitude), &exponent);
  // Powers of two are the upper bound of the octave below.
  if (fraction == 0.5) return (exponent - 1) * kPerOctave;
  const auto bound = std::ranges::lower_bound(bounds(), fraction);
  return (exponent - 1) * kPerOctave + 1 + static_cast<int>(bound - bounds().begin());
}

std::int64_t Histogram::representative(int bucket) {
  const double upper = std::exp2(static_cast<double>(bucket) / kPerOctave);
  const double lower = std::exp2(static_cast<double>(bucket - 1) / kPerOctave);
  constexpr double kLargest = 9.2233720368547e18;
  return std::llround(std::min(2 * upper * lower / (upper + lower), kLargest));
}

void Histogram::Side::add(int bucket, std::uint64_t times) {
  if (counts.empty()) first = bucket;
  if (bucket < first) {
    counts.insert(counts.begin(), static_cast<std::size_t>(first - bucket), 0);
    first = bucket;
  }
  const auto at = static_cast<std::size_t>(bucket - first);
  if (at >= counts.size()) counts.resize(at + 1);
  counts[at] += times;
}

void Histogram::Side::merge(const Side& other) {
  for (std::size_t i = 0; i < other.counts.size(); ++i)
    if (other.counts[i] > 0) add(other.first + static_cast<int>(i), other.counts[i]);
}

void Histogram::add(std::int64_t value, std::uint64_t times) {
  count_ += times;
  if (value == 0)
    zero_ += times;
  else
    (value < 0 ? negative_ : positive_).add(bucket(magnitude(value)), times);
}

bool Histogram::add_bucket(int sign, int bucket, std::uint64_t times) {
  // The buckets of magnitudes 1 and 2^63.
  constexpr int kFirst = 0, kLast = 63 * kPerOctave;
  if (sign < -1 || sign > 1 || (sign != 0 && (bucket < kFirst || bucket > kLast))) return false;
  if (count_ > std::numeric_limits<std::uint64_t>::max() - times) return false;
  count_ += times;
  if (sign == 0)
    zero_ += times;
  else if (times > 0)
    (sign < 0 ? negative_ : positive_).add(bucket, times);
  return true;
}

void Histogram::merge(const Histogram& other) {
  negative_.merge(other.negative_);
  positive_.merge(other.positive_);
  zero_ += other.zero_;
  count_ += other.count_;
}

std::optional<std::int64_t> Histogram::percentile(std::uint32_t ppm) const {
  if (count_ == 0) return std::nullopt;
  __extension__ using Wide = unsigned __int128;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>((static_cast<Wide>(ppm) * count_ + 999'999) / 1'000'000));
  std::uint64_t seen = 0;
  for (std::size_t i = negative_.counts.size(); i-- > 0;)
    if ((seen += negative_.counts[i]) >= rank)
      return -representative(negative_.first + static_cast<int>(i));
  if ((seen += zero_) >= rank) return 0;
  for (std::size_t i = 0; i < positive_.counts.size(); ++i)
    if ((seen += positive_.counts[i]) >= rank)
      return representative(positive_.first + static_cast<int>(i));
  return std::nullopt;
}

}  // namespace wirestamp::measure
