// SPDX-License-Identifier: Apache-2.0
//
// What a port policy may get wrong at its edges: evidence that is none, changes of the path in the
// middle of a cure, and middleboxes and strangers that mean ill.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "field.h"
#include "session/limits.h"

namespace wirestamp::simulation {
namespace {

using measure::EventKind;
using measure::Finding;
using session::PortPolicy;

constexpr std::uint16_t kFixed = 23'998;  // 2 modulo 4: on the bad path

FieldScenario scenario(PortPolicy policy) {
  FieldScenario made;
  made.seed = 11;
  made.options.policy = policy;
  made.options.fixed_port = kFixed;
  return made;
}

TEST(FlowEdges, new_ports_come_after_5_10_20_and_40_seconds) {
  FieldScenario dead = scenario(PortPolicy::Dynamic);
  dead.down = {{Duration::seconds(20), Duration::hours(1)}};
  Field field(dead);
  field.run(Duration::minutes(22));
  std::vector<std::int64_t> gaps;
  const auto changes = field.of_kind(EventKind::FlowChanged);
  for (std::size_t n = 1; n < changes.size(); ++n)
    gaps.push_back((changes[n].at - changes[n - 1].at).ns() / 1'000'000'000);
  EXPECT_EQ(gaps, (std::vector<std::int64_t>{5, 10, 20, 40, 80, 160, 300, 300, 300}));
}

TEST(FlowEdges, a_stalled_flow_gets_one_sweep_and_then_only_the_spaced_tries) {
  FieldScenario stalled = scenario(PortPolicy::Auto);
  stalled.stalls = {{Duration::seconds(30), Duration::hours(10)}};
  Field field(stalled);
  field.run(Duration::minutes(45));
  ASSERT_EQ(field.of_kind(EventKind::PathSwept).size(), 1U);
  const Duration verdict = field.of_kind(EventKind::Verdict).front().at;
  std::vector<std::int64_t> gaps;
  Duration before = verdict;
  for (const Duration at : field.times_of(kFixed)) {
    if (at <= verdict + Duration::seconds(2)) {
      before = std::max(before, at);
      continue;
    }
    gaps.push_back((at - before).ns() / 1'000'000'000);
    before = at;
  }
  EXPECT_EQ(gaps, (std::vector<std::int64_t>{20, 35, 65, 125, 185, 305, 605, 605, 605}));
}

TEST(FlowEdges, a_fixed_flow_that_stalls_again_is_left_alone_for_six_hours) {
  FieldScenario twice = scenario(PortPolicy::Auto);
  twice.stalls = {{Duration::seconds(30), Duration::seconds(15)},
                  {Duration::minutes(5), Duration::seconds(15)}};
  Field field(twice);
  field.run(Duration::hours(8));
  const auto changes = field.of_kind(EventKind::FlowChanged);
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[1].event.reason, "healed");
  EXPECT_LT(changes[1].at, Duration::minutes(2));
  EXPECT_EQ(changes[3].event.reason, "healed");
  EXPECT_GE(changes[3].at, Duration::minutes(5) + Duration::hours(6));
  EXPECT_LT(changes[3].at, Duration::minutes(6) + Duration::hours(6));
}

TEST(FlowEdges, a_broken_path_that_is_mended_measures_no_time_out) {
  for (const PortPolicy policy : {PortPolicy::Auto, PortPolicy::Dynamic}) {
    FieldScenario broken = scenario(policy);
    broken.bad_path = {{Duration::seconds(30), Duration::seconds(150)}};
    Field field(broken);
    field.run(Duration::minutes(10));
    for (const auto& verdict : field.of_kind(EventKind::Verdict))
      EXPECT_EQ(verdict.event.finding, Finding::OneOfSeveralPaths);
    EXPECT_TRUE(field.of_kind(EventKind::TimeoutMeasured).empty())
        << field.of_kind(EventKind::TimeoutMeasured).front().event.text;
    if (policy == PortPolicy::Auto) {
      EXPECT_EQ(field.session().local().port, kFixed) << "back when it is mended";
    }
  }
}

// The peer comes back while the flow probes between two pauses: no pause has cured anything.
TEST(FlowEdges, an_outage_that_ends_between_pauses_measures_no_time_out) {
  FieldScenario down = scenario(PortPolicy::Fixed);
  down.down = {{Duration::seconds(30), Duration::milliseconds(98'000)}};
  Field field(down);
  field.run(Duration::minutes(5));
  const auto pauses = field.of_kind(EventKind::HealingPause);
  ASSERT_EQ(pauses.size(), 1U);
  const auto ended = field.of_kind(EventKind::OutageEnded);
  ASSERT_EQ(ended.size(), 1U);
  ASSERT_GT(ended.front().at, pauses.front().at + Duration::seconds(36));
  EXPECT_TRUE(field.of_kind(EventKind::TimeoutMeasured).empty());
}

// What a link has kept back comes in one batch: the edges are those of the first answer.
TEST(FlowEdges, an_outage_that_ends_in_a_batch_of_replies_keeps_its_edges) {
  FieldScenario outage = scenario(PortPolicy::Fixed);
  outage.down = {{Duration::milliseconds(30'250), Duration::seconds(8)}};
  outage.held = {{Duration::milliseconds(38'100), Duration::milliseconds(1'600)}};
  Field field(outage);
  field.run(Duration::minutes(2));
  const auto ended = field.of_kind(EventKind::OutageEnded);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended.front().event.lost, 16U);
  EXPECT_GE(*ended.front().event.at_least, Duration::seconds(7));
}

TEST(FlowEdges, a_verdict_has_the_losses_and_edges_of_its_outage) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto}) {
    FieldScenario stalled = scenario(policy);
    stalled.options.schedule.interval = Duration::milliseconds(100);
    stalled.stalls = {{Duration::seconds(30), Duration::hours(1)}};
    Field field(stalled);
    field.run(Duration::minutes(1));
    const auto ended = field.of_kind(EventKind::OutageEnded);
    const auto verdict = field.of_kind(EventKind::Verdict);
    ASSERT_TRUE(ended.size() == 1 && verdict.size() == 1);
    EXPECT_GE(*verdict.front().event.lost, 50U);
    EXPECT_EQ(verdict.front().event.lost, ended.front().event.lost);
    EXPECT_EQ(verdict.front().event.last_good, ended.front().event.last_good);
    EXPECT_EQ(verdict.front().event.first_lost, ended.front().event.first_lost);
    EXPECT_EQ(verdict.front().event.first_good, ended.front().event.first_good);
  }
}

TEST(FlowEdges, the_end_of_an_outage_in_a_pause_has_the_pause_as_its_bound) {
  FieldScenario stalled = scenario(PortPolicy::Fixed);
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(20)}};
  Field field(stalled);
  field.run(Duration::minutes(5));
  const auto ended = field.of_kind(EventKind::OutageEnded);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_GE(*ended.front().event.at_most - *ended.front().event.at_least, Duration::seconds(35));
  EXPECT_LE(*ended.front().event.at_most - *ended.front().event.at_least, Duration::seconds(37));
}

// Another path is another 5-tuple, and the stale entry is not on it.
TEST(FlowEdges, a_new_address_ends_a_healing_pause) {
  FieldScenario moved = scenario(PortPolicy::Fixed);
  moved.stalls = {{Duration::seconds(30), Duration::hours(1)}};
  moved.renumbered = {Duration::seconds(110)};
  Field field(moved);
  field.run(Duration::minutes(4));
  ASSERT_EQ(field.of_kind(EventKind::HealingPause).size(), 1U);
  const auto back = field.first_delivered_after(Duration::seconds(100));
  ASSERT_TRUE(back);
  EXPECT_LE(*back, Duration::seconds(111));
  EXPECT_TRUE(field.of_kind(EventKind::TimeoutMeasured).empty());
}

TEST(FlowEdges, after_a_new_address_the_next_healing_pause_takes_its_time) {
  FieldScenario moved = scenario(PortPolicy::Fixed);
  moved.down = {{Duration::seconds(30), Duration::hours(1)}};
  moved.renumbered = {Duration::seconds(110)};
  Field field(moved);
  field.run(Duration::minutes(4));
  const auto pauses = field.of_kind(EventKind::HealingPause);
  ASSERT_GE(pauses.size(), 2U);
  EXPECT_GE(pauses[1].at, Duration::seconds(170));
  EXPECT_EQ(pauses[1].event.at_most, Duration::seconds(35)) << "the first one of another series";
}

TEST(FlowEdges, a_new_address_brings_auto_back_to_its_fixed_port) {
  FieldScenario moved = scenario(PortPolicy::Auto);
  moved.stalls = {{Duration::seconds(30), Duration::hours(1)}};
  moved.renumbered = {Duration::seconds(100)};
  Field field(moved);
  field.run(Duration::minutes(4));
  EXPECT_EQ(field.session().local().port, kFixed);
  EXPECT_EQ(field.of_kind(EventKind::FlowChanged).size(), 2U);
}

TEST(FlowEdges, another_address_makes_a_new_connection_only_if_that_is_wanted) {
  for (const auto wanted : {session::ReconnectOn::Path, session::ReconnectOn::AnyAddress}) {
    FieldScenario added = scenario(PortPolicy::Dynamic);
    added.options.reconnect_on = wanted;
    added.extra_addresses = {Duration::seconds(30)};
    added.privacy_addresses = {Duration::seconds(60)};
    Field field(added);
    field.run(Duration::minutes(2));
    const std::size_t changes = wanted == session::ReconnectOn::AnyAddress ? 1 : 0;
    EXPECT_EQ(field.of_kind(EventKind::FlowChanged).size(), changes);
    EXPECT_EQ(field.of_kind(EventKind::NetworkChanged).size(), changes);
    EXPECT_EQ(field.ports().size(), changes + 1);
  }
}

TEST(FlowEdges, sessions_that_end_in_an_outage_leave_their_sockets_to_others) {
  session::PortBudget budget;
  for (std::size_t n = 0; n < session::kMostExtraSockets + 1; ++n) {
    FieldScenario dead = scenario(PortPolicy::Dynamic);
    dead.down = {{Duration::seconds(2), Duration::hours(1)}};
    dead.budget = &budget;
    dead.first_peer += static_cast<std::uint32_t>(n);
    Field field(dead);
    field.run(Duration::seconds(11));
    ASSERT_EQ(field.ports().size(), 2U) << "of run " << n;
  }
}

// Two sessions fall silent at once, the one for a moment and the other for good.
TEST(FlowEdges, who_stays_silent_when_the_others_are_answered_tells_of_it) {
  for (const bool for_good : {false, true}) {
    FieldScenario both = scenario(PortPolicy::Dynamic);
    both.sessions = 2;
    both.down = {{Duration::seconds(20), Duration::seconds(7)}};
    if (for_good) both.second_down = {{Duration::seconds(20), Duration::hours(1)}};
    Field field(both);
    field.run(Duration::seconds(45));
    const std::uint64_t of_first =
        field.events().size() - field.of_kind(EventKind::FlowChanged).size();
    ASSERT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
    EXPECT_EQ(field.events_of_all() > of_first, for_good);
  }
}

// Which of the bounds it is depends on the others, so all of them are named.
TEST(FlowEdges, a_session_without_new_ports_says_so_once) {
  session::PortBudget budget;
  for (std::uint32_t n = 0; n < session::kMostExtraSockets; ++n)
    ASSERT_TRUE(budget.take(n + 1, packet::IpAddress::v4(n), Field::kStart));
  FieldScenario dead = scenario(PortPolicy::Dynamic);
  dead.down = {{Duration::seconds(20), Duration::hours(1)}};
  dead.budget = &budget;
  Field field(dead);
  field.run(Duration::minutes(10));
  EXPECT_EQ(field.ports().size(), 1U);
  const auto told = field.of_kind(EventKind::PortsExhausted);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.front().event.text.find("256 sockets"), std::string::npos);
}

// Each reply has another epoch: one event is enough, nothing is lost, and no loss has a direction
// that nobody knows.
// What hears nothing of a session for a quarter of an hour forgets it, as one that was restarted.
TEST(FlowEdges, after_a_long_outage_nobody_knows_whether_the_reflector_was_restarted) {
  for (const int minutes : {5, 20}) {
    FieldScenario silent = scenario(PortPolicy::Fixed);
    silent.down = {{Duration::minutes(2), Duration::minutes(minutes)}};
    silent.restarts = {Duration::minutes(4)};
    Field field(silent);
    field.run(Duration::minutes(30));
    const auto told = field.of_kind(EventKind::ReflectorRestarted);
    ASSERT_EQ(told.size(), 1U) << minutes;
    const bool doubtful = told[0].event.text.find("may have been restarted") != std::string::npos;
    EXPECT_EQ(doubtful, minutes == 20) << told[0].event.text;
  }
}

TEST(FlowEdges, a_nat_that_changes_the_port_of_every_packet_is_told_once) {
  FieldScenario shuffled = scenario(PortPolicy::Dynamic);
  shuffled.shuffled = {{Duration::seconds(30), Duration::hours(2)}};
  shuffled.lose = 0.01;
  Field field(shuffled);
  field.run(Duration::minutes(90));
  EXPECT_LE(field.of_kind(EventKind::ReflectorRestarted).size(), 2U);
  EXPECT_TRUE(field.of_kind(EventKind::Verdict).empty());
  EXPECT_GE(field.delivered(), 90U * 120U * 97U / 100U);
  EXPECT_LE(field.reflector().counters().sessions_created, 90U * 120U);
  EXPECT_GT(field.session().counters().reflector_restarts, 100U);
  for (const measure::Sample& sample : field.samples()) {
    if (sample.scheduled < Field::kStart + Duration::seconds(31)) continue;
    EXPECT_NE(sample.outcome, measure::Outcome::LostForward);
  }
}

// Nor does what comes from the peer's own address and answers no probe: it is no sign of life.
//= RFC8972:ssid-of-another
TEST(FlowEdges, made_up_replies_are_counted_and_hide_no_outage) {
  FieldScenario attacked = scenario(PortPolicy::Dynamic);
  attacked.made_up_replies = true;
  attacked.down = {{Duration::seconds(20), Duration::seconds(10)}};
  attacked.options.schedule.count = 100;
  Field field(attacked);
  field.run(Duration::minutes(2));
  EXPECT_EQ(field.delivered(), 80U);
  EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
  const session::SenderCounters counters = field.session().counters();
  EXPECT_GE(counters.mismatched_echo, 100U);
  for (const std::uint64_t counter :
       {counters.malformed, counters.future_sequence, counters.other_ssid})
    EXPECT_EQ(counter, counters.mismatched_echo);
  for (const measure::Sample& sample : field.samples())
    EXPECT_EQ(sample.duplicates_backward + sample.duplicates_unknown, 0);
}

TEST(FlowEdges, a_re_mark_on_the_way_back_is_told_when_it_begins_and_when_it_ends) {
  for (const bool bare : {false, true}) {
    FieldScenario remarked = scenario(PortPolicy::Dynamic);
    remarked.bare = bare;  // then the reflector does not say what it sends
    remarked.remarked_back = {{Duration::seconds(5), Duration::seconds(10)}};
    Field field(remarked);
    field.run(Duration::seconds(30));
    const auto told = field.of_kind(EventKind::Remarked);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].event.direction, "backward");
    EXPECT_EQ(told[0].event.after, 8U << 2U);
    EXPECT_LT(told[0].at, Duration::seconds(6));
    EXPECT_EQ(told[1].event.after, 0U);
  }
}

