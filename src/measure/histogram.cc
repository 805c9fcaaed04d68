// SPDX-License-Identifier: Apache-2.0
#include "measure/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace wirestamp::measure {

namespace {

constexpr int kPerOctave = 1 << Histogram::kSchema;
constexpr double kNanosecondsOfSecond = 1e9;

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
  // Division is rounded once, so that a whole power of two stays one.
  const double fraction =
      std::frexp(static_cast<double>(magnitude) / kNanosecondsOfSecond, &exponent);
  const int octave = kOneSecond + (exponent - 1) * kPerOctave;
  // Powers of two are the upper bound of the octave below.
  if (fraction == 0.5) return octave;
  const auto bound = std::ranges::lower_bound(bounds(), fraction);
  return octave + 1 + static_cast<int>(bound - bounds().begin());
}

double Histogram::upper(int bucket) {
  return kNanosecondsOfSecond * std::exp2(static_cast<double>(bucket - kOneSecond) / kPerOctave);
}

std::int64_t Histogram::representative(int bucket) {
  const double most = upper(bucket), least = upper(bucket - 1);
  constexpr double kLargest = 9.2233720368547e18;
  return std::llround(std::min(2 * most * least / (most + least), kLargest));
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
  if (sign < -1 || sign > 1 || (sign != 0 && (bucket < 0 || bucket >= kBuckets))) return false;
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
