// SPDX-License-Identifier: Apache-2.0
#include "decision.h"

#include <algorithm>

namespace wirestamp::emulator {
namespace {

// A generator of its own for each packet. Two rounds, because neighbouring SplitMix64 seeds that
// differ by its increment would give the same stream shifted by one.
base::Random generator(std::uint64_t seed, const PacketPlace& packet) {
  base::Random by_direction(seed * 2 + (packet.direction == Direction::Backward ? 1 : 0));
  base::Random by_number(by_direction.next() ^ (packet.number * 0xd6e8feb86659fd93U));
  return base::Random(by_number.next());
}

Duration draw(const DirectionSettings& settings, base::Random& random) {
  const std::uint64_t drawn = random.next();
  if (settings.variation.ns() <= 0) return settings.delay;
  const auto bound = static_cast<std::uint64_t>(settings.variation.ns());
  return settings.delay + Duration::nanoseconds(static_cast<std::int64_t>(drawn % bound));
}

}  // namespace

bool Choice::hits(std::uint64_t number, base::Random& random) const {
  // Always drawn, so that later decisions about this packet do not depend on this setting.
  const double drawn = random.unit();
  if (drawn <= probability) return true;
  if (every != 0 && (number + 1) % every == 0) return true;
  return std::any_of(listed.begin(), listed.end(), [number](const NumberRange& range) {
    return number >= range.first && number <= range.last;
  });
}

std::uint8_t DirectionSettings::remarked(std::uint8_t dscp) const {
  for (const Remark& remark : remarks)
    if (!remark.from || *remark.from == dscp) return remark.to;
  return dscp;
}

Fate decide(const DirectionSettings& settings, std::uint64_t seed, const PacketPlace& packet) {
  base::Random random = generator(seed, packet);
  Fate fate;
  fate.drop = settings.drop.hits(packet.number, random);
  fate.duplicate = settings.duplicate.hits(packet.number, random);
  if (settings.hold.hits(packet.number, random)) fate.hold_past = settings.hold_past;
  fate.delay[0] = draw(settings, random);
  fate.delay[1] = draw(settings, random);
  // Last, so that the same packets of the other flows are hit with and without it.
  if (settings.bucket && settings.bucket->has(packet.flow_hash)) {
    fate.drop |= random.chance(settings.bucket_drop);
    for (Duration& delay : fate.delay) delay += settings.bucket_delay;
  }
  return fate;
}

}  // namespace wirestamp::emulator