// Those have other marks than the replies to full probes, and nobody says which.
TEST(FlowEdges, replies_to_bare_probes_of_a_silent_time_are_no_re_mark) {
  FieldScenario outage = scenario(PortPolicy::Fixed);
  outage.options.flow.traffic_class = 46U << 2U;
  outage.down = {{Duration::seconds(0), Duration::milliseconds(3'800)},
                 {Duration::seconds(20), Duration::milliseconds(3'800)}};
  outage.remarked_back = {{Duration::seconds(22), Duration::minutes(1)}};
  Field field(outage);
  field.run(Duration::seconds(40));
  const auto told = field.of_kind(EventKind::Remarked);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().event.before, 46U << 2U);
  EXPECT_TRUE(std::ranges::any_of(field.samples(), [](const measure::Sample& sample) {
    return sample.outcome == measure::Outcome::Delivered && sample.size == 44;
  }));
}

// What follows was announced: it is told as a stop, and neither as an outage nor with a verdict.
TEST(FlowEdges, a_reflector_that_says_goodbye_is_in_no_outage) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto, PortPolicy::Fixed}) {
    FieldScenario stopped = scenario(policy);
    stopped.goodbye = Duration::seconds(28);
    stopped.down = {{Duration::seconds(30), Duration::minutes(20)}};
    stopped.restarts = {Duration::minutes(10)};
    Field field(stopped);
    field.run(Duration::minutes(30));
    const auto stopping = field.of_kind(EventKind::PeerStopping);
    ASSERT_EQ(stopping.size(), 1U);
    EXPECT_GE(stopping.front().at, Duration::seconds(28));
    EXPECT_LE(stopping.front().at, Duration::seconds(29));
    EXPECT_TRUE(field.of_kind(EventKind::OutageBegan).empty());
    EXPECT_TRUE(field.of_kind(EventKind::OutageEnded).empty());
    EXPECT_TRUE(field.of_kind(EventKind::Verdict).empty());
    const auto up = field.of_kind(EventKind::SessionUp);
    ASSERT_EQ(up.size(), 1U);
    EXPECT_EQ(up.front().event.reason, "back");
    EXPECT_GT(up.front().at, Duration::seconds(30) + Duration::minutes(20));
    ASSERT_TRUE(up.front().event.lost && up.front().event.at_least && up.front().event.at_most);
    EXPECT_LE(*up.front().event.at_least, Duration::minutes(20));
    EXPECT_GE(*up.front().event.at_most, Duration::minutes(20));
  }
}

TEST(FlowEdges, a_reflector_that_is_back_at_once_is_told_to_be_up) {
  FieldScenario stopped = scenario(PortPolicy::Dynamic);
  stopped.goodbye = Duration::seconds(28);
  stopped.down = {{Duration::seconds(30), Duration::seconds(2)}};
  stopped.restarts = {Duration::seconds(31)};
  Field field(stopped);
  field.run(Duration::minutes(2));
  EXPECT_EQ(field.of_kind(EventKind::PeerStopping).size(), 1U);
  const auto up = field.of_kind(EventKind::SessionUp);
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up.front().event.reason, "back");
}

