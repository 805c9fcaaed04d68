// SPDX-License-Identifier: Apache-2.0
#include "measure/mos.h"

#include <algorithm>

#include "measure/emodel.h"

namespace wirestamp::measure {

namespace {

constexpr std::uint64_t kFewestProbes = 50;
// From this interval down losses are close enough together to see bursts of speech packets.
constexpr Duration kBurstRatioInterval = Duration::milliseconds(40);

// The play-out buffer: as deep as 95 % of the packets need, but no deeper than people bear, and
// never less than the packet it plays. Without the least depth a path that varies by a microsecond
// would be said to lose the 5 % beyond its P95.
constexpr Duration kLeastBuffer = Duration::milliseconds(20),
                   kMostBuffer = Duration::milliseconds(100);

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Losses of the path and neighbours that were not found, both over the same probes.
double burst_ratio(const SpeechInput& input) {
  const LossPeriods& periods = input.loss_periods;
  if (input.interval > kBurstRatioInterval || periods.count == 0) return 1;
  return std::max(1.0,
                  share(periods.lost, periods.count) * (1 - share(periods.lost, periods.probes)));
}

struct Direction {
  std::uint64_t offered = 0, lost = 0;
  const DelaySeries& delays;
};

SpeechQuality quality(const Direction& direction, Duration one_way, double burst_ratio) {
  const Duration buffer = std::clamp(direction.delays.variation().pdv_p95.value_or(Duration()),
                                     kLeastBuffer, kMostBuffer);
  const double lost = share(std::min(direction.lost, direction.offered), direction.offered);
  const double discarded = direction.delays.share_above_minimum(buffer).value_or(0);
  return speech_quality(
      {.delay_ms = static_cast<double>((one_way + buffer).ns()) * 1e-6 + kG711PacketisationMs,
       .loss_percent = 100 * (lost + (1 - lost) * discarded),
       .burst_ratio = burst_ratio});
}

}  // namespace

// Design: the worse direction; the delay of one direction is half the round trip, because no clock
// says better. Losses of unknown direction and late replies count in both.
std::optional<Mos> speech(const SpeechInput& input) {
  const Summary& counts = input.counts;
  const Quantiles* delays = input.round_trip.fullest();
  if (delays == nullptr || counts.sent < kFewestProbes) return std::nullopt;
  const Duration one_way = std::max(*delays->percentile(500'000), Duration()) / 2;
  const std::uint64_t either = counts.lost.unknown + counts.late;
  const std::uint64_t there_only = counts.lost.forward + counts.peer_closed + counts.too_big;
  const Direction forward{
      .offered = counts.sent, .lost = there_only + either, .delays = input.forward};
  const Direction backward{.offered = counts.sent - there_only - counts.refused_by_peer,
                           .lost = counts.lost.backward + either,
                           .delays = input.backward};
  const double bursts = burst_ratio(input);
  const SpeechQuality there = quality(forward, one_way, bursts);
  const SpeechQuality back = quality(backward, one_way, bursts);
  const SpeechQuality& worse = there.r < back.r ? there : back;
  return Mos{.value = worse.mos,
             .r = worse.r,
             .forward_is_worse = there.r < back.r,
             .alike = there.r == back.r,
             .one_way_delay = one_way};
}

}  // namespace wirestamp::measure
