// SPDX-License-Identifier: Apache-2.0
//
// Sessions above ten probes a second on paths that lose: what is sent, what is withheld, and that
// all that a session does about silence works at the reduced rate too.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "field.h"
#include "session/limits.h"

namespace wirestamp::simulation {
namespace {

using measure::EventKind;
using measure::Finding;
using measure::Outcome;
using measure::WithheldReason;
using session::PortPolicy;
using Samples = std::vector<measure::Sample>;

constexpr std::uint16_t kFixed = 23'998;
constexpr std::uint32_t kPrivate = 0x0a00'0200;

FieldScenario scenario(PortPolicy policy, std::uint64_t seed = 5) {
  FieldScenario made;
  made.seed = seed;
  made.options.policy = policy;
  made.options.fixed_port = kFixed;
  made.options.schedule.interval = Duration::milliseconds(50);
  return made;
}

std::size_t withheld(const Field& field, WithheldReason reason) {
  return static_cast<std::size_t>(
      std::ranges::count(field.samples(), reason, &measure::Sample::withheld));
}

std::size_t due_within(const Field& field, Duration from, Duration to, Outcome outcome) {
  return static_cast<std::size_t>(
      std::ranges::count_if(field.samples(), [&](const measure::Sample& sample) {
        const Duration due = sample.scheduled - Field::kStart;
        return due >= from && due < to && sample.outcome == outcome;
      }));
}

std::size_t packets(Field& field) {
  std::size_t sum = 0;
  for (const auto& [port, first] : field.ports()) sum += field.packets_over(port);
  return sum;
}

// Each probe has one sample, the numbers have no gap and follow the schedule, and a round is sent
// or withheld as a whole.
void expect_accounted(const Field& field) {
  Samples samples = field.samples();
  ASSERT_FALSE(samples.empty());
  std::ranges::sort(samples, {}, &measure::Sample::probe);
  std::map<MonoTime, std::vector<Outcome>> rounds;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const measure::Sample& sample = samples[n];
    ASSERT_EQ(sample.probe, n);
    ASSERT_GE(sample.scheduled, samples[n > 0 ? n - 1 : 0].scheduled);
    if (sample.outcome == Outcome::Withheld) {
      EXPECT_NE(sample.withheld, WithheldReason::None);
    }
    if (sample.withheld == WithheldReason::BackOff) {
      EXPECT_EQ(sample.outcome, Outcome::Withheld);
    }
    if (sample.withheld != WithheldReason::Interrupted &&
        sample.withheld != WithheldReason::Suspended)
      rounds[sample.scheduled].push_back(sample.outcome);
  }
  for (const auto& [due, outcomes] : rounds) {
    const auto held = std::ranges::count(outcomes, Outcome::Withheld);
    EXPECT_TRUE(held == 0 || held == std::ssize(outcomes)) << (due - Field::kStart).to_seconds();
  }
}

//= RFC8085:back-off
TEST(RateBackOff, a_fast_session_on_a_lossy_public_path_sends_a_sixteenth_and_says_so) {
  FieldScenario lossy = scenario(PortPolicy::Dynamic);
  lossy.lose = 0.15;  // in each direction: 28 % of round trips
  Field field(lossy);
  field.run(Duration::minutes(5));
  expect_accounted(field);
  const auto told = field.of_kind(EventKind::RateReduced);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event.reason, "loss");
  EXPECT_GE(told[0].at, Duration::seconds(12));
  EXPECT_LE(told[0].at, Duration::seconds(13));
  EXPECT_NE(told[0].event.text.find("--full-rate"), std::string::npos);
  // A sixteenth of 20 a second, but for periods that happened to lose little.
  const std::size_t last =
      due_within(field, Duration::minutes(1), Duration::minutes(5), Outcome::Withheld);
  EXPECT_NEAR(static_cast<double>(last), 240 * 20 * 15.0 / 16, 100);
  EXPECT_EQ(packets(field) - field.session().counters().unmeasured,
            field.samples().size() - withheld(field, WithheldReason::BackOff));
}

