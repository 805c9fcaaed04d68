// SPDX-License-Identifier: Apache-2.0
//
// The sums per direction and the numbers of the reflector after outages, restarts and refusals,
// held against what truly happened.
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "measure/delay.h"
#include "world.h"

namespace wirestamp::simulation {
namespace {

using measure::Outcome;

Scenario at_the_default_rate(std::uint64_t count) {
  Scenario made;
  made.seed = 20'261'124;
  made.schedule = {.count = count};
  return made;
}

struct Sums {
  std::uint64_t forward = 0, backward = 0, refused = 0, unknown = 0, withheld = 0, unsent = 0;
  std::uint64_t copies = 0;
  bool operator==(const Sums&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Sums& sums) {
  return out << "forward " << sums.forward << " backward " << sums.backward << " refused "
             << sums.refused << " unknown " << sums.unknown << " withheld " << sums.withheld
             << " unsent " << sums.unsent << " copies " << sums.copies;
}

// What the sender says, with the resolution of sums, and the truth.
Sums told(const World& world) {
  Sums sums;
  for (const measure::Sample& sample : world.samples()) {
    sums.copies += std::uint64_t{sample.duplicates_forward} + sample.duplicates_backward +
                   sample.duplicates_unknown;
    if (sample.burst) continue;
    sums.forward += sample.outcome == Outcome::LostForward;
    sums.backward += sample.outcome == Outcome::LostBackward;
    sums.refused += sample.outcome == Outcome::RefusedByPeer;
    sums.unknown += sample.outcome == Outcome::LostUnknown;
    sums.withheld += sample.outcome == Outcome::Withheld;
    sums.unsent += sample.outcome == Outcome::Unsent;
  }
  sums.forward += world.resolved_forward();
  sums.backward += world.resolved_backward();
  sums.unknown -= world.resolved_forward() + world.resolved_backward();
  return sums;
}

Sums true_sums(const World& world) {
  Sums sums;
  for (const measure::Sample& sample : world.samples()) {
    const Truth& truth = world.truth().at(sample.sequence);
    if (sample.burst || truth.returned > 0) continue;
    ++(truth.refused > 0 ? sums.refused : truth.reached == 0 ? sums.forward : sums.backward);
  }
  return sums;
}

Sums ends_as_in_truth(const Scenario& scenario) {
  World world(scenario);
  world.run(Duration::hours(1));
  const Sums truth = true_sums(world);
  EXPECT_EQ(told(world), truth);
  return truth;
}

TEST(Outage, LongerThanALateReplyOnTheWayThereIsAllForward) {
  Scenario outage = at_the_default_rate(200);
  outage.path_down_forward = {{Duration::milliseconds(19'900), Duration::seconds(30)}};
  EXPECT_EQ(ends_as_in_truth(outage).forward, 60U);
}

TEST(Outage, LongerThanALateReplyOnTheWayBackIsAllBackward) {
  Scenario outage = at_the_default_rate(200);
  outage.path_down_backward = {{Duration::milliseconds(19'900), Duration::seconds(30)}};
  EXPECT_EQ(ends_as_in_truth(outage).backward, 60U);
}

TEST(Outage, OfBothDirectionsInTurnHasExactSums) {
  Scenario outage = at_the_default_rate(200);
  outage.path_down_backward = {{Duration::milliseconds(19'900), Duration::seconds(20)}};
  outage.path_down_forward = {{Duration::milliseconds(39'900), Duration::seconds(10)}};
  const Sums truth = ends_as_in_truth(outage);
  EXPECT_EQ(truth.backward, 40U);
  EXPECT_EQ(truth.forward, 20U);
}

TEST(Outage, OnTheWayBackDoesNotColourForwardLossesLongAfter) {
  Scenario outage = at_the_default_rate(300);
  outage.faults.lose_forward = 0.02;
  outage.path_down_backward = {{Duration::milliseconds(19'900), Duration::seconds(30)},
                               {Duration::milliseconds(99'900), Duration::seconds(5)}};
  outage.path_down_forward = {{Duration::milliseconds(79'900), Duration::seconds(15)}};
  ends_as_in_truth(outage);
}

TEST(Outage, SumsAreExactWhateverTheOutages) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    base::Random random(seed);
    Scenario rough = at_the_default_rate(600);
    rough.seed = seed;
    rough.faults = {.lose_forward = 0.03 * random.unit(), .lose_backward = 0.03 * random.unit()};
    const auto some_outages = [&] {
      std::vector<Period> periods;
      for (int n = 0; n < 4; ++n)
        periods.push_back(
            {Duration::milliseconds(static_cast<std::int64_t>(random.below(250'000))),
             Duration::milliseconds(static_cast<std::int64_t>(1 + random.below(40'000)))});
      return periods;
    };
    rough.path_down_forward = some_outages();
    rough.path_down_backward = some_outages();
    SCOPED_TRACE(seed);
    ends_as_in_truth(rough);
  }
}

TEST(Outage, BeforeTheFirstReplyHasExactSums) {
  Scenario outage = at_the_default_rate(100);
  outage.path_down_forward = {{Duration(), Duration::milliseconds(14'900)}};
  outage.path_down_backward = {{Duration::milliseconds(14'900), Duration::seconds(15)}};
  ends_as_in_truth(outage);
}

TEST(Outage, WithABurstInItHasExactSums) {
  for (const bool backward : {false, true}) {
    Scenario outage = at_the_default_rate(400);
    outage.schedule.bursts = true;
    (backward ? outage.path_down_backward : outage.path_down_forward) = {
        {Duration::milliseconds(59'900), Duration::seconds(60)}};
    ends_as_in_truth(outage);
  }
}

// 1,000 replies a second for ten seconds are more than a smaller memory held.
TEST(Outage, LossesAtAHighRateKeepTheirDirection) {
  Scenario fast = at_the_default_rate(14'000);
  fast.schedule.interval = Duration::milliseconds(1);
  fast.faults = {.lose_forward = 0.01,
                 .lose_backward = 0.02,
                 .copy_forward = 0.01,
                 .variation = Duration::microseconds(100)};
  World world(fast);
  world.run(Duration::hours(1));
  Sums sums = told(world);
  std::uint64_t copies = 0;
  for (const measure::Sample& sample : world.samples()) {
    copies += sample.duplicates_forward;
    if (sample.outcome == Outcome::LostForward) {
      EXPECT_EQ(world.truth().at(sample.sequence).reached, 0U);
    }
  }
  std::uint64_t true_copies = 0;
  for (const auto& [token, truth] : world.truth())
    if (truth.answered > 1) true_copies += truth.answered - 1;
  sums.copies = 0;
  EXPECT_EQ(sums, true_sums(world));
  EXPECT_EQ(copies, true_copies);
}

TEST(Refusals, ExcuseAsManyProbesAsThePeerRefused) {
  Scenario limited = at_the_default_rate(1'000);
  limited.schedule.interval = Duration::milliseconds(20);
  limited.faults = {.lose_forward = 0.1, .variation = Duration()};
  limited.reflector_rate = 30;  // about 45 arrive in a second
  const Sums truth = ends_as_in_truth(limited);
  EXPECT_GT(truth.refused, 100U);
  EXPECT_GT(truth.forward, 50U);
}

// Each epoch of the samples is one life of the reflector, and each number one that it gave.
void expect_true_numbers(const World& world) {
  std::map<std::uint32_t, unsigned> life_of_epoch;
  for (const measure::Sample& sample : world.samples()) {
    if (!sample.reflector_sequence) continue;
    bool fits = false;
    for (const auto& [life, number] : world.truth().at(sample.sequence).numbers)
      fits |= number == *sample.reflector_sequence &&
              life_of_epoch.try_emplace(sample.reflector_epoch, life).first->second == life;
    EXPECT_TRUE(fits) << "probe " << sample.probe << " number " << *sample.reflector_sequence;
  }
}

TEST(Restart, ABareReplyIsNotBookedToTheStateBefore) {
  unsigned unnumbered = 0;
  for (std::int64_t n = 0; n < 6; ++n) {
    Scenario restart = at_the_default_rate(60);
    restart.path_down_backward = {
        {Duration::milliseconds(4'900), Duration::milliseconds(5'000 + 500 * n)}};
    restart.restarts = {Duration::milliseconds(6'200)};
    World world(restart);
    world.run(Duration::hours(1));
    expect_true_numbers(world);
    for (const measure::Sample& sample : world.samples())
      unnumbered += sample.sender_rx && !sample.reflector_sequence;
  }
  EXPECT_EQ(unnumbered, 0U) << "each is dated by the next reply";
}

TEST(Restart, ADelayedReplyOfTheStateBeforeDoesNotBringItBack) {
  Scenario restart = at_the_default_rate(100);
  restart.schedule.interval = Duration::milliseconds(100);
  restart.faults.late_reply = 0.3;
  restart.restarts = {Duration::milliseconds(4'050)};
  World world(restart);
  world.run(Duration::hours(1));
  EXPECT_EQ(world.counters().reflector_restarts, 1U);
  expect_true_numbers(world);
  EXPECT_EQ(told(world), Sums{});
}

TEST(EarlierRun, LeavesNothingBehindInTheFigures) {
  for (const std::uint32_t earlier : {1U, 5U, 100U}) {
    for (const std::int64_t interval_ms : {1, 500}) {
      Scenario again = at_the_default_rate(50);
      again.schedule.interval = Duration::milliseconds(interval_ms);
      again.faults.variation = Duration::microseconds(100);
      again.earlier_requests = earlier;
      EXPECT_EQ(ends_as_in_truth(again), Sums{}) << earlier << " requests before";
      again.path_down_forward = {{Duration(), Duration::milliseconds(4 * interval_ms - 1)}};
      ends_as_in_truth(again);
    }
  }
}

// A copy that is answered first hides when the request arrived.
TEST(Copies, OfARequestDoNotChangeWhenItArrived) {
  Scenario copied = at_the_default_rate(1'000);
  copied.schedule.interval = Duration::milliseconds(20);
  copied.faults = {.lose_backward = 0.3, .copy_forward = 0.3, .overtake = 0.3};
  World world(copied);
  world.run(Duration::hours(1));
  unsigned hidden = 0;
  for (const measure::Sample& sample : world.samples()) {
    if (!sample.reflector_sequence) continue;
    EXPECT_EQ(sample.reflector_first_sequence,
              world.truth().at(sample.sequence).numbers.begin()->second);
    hidden += sample.reflector_first_sequence != sample.reflector_sequence;
  }
  EXPECT_GT(hidden, 20U);
}

TEST(LongInterval, AnAnsweringPeerGetsNoBareProbes) {
  for (const std::int64_t seconds : {3, 10}) {
    Scenario slow = at_the_default_rate(20);
    slow.schedule.interval = Duration::seconds(seconds);
    World world(slow);
    world.run(Duration::hours(1));
    for (const measure::Sample& sample : world.samples()) EXPECT_GT(sample.size, 44U);
  }
}

TEST(Suspend, LeavesWhatWasPastItsTimeAsItIs) {
  Scenario asleep = at_the_default_rate(100);
  asleep.path_down_forward = {{Duration::milliseconds(4'900), Duration::seconds(3)}};
  asleep.suspended = {{Duration::milliseconds(10'250), Duration::hours(1)}};
  World world(asleep);
  world.run(Duration::hours(2));
  EXPECT_EQ(told(world), true_sums(world));
}

TEST(Suspend, ARoundTripAcrossItIsNoDelay) {
  Scenario asleep = at_the_default_rate(40);
  asleep.faults.delay = Duration::milliseconds(100);
  asleep.suspended = {{Duration::milliseconds(5'050), Duration::hours(1)}};
  World world(asleep);
  world.run(Duration::hours(2));
  unsigned marked = 0;
  for (const measure::Sample& sample : world.samples()) {
    if (sample.outcome != Outcome::Delivered) continue;
    marked += sample.clock_step;
    EXPECT_EQ(measure::round_trip(sample).has_value(), !sample.clock_step);
  }
  EXPECT_EQ(marked, 1U);
}

TEST(StepDown, DoesNotTurnLossesIntoUnsent) {
  Scenario stepping = at_the_default_rate(1'000);
  stepping.schedule.interval = Duration::milliseconds(20);
  stepping.faults.lose_forward = 0.1;
  stepping.stamps_end = Duration::seconds(5);
  World world(stepping);
  world.run(Duration::hours(1));
  EXPECT_EQ(told(world).unsent, 0U);
  EXPECT_EQ(world.samples().back().sender_tx->source, StampSource::Scheduler)
      << "not on to the user clock";
}

}  // namespace
}  // namespace wirestamp::simulation
