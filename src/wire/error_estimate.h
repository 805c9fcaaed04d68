// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "time/duration.h"
#include "wire/time_format.h"

namespace wirestamp::wire {

// What a peer may write reaches 17,000 years. Read, it is at most 36 years, so that nobody can make
// a sum of a few errors overflow.
inline constexpr Duration kLargestError = Duration::nanoseconds(std::int64_t{1} << 60U);

// RFC 4656 4.1.2 with the Z bit of RFC 8186:  S(1) Z(1) Scale(6) Multiplier(8);
// error in seconds = Multiplier * 2^Scale * 2^-32.
struct ErrorEstimate {
  bool synchronised = false;
  TimeFormat format = TimeFormat::Ntp;
  std::optional<Duration> error;  // absent: multiplier 0, which a peer must not send
};

// Never smaller than `error`, as long as that is below kLargestError; larger ones are cut.
constexpr std::uint16_t encode_error_estimate(bool synchronised, TimeFormat format,
                                              Duration error) {
  const auto ns = static_cast<std::uint64_t>(error.ns() <= 0         ? 0
                                             : error < kLargestError ? error.ns()
                                                                     : kLargestError.ns());
  constexpr auto kNanoseconds = static_cast<std::uint64_t>(kBillion);
  // In units of 2^-32 s, rounded up; 63 bits at most.
  const std::uint64_t units = ((ns / kNanoseconds) << 32U) +
                              (((ns % kNanoseconds) << 32U) + kNanoseconds - 1) / kNanoseconds;
  const auto rounded_up = [&](unsigned scale) {
    return (units + (std::uint64_t{1} << scale) - 1) >> scale;
  };
  const auto bits = static_cast<unsigned>(std::bit_width(units));
  unsigned scale = bits > 8 ? bits - 8 : 0;
  if (rounded_up(scale) > 255) ++scale;
  const auto multiplier = static_cast<unsigned>(units == 0 ? 1 : rounded_up(scale));
  return static_cast<std::uint16_t>((synchronised ? 0x8000U : 0U) |
                                    (format == TimeFormat::Ptp ? 0x4000U : 0U) | (scale << 8U) |
                                    multiplier);
}

constexpr ErrorEstimate decode_error_estimate(std::uint16_t raw) {
  ErrorEstimate estimate{.synchronised = (raw & 0x8000U) != 0,
                         .format = (raw & 0x4000U) != 0 ? TimeFormat::Ptp : TimeFormat::Ntp,
                         .error = std::nullopt};
  const unsigned scale = (raw >> 8U) & 63U, multiplier = raw & 255U;
  if (multiplier == 0) return estimate;
  const std::uint64_t ns = multiplier * static_cast<std::uint64_t>(kBillion);  // at scale 32
  std::uint64_t rounded_up;
  if (scale < 32) {
    const unsigned down = 32 - scale;
    rounded_up = (ns + (std::uint64_t{1} << down) - 1) >> down;
  } else {
    const unsigned up = scale - 32;
    const auto most = static_cast<std::uint64_t>(kLargestError.ns());
    rounded_up = ns > (most >> up) ? most : ns << up;
  }
  estimate.error = Duration::nanoseconds(static_cast<std::int64_t>(rounded_up));
  return estimate;
}

}  // namespace wirestamp::wire
