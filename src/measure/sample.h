// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "time/duration.h"
#include "time/timestamp.h"

// The currency of the program: everything that is known about one probe. Absent is absent, never
// zero.
namespace wirestamp::measure {

// What became of a probe. "Unsent" and "lost" are never mixed.
enum class Outcome : std::uint8_t {
  Delivered,
  Late,  // replied after the loss threshold; counted lost, the delay is kept
  LostForward,
  LostBackward,
  LostUnknown,    // sent, no reply, direction not known; see Sample::departure_unconfirmed
  Unsent,         // never left; see Sample::cause
  Withheld,       // not sent by rule: healing pause, back-off, suspend
  LateSchedule,   // our own starvation: too late to send it
  PeerClosed,     // port unreachable from the peer's host; counts as lost
  TooBig,         // packet too big on the path or interface; counts as lost
  RefusedByPeer,  // the reflector says that its policy dropped it
};

enum class UnsentCause : std::uint8_t {
  None,
  NeighbourUnresolved,
  NoRoute,
  InterfaceDown,
  AddressGone,
  RefusedLocally,
  DroppedLocally,
};

// Why a probe that was due was not sent, or not judged, by rule.
enum class WithheldReason : std::uint8_t { None, HealingPause, BackOff, Suspended, Interrupted };

constexpr std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Delivered:
      return "delivered";
    case Outcome::Late:
      return "late";
    case Outcome::LostForward:
      return "lost_forward";
    case Outcome::LostBackward:
      return "lost_backward";
    case Outcome::LostUnknown:
      return "lost_unknown";
    case Outcome::Unsent:
      return "unsent";
    case Outcome::Withheld:
      return "withheld";
    case Outcome::LateSchedule:
      return "late_schedule";
    case Outcome::PeerClosed:
      return "peer_closed";
    case Outcome::TooBig:
      return "too_big";
    case Outcome::RefusedByPeer:
      return "refused_by_peer";
  }
  return "lost_unknown";
}

constexpr std::string_view name(UnsentCause cause) {
  switch (cause) {
    case UnsentCause::NeighbourUnresolved:
      return "neighbour_unresolved";
    case UnsentCause::NoRoute:
      return "no_route";
    case UnsentCause::InterfaceDown:
      return "interface_down";
    case UnsentCause::AddressGone:
      return "address_gone";
    case UnsentCause::RefusedLocally:
      return "refused_locally";
    case UnsentCause::DroppedLocally:
      return "dropped_locally";
    case UnsentCause::None:
      break;
  }
  return "none";
}

constexpr std::string_view name(WithheldReason reason) {
  switch (reason) {
    case WithheldReason::HealingPause:
      return "healing_pause";
    case WithheldReason::BackOff:
      return "back_off";
    case WithheldReason::Suspended:
      return "suspended";
    case WithheldReason::Interrupted:
      return "interrupted";
    case WithheldReason::None:
      break;
  }
  return "none";
}

// Left this host and did not come back in time, whatever is known of the reason.
constexpr bool lost_on_the_way(Outcome outcome) {
  switch (outcome) {
    case Outcome::Late:
    case Outcome::LostForward:
    case Outcome::LostBackward:
    case Outcome::LostUnknown:
    case Outcome::PeerClosed:
    case Outcome::TooBig:
      return true;
    default:
      return false;
  }
}

// Left this host, or may have.
constexpr bool left_this_host(Outcome outcome) {
  return outcome == Outcome::Delivered || outcome == Outcome::RefusedByPeer ||
         lost_on_the_way(outcome);
}

// One packet's IP marks at one place.
struct Marks {
  std::uint8_t traffic_class = 0;  // DSCP << 2 | ECN
  std::optional<std::uint8_t> hop_limit;

  std::uint8_t dscp() const { return static_cast<std::uint8_t>(traffic_class >> 2U); }
  std::uint8_t ecn() const { return traffic_class & 3U; }
  bool operator==(const Marks&) const = default;
};

struct Sample {
  std::uint32_t session = 0;
  std::uint32_t flow = 0;
  std::uint64_t probe = 0;     // continuous over flows, from 0
  std::uint32_t sequence = 0;  // STAMP sequence number on the wire
  std::optional<std::uint32_t> reflector_sequence;
  // The smallest number among the replies to it, where the request was duplicated: when it arrived.
  // Absent as reflector_sequence is.
  std::optional<std::uint32_t> reflector_first_sequence;
  std::uint32_t reflector_epoch = 0;  // restarts of the reflector's numbers in this flow so far

  MonoTime scheduled;
  WallTime scheduled_wall;
  std::uint32_t size = 0;  // octets of UDP payload
  // One of the five of S17: counts in reordering, duplication and burst loss only.
  bool burst = false;

  // The four stamps. sender_tx falls back to the user clock when no better one came; its source
  // says so.
  std::optional<Timestamp> sender_tx, reflector_rx, reflector_tx, sender_rx;
  // Inner stamps of this host, where known.
  std::optional<Timestamp> sender_user, sender_scheduler;
  // Bound of each host's clock against UTC, for one-way values; absent: not known.
  std::optional<Duration> sender_clock_error, reflector_clock_error;
  // Rate of this host's clock while the probe was in flight (ClockState::rate_ppb and its error).
  std::int64_t rate_ppb = 0, rate_error_ppb = 0;
  // The wall clock was stepped, or the host slept, between sender_tx and sender_rx: no one-way
  // values. When it slept sender_rx has no mono, and there is no round trip.
  bool clock_step = false;
  // T3 before T2, or one of them missing: reflector stamps are not believed; the round trip
  // includes the reflector's time.
  bool bad_reflector_stamps = false;

  Marks sent;                                      // as sent
  std::optional<std::uint8_t> seen_traffic_class;  // by the reflector (Class of Service TLV)
  std::optional<std::uint8_t> seen_hop_limit;      // by the reflector (Session-Sender TTL)
  std::optional<Marks> returned;                   // on the reply
  // The reflector's policy did not give the reply the class that was asked for (RFC 8972 4.4, RP).
  bool reply_class_refused = false;
  std::uint32_t interface = 0;  // egress, else where the reply came in; 0: unknown

  Outcome outcome = Outcome::LostUnknown;
  UnsentCause cause = UnsentCause::None;
  WithheldReason withheld = WithheldReason::None;
  bool departure_unconfirmed = false;     // no transmit stamp, and its absence proves nothing
  std::uint16_t duplicates_forward = 0;   // extra copies the reflector answered
  std::uint16_t duplicates_backward = 0;  // extra copies of one reply
  std::uint16_t duplicates_unknown = 0;   // extra replies of a stateless reflector
  std::uint64_t arrival_index = 0;  // 1-based rank of the first reply among all replies; 0: none
};

}  // namespace wirestamp::measure