// One that says so and goes on for five minutes is not believed any more.
TEST(FlowEdges, a_goodbye_lapses_after_five_minutes) {
  FieldScenario stopped = scenario(PortPolicy::Dynamic);
  stopped.goodbye = Duration::seconds(8);
  stopped.down = {{Duration::minutes(10), Duration::minutes(1)}};
  Field field(stopped);
  field.run(Duration::minutes(15));
  EXPECT_EQ(field.of_kind(EventKind::PeerStopping).size(), 1U);
  const auto up = field.of_kind(EventKind::SessionUp);
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up.front().event.reason, "goes on");
  EXPECT_GE(up.front().at, Duration::minutes(5) + Duration::seconds(8));
  EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
}

TEST(FlowEdges, a_goodbye_without_the_token_of_the_session_counts_nothing) {
  FieldScenario forged = scenario(PortPolicy::Dynamic);
  forged.forged = {{Duration::seconds(20), Duration::seconds(10)}};
  forged.down = {{Duration::seconds(30), Duration::minutes(1)}};
  Field field(forged);
  field.run(Duration::minutes(2));
  EXPECT_TRUE(field.of_kind(EventKind::PeerStopping).empty());
  EXPECT_GE(field.session().counters().other_token, 20U);
  EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
  EXPECT_EQ(field.delivered() + 120, field.samples().size()) << "the replies are replies";
}

