// SPDX-License-Identifier: Apache-2.0
#include "alert/severity.h"

namespace wirestamp::alert {

using measure::EventKind;
using measure::Finding;
using measure::Severity;

namespace {

Meaning meaning_of_verdict(const measure::Event& verdict) {
  switch (verdict.finding.value_or(Finding::PeerOrPathDown)) {
    case Finding::PeerOrPathDown:
    case Finding::PeerClosed:
    case Finding::LocalCause:
      return {.severity = Severity::Error, .role = Role::Diagnosis};
    // The measurement goes on over another flow, or over the old one again.
    case Finding::StalledFlow:
    case Finding::StalledFlowSuspected:
    case Finding::OneOfSeveralPaths:
    case Finding::TransientOutage:
    case Finding::NewPortsBlocked:
      return {.severity = Severity::Warning, .role = Role::Diagnosis};
  }
  return {};
}

// Congestion that is marked is how ECN works, and what arrives as it was sent is good again.
bool is_worth_a_warning(const measure::Event& remarked) {
  const auto dscp = [](unsigned traffic_class) { return traffic_class >> 2U; };
  const bool other_dscp = dscp(remarked.before.value_or(0)) != dscp(remarked.after.value_or(0));
  const bool as_sent =
      remarked.expected && dscp(*remarked.expected) == dscp(remarked.after.value_or(0));
  return other_dscp && !as_sent;
}

Meaning meaning_of_crossing(const measure::Event& event) {
  const measure::Crossing crossing = event.crossing.value_or(measure::Crossing{});
  Meaning meaning;
  meaning.severity = crossing.error ? Severity::Error : Severity::Warning;
  meaning.role = Role::Begins;
  switch (crossing.figure) {
    case measure::Figure::Loss:
      meaning.source = Source::Loss;
      break;
    case measure::Figure::Latency:
      meaning.source = Source::Latency;
      break;
    case measure::Figure::Jitter:
      meaning.source = Source::Jitter;
      break;
  }
  if (event.kind == EventKind::ThresholdCleared) {
    meaning.severity = Severity::Info;
    meaning.role = Role::Ends;
  }
  return meaning;
}

}  // namespace

Meaning meaning_of(const measure::Event& event) {
  constexpr Meaning kTold{};
  constexpr Meaning kMoment{.severity = Severity::Warning, .role = Role::Moment};
  switch (event.kind) {
    case EventKind::OutageBegan:
      return {.severity = Severity::Error, .role = Role::Begins, .source = Source::Outage};
    case EventKind::OutageEnded:
      return {.role = Role::Ends, .source = Source::Outage};
    case EventKind::Verdict:
      return meaning_of_verdict(event);
    case EventKind::ThresholdCrossed:
    case EventKind::ThresholdCleared:
      return meaning_of_crossing(event);
    // Probes are withheld, which hides what follows.
    case EventKind::RateReduced:
    case EventKind::PortsExhausted:
    case EventKind::FlowDiffers:
    case EventKind::ClockStepped:
    case EventKind::StoreSetAside:
    case EventKind::ConfigurationRefused:
      return kMoment;
    // What it lost may cross a threshold later: that is the incident, and this a hint at its cause.
    case EventKind::ReceiveBufferFull:
      return {.severity = Severity::Warning};
    case EventKind::Remarked:
      return is_worth_a_warning(event) ? kMoment : kTold;
    case EventKind::ClockUnsynchronised:
      return {.severity = Severity::Warning, .role = Role::Begins, .source = Source::Clock};
    case EventKind::ClockSynchronised:
      return {.role = Role::Ends, .source = Source::Clock};
    case EventKind::StoreFailed:
      return {.severity = Severity::Error, .role = Role::Begins, .source = Source::Store};
    case EventKind::StoreRestored:
      return {.role = Role::Ends, .source = Source::Store};
    // It answers: whatever kept it silent is over.
    case EventKind::SessionUp:
      return {.role = Role::Ends, .source = Source::Outage};
    // What somebody wanted, what is a consequence of something else, and evidence.
    case EventKind::PeerStopping:
    case EventKind::FlowChanged:
    case EventKind::TimeoutMeasured:
    case EventKind::HealingPause:
    case EventKind::NetworkChanged:
    case EventKind::ReflectorRestarted:
    case EventKind::PathSwept:
    case EventKind::AccountTold:
    case EventKind::RateRestored:
    case EventKind::HopsChanged:
    case EventKind::Suspended:
    case EventKind::ConfigurationReloaded:
    case EventKind::AgentStarted:
    case EventKind::AgentStopped:
      return kTold;
  }
  return kTold;
}

}  // namespace wirestamp::alert
