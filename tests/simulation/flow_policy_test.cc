// SPDX-License-Identifier: Apache-2.0
//
// The port policies in virtual time: what is injected is known, so every verdict is checked.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "field.h"
#include "session/limits.h"

namespace wirestamp::simulation {
namespace {

using measure::EventKind;
using measure::Finding;
using measure::Outcome;
using session::PortPolicy;

constexpr std::uint16_t kFixed = 23'998;  // 2 modulo 4: on the bad path

FieldScenario scenario(PortPolicy policy) {
  FieldScenario made;
  made.seed = 7;
  made.options.policy = policy;
  made.options.fixed_port = kFixed;
  made.options.first_port = 40'000;
  made.options.last_port = 40'099;
  return made;
}

// Four flows beside each other, with a port of each remainder modulo 4.
FieldScenario four_flows(std::uint64_t count) {
  FieldScenario made = scenario(PortPolicy::Range);
  made.options.first_port = 40'000;
  made.options.last_port = 40'003;
  made.options.flows = 4;
  made.options.schedule.count = count;
  return made;
}

// Each probe has one sample, and the numbers have no gap.
void expect_accounted(const Field& field) {
  std::set<std::uint64_t> probes;
  for (const measure::Sample& sample : field.samples())
    EXPECT_TRUE(probes.insert(sample.probe).second) << "probe " << sample.probe << " twice";
  ASSERT_FALSE(probes.empty());
  EXPECT_EQ(*probes.rbegin() + 1, probes.size());
}

void print(const Field& field) {
  for (const auto& told : field.events())
    std::cout << "  " << told.at.to_seconds() << " s " << name(told.event.kind) << ": "
              << told.event.text << '\n';
}

//= RFC6335:dynamic-ports
TEST(FlowPolicy, a_dynamic_flow_recovers_from_a_stall_in_five_seconds) {
  FieldScenario stalled = scenario(PortPolicy::Dynamic);
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(120)}};
  Field field(stalled);
  field.run(Duration::minutes(8));
  print(field);
  expect_accounted(field);
  EXPECT_EQ(field.findings(), std::vector{Finding::StalledFlow});
  const auto back = field.first_delivered_after(Duration::seconds(30));
  ASSERT_TRUE(back);
  EXPECT_LE(*back, Duration::milliseconds(36'000));
  const auto verdict = field.of_kind(EventKind::Verdict).front();
  EXPECT_LE(verdict.at, Duration::milliseconds(37'600));
  EXPECT_EQ(verdict.event.answered, 4U);
  ASSERT_TRUE(verdict.event.old_flow && verdict.event.new_flow);
  EXPECT_NE(*verdict.event.old_flow, *verdict.event.new_flow);
  // RFC 6335 6: fresh ports are dynamic ones.
  for (const auto& [port, first_seen] : field.ports())
    if (first_seen > Duration::seconds(30)) {
      EXPECT_GE(port, 49'152U);
    }
  // The reflector was asked over the new flow, so the losses have their direction.
  const auto account = field.of_kind(EventKind::AccountTold);
  ASSERT_EQ(account.size(), 1U);
  EXPECT_EQ(account.front().event.direction, "forward");
  EXPECT_EQ(std::ranges::count(field.samples(), Outcome::LostForward, &measure::Sample::outcome),
            10);
  EXPECT_EQ(std::ranges::count(field.samples(), Outcome::LostUnknown, &measure::Sample::outcome),
            0);
  const auto measured = field.of_kind(EventKind::TimeoutMeasured);
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_LE(*measured.front().event.at_least, Duration::seconds(120));
  EXPECT_GE(*measured.front().event.at_most, Duration::seconds(120));
}

TEST(FlowPolicy, a_second_stall_is_about_the_flow_of_then) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto}) {
    FieldScenario twice = scenario(policy);
    twice.stalls = {{Duration::seconds(30), Duration::minutes(30)},
                    {Duration::seconds(90), Duration::minutes(30)}};
    Field field(twice);
    field.run(Duration::minutes(4));
    print(field);
    expect_accounted(field);
    EXPECT_EQ(field.findings(), (std::vector{Finding::StalledFlow, Finding::StalledFlow}));
    const auto verdicts = field.of_kind(EventKind::Verdict);
    EXPECT_EQ(verdicts[0].event.new_flow, verdicts[1].event.old_flow);
    const auto back = field.first_delivered_after(Duration::seconds(90));
    ASSERT_TRUE(back);
    EXPECT_LE(*back, Duration::seconds(96));
  }
}

TEST(FlowPolicy, auto_goes_back_to_the_fixed_flow_when_it_has_healed) {
  FieldScenario stalled = scenario(PortPolicy::Auto);
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(30)}};
  Field field(stalled);
  field.run(Duration::minutes(8));
  print(field);
  expect_accounted(field);
  EXPECT_EQ(field.findings(), std::vector{Finding::StalledFlow});
  const auto changes = field.of_kind(EventKind::FlowChanged);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[1].event.reason, "healed");
  EXPECT_TRUE(changes[1].event.new_flow->find(":23998 >") != std::string::npos);
  EXPECT_EQ(field.session().local().port, kFixed);
  const auto measured = field.of_kind(EventKind::TimeoutMeasured);
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_EQ(*measured.front().event.at_most, Duration::seconds(35));
}

