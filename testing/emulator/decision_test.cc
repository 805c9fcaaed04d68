// SPDX-License-Identifier: Apache-2.0
#include "decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace wirestamp::emulator {
namespace {

constexpr std::uint64_t kPackets = 20'000;

std::vector<bool> drops(const DirectionSettings& settings, std::uint64_t seed,
                        Direction direction) {
  std::vector<bool> result;
  for (std::uint64_t n = 0; n < kPackets; ++n)
    result.push_back(decide(settings, seed, {.direction = direction, .number = n}).drop);
  return result;
}

TEST(Decision, TheSameSeedDirectionAndNumberGiveTheSameFate) {
  const DirectionSettings settings{.drop = {.probability = 0.1}};
  EXPECT_EQ(drops(settings, 7, Direction::Forward), drops(settings, 7, Direction::Forward));
}

TEST(Decision, AnotherSeedOrDirectionGivesOtherFates) {
  const DirectionSettings settings{.drop = {.probability = 0.1}};
  const auto forward = drops(settings, 7, Direction::Forward);
  EXPECT_NE(forward, drops(settings, 8, Direction::Forward));
  EXPECT_NE(forward, drops(settings, 7, Direction::Backward));
}

TEST(Decision, AProbabilityIsKeptOverManyPackets) {
  const auto dropped = drops({.drop = {.probability = 0.1}}, 3, Direction::Forward);
  const auto count = std::count(dropped.begin(), dropped.end(), true);
  EXPECT_NEAR(static_cast<double>(count), 0.1 * kPackets, 250);  // five standard deviations: 212
}

TEST(Decision, ZeroNeverHitsAndOneAlwaysDoes) {
  const auto never = drops({}, 1, Direction::Forward);
  EXPECT_EQ(std::count(never.begin(), never.end(), true), 0);
  const auto always = drops({.drop = {.probability = 1}}, 1, Direction::Forward);
  EXPECT_EQ(std::count(always.begin(), always.end(), false), 0);
}

TEST(Decision, EveryNthHitsExactlyThose) {
  DirectionSettings settings;
  settings.drop.every = 3;
  for (std::uint64_t n = 0; n < 30; ++n)
    EXPECT_EQ(decide(settings, 1, {.number = n}).drop, n % 3 == 2) << n;
}

TEST(Decision, ListedNumbersAreHitAndOthersAreNot) {
  DirectionSettings settings;
  settings.hold.listed = {{2, 2}, {5, 7}};
  settings.hold_past = 4;
  for (std::uint64_t n = 0; n < 12; ++n) {
    const Fate fate = decide(settings, 1, {.direction = Direction::Backward, .number = n});
    EXPECT_EQ(fate.hold_past.has_value(), n == 2 || (n >= 5 && n <= 7)) << n;
    EXPECT_EQ(fate.hold_past.value_or(4), 4U);
  }
}

TEST(Decision, OneSettingDoesNotDisturbTheOthers) {
  const DirectionSettings plain{.variation = Duration::milliseconds(2),
                                .duplicate = {.probability = 0.2}};
  DirectionSettings lossy = plain;
  lossy.drop.probability = 0.5;
  lossy.hold.every = 2;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    const Fate a = decide(plain, 9, {.number = n});
    const Fate b = decide(lossy, 9, {.number = n});
    EXPECT_EQ(a.duplicate, b.duplicate);
    EXPECT_EQ(a.delay, b.delay);
  }
}

TEST(Decision, TheDelayVariesUniformlyAboveItsFixedPart) {
  const DirectionSettings settings{.delay = Duration::milliseconds(5),
                                   .variation = Duration::milliseconds(2)};
  double sum = 0;
  for (std::uint64_t n = 0; n < kPackets; ++n) {
    const Duration delay = decide(settings, 5, {.number = n}).delay[0];
    ASSERT_GE(delay, Duration::milliseconds(5));
    ASSERT_LT(delay, Duration::milliseconds(7));
    sum += static_cast<double>(delay.ns());
  }
  EXPECT_NEAR(sum / kPackets, 6e6, 21e3);  // five standard deviations of the mean
}

TEST(Decision, OneBucketIsTreatedWorseAndTheOthersAsWithoutIt) {
  const DirectionSettings plain{.delay = Duration::milliseconds(1),
                                .variation = Duration::milliseconds(1),
                                .drop = {.every = 7}};
  DirectionSettings worse = plain;
  worse.bucket = Bucket{.remainder = 3, .divisor = 8};
  worse.bucket_drop = 0.25;
  worse.bucket_delay = Duration::microseconds(300);
  std::uint64_t more_drops = 0;
  for (std::uint64_t n = 0; n < kPackets; ++n) {
    const PacketPlace packet{.number = n, .flow_hash = static_cast<std::uint32_t>(n / 2)};
    const Fate a = decide(plain, 4, packet), b = decide(worse, 4, packet);
    const bool bad = n / 2 % 8 == 3;
    for (const std::size_t copy : {0U, 1U})
      ASSERT_EQ(b.delay[copy] - a.delay[copy], bad ? worse.bucket_delay : Duration()) << n;
    ASSERT_TRUE(bad || a.drop == b.drop) << n;
    ASSERT_TRUE(b.drop || !a.drop) << n;
    more_drops += b.drop && !a.drop;
  }
  // A quarter of the six sevenths of an eighth; five standard deviations.
  EXPECT_NEAR(static_cast<double>(more_drops), 536, 100);
}

TEST(Decision, TheFirstFittingRemarkWins) {
  DirectionSettings settings;
  settings.remarks = {{46, 10}, {std::nullopt, 0}};
  EXPECT_EQ(settings.remarked(46), 10);
  EXPECT_EQ(settings.remarked(8), 0);
  EXPECT_EQ(DirectionSettings{}.remarked(8), 8);
}

}  // namespace
}  // namespace wirestamp::emulator