TEST(RateBackOff, is_off_by_option_on_private_paths_and_at_ten_a_second) {
  for (const int way : {0, 1, 2}) {
    FieldScenario lossy = scenario(PortPolicy::Dynamic);
    lossy.lose = 0.3;
    lossy.down = {{Duration::minutes(1), Duration::minutes(3)}};
    if (way == 0) lossy.options.full_rate = true;
    if (way == 1) lossy.first_peer = kPrivate;
    if (way == 2) lossy.options.schedule.interval = session::kBackOffInterval;
    Field field(lossy);
    field.run(Duration::minutes(5));
    expect_accounted(field);
    EXPECT_EQ(withheld(field, WithheldReason::BackOff), 0U) << "way " << way;
    EXPECT_TRUE(field.of_kind(EventKind::RateReduced).empty()) << "way " << way;
  }
}

TEST(RateBackOff, a_throttled_session_notices_silence_as_soon_as_another) {
  FieldScenario lossy = scenario(PortPolicy::Dynamic);
  lossy.lose = 0.15;
  lossy.down = {{Duration::seconds(200), Duration::minutes(4)}};
  Field field(lossy);
  field.run(Duration::minutes(9));
  expect_accounted(field);
  const auto began = field.of_kind(EventKind::OutageBegan);
  ASSERT_EQ(began.size(), 1U);
  EXPECT_GE(began[0].at, Duration::seconds(202));
  EXPECT_LE(began[0].at, Duration::seconds(206));
  // One probe in three seconds, beside those of trials; the first one that passes ends it.
  const auto told = field.of_kind(EventKind::RateReduced);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].event.reason, "no reply");
  const std::size_t held =
      due_within(field, Duration::seconds(270), Duration::seconds(420), Outcome::Withheld);
  EXPECT_EQ(held, 150U * 20 - 50);
  const auto ended = field.of_kind(EventKind::OutageEnded);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_LE(ended[0].at, Duration::seconds(440 + 15));
}

TEST(RateBackOff, after_an_outage_the_rate_comes_back_in_a_minute) {
  FieldScenario outage = scenario(PortPolicy::Dynamic);
  outage.down = {{Duration::seconds(30), Duration::minutes(2)}};
  Field field(outage);
  field.run(Duration::minutes(5));
  expect_accounted(field);
  const auto restored = field.of_kind(EventKind::RateRestored);
  ASSERT_EQ(restored.size(), 1U);
  EXPECT_GE(restored[0].at, Duration::seconds(150 + 48));
  EXPECT_LE(restored[0].at, Duration::seconds(150 + 48 + 8));
  EXPECT_EQ(due_within(field, Duration::seconds(210), Duration::minutes(5), Outcome::Withheld), 0U);
}

TEST(RateBackOff, a_stalled_flow_is_found_as_ever) {
  FieldScenario stalled = scenario(PortPolicy::Dynamic);
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(120)}};
  Field field(stalled);
  field.run(Duration::minutes(8));
  expect_accounted(field);
  const auto verdicts = field.of_kind(EventKind::Verdict);
  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_EQ(verdicts[0].event.finding, Finding::StalledFlow);
  // The five seconds until the new port are more than a fifth of ten: once, and not for long.
  EXPECT_EQ(field.of_kind(EventKind::RateReduced).size(),
            field.of_kind(EventKind::RateRestored).size());
}

TEST(RateBackOff, a_fixed_flow_heals_by_its_pauses) {
  FieldScenario stalled = scenario(PortPolicy::Fixed);
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(60)}};
  Field field(stalled);
  field.run(Duration::minutes(10));
  expect_accounted(field);
  EXPECT_EQ(field.of_kind(EventKind::HealingPause).size(), 2U);
  const auto measured = field.of_kind(EventKind::TimeoutMeasured);
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_EQ(*measured[0].event.at_least, Duration::seconds(35));
  EXPECT_EQ(*measured[0].event.at_most, Duration::seconds(65));
  EXPECT_NEAR(static_cast<double>(withheld(field, WithheldReason::HealingPause)), 2'000, 10);
  EXPECT_GT(withheld(field, WithheldReason::BackOff), 0U);
  EXPECT_EQ(field.of_kind(EventKind::RateRestored).size(), 1U);
}