// Thousands of strangers send the octets of each reply: they are counted, and nothing else.
//= RFC8085:source-checked
TEST(FlowEdges, replies_from_other_addresses_change_nothing) {
  FieldScenario attacked = scenario(PortPolicy::Dynamic);
  attacked.impostors = 2'000;
  attacked.options.schedule.count = 40;
  Field field(attacked);
  field.run(Duration::minutes(2));
  EXPECT_EQ(field.delivered(), 40U);
  EXPECT_TRUE(field.events().empty());
  EXPECT_EQ(field.session().counters().other_address % 2'000, 0U);
  EXPECT_GE(field.session().counters().other_address, 40U * 2'000U);
  for (const measure::Sample& sample : field.samples()) {
    EXPECT_EQ(sample.duplicates_backward + sample.duplicates_unknown, 0);
    EXPECT_EQ(sample.sender_rx->mono->ns() - sample.sender_tx->mono->ns(), 20'000'000);
  }
}

// Each of parallel flows notices it for itself, at about the same time.
TEST(FlowEdges, a_restart_under_parallel_flows_is_one_restart) {
  FieldScenario restarted = scenario(PortPolicy::Dynamic);
  restarted.options.flows = 8;
  restarted.restarts = {Duration::seconds(30), Duration::minutes(10)};
  Field field(restarted);
  field.run(Duration::minutes(12));
  const auto told = field.of_kind(EventKind::ReflectorRestarted);
  EXPECT_EQ(told.size(), 2U);
  for (const auto& one : told)
    EXPECT_EQ(one.event.text.find("again and again"), std::string::npos) << one.at.to_seconds();
  EXPECT_EQ(field.session().counters().reflector_restarts, 16U);
}

TEST(FlowEdges, a_nat_that_changes_the_port_of_every_packet_of_parallel_flows_is_told_once) {
  FieldScenario shuffled = scenario(PortPolicy::Dynamic);
  shuffled.options.flows = 4;
  shuffled.shuffled = {{Duration::seconds(30), Duration::hours(2)}};
  Field field(shuffled);
  field.run(Duration::minutes(30));
  const auto told = field.of_kind(EventKind::ReflectorRestarted);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[1].event.text.find("again and again"), std::string::npos);
}

// Above two seconds a stall is judged before a scheduled probe over the new flow is answered.
TEST(FlowEdges, auto_goes_back_to_the_fixed_flow_at_long_intervals_too) {
  for (const int interval : {4, 10}) {
    FieldScenario stalled = scenario(PortPolicy::Auto);
    stalled.options.schedule.interval = Duration::seconds(interval);
    stalled.stalls = {{Duration::seconds(62), Duration::seconds(30)}};
    Field field(stalled);
    field.run(Duration::minutes(20));
    EXPECT_EQ(field.of_kind(EventKind::Verdict).size(), 1U) << interval;
    EXPECT_EQ(field.of_kind(EventKind::TimeoutMeasured).size(), 1U) << interval;
    EXPECT_EQ(field.session().local().port, kFixed) << interval;
  }
}

TEST(FlowEdges, five_hundred_fixed_flows_behind_a_dead_uplink_have_one_verdict) {
  FieldScenario uplink = scenario(PortPolicy::Fixed);
  uplink.sessions = 500;
  uplink.options.schedule.interval = Duration::seconds(1);
  uplink.down = {{Duration::seconds(20), Duration::seconds(50)}};
  Field field(uplink);
  field.run(Duration::minutes(2));
  EXPECT_EQ(field.verdicts_of_all(), 1U);
}

// Its own silence goes on when the others are answered, and then it has a verdict, too.
TEST(FlowEdges, a_fixed_flow_that_stays_silent_when_the_others_are_answered_has_a_verdict) {
  FieldScenario both = scenario(PortPolicy::Fixed);
  both.sessions = 2;
  both.options.heal_after.reset();
  both.down = {{Duration::seconds(20), Duration::seconds(20)}};
  both.second_down = {{Duration::seconds(20), Duration::hours(1)}};
  Field field(both);
  field.run(Duration::minutes(3));
  EXPECT_EQ(field.verdicts_of_all(), 2U);
}

TEST(FlowEdges, another_path_has_a_verdict_of_its_own) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto}) {
    FieldScenario moved = scenario(policy);
    moved.no_route = {{Duration::seconds(30), Duration::seconds(30)}};
    moved.moved = {Duration::seconds(60)};
    moved.down = {{Duration::seconds(60), Duration::minutes(5)}};
    Field field(moved);
    field.run(Duration::minutes(7));
    EXPECT_EQ(field.findings(), (std::vector{Finding::LocalCause, Finding::PeerOrPathDown}));
  }
}

