// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

// A base-2 exponential histogram of signed nanoseconds, schema 5: thirty-two buckets for each power
// of two of a second. Bucket kOneSecond + n holds magnitudes in (2^((n-1)/32), 2^(n/32)] seconds,
// zero has a bucket of its own, negative values mirror the positive ones. The grid is that of
// seconds and not of nanoseconds, because 10^9 is no power of 2^(1/32) and others keep seconds:
// bucket kOneSecond + n is bucket n of a Prometheus native histogram and n - 1 of an OTLP
// exponential one, so export needs no conversion. Two of them merge without loss. A value told back
// is at most 1.1 % away from the one that went in. At most 2 x 2,017 buckets; only the range in use
// takes memory.
namespace wirestamp::measure {

class Histogram {
 public:
  static constexpr int kSchema = 5;
  // The bucket whose upper bound is a second; then that of 1 ns is 0.
  static constexpr int kOneSecond = 956;
  static constexpr int kBuckets = 2'017;  // of one sign: from that of 1 ns, 0, to that of 2^63 ns
  // Largest relative error of a value told back: (2^(1/32) - 1) / (2^(1/32) + 1).
  static constexpr double kRelativeError = 0.0109;

  void add(std::int64_t value, std::uint64_t times = 1);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  // The value of rank max(1, ceil(ppm * count / 10^6)) (RFC 2330 11.3), ppm from 0 to 10^6; absent
  // when there is none.
  std::optional<std::int64_t> percentile(std::uint32_t ppm) const;

  // `take(value, times)` for each bucket in use, with the value that stands for it; in order.
  template <typename Take>
  void for_each(Take&& take) const {
    for (std::size_t i = negative_.counts.size(); i-- > 0;)
      if (negative_.counts[i] > 0)
        take(-representative(negative_.first + static_cast<int>(i)), negative_.counts[i]);
    if (zero_ > 0) take(std::int64_t{0}, zero_);
    for (std::size_t i = 0; i < positive_.counts.size(); ++i)
      if (positive_.counts[i] > 0)
        take(representative(positive_.first + static_cast<int>(i)), positive_.counts[i]);
  }

  // `take(sign, bucket, times)` for each bucket in use: all that the histogram is, with zero(). Of
  // the negative side (sign -1), then of the positive one (1), each by rising index.
  template <typename Take>
  void for_each_bucket(Take&& take) const {
    for (const auto& [sign, side] : {std::pair{-1, &negative_}, std::pair{1, &positive_}})
      for (std::size_t i = 0; i < side->counts.size(); ++i)
        if (side->counts[i] > 0) take(sign, side->first + static_cast<int>(i), side->counts[i]);
  }
  std::uint64_t zero() const { return zero_; }
  // The inverse: `sign` -1, 0 (the bucket of zero; `bucket` does not count) or 1. Returns false and
  // changes nothing where there is no such bucket.
  bool add_bucket(int sign, int bucket, std::uint64_t times);

  // Index of the bucket of a magnitude in ns; magnitude > 0. Of each nanosecond up to four days it
  // is the true one; above, bounds are as exact as the double nearest to the seconds.
  static int bucket(std::uint64_t magnitude);
  // The largest magnitude in a bucket, in ns; exact where it is a power of two of a second. The
  // lower bound, not in the bucket, is that of the one below.
  static double upper(int bucket);
  // The value that stands for a bucket, in ns: the harmonic mean of its bounds, equally wrong at
  // both.
  static std::int64_t representative(int bucket);

 private:
  struct Side {
    int first = 0;  // bucket of counts[0]
    std::vector<std::uint64_t> counts;

    void add(int bucket, std::uint64_t times);
    void merge(const Side& other);
  };

  Side negative_, positive_;
  std::uint64_t zero_ = 0, count_ = 0;
};

}  // namespace wirestamp::measure
