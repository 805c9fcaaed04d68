// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "time/duration.h"

// The two 64-bit timestamp formats of STAMP (RFC 8762 4.2.1): NTP (RFC 5905: seconds since 1900 and
// a binary fraction) and PTP truncated (RFC 8186: TAI seconds since 1970 and nanoseconds). The Z
// bit of an Error Estimate tells which.
namespace wirestamp::wire {

enum class TimeFormat : std::uint8_t { Ntp, Ptp };

inline constexpr std::uint64_t kNtpUnixOffset = 2'208'988'800;  // seconds from 1900 to 1970
inline constexpr std::int64_t kBillion = 1'000'000'000;

// Rounds to nearest both ways, so every nanosecond survives the round trip.
constexpr std::uint64_t encode_time(WallTime time, TimeFormat format, int tai_minus_utc_s) {
  std::int64_t seconds = time.ns() / kBillion, nanoseconds = time.ns() % kBillion;
  if (nanoseconds < 0) {
    nanoseconds += kBillion;
    --seconds;
  }
  const auto unix_seconds = static_cast<std::uint64_t>(seconds);
  const auto fraction = static_cast<std::uint64_t>(nanoseconds);
  if (format == TimeFormat::Ptp)
    return ((unix_seconds + static_cast<std::uint64_t>(tai_minus_utc_s)) << 32U) | fraction;
  return ((unix_seconds + kNtpUnixOffset) << 32U) |
         ((fraction << 32U) + 500'000'000U) / static_cast<std::uint64_t>(kBillion);
}

// `near` resolves what the wire leaves out (the NTP era, the PTP wrap): the result lies within 68
// years of it. Absent for "not available" (all zero) and for PTP nanoseconds that are none.
constexpr std::optional<WallTime> decode_time(std::uint64_t raw, TimeFormat format, WallTime near,
                                              int tai_minus_utc_s) {
  if (raw == 0) return std::nullopt;
  const auto low = static_cast<std::uint32_t>(raw);
  auto wire_seconds = static_cast<std::uint32_t>(raw >> 32U);
  std::int64_t nanoseconds = low;
  if (format == TimeFormat::Ptp) {
    if (low >= kBillion) return std::nullopt;
    wire_seconds -= static_cast<std::uint32_t>(tai_minus_utc_s);
  } else {
    wire_seconds -= static_cast<std::uint32_t>(kNtpUnixOffset);
    nanoseconds = static_cast<std::int64_t>(
        (std::uint64_t{low} * static_cast<std::uint64_t>(kBillion) + 0x8000'0000U) >> 32U);
  }
  const std::int64_t near_seconds = near.ns() / kBillion;
  const auto distance =
      static_cast<std::int32_t>(wire_seconds - static_cast<std::uint32_t>(near_seconds));
  return WallTime::from_ns((near_seconds + distance) * kBillion + nanoseconds);
}

}  // namespace wirestamp::wire