TEST(FlowPolicy, a_fixed_flow_that_never_heals_stays_dead_and_says_so) {
  FieldScenario stalled = scenario(PortPolicy::Fixed);
  stalled.options.heal_after.reset();
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(30)}};
  Field field(stalled);
  field.run(Duration::minutes(10));
  print(field);
  expect_accounted(field);
  EXPECT_EQ(field.findings(), std::vector{Finding::StalledFlowSuspected});
  EXPECT_FALSE(field.first_delivered_after(Duration::seconds(31)));
  EXPECT_EQ(field.ports().size(), 1U);
}

TEST(FlowPolicy, a_fixed_flow_heals_itself_by_falling_silent) {
  FieldScenario stalled = scenario(PortPolicy::Fixed);
  stalled.stalls = {{Duration::seconds(30), Duration::seconds(60)}};
  Field field(stalled);
  field.run(Duration::minutes(10));
  print(field);
  expect_accounted(field);
  EXPECT_EQ(field.of_kind(EventKind::HealingPause).size(), 2U);  // 35 s do not help, 65 s do
  EXPECT_TRUE(field.first_delivered_after(Duration::minutes(5)));
  const auto measured = field.of_kind(EventKind::TimeoutMeasured);
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_EQ(*measured.front().event.at_least, Duration::seconds(35));
  EXPECT_EQ(*measured.front().event.at_most, Duration::seconds(65));
  const auto withheld =
      std::ranges::count(field.samples(), Outcome::Withheld, &measure::Sample::outcome);
  EXPECT_NEAR(static_cast<double>(withheld), 200, 4);  // 100 s at two a second
  EXPECT_EQ(field.ports().size(), 1U);
}

TEST(FlowPolicy, one_bad_path_of_four_is_no_stall) {
  FieldScenario broken = scenario(PortPolicy::Auto);
  broken.bad_path = {{Duration::seconds(30), Duration::hours(1)}};
  Field field(broken);
  field.run(Duration::minutes(5));
  print(field);
  ASSERT_FALSE(field.findings().empty());
  EXPECT_EQ(field.findings().front(), Finding::OneOfSeveralPaths);
  const auto verdict = field.of_kind(EventKind::Verdict).front();
  EXPECT_EQ(verdict.event.answered, 3U);
  EXPECT_EQ(verdict.event.tried, 4U);
}