// A host that is started anew answers ARP before its service is there, if that ever is.
TEST(FlowEdges, another_cause_of_the_same_outage_has_a_verdict_of_its_own) {
  const During booting{Duration::seconds(30), Duration::seconds(10)};
  const During after{Duration::seconds(30), Duration::minutes(5)};
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto}) {
    FieldScenario down = scenario(policy);
    down.no_neighbour = {booting};
    down.down = {after};
    Field path(down);
    path.run(Duration::minutes(8));
    EXPECT_EQ(path.findings(), (std::vector{Finding::LocalCause, Finding::PeerOrPathDown}));
    EXPECT_EQ(path.of_kind(EventKind::PathSwept).size(), 1U);

    FieldScenario closed = scenario(policy);
    closed.no_neighbour = {booting};
    closed.closed = {after};
    Field service(closed);
    service.run(Duration::minutes(8));
    EXPECT_EQ(service.findings(), (std::vector{Finding::LocalCause, Finding::PeerClosed}));
    EXPECT_EQ(service.ports().size(), 1U);

    FieldScenario host = scenario(policy);
    host.closed = {booting};
    host.down = {{Duration::seconds(40), Duration::minutes(5)}};
    Field stopped(host);
    stopped.run(Duration::minutes(8));
    EXPECT_EQ(stopped.findings(), (std::vector{Finding::PeerClosed, Finding::PeerOrPathDown}));

    FieldScenario link = scenario(policy);
    link.down = {{Duration::seconds(30), Duration::seconds(40)}};
    link.no_neighbour = {{Duration::seconds(70), Duration::minutes(5)}};
    Field own(link);
    own.run(Duration::minutes(8));
    EXPECT_EQ(own.findings(), (std::vector{Finding::PeerOrPathDown, Finding::LocalCause}));
  }
}

