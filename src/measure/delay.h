// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "measure/sample.h"
#include "time/clock.h"

// The delays of one probe, from its four stamps T1 sender_tx, T2 reflector_rx, T3 reflector_tx and
// T4 sender_rx. All are signed; absent when a stamp is missing or not to be believed.
namespace wirestamp::measure {

// A peer does not tell the rate error of its clock; this bound is that of an undisciplined one.
inline constexpr std::int64_t kPeerRateErrorPpb = 50'000;

namespace detail {

// The interval between two stamps of this host on the true scale. The raw monotonic clock knows no
// steps; where a stamp has none, the wall clock serves unless it was stepped.
inline std::optional<Duration> local_interval(const Sample& sample) {
  if (!sample.sender_tx || !sample.sender_rx) return std::nullopt;
  const Timestamp &from = *sample.sender_tx, &to = *sample.sender_rx;
  if (from.mono && to.mono) return scaled(*to.mono - *from.mono, sample.rate_ppb);
  if (sample.clock_step) return std::nullopt;
  return to.wall - from.wall;
}

inline Duration share(Duration of, std::int64_t ppb) { return abs(scaled(of, ppb) - of); }

}  // namespace detail

// The weakest of the stamps that a delay is made of: delays of one class are compared with each
// other.
inline StampSource weakest(const std::optional<Timestamp>& a, const std::optional<Timestamp>& b) {
  const auto source = [](const auto& stamp) {
    return stamp ? stamp->source : StampSource::Unknown;
  };
  return std::min(source(a), source(b));
}

// T3 - T2: the time in the reflector, on its clock.
inline std::optional<Duration> reflector_residence(const Sample& sample) {
  if (!sample.reflector_rx || !sample.reflector_tx || sample.bad_reflector_stamps)
    return std::nullopt;
  return sample.reflector_tx->wall - sample.reflector_rx->wall;
}

// (T4 - T1) - (T3 - T2), RFC 5905 8; T4 - T1 when the reflector's part is not
// known (RFC 2681), which Sample::bad_reflector_stamps or an absent reflector stamp tells.
//= RFC5905:delay
inline std::optional<Duration> round_trip(const Sample& sample) {
  const auto interval = detail::local_interval(sample);
  if (!interval) return std::nullopt;
  //= RFC2681:definition
  return *interval - reflector_residence(sample).value_or(Duration());
}

// Bound of the error of round_trip(): the four stamps' own errors, and what the rates of both
// clocks can do within the interval. Absent when the reflector does not say how wrong its stamps
// are.
inline std::optional<Duration> round_trip_error(const Sample& sample) {
  const auto interval = detail::local_interval(sample);
  if (!interval) return std::nullopt;
  Duration error = sample.sender_tx->error + sample.sender_rx->error +
                   detail::share(*interval, sample.rate_error_ppb);
  if (const auto residence = reflector_residence(sample)) {
    if (weakest(sample.reflector_rx, sample.reflector_tx) == StampSource::Unknown)
      return std::nullopt;
    error += sample.reflector_rx->error + sample.reflector_tx->error +
             detail::share(*residence, kPeerRateErrorPpb);
  }
  return error;
}

// T2 - T1 (RFC 7679), raw: contains the difference of both clocks.
//= RFC7679:definition
inline std::optional<Duration> forward_delay(const Sample& sample) {
  if (!sample.sender_tx || !sample.reflector_rx || sample.clock_step || sample.bad_reflector_stamps)
    return std::nullopt;
  return sample.reflector_rx->wall - sample.sender_tx->wall;
}

// Bound of what the two clocks and stamps can add to a one-way delay; absent when a clock or a
// stamp tells none.
//= RFC7679:uncertainty
inline std::optional<Duration> one_way_error(const Sample& sample, const Timestamp& from,
                                             const Timestamp& to) {
  if (!sample.sender_clock_error || !sample.reflector_clock_error) return std::nullopt;
  if (weakest(from, to) == StampSource::Unknown) return std::nullopt;
  return *sample.sender_clock_error + *sample.reflector_clock_error + from.error + to.error;
}

// T4 - T3, raw as forward_delay().
//= RFC7679:definition
inline std::optional<Duration> backward_delay(const Sample& sample) {
  if (!sample.reflector_tx || !sample.sender_rx || sample.clock_step || sample.bad_reflector_stamps)
    return std::nullopt;
  return sample.sender_rx->wall - sample.reflector_tx->wall;
}

inline StampSource round_trip_class(const Sample& sample) {
  const StampSource here = weakest(sample.sender_tx, sample.sender_rx);
  if (!reflector_residence(sample)) return here;
  return std::min(here, weakest(sample.reflector_rx, sample.reflector_tx));
}

}  // namespace wirestamp::measure