TEST(FlowPolicy, a_short_outage_is_transient_and_its_edges_are_one_probe_wide) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Auto}) {
    FieldScenario outage = scenario(policy);
    outage.down = {{Duration::milliseconds(30'250), Duration::seconds(8)}};
    Field field(outage);
    field.run(Duration::minutes(5));
    print(field);
    expect_accounted(field);
    for (const Finding finding : field.findings())
      EXPECT_TRUE(finding == Finding::PeerOrPathDown || finding == Finding::TransientOutage);
    const auto ended = field.of_kind(EventKind::OutageEnded);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_LE(*ended.front().event.at_least, Duration::seconds(8));
    EXPECT_GE(*ended.front().event.at_most, Duration::seconds(8));
    EXPECT_LE(*ended.front().event.at_most - *ended.front().event.at_least,
              Duration::milliseconds(1'000));
    EXPECT_EQ(*ended.front().event.lost, 16U);
  }
}

TEST(FlowPolicy, a_strict_firewall_gets_its_old_flow_back) {
  FieldScenario strict = scenario(PortPolicy::Auto);
  strict.strict = {{Duration::seconds(20), Duration::hours(1)}};
  strict.down = {{Duration::seconds(30), Duration::milliseconds(5'600)}};
  Field field(strict);
  field.run(Duration::minutes(3));
  print(field);
  EXPECT_EQ(field.findings(), std::vector{Finding::NewPortsBlocked});
  EXPECT_EQ(field.session().local().port, kFixed);
  EXPECT_TRUE(field.first_delivered_after(Duration::seconds(60)));
}

// They are lost on the way back as far as the reflector's counters can tell: the event tells more.
TEST(FlowPolicy, replies_without_room_in_our_socket_are_told_as_such) {
  FieldScenario late = scenario(PortPolicy::Dynamic);
  late.full = {{Duration::milliseconds(30'100), Duration::seconds(2)}};
  for (int n = 0; n < 4; ++n)
    late.full.push_back({Duration::milliseconds(60'100 + n * 2'500), Duration::milliseconds(600)});
  late.full.push_back({Duration::minutes(90), Duration::seconds(1)});
  late.options.schedule.count = 2 * 3'600 * 2;
  Field field(late);
  field.run(Duration::hours(3));
  print(field);
  expect_accounted(field);
  EXPECT_TRUE(field.findings().empty());
  const auto told = field.of_kind(EventKind::ReceiveBufferFull);
  ASSERT_EQ(told.size(), 4U);
  std::uint64_t lost = 0;
  for (const measure::Sample& sample : field.samples())
    lost += sample.outcome == Outcome::LostBackward;
  EXPECT_EQ(field.session().counters().receive_buffer_full, lost);
  EXPECT_EQ(told[0].event.lost, 4U);
  EXPECT_GT(told[0].at, Duration::seconds(32));
  EXPECT_LT(told[0].at, Duration::seconds(34));
  EXPECT_EQ(told[0].event.text.rfind("4 datagrams to this port were dropped", 0), 0U)
      << told[0].event.text;
  // The third within a minute says that it is one of many, and then an hour without is waited for.
  EXPECT_EQ(told[1].event.text.find("again and again"), std::string::npos);
  EXPECT_NE(told[2].event.text.find("again and again"), std::string::npos);
  EXPECT_GT(told[3].at, Duration::minutes(90));
}

// The old flow and the new one share the socket for a while.
TEST(FlowPolicy, datagrams_without_room_are_counted_once_where_flows_share_a_port) {
  FieldScenario late = scenario(PortPolicy::Fixed);
  late.renumbered = {Duration::milliseconds(30'010)};  // with a probe on its way
  late.full = {{Duration::milliseconds(30'400), Duration::milliseconds(300)}};
  Field field(late);
  field.run(Duration::minutes(2));
  ASSERT_EQ(field.of_kind(EventKind::FlowChanged).size(), 1U);
  const auto told = field.of_kind(EventKind::ReceiveBufferFull);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event.lost, 1U);
  EXPECT_EQ(field.session().counters().receive_buffer_full, 1U);
}

TEST(FlowPolicy, a_closed_port_and_a_dead_neighbour_open_no_ports) {
  FieldScenario closed = scenario(PortPolicy::Dynamic);
  closed.closed = {{Duration::seconds(30), Duration::minutes(2)}};
  Field field(closed);
  field.run(Duration::minutes(4));
  print(field);
  EXPECT_EQ(field.findings(), std::vector{Finding::PeerClosed});
  EXPECT_EQ(field.ports().size(), 1U);

  FieldScenario neighbour = scenario(PortPolicy::Dynamic);
  neighbour.no_neighbour = {{Duration::seconds(30), Duration::minutes(2)}};
  Field other(neighbour);
  other.run(Duration::minutes(4));
  print(other);
  EXPECT_EQ(other.findings(), std::vector{Finding::LocalCause});
  EXPECT_EQ(other.ports().size(), 1U);
}

// Shown by 2: a peer that is down for a day.
TEST(FlowPolicy, a_day_without_the_peer_keeps_the_ports_within_their_bounds) {
  FieldScenario dead = scenario(PortPolicy::Dynamic);
  dead.down = {{Duration::minutes(1), Duration::hours(24)}};
  Field field(dead);
  field.run(Duration::hours(25));
  expect_accounted(field);
  EXPECT_EQ(field.findings().front(), Finding::PeerOrPathDown);
  std::vector<Duration> opened;
  for (const auto& [port, at] : field.ports()) opened.push_back(at);
  std::ranges::sort(opened);
  for (std::size_t i = session::kMostNewPorts; i < opened.size(); ++i)
    EXPECT_GE(opened[i] - opened[i - session::kMostNewPorts], session::kPortWindow);
  EXPECT_LE(opened.size(), 24U * 12 + 20);
  // When it comes back the first probe answered ends the outage.
  const auto ended = field.of_kind(EventKind::OutageEnded);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_LE(ended.front().at, Duration::minutes(1) + Duration::hours(24) + Duration::seconds(1));
}

TEST(FlowPolicy, restarts_without_end_are_told_once) {
  FieldScenario nat = scenario(PortPolicy::Dynamic);
  nat.lose = 0.05;
  nat.in_turn = {{Duration::seconds(20), Duration::minutes(5)}};
  Field field(nat);
  field.run(Duration::minutes(5));
  print(field);
  EXPECT_EQ(field.of_kind(EventKind::ReflectorRestarted).size(), 2U);  // the second: and again
  EXPECT_EQ(field.notes().size(), 1U);
  std::map<Outcome, int> later;
  for (const measure::Sample& sample : field.samples())
    if (sample.scheduled > Field::kStart + Duration::seconds(20)) ++later[sample.outcome];
  EXPECT_GT(later[Outcome::LostUnknown], 20);
  EXPECT_EQ(later[Outcome::LostForward], 0);
}

TEST(FlowPolicy, five_hundred_sessions_behind_a_dead_uplink_are_one_event) {
  FieldScenario uplink = scenario(PortPolicy::Dynamic);
  uplink.sessions = 500;
  uplink.options.schedule.interval = Duration::seconds(1);
  uplink.down = {{Duration::seconds(20), Duration::minutes(3)}};
  Field field(uplink);
  field.run(Duration::minutes(5));
  EXPECT_LE(field.most_open(), 500U + session::kMostExtraSockets);
  std::uint64_t new_ports = field.ports_opened() - 500;
  EXPECT_LE(new_ports, 16U * 16);
  EXPECT_GE(new_ports, 16U);
  // It began, why, where it ends, and that it is over.
  EXPECT_EQ(field.of_kind(EventKind::OutageBegan).size(), 1U);
  EXPECT_EQ(field.events_of_all(),
            field.events().size() - field.of_kind(EventKind::FlowChanged).size());
}

TEST(FlowPolicy, replies_from_another_address_are_named_and_no_loss_has_a_direction) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Fixed, PortPolicy::Auto}) {
    FieldScenario other = scenario(policy);
    other.options.heal_after = Duration::seconds(20);
    other.elsewhere = {{Duration::seconds(30), Duration::seconds(60)}};
    Field field(other);
    field.run(Duration::minutes(3));
    print(field);
    EXPECT_EQ(field.findings(), std::vector{Finding::PeerOrPathDown});
    for (const auto& told : field.of_kind(EventKind::Verdict))
      EXPECT_NE(told.event.text.find("192.0.2.99:23999 instead"), std::string::npos);
    EXPECT_TRUE(field.of_kind(EventKind::HealingPause).empty());
    const std::set<std::string> notes(field.notes().begin(), field.notes().end());
    EXPECT_EQ(notes.size(), 1U);  // once for each flow
    std::map<Outcome, int> outcomes;
    for (const measure::Sample& sample : field.samples()) ++outcomes[sample.outcome];
    EXPECT_GT(outcomes[Outcome::LostUnknown], 100);
    EXPECT_EQ(outcomes[Outcome::LostForward] + outcomes[Outcome::LostBackward], 0);
    EXPECT_EQ(field.resolved(), 0U);
  }
}

TEST(FlowPolicy, a_range_is_kept_to_and_a_taken_fixed_port_is_said) {
  FieldScenario range = scenario(PortPolicy::Range);
  range.down = {{Duration::seconds(20), Duration::minutes(5)}};
  Field field(range);
  field.run(Duration::minutes(8));
  for (const auto& [port, at] : field.ports()) {
    EXPECT_GE(port, 40'000);
    EXPECT_LE(port, 40'099);
  }
  EXPECT_GT(field.ports().size(), 3U);

  FieldScenario taken = scenario(PortPolicy::Fixed);
  taken.taken_ports = {kFixed};
  EXPECT_TRUE(Field(taken).begin_failure());
  taken.options.policy = PortPolicy::Auto;
  Field started(taken);
  EXPECT_FALSE(started.begin_failure());
  EXPECT_NE(started.session().local().port, kFixed);
  ASSERT_EQ(started.notes().size(), 1U);
  EXPECT_NE(started.notes().front().find("port 23998 is in use"), std::string::npos);
}

TEST(FlowPolicy, a_wide_range_is_tried_all_over_before_it_counts_as_exhausted) {
  FieldScenario wide = scenario(PortPolicy::Range);
  wide.options.first_port = 1;
  wide.options.last_port = 5'000;
  for (std::uint16_t port = 1; port < 4'000; ++port) wide.taken_ports.insert(port);
  for (wide.seed = 1; wide.seed <= 20; ++wide.seed)
    EXPECT_FALSE(Field(wide).begin_failure()) << "seed " << wide.seed;
}

TEST(FlowPolicy, a_range_says_which_of_its_ports_are_our_own) {
  FieldScenario full = scenario(PortPolicy::Range);
  full.options.first_port = full.options.last_port = 40'000;
  full.down = {{Duration::seconds(20), Duration::minutes(1)}};
  Field field(full);
  field.run(Duration::minutes(2));
  ASSERT_EQ(field.of_kind(EventKind::PortsExhausted).size(), 1U);
  EXPECT_EQ(field.of_kind(EventKind::PortsExhausted).front().event.text,
            "no new port: no port of 40000-40000 can be had: this session has 1 of them itself; a "
            "wider range has more");

  full.options.last_port = 40'001;
  full.taken_ports = {40'000, 40'001};
  const Field none(full);
  ASSERT_TRUE(none.begin_failure());
  EXPECT_EQ(none.begin_failure()->find("this session"), std::string::npos);
  EXPECT_NE(none.begin_failure()->find("is in use"), std::string::npos);
}

TEST(FlowPolicy, an_address_change_reconnects_and_the_numbers_go_on) {
  for (const PortPolicy policy : {PortPolicy::Dynamic, PortPolicy::Fixed, PortPolicy::Auto}) {
    FieldScenario moved = scenario(policy);
    moved.renumbered = {Duration::milliseconds(20'100)};
    moved.moved = {Duration::milliseconds(40'100)};
    moved.no_route = {{Duration::milliseconds(60'100), Duration::seconds(10)}};
    Field field(moved);
    field.run(Duration::minutes(2));
    print(field);
    expect_accounted(field);
    const auto changes = field.of_kind(EventKind::NetworkChanged);
    ASSERT_EQ(changes.size(), 4U);
    EXPECT_EQ(changes[0].event.reason, "address changed");
    EXPECT_EQ(changes[1].event.reason, "route moved");
    EXPECT_EQ(changes[2].event.reason, "no route");
    EXPECT_EQ(changes[3].event.reason, "route back");
    EXPECT_EQ(field.of_kind(EventKind::FlowChanged).size(), 2U);
    EXPECT_EQ(field.ports().size(), policy == PortPolicy::Dynamic ? 3U : 1U);
    const auto unsent =
        std::ranges::count(field.samples(), Outcome::Unsent, &measure::Sample::outcome);
    EXPECT_NEAR(static_cast<double>(unsent), 20, 1);
    EXPECT_GE(field.delivered(), 218U);
  }
}

// Shown by 7: whatever is injected, in any order: each verdict is one of what there was.
TEST(FlowPolicy, a_thousand_hours_of_everything_raise_no_wrong_verdict) {
  std::uint64_t verdicts = 0, probes = 0;
  std::map<Finding, unsigned> told;
  for (std::uint64_t part = 0; part < 40; ++part) {
    base::Random random(20'261'125 + part);
    const auto policy = static_cast<PortPolicy>(part % 4);
    FieldScenario rough = scenario(policy);
    rough.seed = random.next();
    rough.options.schedule.interval = Duration::seconds(4);
    rough.options.silence = Duration::seconds(12);
    rough.lose = 0.002;
    // One thing at a time, a quarter of an hour apart, so that it is known what a verdict is about.
    std::vector<std::pair<Duration, int>> injected;
    for (int hour = 0; hour < 25; ++hour) {
      const Duration at = Duration::hours(hour) + Duration::minutes(20) +
                          Duration::milliseconds(static_cast<std::int64_t>(random.below(60'000)));
      const int what = static_cast<int>(random.below(6));
      injected.emplace_back(at, what);
      const Duration lasting = Duration::seconds(static_cast<std::int64_t>(10 + random.below(200)));
      switch (what) {
        case 0:
          rough.stalls.push_back({at, lasting});
          break;
        case 1:
          rough.down.push_back({at, lasting});
          break;
        case 2:
          rough.closed.push_back({at, lasting});
          break;
        case 3:
          rough.no_neighbour.push_back({at, lasting});
          break;
        case 4:
          rough.renumbered.push_back(at);
          break;
        default:
          rough.restarts.push_back(at);
          break;
      }
    }
    Field field(rough);
    field.run(Duration::hours(25));
    expect_accounted(field);
    probes += field.samples().size();
    for (const auto& verdict : field.of_kind(EventKind::Verdict)) {
      ++verdicts;
      const Finding finding = *verdict.event.finding;
      ++told[finding];
      const auto cause = std::ranges::find_if(injected, [&](const auto& one) {
        return one.first <= verdict.at && verdict.at < one.first + Duration::minutes(59);
      });
      ASSERT_NE(cause, injected.end()) << verdict.event.text << " at " << verdict.at.to_seconds();
      const std::map<int, std::set<Finding>> allowed{
          {0, {Finding::StalledFlow, Finding::StalledFlowSuspected}},
          // A fixed flow cannot tell a long outage of the path from a stall, and says "suspected".
          {1, {Finding::PeerOrPathDown, Finding::TransientOutage, Finding::StalledFlowSuspected}},
          {2, {Finding::PeerClosed, Finding::TransientOutage}},
          {3, {Finding::LocalCause, Finding::TransientOutage}}};
      const auto right = allowed.find(cause->second);
      EXPECT_TRUE(right != allowed.end() && right->second.contains(finding))
          << "part " << part << " at " << verdict.at.to_seconds() << " s: " << verdict.event.text
          << ", injected " << cause->second << " at " << cause->first.to_seconds();
      if (finding == Finding::StalledFlowSuspected && cause->second == 1) {
        EXPECT_EQ(policy, PortPolicy::Fixed);
      }
    }
    if (HasFailure()) {
      print(field);
      break;
    }
  }
  std::cout << verdicts << " verdicts over " << probes << " probes in 1000 virtual hours\n";
  for (const auto& [finding, count] : told)
    std::cout << "  " << name(finding) << " " << count << '\n';
  EXPECT_GT(told[Finding::StalledFlow], 50U);
}

//= RFC8972:ssid-in-every-packet RFC8972:ssid-differs RFC9503:node-ssid
TEST(FlowPolicy, parallel_flows_have_ports_of_their_own_and_one_series_of_numbers) {
  FieldScenario parallel = scenario(PortPolicy::Dynamic);
  parallel.options.flows = 8;
  parallel.options.schedule.count = 50;
  Field field(parallel);
  field.run(Duration::minutes(2));
  expect_accounted(field);
  EXPECT_EQ(field.samples().size(), 400U);
  EXPECT_EQ(field.delivered(), 400U);
  EXPECT_EQ(field.ports().size(), 8U);
  // RFC 8972 3.
  std::set<std::uint16_t> ssids;
  for (session::FlowId flow = 0; flow < 8; ++flow) ssids.insert(field.session().ssid_of(flow));
  EXPECT_EQ(ssids.size(), 8U);
  EXPECT_FALSE(ssids.contains(0));
}

// How many probes each lane had in each round; the probes of a round are numbered in a row.
std::map<std::pair<std::uint64_t, std::size_t>, int> per_round_and_lane(const Field& field,
                                                                        unsigned flows) {
  std::map<std::pair<std::uint64_t, std::size_t>, int> count;
  for (std::size_t i = 0; i < field.samples().size(); ++i)
    ++count[{field.samples()[i].probe / flows, field.lanes()[i]}];
  return count;
}

TEST(FlowPolicy, parallel_flows_out_of_a_range_without_spare_ports_are_numbered_without_gaps) {
  FieldScenario parallel = scenario(PortPolicy::Range);
  parallel.options.last_port = 40'007;
  parallel.options.flows = 8;
  parallel.options.schedule.count = 50;
  Field field(parallel);
  field.run(Duration::minutes(2));
  std::set<std::uint32_t> flows;
  for (const measure::Sample& sample : field.samples()) flows.insert(sample.flow);
  EXPECT_EQ(flows, (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(per_round_and_lane(field, 8).size(), 400U);
}

// The new ports of ten minutes are sixteen: two of eighteen flows keep theirs.
TEST(FlowPolicy, each_of_parallel_flows_keeps_its_place_when_some_get_a_new_port) {
  FieldScenario parallel = scenario(PortPolicy::Dynamic);
  parallel.options.flows = 18;
  parallel.options.schedule.interval = Duration::seconds(5);
  parallel.options.schedule.count = 140;
  parallel.renumbered = {Duration::seconds(7), Duration::seconds(647)};
  Field field(parallel);
  field.run(Duration::minutes(15));
  expect_accounted(field);
  EXPECT_EQ(field.of_kind(EventKind::FlowChanged).size(), 32U);
  const auto count = per_round_and_lane(field, 18);
  EXPECT_EQ(count.size(), 18U * 140U);
  for (const auto& [where, probes] : count)
    EXPECT_EQ(probes, 1) << "round " << where.first << " lane " << where.second;
}

// What the reflector's sums tell of losses later is told of the flow that lost them.
TEST(FlowPolicy, losses_of_one_path_of_several_get_their_direction_on_their_flow) {
  FieldScenario parallel = four_flows(100);
  parallel.bad_path = {{Duration::seconds(5), Duration::seconds(20)}};
  Field field(parallel);
  field.run(Duration::minutes(2));
  expect_accounted(field);
  std::map<std::size_t, std::uint64_t> unknown;
  for (std::size_t n = 0; n < field.samples().size(); ++n)
    if (field.samples()[n].outcome == Outcome::LostUnknown) ++unknown[field.lanes()[n]];
  EXPECT_EQ(unknown.size(), 1U);
  EXPECT_EQ(field.resolved_of_lanes(), unknown);
}

TEST(FlowPolicy, one_path_of_several_that_re_marks_is_told_once_and_with_its_flow) {
  FieldScenario parallel = four_flows(50);
  parallel.remarked = {{Duration::seconds(5), Duration::seconds(10)}};
  Field field(parallel);
  field.run(Duration::minutes(2));
  EXPECT_EQ(field.delivered(), 200U);
  const auto told = field.of_kind(EventKind::Remarked);
  ASSERT_EQ(told.size(), 2U);
  for (const auto& one : told) {
    EXPECT_EQ(one.event.flow, told.front().event.flow);
    EXPECT_NE(one.event.text.find(":40002 > "), std::string::npos) << one.event.text;
  }
  EXPECT_EQ(told.front().event.after, 8U << 2U);
  EXPECT_EQ(told.back().event.after, 0U);
}

}  // namespace
}  // namespace wirestamp::simulation
