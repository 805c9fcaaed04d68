// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "time/duration.h"

// What happened to a session beside its probes, with the evidence. One line for a person, and the
// same as data; absent is absent.
namespace wirestamp::measure {

enum class EventKind : std::uint8_t {
  OutageBegan,
  OutageEnded,
  FlowChanged,         // probes go over another flow; `reason` says why
  Verdict,             // why it was silent, see Finding
  TimeoutMeasured,     // after which silence of ours a stalled flow answered again
  HealingPause,        // policy `fixed` falls silent so that a stale entry dies
  NetworkChanged,      // an address, route or link that concerns this session
  ReflectorRestarted,  // its counters start anew
  Remarked,            // DSCP or ECN arrive otherwise than sent
  PathSwept,           // where the old and the new flow end
  AccountTold,         // what the reflector says became of the old flow
  FlowDiffers,
  PortsExhausted,  // a bound of new ports was reached, or none could be opened
  RateReduced,     // probes are withheld because so many were lost, or all of them for long
  RateRestored,    // all scheduled ones are sent again
  SessionUp,       // answered for the first time, or again after the peer had said that it stops
  PeerStopping,    // the reflector says that it is about to stop: what follows is no outage
  HopsChanged,     // a packet has another hop limit left than before, for good
  // Of figures over a while, see alert/watch.h.
  ThresholdCrossed,
  ThresholdCleared,
  // Of the agent as a whole, not of one session.
  ClockStepped,          // this host's wall clock was set
  ClockUnsynchronised,   // nothing disciplines this host's clock any more
  ClockSynchronised,     // something does again
  Suspended,             // the host slept
  StoreSetAside,         // the file was broken, or no database of ours: a new one was begun
  StoreFailed,           // what is to be kept cannot be written
  StoreRestored,         // it can again
  ConfigurationRefused,  // a reload failed, what ran before goes on
  ConfigurationReloaded,
  AgentStarted,       // it measures from now on; the text says how the one before it ended
  AgentStopped,       // it was told to
  ReceiveBufferFull,  // of a session: this host dropped datagrams that had come
};

// What is new goes behind it: stores have the numbers.
inline constexpr EventKind kLastEventKind = EventKind::ReceiveBufferFull;

constexpr std::string_view name(EventKind kind) {
  switch (kind) {
    case EventKind::OutageBegan:
      return "outage_began";
    case EventKind::OutageEnded:
      return "outage_ended";
    case EventKind::FlowChanged:
      return "flow_changed";
    case EventKind::Verdict:
      return "verdict";
    case EventKind::TimeoutMeasured:
      return "timeout_measured";
    case EventKind::HealingPause:
      return "healing_pause";
    case EventKind::NetworkChanged:
      return "network_changed";
    case EventKind::ReflectorRestarted:
      return "reflector_restarted";
    case EventKind::Remarked:
      return "remarked";
    case EventKind::PathSwept:
      return "path_swept";
    case EventKind::AccountTold:
      return "account_told";
    case EventKind::FlowDiffers:
      return "flow_differs";
    case EventKind::PortsExhausted:
      return "ports_exhausted";
    case EventKind::RateReduced:
      return "rate_reduced";
    case EventKind::RateRestored:
      return "rate_restored";
    case EventKind::SessionUp:
      return "session_up";
    case EventKind::PeerStopping:
      return "peer_stopping";
    case EventKind::HopsChanged:
      return "hops_changed";
    case EventKind::ThresholdCrossed:
      return "threshold_crossed";
    case EventKind::ThresholdCleared:
      return "threshold_cleared";
    case EventKind::ClockStepped:
      return "clock_stepped";
    case EventKind::ClockUnsynchronised:
      return "clock_unsynchronised";
    case EventKind::ClockSynchronised:
      return "clock_synchronised";
    case EventKind::Suspended:
      return "suspended";
    case EventKind::StoreSetAside:
      return "store_set_aside";
    case EventKind::StoreFailed:
      return "store_failed";
    case EventKind::StoreRestored:
      return "store_restored";
    case EventKind::ConfigurationRefused:
      return "configuration_refused";
    case EventKind::ConfigurationReloaded:
      return "configuration_reloaded";
    case EventKind::AgentStarted:
      return "agent_started";
    case EventKind::AgentStopped:
      return "agent_stopped";
    case EventKind::ReceiveBufferFull:
      return "receive_buffer_full";
  }
  return "unknown";
}

// Why a session was silent.
enum class Finding : std::uint8_t {
  StalledFlow,           // state of this one 5-tuple on the way: fresh flows are answered
  StalledFlowSuspected,  // the same as far as one fixed flow can tell
  OneOfSeveralPaths,     // some fresh flows are answered, some are not
  TransientOutage,       // old and new flow are answered again
  NewPortsBlocked,       // the old flow is answered, new ones are not: a strict firewall
  PeerOrPathDown,        // nothing is answered
  PeerClosed,            // the host is up, nothing listens
  LocalCause,            // nothing leaves this host
};

constexpr std::string_view name(Finding finding) {
  switch (finding) {
    case Finding::StalledFlow:
      return "stalled_flow";
    case Finding::StalledFlowSuspected:
      return "stalled_flow_suspected";
    case Finding::OneOfSeveralPaths:
      return "one_of_several_paths";
    case Finding::TransientOutage:
      return "transient_outage";
    case Finding::NewPortsBlocked:
      return "new_ports_blocked";
    case Finding::PeerOrPathDown:
      return "peer_or_path_down";
    case Finding::PeerClosed:
      return "peer_closed";
    case Finding::LocalCause:
      return "local_cause";
  }
  return "unknown";
}

// What is judged by thresholds.
enum class Figure : std::uint8_t { Loss, Latency, Jitter };

constexpr std::string_view name(Figure figure) {
  switch (figure) {
    case Figure::Loss:
      return "loss";
    case Figure::Latency:
      return "latency";
    case Figure::Jitter:
      return "jitter";
  }
  return "unknown";
}

// What crossed a threshold, or came back.
struct Crossing {
  Figure figure = Figure::Loss;
  bool error = false;  // it is the threshold of an error that was crossed; else that of a warning
  // Of loss shares of 1, else delays; of the stretch that it was judged by.
  std::optional<double> loss, loss_threshold;
  std::optional<Duration> delay, delay_threshold;
  std::optional<Duration> median;  // of 48 hours, that the threshold was made of
  WallTime since;                  // begin of the trouble
  std::optional<WallTime> until;   // its end, of ThresholdCleared
};

// A probe that bounds something: its number and when it left (UTC).
struct ProbeMark {
  std::uint64_t probe = 0;
  WallTime left;