TEST(FlowEdges, another_cause_of_the_silence_of_a_fixed_flow_has_a_verdict_of_its_own) {
  FieldScenario stopped = scenario(PortPolicy::Fixed);
  stopped.options.heal_after.reset();
  stopped.closed = {{Duration::seconds(30), Duration::minutes(1)},
                    {Duration::minutes(8), Duration::minutes(1)}};
  stopped.down = {{Duration::seconds(90), Duration::minutes(5)},
                  {Duration::minutes(7), Duration::minutes(1)}};
  Field field(stopped);
  field.run(Duration::minutes(10));
  EXPECT_EQ(field.findings(), (std::vector{Finding::PeerClosed, Finding::StalledFlowSuspected,
                                           Finding::StalledFlowSuspected, Finding::PeerClosed}));
}

// Hosts and routers limit how often they say something: that nobody does for a while is no news.
TEST(FlowEdges, what_is_said_now_and_then_goes_on_being_the_verdict) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto, PortPolicy::Fixed}) {
    FieldScenario rare = scenario(policy);
    rare.closed = {{Duration::seconds(30), Duration::seconds(10)}};
    for (int n = 0; n < 60; ++n) {
      rare.down.push_back({Duration::seconds(40 * (n + 1)), Duration::seconds(38)});
      rare.closed.push_back({Duration::seconds(40 * (n + 2) - 2), Duration::seconds(2)});
    }
    rare.options.heal_after.reset();
    Field field(rare);
    field.run(Duration::minutes(40));
    EXPECT_EQ(field.findings(), std::vector{Finding::PeerClosed});
  }
}

// A host that is started again and again, and never comes far.
TEST(FlowEdges, causes_in_turn_make_no_storm_of_verdicts) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto, PortPolicy::Fixed}) {
    FieldScenario turns = scenario(policy);
    for (int n = 0; n < 6 * 60; ++n) {
      turns.no_neighbour.push_back({Duration::minutes(n + 1), Duration::seconds(30)});
      turns.closed.push_back(
          {Duration::minutes(n + 1) + Duration::seconds(30), Duration::seconds(30)});
    }
    Field field(turns);
    field.run(Duration::hours(6));
    EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
    const auto told = field.of_kind(EventKind::Verdict);
    // The first two at once, and each later one an hour after the one before.
    ASSERT_EQ(told.size(), 7U);
    for (std::size_t n = 2; n < told.size(); ++n)
      EXPECT_GE(told[n].at - told[n - 1].at, Duration::hours(1));
  }
}

