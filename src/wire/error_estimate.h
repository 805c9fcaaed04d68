// SPDX-License-Identifier: Apache-2.0
#pragma once

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

// Never smaller than `error`.
constexpr std::uint16_t encode_error_estimate(bool synchronised, TimeFormat format,
                                              Duration error) {
  __extension__ using Wide = unsigned __int128;
  const auto ns = static_cast<Wide>(error.ns() > 0 ? error.ns() : 0);
  Wide value = ((ns << 32U) + static_cast<Wide>(kBillion - 1)) / static_cast<Wide>(kBillion);
  if (value == 0) value = 1;
  unsigned scale = 0;
  while (value > 255 && scale < 63) {
    value = (value + 1) >> 1U;
    ++scale;
  }
  const auto multiplier = static_cast<unsigned>(value > 255 ? 255 : value);
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
  __extension__ using Wide = unsigned __int128;
  constexpr auto kMost = static_cast<Wide>(kLargestError.ns());
  Wide ns = (static_cast<Wide>(multiplier) << scale) * static_cast<Wide>(kBillion);
  ns = (ns + 0xffff'ffffU) >> 32U;
  estimate.error = Duration::nanoseconds(static_cast<std::int64_t>(ns > kMost ? kMost : ns));
  return estimate;
}

}  // namespace wirestamp::wire
