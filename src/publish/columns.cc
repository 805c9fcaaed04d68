// SPDX-License-Identifier: Apache-2.0
#include "publish/columns.h"

#include <array>
#include <optional>

#include "measure/delay.h"

namespace wirestamp::publish {

namespace {

using measure::Outcome;
using measure::Sample;
using measure::UnsentCause;

Field field(std::optional<Duration> value) { return value ? Field(value->ns()) : Field(); }
Field field(std::optional<std::uint8_t> value) {
  return value ? Field(std::uint64_t{*value}) : Field();
}
Field field(std::optional<std::uint32_t> value) {
  return value ? Field(std::uint64_t{*value}) : Field();
}

Field wall(const std::optional<Timestamp>& stamp) {
  return stamp ? Field(stamp->wall.ns()) : Field();
}
Field source(const std::optional<Timestamp>& stamp) {
  return stamp ? Field(name(stamp->source)) : Field();
}
Field error(const std::optional<Timestamp>& stamp) {
  return stamp && stamp->source != StampSource::Unknown ? Field(stamp->error.ns()) : Field();
}

Field cause(const Sample& sample) {
  switch (sample.outcome) {
    case Outcome::Unsent:
      return sample.cause == UnsentCause::None ? Field() : Field(name(sample.cause));
    case Outcome::Withheld:
      return sample.withheld == measure::WithheldReason::None ? Field()
                                                              : Field(name(sample.withheld));
    case Outcome::PeerClosed:
    case Outcome::TooBig:
    case Outcome::RefusedByPeer:
      return name(sample.outcome);
    default:
      return {};
  }
}

Field low_bits(std::optional<std::uint8_t> traffic_class) {
  return traffic_class ? Field(std::uint64_t{*traffic_class & 3U}) : Field();
}
Field high_bits(std::optional<std::uint8_t> traffic_class) {
  return traffic_class ? Field(std::uint64_t{static_cast<std::uint8_t>(*traffic_class >> 2U)})
                       : Field();
}
std::optional<std::uint8_t> returned_class(const Sample& s) {
  return s.returned ? std::optional(s.returned->traffic_class) : std::nullopt;
}

Field number(std::uint64_t value) { return value; }

// Of a probe that this host was too late for no packet was made.
Field of_packet(const Sample& sample, std::uint64_t value) {
  return sample.outcome == Outcome::LateSchedule ? Field() : number(value);
}

using S = const Sample&;

constexpr std::array kColumns{
    // Identity.
    Column{"probe", "integer", "number of the probe in this run, from 0, over all flows",
           [](S s) { return number(s.probe); }},
    Column{"flow", "integer", "number of the flow (5-tuple) it used, from 0",
           [](S s) { return number(s.flow); }},
    Column{"session", "integer",
           "number of the measurement, from 0, where --device or --netns made several",
           [](S s) { return number(s.session); }},
    Column{"sequence", "integer", "STAMP sequence number on the wire; absent for late_schedule",
           [](S s) { return of_packet(s, s.sequence); }},
    Column{"reflector_sequence", "integer",
           "sequence number of the reply, from a stateful reflector",
           [](S s) { return field(s.reflector_sequence); }},
    Column{"outcome", "string",
           "delivered, late, lost_forward, lost_backward, lost_unknown, unsent, withheld, "
           "late_schedule, peer_closed, too_big or refused_by_peer",
           [](S s) { return Field(name(s.outcome)); }},
    Column{
        "cause", "string",
        "of unsent: neighbour_unresolved, no_route, interface_down, address_gone, refused_locally "
        "or dropped_locally; of withheld: healing_pause, back_off, suspended or interrupted; of "
        "peer_closed, "
        "too_big and refused_by_peer the same word again",
        [](S s) { return cause(s); }},
    Column{"departure_unconfirmed", "boolean",
           "no transmit stamp came, and on this interface its absence proves nothing",
           [](S s) { return Field(s.departure_unconfirmed); }},
    Column{"burst", "boolean",
           "one of the five extra probes a minute: counts for reordering, duplication and burst "
           "loss only",
           [](S s) { return Field(s.burst); }},
    Column{"scheduled_ns", "integer", "when the probe was due, Unix time in ns, UTC",
           [](S s) { return Field(s.scheduled_wall.ns()); }},
    Column{"size", "integer", "octets of UDP payload; absent for late_schedule",
           [](S s) { return of_packet(s, s.size); }},

    // The four stamps.
    Column{"sender_tx_ns", "integer", "T1, the probe leaves this host: Unix time in ns, UTC",
           [](S s) { return wall(s.sender_tx); }},
    Column{"sender_tx_source", "string",
           "where T1 was taken: hardware, kernel, scheduler, user or unknown",
           [](S s) { return source(s.sender_tx); }},
    Column{"sender_tx_error_ns", "integer",
           "uncertainty of the act of stamping, without the clock's error against UTC",
           [](S s) { return error(s.sender_tx); }},
    Column{"reflector_rx_ns", "integer", "T2, the probe arrives at the reflector, on its clock",
           [](S s) { return wall(s.reflector_rx); }},
    Column{"reflector_rx_source", "string", "where T2 was taken, as far as the reflector says",
           [](S s) { return source(s.reflector_rx); }},
    Column{"reflector_rx_error_ns", "integer", "as sender_tx_error_ns",
           [](S s) { return error(s.reflector_rx); }},
    Column{"reflector_tx_ns", "integer",
           "T3, the reply leaves the reflector: its true transmit stamp where that became known",
           [](S s) { return wall(s.reflector_tx); }},
    Column{"reflector_tx_source", "string", "where T3 was taken, as far as the reflector says",
           [](S s) { return source(s.reflector_tx); }},
    Column{"reflector_tx_error_ns", "integer", "as sender_tx_error_ns",
           [](S s) { return error(s.reflector_tx); }},
    Column{"sender_rx_ns", "integer", "T4, the reply arrives at this host",
           [](S s) { return wall(s.sender_rx); }},
    Column{"sender_rx_source", "string", "where T4 was taken",
           [](S s) { return source(s.sender_rx); }},
    Column{"sender_rx_error_ns", "integer", "as sender_tx_error_ns",
           [](S s) { return error(s.sender_rx); }},
    Column{"sender_user_ns", "integer", "when the program handed the probe to the system",
           [](S s) { return wall(s.sender_user); }},
    Column{"sender_scheduler_ns", "integer", "when the probe entered the interface's queue",
           [](S s) { return wall(s.sender_scheduler); }},

    // Delays.
    Column{"rtt_ns", "integer", "round trip net of the reflector: (T4 - T1) - (T3 - T2)",
           [](S s) { return field(measure::round_trip(s)); }},
    Column{"rtt_error_ns", "integer", "bound of the error of rtt_ns",
           [](S s) { return field(measure::round_trip_error(s)); }},
    Column{"forward_ns", "integer",
           "T2 - T1, raw: contains the difference of both clocks and may be negative",
           [](S s) { return field(measure::forward_delay(s)); }},
    Column{"backward_ns", "integer", "T4 - T3, raw as forward_ns",
           [](S s) { return field(measure::backward_delay(s)); }},
    Column{"residence_ns", "integer", "T3 - T2, the time in the reflector",
           [](S s) { return field(measure::reflector_residence(s)); }},
    Column{"sender_clock_error_ns", "integer", "bound of this host's clock error against UTC",
           [](S s) { return field(s.sender_clock_error); }},
    Column{"reflector_clock_error_ns", "integer",
           "bound of the reflector's clock error, as it says",
           [](S s) { return field(s.reflector_clock_error); }},
    Column{"clock_step", "boolean",
           "the clock was set or the host slept while the probe was in flight: no one-way values",
           [](S s) { return Field(s.clock_step); }},
    Column{"bad_reflector_stamps", "boolean",
           "T3 before T2, or one of them no instant: not believed, rtt_ns includes the reflector",
           [](S s) { return Field(s.bad_reflector_stamps); }},

    // Copies and order.
    Column{"duplicates_forward", "integer", "extra copies of the probe that the reflector answered",
           [](S s) { return number(s.duplicates_forward); }},
    Column{"duplicates_backward", "integer", "extra copies of a reply",
           [](S s) { return number(s.duplicates_backward); }},
    Column{"duplicates_unknown", "integer",
           "extra replies of a reflector that does not number them: direction unknown",
           [](S s) { return number(s.duplicates_unknown); }},
    Column{"arrival_index", "integer", "rank of the first reply among all first replies, from 1",
           [](S s) { return s.arrival_index == 0 ? Field() : number(s.arrival_index); }},

    // Marks.
    Column{"sent_dscp", "integer", "DSCP as sent; absent for late_schedule",
           [](S s) { return of_packet(s, s.sent.dscp()); }},
    Column{"sent_ecn", "integer", "ECN as sent; absent for late_schedule",
           [](S s) { return of_packet(s, s.sent.ecn()); }},
    Column{"seen_dscp", "integer", "DSCP of the probe as the reflector saw it",
           [](S s) { return high_bits(s.seen_traffic_class); }},
    Column{"seen_ecn", "integer", "ECN of the probe as the reflector saw it",
           [](S s) { return low_bits(s.seen_traffic_class); }},
    Column{"returned_dscp", "integer", "DSCP of the reply as it came back",
           [](S s) { return high_bits(returned_class(s)); }},
    Column{"returned_ecn", "integer", "ECN of the reply as it came back",
           [](S s) { return low_bits(returned_class(s)); }},
    Column{"sent_ttl", "integer", "time to live or hop limit as sent",
           [](S s) { return field(s.sent.hop_limit); }},
    Column{"seen_ttl", "integer", "the same as the reflector saw it",
           [](S s) { return field(s.seen_hop_limit); }},
    Column{"returned_ttl", "integer", "that of the reply as it came back",
           [](S s) { return s.returned ? field(s.returned->hop_limit) : Field(); }},
    Column{"interface", "integer",
           "index of the interface it left by, else of the one the reply came in by",
           [](S s) { return s.interface == 0 ? Field() : number(s.interface); }},
};

}  // namespace

std::span<const Column> columns() { return kColumns; }

}  // namespace wirestamp::publish