TEST(RateBackOff, on_another_path_the_next_probe_is_sent_at_once) {
  FieldScenario moved = scenario(PortPolicy::Dynamic);
  moved.down = {{Duration::seconds(30), Duration::milliseconds(270'001)}};
  moved.moved = {Duration::milliseconds(300'002)};
  Field field(moved);
  field.run(Duration::minutes(6));
  const auto back = field.first_delivered_after(Duration::seconds(300));
  ASSERT_TRUE(back);
  EXPECT_LE(*back, Duration::milliseconds(300'050));
}

TEST(RateBackOff, a_suspend_ends_the_judgement_of_what_was_in_flight) {
  for (const bool suspended : {false, true}) {
    FieldScenario lossy = scenario(PortPolicy::Dynamic);
    lossy.down = {{Duration::seconds(2), Duration::seconds(3)}};
    if (suspended) lossy.suspended = Duration::milliseconds(11'900);
    Field field(lossy);
    field.run(Duration::minutes(1));
    expect_accounted(field);
    EXPECT_EQ(field.of_kind(EventKind::RateReduced).size(), suspended ? 0U : 1U);
  }
}

TEST(RateBackOff, what_comes_late_is_lost) {
  for (const int loss_after_ms : {100, 300}) {
    FieldScenario slow = scenario(PortPolicy::Dynamic);
    slow.round_trip = Duration::milliseconds(200);
    slow.options.flow.loss_after = Duration::milliseconds(loss_after_ms);
    Field field(slow);
    field.run(Duration::minutes(1));
    expect_accounted(field);
    EXPECT_EQ(field.of_kind(EventKind::RateReduced).size(), loss_after_ms == 100 ? 1U : 0U);
  }
}

TEST(RateBackOff, a_count_is_of_scheduled_probes_and_so_the_run_ends) {
  FieldScenario dead = scenario(PortPolicy::Dynamic);
  dead.down = {{Duration::seconds(0), Duration::hours(1)}};
  dead.options.schedule.count = 3'000;
  Field field(dead);
  field.run(Duration::hours(1));
  expect_accounted(field);
  EXPECT_EQ(field.samples().size(), 3'000U);
  EXPECT_TRUE(field.session().finished());
  EXPECT_LE(field.samples().back().scheduled - Field::kStart, Duration::seconds(150));
}

TEST(RateBackOff, at_a_reduced_rate_there_are_no_bursts) {
  for (const bool full_rate : {true, false}) {
    FieldScenario lossy = scenario(PortPolicy::Dynamic);
    lossy.lose = 0.15;
    lossy.options.schedule.interval = Duration::milliseconds(40);
    lossy.options.schedule.bursts = true;
    lossy.options.full_rate = full_rate;
    Field field(lossy);
    field.run(Duration::minutes(10));
    const auto bursts = std::ranges::count(field.samples(), true, &measure::Sample::burst);
    if (full_rate) {
      EXPECT_GE(bursts, 45);
    } else {
      EXPECT_LE(bursts, 5);  // of the first twelve seconds
    }
  }
}

// Whatever is lost when: the schedule goes on, and every probe of it has one outcome.
TEST(RateBackOff, every_scheduled_probe_has_one_outcome_whatever_is_lost) {
  std::size_t held = 0, restored = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::Random random(seed);
    const auto some = [&](std::uint64_t below) {
      return Duration::milliseconds(static_cast<std::int64_t>(random.below(below)));
    };
    FieldScenario any = scenario(
        std::array{PortPolicy::Dynamic, PortPolicy::Fixed, PortPolicy::Auto}[seed % 3], seed);
    any.options.flows = seed % 4 == 0 ? 3 : 1;
    if (any.options.flows > 1) any.options.policy = PortPolicy::Dynamic;
    any.options.schedule.interval = Duration::milliseconds(20) + some(79);
    if (seed % 2 == 0) any.options.schedule.kind = session::ScheduleKind::Poisson;
    any.options.schedule.count = 4'000 / any.options.flows;
    any.options.flow.loss_after = Duration::milliseconds(200) + some(4'000);
    any.lose = random.unit() * 0.3;
    any.down = {{some(60'000), some(150'000)}};
    any.stalls = {{some(200'000), some(60'000)}};
    any.no_neighbour = {{some(200'000), some(20'000)}};
    any.closed = {{some(200'000), some(20'000)}};
    any.no_route = {{some(200'000), some(20'000)}};
    Field field(any);
    field.run(Duration::hours(1));
    expect_accounted(field);
    EXPECT_EQ(field.samples().size(), *any.options.schedule.count * any.options.flows);
    EXPECT_TRUE(field.session().finished());
    held += withheld(field, WithheldReason::BackOff);
    restored += field.of_kind(EventKind::RateRestored).size();
  }
  EXPECT_GT(held, 24U * 1'000);
  EXPECT_GT(restored, 3U);
}

// Their rounds are then eight seconds apart: each ends a silence of more than five by itself,
// before anything could answer it.
TEST(RateBackOff, rounds_of_parallel_flows_at_a_reduced_rate_are_no_outages) {
  FieldScenario lossy = scenario(PortPolicy::Dynamic);
  lossy.options.flows = 8;
  lossy.options.schedule.interval = Duration::milliseconds(500);
  lossy.lose = 0.15;
  Field field(lossy);
  field.run(Duration::minutes(10));
  EXPECT_EQ(field.of_kind(EventKind::RateReduced).size(), 1U);
  EXPECT_TRUE(field.of_kind(EventKind::OutageBegan).empty());
}

TEST(RateBackOff, an_outage_of_parallel_flows_is_one_outage) {
  FieldScenario down = scenario(PortPolicy::Dynamic);
  down.options.flows = 8;
  down.options.schedule.interval = Duration::milliseconds(500);
  down.down = {{Duration::seconds(30), Duration::minutes(2)}};
  Field field(down);
  field.run(Duration::minutes(10));
  const auto began = field.of_kind(EventKind::OutageBegan);
  ASSERT_EQ(began.size(), 1U);
  EXPECT_LE(began[0].at, Duration::seconds(35)) << "at the full rate";
  EXPECT_EQ(field.of_kind(EventKind::OutageEnded).size(), 1U);
}

// At the lowest rate a round comes in 16 s, and ten seconds without one say nothing of the path.
TEST(RateBackOff, seldom_rounds_of_parallel_flows_are_nearly_stopped_after_a_minute_too) {
  FieldScenario dead = scenario(PortPolicy::Dynamic);
  dead.options.flows = 16;
  dead.options.schedule.interval = Duration::seconds(1);
  dead.down = {{Duration::seconds(30), Duration::minutes(10)}};
  Field field(dead);
  field.run(Duration::minutes(5));
  const auto told = field.of_kind(EventKind::RateReduced);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].event.reason, "no reply");
  EXPECT_GE(told[1].at, Duration::seconds(90));
  EXPECT_LE(told[1].at, Duration::seconds(92));
}

// One probe in three seconds: a wake-up that comes too late for its turn costs none of them.
TEST(RateBackOff, a_turn_that_was_missed_is_the_next_one) {
  for (int ms = 100'000; ms < 103'200; ms += 50) {
    FieldScenario dead = scenario(PortPolicy::Dynamic);
    dead.down = {{Duration::seconds(30), Duration::minutes(10)}};
    dead.starved = {{Duration::milliseconds(ms - 20), Duration::milliseconds(130)}};
    Field field(dead);
    field.run(Duration::seconds(115));
    expect_accounted(field);
    EXPECT_GE(std::ranges::count(field.samples(), Outcome::LateSchedule, &measure::Sample::outcome),
              1);
    std::vector<MonoTime> sent;
    for (const measure::Sample& sample : field.samples())
      if (sample.outcome != Outcome::Withheld && sample.outcome != Outcome::LateSchedule)
        sent.push_back(sample.scheduled);
    std::ranges::sort(sent);
    for (std::size_t n = 1; n < sent.size(); ++n)
      EXPECT_LE(sent[n] - sent[n - 1], Duration::milliseconds(3'200)) << "starved at " << ms;
  }
}

}  // namespace
}  // namespace wirestamp::simulation