// Each trial may end otherwise than the one before, and at any moment: a flow that no trial is
// about any more is closed, and the one that probes go over never is.
TEST(FlowEdges, a_path_that_loses_most_probes_leaves_no_flows_open) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto})
    for (const double lose : {0.4, 0.5, 0.55, 0.6, 0.7, 0.8})
      for (std::uint64_t seed = 11; seed <= 13; ++seed) {
        FieldScenario lossy = scenario(policy);
        lossy.seed = seed;
        lossy.lose = lose;
        Field field(lossy);
        field.run(Duration::hours(6));
        EXPECT_GE(field.of_kind(EventKind::OutageBegan).size(), 100U);
        // One may just have been replaced; of `auto` the fixed one is open beside it. While a new
        // one is tried: old and new, four fresh ones and one from before.
        const std::size_t fixed = policy == PortPolicy::Auto ? 1 : 0;
        EXPECT_LE(field.still_open(), 2 + fixed) << lose << " lost, seed " << seed;
        EXPECT_LE(field.most_open(), 7 + fixed) << lose << " lost, seed " << seed;
      }
}

TEST(FlowEdges, one_answer_between_two_outages_does_not_lose_the_fixed_flow) {
  FieldScenario twice = scenario(PortPolicy::Auto);
  twice.down = {{Duration::seconds(30), Duration::milliseconds(12'495)},
                {Duration::milliseconds(42'515), Duration::minutes(1)}};
  Field field(twice);
  field.run(Duration::minutes(10));
  EXPECT_EQ(field.of_kind(EventKind::OutageEnded).size(), 2U);
  EXPECT_EQ(field.session().local().port, kFixed);
  EXPECT_EQ(field.still_open(), 1U);
  EXPECT_TRUE(field.of_kind(EventKind::TimeoutMeasured).empty());
}

// A pause as long as the one before it did nothing that the other had not done.
TEST(FlowEdges, an_outage_that_outlives_the_longest_pause_measures_no_time_out) {
  FieldScenario down = scenario(PortPolicy::Fixed);
  down.down = {{Duration::seconds(30), Duration::minutes(17)}};
  Field field(down);
  field.run(Duration::minutes(25));
  EXPECT_EQ(field.of_kind(EventKind::HealingPause).size(), 6U);
  EXPECT_EQ(field.of_kind(EventKind::OutageEnded).size(), 1U);
  EXPECT_TRUE(field.of_kind(EventKind::TimeoutMeasured).empty());
}

// While the flow after it is tried against a newer one, which dies after its first answer. When
// exactly that is, is searched for: the trial has two seconds, and the fixed flow needs them all.
TEST(FlowEdges, a_fixed_flow_that_heals_during_a_trial_of_others_stays) {
  for (int down = 83'800; down <= 84'400; down += 200)
    for (int dead = 7'420; dead <= 8'020; dead += 30) {
      FieldScenario stalled = scenario(PortPolicy::Auto);
      stalled.options.schedule.interval = Duration::milliseconds(900);
      stalled.stalls = {{Duration::seconds(30), Duration::seconds(30)}};
      stalled.down = {{Duration::milliseconds(down), Duration::milliseconds(7'200)}};
      stalled.newest_dead = {{Duration::milliseconds(down + dead), Duration::minutes(10)}};
      Field field(stalled);
      field.run(Duration::minutes(4));
      EXPECT_EQ(field.session().local().port, kFixed) << "down at " << down << ", dead at " << dead;
    }
}

TEST(FlowEdges, a_goodbye_explains_no_outage_after_the_restart) {
  FieldScenario stopped = scenario(PortPolicy::Dynamic);
  stopped.goodbye = Duration::seconds(8);
  stopped.restarts = {Duration::seconds(9)};
  stopped.down = {{Duration::seconds(100), Duration::minutes(1)}};
  Field field(stopped);
  field.run(Duration::minutes(4));
  EXPECT_EQ(field.of_kind(EventKind::PeerStopping).size(), 1U);
  EXPECT_EQ(field.of_kind(EventKind::SessionUp).size(), 1U);
  EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
  EXPECT_EQ(field.of_kind(EventKind::OutageEnded).size(), 1U);
}

TEST(FlowEdges, a_re_mark_of_each_second_packet_is_told_and_hides_no_outage) {
  FieldScenario remarked = scenario(PortPolicy::Dynamic);
  remarked.remarked_in_turn = {{Duration::seconds(5), Duration::hours(3)}};
  remarked.down = {{Duration::hours(3) + Duration::minutes(1), Duration::minutes(1)}};
  Field field(remarked);
  field.run(Duration::hours(3) + Duration::minutes(5));
  EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
  const auto told = field.of_kind(EventKind::Remarked);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1].event.text.find("again and again"), std::string::npos) << told[1].event.text;
  EXPECT_NE(told[2].event.text.find("again and again"), std::string::npos) << told[2].event.text;
}

TEST(FlowEdges, a_path_of_another_length_is_told_once_and_when_it_is_back) {
  FieldScenario moved = scenario(PortPolicy::Dynamic);
  moved.longer = {{Duration::seconds(100), Duration::minutes(10)}};
  Field field(moved);
  field.run(Duration::minutes(30));
  const auto told = field.of_kind(EventKind::HopsChanged);
  ASSERT_EQ(told.size(), 4U);
  for (std::size_t n = 0; n < 4; ++n) {
    const measure::Event& event = told[n].event;
    EXPECT_EQ(event.direction, n % 2 == 0 ? "forward" : "backward");
    EXPECT_EQ(event.before, n < 2 ? 250U : 248U);
    EXPECT_EQ(event.after, n < 2 ? 248U : 250U);
    const Duration changed = Duration::seconds(n < 2 ? 100 : 700);
    EXPECT_GE(told[n].at - changed, Duration::minutes(1));
    EXPECT_LE(told[n].at - changed, Duration::seconds(62));
  }
  EXPECT_EQ(told[0].event.text,
            "forward: the path is 2 hops longer than before, packets arrive with hop limit 248");
  EXPECT_EQ(field.events().size(), 4U);
}

// Packets that go several ways in turn, and ways that are there for a moment, are no change.
TEST(FlowEdges, ways_in_turn_are_no_change_of_length) {
  FieldScenario turns = scenario(PortPolicy::Dynamic);
  turns.longer_in_turn = {{Duration::seconds(100), Duration::hours(10)}};
  for (int n = 1; n < 60; ++n) turns.longer.push_back({Duration::minutes(n), Duration::seconds(5)});
  Field field(turns);
  field.run(Duration::hours(10));
  EXPECT_TRUE(field.events().empty());
}

TEST(FlowEdges, a_path_that_changes_all_the_time_is_told_to_do_so) {
  FieldScenario flaps = scenario(PortPolicy::Dynamic);
  for (int n = 1; n < 200; ++n)
    flaps.longer.push_back({Duration::minutes(6 * n), Duration::minutes(3)});
  Field field(flaps);
  field.run(Duration::hours(20));
  const auto told = field.of_kind(EventKind::HopsChanged);
  ASSERT_EQ(told.size(), 6U) << "three in each direction";
  EXPECT_NE(told[5].event.text.find("again and again"), std::string::npos) << told[5].event.text;
}

TEST(FlowEdges, the_first_answer_is_told_where_somebody_wants_to_know) {
  for (const bool wanted : {false, true}) {
    FieldScenario fresh = scenario(PortPolicy::Dynamic);
    fresh.options.tells_up = wanted;
    fresh.down = {{Duration::minutes(2), Duration::minutes(2)}};
    Field field(fresh);
    field.run(Duration::minutes(10));
    const auto up = field.of_kind(EventKind::SessionUp);
    EXPECT_EQ(up.size(), wanted ? 1U : 0U);
    for (const auto& told : up) EXPECT_EQ(told.event.reason, "first answer");
    EXPECT_EQ(field.of_kind(EventKind::OutageEnded).size(), 1U);
  }
}

TEST(FlowEdges, the_end_of_an_outage_is_not_told_as_a_first_answer_too) {
  FieldScenario late = scenario(PortPolicy::Dynamic);
  late.options.tells_up = true;
  late.down = {{Duration(), Duration::minutes(2)}};
  Field field(late);
  field.run(Duration::minutes(10));
  EXPECT_EQ(field.of_kind(EventKind::OutageEnded).size(), 1U);
  EXPECT_TRUE(field.of_kind(EventKind::SessionUp).empty());
}

// An agent runs for years: what it tells is bounded by the day and not for ever.
TEST(FlowEdges, who_has_told_too_much_is_mute_for_a_day_at_most) {
  FieldScenario busy = scenario(PortPolicy::Dynamic);
  busy.options.schedule.interval = Duration::seconds(60);
  busy.options.silence = Duration::minutes(10);
  for (int n = 0; n < 10'100; ++n) busy.extra_addresses.push_back(Duration::seconds(10 + n));
  busy.options.reconnect_on = session::ReconnectOn::AnyAddress;
  busy.down = {{Duration::hours(5), Duration::hours(1)}, {Duration::hours(25), Duration::hours(1)}};
  Field field(busy);
  field.run(Duration::hours(27));
  EXPECT_EQ(std::ranges::count_if(
                field.notes(),
                [](const std::string& note) { return note.find("events") != std::string::npos; }),
            1);
  const auto began = field.of_kind(EventKind::OutageBegan);
  ASSERT_EQ(began.size(), 1U);
  EXPECT_GE(began[0].at, Duration::hours(25));
  EXPECT_GE(field.events().size(), session::kMostEvents);
}

}  // namespace
}  // namespace wirestamp::simulation
