// SPDX-License-Identifier: Apache-2.0
//
// What the sender learns from replies: the stamps of the probe they answer, the true transmit
// stamps of earlier replies, and which requests reached the reflector at all.
#include <algorithm>
#include <limits>

#include "session/limits.h"
#include "session/sender.h"
#include "wire/stamp.h"
#include "wire/tlv.h"

namespace wirestamp::session {

namespace {
bool echoes(const Reply& reply, const Probe& probe) {
  return reply.echoed_timestamp == probe.wire_timestamp &&
         (reply.echoed_error_estimate == probe.wire_error_estimate || !reply.error_estimate_echoed);
}
}  // namespace

// Of the reply that comes from another address: whose probe it answers is sure, because it echoes
// what only that probe had. It is none of the session's, but neither was the probe lost.
void Sender::note_elsewhere(const packet::ReceivedDatagram& datagram, const ClockState& clock) {
  SenderCounters not_ours;
  const auto mode = trusted(datagram.payload);
  if (!mode) return;
  const auto reply =
      parse_reply(datagram.payload, datagram.arrival.wall, clock.tai_minus_utc_s, not_ours, *mode);
  if (!reply || (reply->ssid != options_.ssid && reply->ssid != 0)) return;
  Probe* probe = ledger_.find(unwrap(reply->sender_sequence, ledger_.next_sequence()));
  if (probe == nullptr || !echoes(*reply, *probe)) return;
  probe->answered_elsewhere = true;
  if (!elsewhere_)
    output_.on_note(packet::to_string(datagram.source) + " answers what was sent to " +
                    packet::to_string(options_.remote) +
                    ", and that is not counted: measure the address that answers, or let the "
                    "reflector answer from the one it was asked at");
  elsewhere_ = Elsewhere{datagram.source, datagram.arrival.mono.value_or(last_time_)};
}

// RFC 9503 3: who was asked by its node address SHOULD answer from that one.
//= RFC9503:node-is-source
bool Sender::from_peer(const packet::Endpoint& source) const {
  if (source.port != options_.remote.port) return false;
  return source.address == options_.remote.address || source.address == options_.tlvs.answers_from;
}

// RFC 9534 3: both IDs must be right, the reflector's from the first reply on.
//= RFC9534:reply-validated
bool Sender::wrong_link(const Reply& reply) {
  if (!options_.tlvs.micro_session || !reply.tlvs.micro_session) return false;
  const wire::MicroSession &asked = *options_.tlvs.micro_session, &told = *reply.tlvs.micro_session;
  if (reflector_link_ == 0)
    reflector_link_ = asked.reflector != 0 ? asked.reflector : told.reflector;
  return told.sender != asked.sender || told.reflector != reflector_link_;
}

std::optional<Reply> Sender::read(const packet::ReceivedDatagram& datagram, const ClockState& clock,
                                  const ReplyMode& mode) {
  base::Bytes octets = datagram.payload;
  // RFC 8762 4.6: behind the header such a peer sends padding.
  //= RFC8762:light-nothing-behind
  if (options_.peer == PeerKind::TwampLight && octets.size() > wire::kBaseSize)
    octets = octets.first(wire::kBaseSize);
  const int tai_minus_utc_s = options_.peer_uses_utc ? 0 : clock.tai_minus_utc_s;
  auto reply = parse_reply(octets, datagram.arrival.wall, tai_minus_utc_s, counters_, mode);
  if (reply) reply->size = datagram.payload.size();
  return reply;
}

// RFC 8972 3: a peer without it sends zeros; one of TWAMP Light may send anything.
bool Sender::names_us(const Reply& reply) {
  if (reply.ssid == options_.ssid) return true;
  if (reply.ssid == 0) {
    ++counters_.zero_ssid;
    //= RFC8972:ssid-zero-reply
    if (options_.peer != PeerKind::Stamp) return true;
    oddities_.refuse_zero_ssid();
    for (const std::string& note : oddities_.take_notes()) output_.on_note(note);
    return false;
  }
  if (options_.peer == PeerKind::TwampLight) return true;
  //= RFC8972:ssid-of-another
  ++counters_.other_ssid;
  return false;
}

// A peer that mixes up the places of T1 and T3 answers all the same; its stamps are not used.
bool Sender::answers(Reply& reply, const Probe& probe) {
  if (echoes(reply, probe)) return true;
  if (reply.raw_transmitted != probe.wire_timestamp) return false;
  ++counters_.swapped_stamps;
  reply.swapped = true;
  reply.received.reset();
  reply.transmitted.reset();
  return true;
}

bool Sender::recognises(base::Bytes octets) {
  if (layout_.mode != wire::Mode::Open || octets.size() < kShortestTolerated) return false;
  const auto sequence = base::load_be<std::uint32_t>(octets, 24);
  const Probe* probe = ledger_.find(unwrap(sequence, ledger_.next_sequence()));
  return probe != nullptr && (base::load_be<std::uint64_t>(octets, 28) == probe->wire_timestamp ||
                              base::load_be<std::uint64_t>(octets, 4) == probe->wire_timestamp);
}

void Sender::look_for_oddities(const Probe& probe, const Reply& reply) {
  const measure::Sample& sample = probe.sample;
  std::optional<Duration> ahead;
  if (sample.sender_user && sample.reflector_rx && sample.reflector_tx && sample.sender_rx) {
    const Duration there = sample.reflector_rx->wall - sample.sender_user->wall;
    const Duration back = sample.reflector_tx->wall - sample.sender_rx->wall;
    ahead = (there + back) / 2;
  }
  oddities_.look({.reply = reply,
                  .request_size = options_.translated ? reply.size : sample.size,
                  .ahead = ahead,
                  .ours = options_.format,
                  .larger_asked = options_.tlvs.asks(wire::kReflectedControl)});
  for (const std::string& note : oddities_.take_notes()) output_.on_note(note);
}

std::optional<std::uint64_t> Sender::on_datagram(const packet::ReceivedDatagram& datagram,
                                                 const ClockState& clock) {
  //= RFC8085:source-checked
  if (!from_peer(datagram.source)) {
    ++counters_.other_address;
    note_elsewhere(datagram, clock);
    return std::nullopt;
  }
  const auto mode = trusted(datagram.payload);
  if (!mode) {
    distrust(datagram);
    return std::nullopt;
  }
  auto reply = read(datagram, clock, *mode);
  if (!reply || !names_us(*reply)) return std::nullopt;
  const std::uint64_t sequence = unwrap(reply->sender_sequence, ledger_.next_sequence());
  if (sequence >= ledger_.next_sequence()) {
    ++counters_.future_sequence;
    return std::nullopt;
  }
  Probe* probe = ledger_.find(sequence);
  if (probe == nullptr) {
    ++counters_.expired;
    return std::nullopt;
  }
  if (!answers(*reply, *probe)) {
    ++counters_.mismatched_echo;
    return std::nullopt;
  }
  if (wrong_link(*reply)) {
    ++counters_.wrong_link;
    return std::nullopt;
  }
  ++counters_.replies;
  //= RFC8972:access-receipt
  if (report_ && reply->tlvs.access_report) report_->on_receipt();
  last_reply_ = datagram.arrival.mono;
  unanswered_since_.reset();

  Reply believed = *reply;
  const std::optional<std::uint32_t> leftover = drop_leftovers(believed, sequence, datagram);
  const Filing filing = peer_.on_reply(believed, {.sequence = sequence,
                                                  .next_sequence = ledger_.next_sequence(),
                                                  .newest_leftover = leftover});
  if (filing.in_turn && !in_turn_told_) {
    in_turn_told_ = true;
    output_.on_note(std::string(kStatesInTurn));
  }
  if (filing.restarted) {
    ++counters_.reflector_restarts;
    output_.on_reflector_restart();
  }
  if (filing.other_token) ++counters_.other_token;
  if (filing.stopping) output_.on_reflector_stopping();
  counters_.requests_refused_by_peer = peer_.refused();
  for (const auto& [request, number] : peer_.take_dated())
    if (Probe* earlier = ledger_.find(request)) date(*earlier, number);
  if (probe->replied) {
    accept_copy(*probe, filing);
  } else {
    accept_first(*probe, believed, filing, datagram, clock);
    look_for_oddities(*probe, *reply);
  }
  if (filing.dated()) learn(believed, filing, sequence);
  if (!probe->bare)
    output_.on_tlvs(*reply, layout_.size, static_cast<std::uint32_t>(counters_.replies));
  if (reply->account && probe->asks) output_.on_account(*reply->account);
  if (last_reply_) look_again(*last_reply_);
  return sequence;
}

// A run may meet the session of an earlier one from the same port with the same SSID. Its replies
// are listed in our first one, but they left before what they seem to answer was sent. Returns the
// newest of their numbers.
std::optional<std::uint32_t> Sender::drop_leftovers(Reply& reply, std::uint64_t sequence,
                                                    const packet::ReceivedDatagram& datagram) {
  if (peer_.ever_replied() || !reply.state || !reply.transmitted || !datagram.arrival.mono)
    return std::nullopt;
  for (std::size_t i = 0; i < reply.true_transmit_count; ++i) {
    const TrueTransmit& earlier = reply.true_transmits[i];
    if (!earlier.sender_sequence) continue;
    const std::uint64_t request = unwrap(*earlier.sender_sequence, sequence);
    bool leftover = request >= ledger_.next_sequence();
    if (const Probe* probe = ledger_.find(request); probe != nullptr && earlier.departed) {
      const Duration since_sent = *datagram.arrival.mono - probe->handed_over;
      leftover = reply.transmitted->wall - earlier.departed->wall > since_sent + kLeftoverMargin;
    }
    if (!leftover) continue;
    // The list is newest first: all behind are older still.
    reply.true_transmit_count = i;
    return earlier.reflector_sequence;
  }
  return std::nullopt;
}

// The first reply to `probe` was an undated one, and turns out to be of the current state.
void Sender::date(Probe& probe, std::uint64_t number) {
  if (!probe.replied || probe.numbered != Filing::Kind::Undated ||
      static_cast<std::uint32_t>(number) != probe.reflector_sequence)
    return;
  probe.numbered = Filing::Kind::Current;
  probe.reflector_sequence = number;
  probe.epoch = peer_.epoch();
  probe.sample.reflector_sequence = static_cast<std::uint32_t>(number);
  probe.sample.reflector_epoch = probe.epoch;
}

void Sender::accept_first(Probe& probe, const Reply& reply, const Filing& filing,
                          const packet::ReceivedDatagram& datagram, const ClockState& clock) {
  probe.replied = true;
  probe.numbered = filing.kind;
  probe.reflector_sequence = filing.number;
  probe.epoch = filing.epoch;
  measure::Sample& sample = probe.sample;
  if (filing.dated() && peer_.stateful()) {
    sample.reflector_sequence = reply.reflector_sequence;
    sample.reflector_epoch = probe.epoch;
  }
  sample.reflector_rx = reply.received;
  sample.reflector_tx = reply.transmitted;
  if (reply.transmitted) probe.written_reflector_tx = reply.transmitted->wall;
  sample.sender_rx = datagram.arrival;
  sample.reflector_clock_error = reply.clock_error;
  sample.rate_ppb = clock.rate_ppb;
  sample.rate_error_ppb = clock.rate_error_ppb;
  probe.arrived = datagram.arrival.mono;
  const bool slept = clock.suspended != probe.suspended_at_send;
  if (slept || clock.steps != probe.steps_at_send) mark_interrupted(probe, slept);
  sample.bad_reflector_stamps =
      !reply.received || !reply.transmitted || reply.transmitted->wall < reply.received->wall;
  if (sample.bad_reflector_stamps) ++counters_.bad_reflector_stamps;
  sample.seen_traffic_class = reply.request_traffic_class;
  sample.reply_class_refused = reply.class_refused;
  sample.seen_hop_limit = reply.request_hop_limit;
  sample.returned = measure::Marks{datagram.traffic_class, datagram.hop_limit};
  if (sample.interface == 0) sample.interface = datagram.interface;
  if (probe.told_ahead)
    correct_reflector_tx(probe, probe.told_ahead->first, probe.told_ahead->second);
  if (datagram.arrival.mono)
    max_round_trip_ = std::max(max_round_trip_, *datagram.arrival.mono - probe.left());
  if (probe.unmeasured) return;
  // A reply proves that it left. Its stamp may be read later, or never come.
  tell_departure(probe, probe.left(),
                 probe.departed ? probe.departed->wall
                                : sample.scheduled_wall + (probe.left() - sample.scheduled));
  sample.arrival_index = ++continuity_.arrivals;
  if (!sample.burst) ++continuity_.progress.received;
  measure::Sample provisional = sample;
  provisional.outcome = measure::Outcome::Delivered;
  provisional.sender_tx = probe.departed ? probe.departed : sample.sender_user;
  output_.on_reply(provisional);
}

//= RFC2681:first-copy RFC5560:copies
void Sender::accept_copy(Probe& probe, const Filing& filing) {
  if (options_.tlvs.asks(wire::kReflectedControl)) {  // it was asked for several
    ++counters_.further_replies;
    return;
  }
  using Of = Filing::Kind;
  const auto count = [](std::uint16_t& copies) {
    if (copies < std::numeric_limits<std::uint16_t>::max()) ++copies;
  };
  measure::Sample& sample = probe.sample;
  if (!peer_.stateful() || filing.kind == Of::Unnumbered || probe.numbered == Of::Unnumbered)
    return count(sample.duplicates_unknown);
  const bool undated = filing.kind == Of::Undated || probe.numbered == Of::Undated;
  const bool same_number =
      undated ? static_cast<std::uint32_t>(filing.number) ==
                    static_cast<std::uint32_t>(probe.reflector_sequence)
              : filing.number == probe.reflector_sequence && filing.epoch == probe.epoch;
  if (same_number) return count(sample.duplicates_backward);
  // Another number for the same request: the request was duplicated; counted from the peer's list
  // when the sample is given, so that copies whose reply was lost count too. A second copy of
  // *that* reply; beyond the places for such numbers it cannot be told from the first.
  if (probe.other_replies.insert(filing.number) == ReplyNumbers::Insert::IsThere)
    count(sample.duplicates_backward);
}

void Sender::learn(const Reply& reply, const Filing& filing, std::uint64_t sender_sequence) {
  for (std::size_t i = 0; i < reply.true_transmit_count; ++i) {
    const TrueTransmit& earlier = reply.true_transmits[i];
    std::optional<std::uint64_t> request = peer_.request_of(earlier.reflector_sequence, filing);
    if (earlier.sender_sequence) request = unwrap(*earlier.sender_sequence, sender_sequence);
    if (!request || !earlier.departed) continue;
    const std::uint64_t number = peer_.unwrap_reflector(earlier.reflector_sequence, filing);
    if (Probe* probe = ledger_.find(*request))
      correct_reflector_tx(*probe, {number, filing.epoch}, *earlier.departed);
  }
  // Whoever still waits for a true stamp has had one more chance.
  unsigned looked_at = 0;
  ledger_.for_each_newest_first([&](Probe& probe) {
    if (probe.replied && probe.epoch == filing.epoch && probe.reflector_sequence < filing.number)
      ++probe.later_replies;
    return ++looked_at < 16;
  });
}

// The sample of a probe is held for its stamp; now it need not wait any longer.
void Sender::correct_reflector_tx(Probe& probe, const NumberedReply& told, const Timestamp& stamp) {
  measure::Sample& sample = probe.sample;
  if (!probe.replied && !probe.told_ahead) probe.told_ahead.emplace(told, stamp);
  if (!probe.replied || probe.numbered == Filing::Kind::Undated ||
      probe.reflector_sequence != told.number || !sample.reflector_tx)
    return;
  if (probe.true_reflector_tx) return;
  const Duration after = stamp.wall - probe.written_reflector_tx;
  if (probe.epoch != told.epoch || after < Duration() || after > kFollowUpWindow) {
    ++counters_.follow_up_rejected;
    return;
  }
  sample.reflector_tx = stamp;
  probe.true_reflector_tx = true;
  ledger_.wake_at(probe.sequence, probe.left() + options_.loss_after);
}

}  // namespace wirestamp::session