  bool operator==(const ProbeMark&) const = default;
};

// Who answered a probe whose hops were limited, on the way there.
struct Hop {
  std::uint8_t distance = 0;  // hops from here, from 1
  std::string address;        // "" when nobody answered
  bool reflector = false;     // it came through
};

struct Event {
  EventKind kind = EventKind::OutageBegan;
  std::uint32_t session = 0;
  MonoTime at;
  WallTime wall;
  std::string text;  // one line, without the time

  std::string reason;  // of FlowChanged, NetworkChanged, RateReduced, SessionUp: one or two words
  std::optional<Finding> finding;
  // "192.0.2.1:40000 > 198.51.100.7:23999"
  std::optional<std::string> old_flow, new_flow;
  std::optional<ProbeMark> last_good, first_lost, first_good;
  // Measured probes between last_good and first_good; of ReceiveBufferFull datagrams.
  std::optional<std::uint64_t> lost;
  std::optional<unsigned> answered, tried;    // fresh flows
  std::optional<Duration> at_least, at_most;  // bounds of an outage, or of a measured time-out
  std::optional<std::string> direction;       // "forward" or "backward"
  std::optional<unsigned> before, after;      // a mark or hop limit, as it arrives
  std::optional<unsigned> expected;           // of Remarked, where known: the mark that was sent
  std::optional<std::uint32_t> flow;
  std::optional<std::string> account;  // what the reflector says of the old flow
  std::vector<Hop> old_path, new_path;
  std::optional<Crossing> crossing;  // of ThresholdCrossed and ThresholdCleared
  std::optional<Duration> change;    // of ClockStepped: forward is positive; of Suspended and
                                     // AgentStarted, where known: how long it was away
};

}  // namespace wirestamp::measure
