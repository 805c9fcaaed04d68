// SPDX-License-Identifier: Apache-2.0
#include "measure/mos.h"

#include <algorithm>

#include "measure/emodel.h"

namespace wirestamp::measure {

namespace {

constexpr std::uint64_t kFewestProbes = 50;
// From this interval down losses are close enough together to see bursts of speech packets.
constexpr Duration kBurstRatioInterval = Duration::milliseconds(40);

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double burst_ratio(const SpeechInput& input) {
  if (input.interval > kBurstRatioInterval || input.loss_periods == 0) return 1;
  const double all_lost = share(input.lost_in_periods, input.counts.sent);
  return std::max(1.0, share(input.lost_in_periods, input.loss_periods) * (1 - all_lost));
}

}  // namespace

// Design: the worse direction; the delay of one direction is half the round trip, because no clock
// says better; the play-out buffer holds the 95th percentile of the variation. Losses of unknown
// direction count in both.
std::optional<Mos> speech(const SpeechInput& input) {
  const Summary& counts = input.counts;
  const Quantiles* delays = input.round_trip.fullest();
  if (delays == nullptr || counts.sent < kFewestProbes) return std::nullopt;
  const Duration one_way = std::max(*delays->percentile(500'000), Duration()) / 2;
  const auto quality = [&](std::uint64_t lost, std::uint64_t offered, const DelaySeries& series) {
    const Duration buffer = series.variation().pdv_p95.value_or(Duration());
    const double delay_ms = static_cast<double>((one_way + buffer).ns()) * 1e-6;
    return speech_quality({.delay_ms = delay_ms + kG711PacketisationMs,
                           .loss_percent = 100 * share(std::min(lost, offered), offered),
                           .burst_ratio = burst_ratio(input)});
  };
  const std::uint64_t forward_lost = counts.lost.forward + counts.lost.unknown;
  const std::uint64_t backward_lost = counts.lost.backward + counts.lost.unknown + counts.late;
  const SpeechQuality there = quality(forward_lost, counts.sent, input.forward);
  const SpeechQuality back =
      quality(backward_lost, counts.sent - counts.lost.forward, input.backward);
  const SpeechQuality& worse = there.r < back.r ? there : back;
  return Mos{.value = worse.mos,
             .r = worse.r,
             .forward_is_worse = there.r < back.r,
             .one_way_delay = one_way};
}

}  // namespace wirestamp::measure
