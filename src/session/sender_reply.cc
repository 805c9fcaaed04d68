// SPDX-License-Identifier: Apache-2.0
//
// What the sender learns from replies: the stamps of the probe they answer, the true transmit
// stamps of earlier replies, and which requests reached the reflector at all.
#include <algorithm>

#include "session/limits.h"
#include "session/sender.h"

namespace wirestamp::session {

void Sender::on_datagram(const packet::ReceivedDatagram& datagram, const ClockState& clock) {
  if (datagram.source.address != options_.remote.address ||
      datagram.source.port != options_.remote.port) {
    ++counters_.other_address;
    return;
  }
  const auto reply =
      parse_reply(datagram.payload, datagram.arrival.wall, clock.tai_minus_utc_s, counters_);
  if (!reply) return;
  if (reply->ssid != options_.ssid) {
    if (reply->ssid != 0) {
      ++counters_.other_ssid;
      return;
    }
    ++counters_.zero_ssid;
  }
  const std::uint64_t sequence = unwrap(reply->sender_sequence, ledger_.next_sequence());
  if (sequence >= ledger_.next_sequence()) {
    ++counters_.future_sequence;
    return;
  }
  Probe* probe = ledger_.find(sequence);
  if (probe == nullptr) {
    ++counters_.expired;
    return;
  }
  if (reply->echoed_timestamp != probe->wire_timestamp ||
      reply->echoed_error_estimate != probe->wire_error_estimate) {
    ++counters_.mismatched_echo;
    return;
  }
  ++counters_.replies;
  last_reply_ = datagram.arrival.mono;

  const std::uint64_t reflector_sequence = peer_.unwrap_reflector(reply->reflector_sequence);
  if (peer_.on_reply(*reply, reflector_sequence, sequence)) {
    ++counters_.reflector_restarts;
    output_.on_note("the reflector lost its state (restart): its counters start anew");
  }
  counters_.requests_refused_by_peer = peer_.refused();
  if (probe->replied) {
    accept_copy(*probe, reflector_sequence);
  } else {
    accept_first(*probe, *reply, datagram, clock);
  }
  learn(*reply, reflector_sequence, sequence);
  if (last_reply_) look_again(*last_reply_);
}

void Sender::accept_first(Probe& probe, const Reply& reply,
                          const packet::ReceivedDatagram& datagram, const ClockState& clock) {
  probe.replied = true;
  probe.reflector_sequence = peer_.unwrap_reflector(reply.reflector_sequence);
  probe.epoch = peer_.epoch();
  measure::Sample& sample = probe.sample;
  if (peer_.stateful()) sample.reflector_sequence = reply.reflector_sequence;
  sample.reflector_epoch = probe.epoch;
  sample.reflector_rx = reply.received;
  sample.reflector_tx = reply.transmitted;
  if (reply.transmitted) probe.written_reflector_tx = reply.transmitted->wall;
  sample.sender_rx = datagram.arrival;
  sample.reflector_clock_error = reply.clock_error;
  sample.rate_ppb = clock.rate_ppb;
  sample.rate_error_ppb = clock.rate_error_ppb;
  sample.clock_step =
      clock.steps != probe.steps_at_send || clock.suspended != probe.suspended_at_send;
  sample.bad_reflector_stamps =
      !reply.received || !reply.transmitted || reply.transmitted->wall < reply.received->wall;
  if (sample.bad_reflector_stamps) ++counters_.bad_reflector_stamps;
  sample.seen_traffic_class = reply.request_traffic_class;
  sample.seen_hop_limit = reply.request_hop_limit;
  sample.returned = measure::Marks{datagram.traffic_class, datagram.hop_limit};
  if (sample.interface == 0) sample.interface = datagram.interface;
  if (datagram.arrival.mono)
    max_round_trip_ = std::max(max_round_trip_, *datagram.arrival.mono - probe.left());
  if (probe.unmeasured) return;
  sample.arrival_index = ++arrivals_;
  if (!sample.burst) ++progress_.received;
  measure::Sample provisional = sample;
  provisional.outcome = measure::Outcome::Delivered;
  provisional.sender_tx = probe.departed ? probe.departed : sample.sender_user;
  output_.on_reply(provisional);
}

void Sender::accept_copy(Probe& probe, std::uint64_t reflector_sequence) {
  measure::Sample& sample = probe.sample;
  if (!peer_.stateful()) {
    ++sample.duplicates_unknown;
  } else if (reflector_sequence == probe.reflector_sequence && probe.epoch == peer_.epoch()) {
    ++sample.duplicates_backward;
  }
  // Another number for the same request: the request was duplicated; counted from the peer's list
  // when the sample is given, so that copies whose reply was lost count too. A second copy of
  // *that* reply:
  else if (!probe.other_replies.insert(reflector_sequence)) {
    ++sample.duplicates_backward;
  }
}

void Sender::learn(const Reply& reply, std::uint64_t reflector_sequence,
                   std::uint64_t sender_sequence) {
  for (std::size_t i = 0; i < reply.true_transmit_count; ++i) {
    const TrueTransmit& earlier = reply.true_transmits[i];
    const std::uint64_t number = peer_.unwrap_reflector(earlier.reflector_sequence);
    std::optional<std::uint64_t> request = peer_.request_of(number);
    if (earlier.sender_sequence) request = unwrap(*earlier.sender_sequence, sender_sequence);
    if (!request || !earlier.departed) continue;
    if (Probe* probe = ledger_.find(*request))
      correct_reflector_tx(*probe, number, *earlier.departed);
  }
  // Whoever still waits for a true stamp has had one more chance.
  unsigned looked_at = 0;
  ledger_.for_each_newest_first([&](Probe& probe) {
    if (probe.replied && probe.reflector_sequence < reflector_sequence) ++probe.later_replies;
    return ++looked_at < 16;
  });
}

void Sender::correct_reflector_tx(Probe& probe, std::uint64_t reflector_sequence,
                                  const Timestamp& stamp) {
  measure::Sample& sample = probe.sample;
  if (!probe.replied || probe.reflector_sequence != reflector_sequence || !sample.reflector_tx)
    return;
  if (probe.true_reflector_tx) return;
  const Duration after = stamp.wall - probe.written_reflector_tx;
  if (probe.epoch != peer_.epoch() || after < Duration() || after > kFollowUpWindow) {
    ++counters_.follow_up_rejected;
    return;
  }
  sample.reflector_tx = stamp;
  probe.true_reflector_tx = true;
}

}  // namespace wirestamp::session
