// SPDX-License-Identifier: Apache-2.0
//
// Life of a probe in here: sent by the session (send) -> in the ledger, octets to the output ->
// send result, transmit stamp, errors and replies are noted as they come, in any order -> when its
// time has come it is decided once (decide) and its sample given (settle). At the end of a run a
// few unmeasured probes fetch what only a later reply can tell: the true transmit stamp of the last
// one, and in which direction a probe was lost (close).
#include "session/sender.h"

#include <algorithm>

#include "base/check.h"
#include "session/limits.h"
#include "wire/error_estimate.h"
#include "wire/time_format.h"
#include "wire/tlv.h"

namespace wirestamp::session {

using measure::Outcome;
using measure::UnsentCause;

namespace {

Verdict verdict_of(packet::SendStatus status) {
  using packet::SendStatus;
  switch (status) {
    case SendStatus::NoRoute:
      return {Outcome::Unsent, UnsentCause::NoRoute};
    case SendStatus::InterfaceDown:
      return {Outcome::Unsent, UnsentCause::InterfaceDown};
    case SendStatus::AddressGone:
      return {Outcome::Unsent, UnsentCause::AddressGone};
    case SendStatus::RefusedLocally:
    case SendStatus::Invalid:
      return {Outcome::Unsent, UnsentCause::RefusedLocally};
    case SendStatus::TooBig:
      return {Outcome::TooBig, UnsentCause::None};
    case SendStatus::DroppedLocally:
    case SendStatus::Accepted:
      break;
  }
  return {Outcome::Unsent, UnsentCause::DroppedLocally};
}

wire::RequestLayout bare_layout_of(wire::Mode mode) {
  wire::RequestPlan plan;
  plan.mode = mode;
  plan.usual = false;
  return *wire::plan_request(plan);
}

// What a quoted request tells of itself, when enough of it is there.
std::optional<wire::RequestBase> quoted_request(base::Bytes quoted, wire::Mode mode) {
  if (mode == wire::Mode::Open)
    return quoted.size() >= 16 ? wire::decode_request(quoted) : std::nullopt;
  if (quoted.size() < wire::kAuthHeaderSize) return std::nullopt;
  return wire::decode_auth_header(quoted);
}

}  // namespace

Sender::Sender(const SenderOptions& options, const wire::RequestLayout& layout,
               SenderOutput& output, Continuity& continuity)
    : options_(options),
      layout_(layout),
      bare_layout_(bare_layout_of(layout.mode)),
      output_(output),
      continuity_(continuity),
      buffer_(std::max(layout.size, bare_layout_.size)),
      transmit_stamps_(options.transmit_stamps) {
  CHECK(layout.mode == wire::Mode::Open || options.key != nullptr);
  if (options.tlvs.asks(wire::kAccessReport)) report_.emplace(options.tlvs.report);
}

// --- time

std::optional<MonoTime> Sender::next_wake() const {
  if (finished_) return std::nullopt;
  std::optional<MonoTime> wake = ledger_.next_wake();
  const auto consider = [&](const std::optional<MonoTime>& time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  consider(next_look_);
  if (report_) consider(report_->due());
  return wake;
}

void Sender::on_time(const Timestamp& now, const ClockState& clock) {
  if (finished_) return;
  notice_clock(clock, *now.mono);
  while (Probe* probe = ledger_.pop_due(*now.mono)) {
    notice_swallowed(*probe, *now.mono);
    review(*probe, *now.mono);
  }
  const Probe* oldest = ledger_.oldest();
  peer_.forget_before(oldest != nullptr ? oldest->sequence : ledger_.next_sequence());
  forget_keys();
  report_resolved();
  if (report_) repeat_report(now, clock);
  if (over_) close(now, clock);
}

// RFC 8972 4.6: until a reply brings it back, a few times. Each in a probe of its own.
//= RFC8972:access-repeated
void Sender::repeat_report(const Timestamp& now, const ClockState& clock) {
  if (interrupted_ || !report_->take_due(*now.mono)) return;
  send(ProbeKind::Trial, *now.mono, now, clock);
}

// What happened to the clocks is noticed here, after replies that came meanwhile: they bear its
// mark too.
void Sender::notice_clock(const ClockState& clock, MonoTime now) {
  const bool slept = clock_seen_ && clock.suspended > clock_.suspended;
  if (clock_seen_ && (slept || clock.steps != clock_.steps))
    ledger_.for_each([&](Probe& probe) {
      if (probe.replied && probe.arrived && *probe.arrived >= last_time_)
        mark_interrupted(probe, slept);
    });
  if (slept) {
    withhold_in_flight(now);
  }
  clock_ = clock;
  clock_seen_ = true;
  last_time_ = now;
}

// A suspend stops the raw monotonic clock: those in flight were interrupted and are not judged.
// Whose time was up before stays what it was.
void Sender::withhold_in_flight(MonoTime now) {
  ledger_.for_each([&](Probe& probe) {
    const std::optional<MonoTime> time = decision_time(probe);
    if (!time || *time <= now) return;
    probe.verdict = Verdict{Outcome::Withheld, UnsentCause::None};
    probe.sample.withheld = measure::WithheldReason::Suspended;
  });
}

// Without the raw time of its arrival a probe has no round trip: while the host slept nothing
// measured the time.
void Sender::mark_interrupted(Probe& probe, bool slept) {
  probe.sample.clock_step = true;
  if (slept && probe.sample.sender_rx) probe.sample.sender_rx->mono.reset();
}

// --- sending

// Silence begins with the first probe that may have been answered and was not.
bool Sender::peer_is_silent(MonoTime now) const {
  return unanswered_since_ && now - *unanswered_since_ >= kBareAfter;
}

std::uint64_t Sender::send(ProbeKind kind, MonoTime due, const Timestamp& now,
                           const ClockState& clock, const Extra& extra) {
  if (ledger_.full()) settle(*ledger_.oldest());
  Probe& probe = ledger_.append(*now.mono + options_.loss_after + kLatenessFloor);
  probe.unmeasured = kind == ProbeKind::Closing || kind == ProbeKind::Trial;
  probe.asks = extra.asked.has_value();
  probe.handed_over = *now.mono;
  probe.steps_at_send = clock.steps;
  probe.suspended_at_send = clock.suspended;
  if (options_.may_send_bare && kind == ProbeKind::Scheduled && peer_is_silent(*now.mono))
    probe.bare = bare_turn_ = !bare_turn_;
  const wire::RequestLayout& layout = probe.bare ? bare_layout_ : layout_;

  measure::Sample& sample = probe.sample;
  sample.session = options_.session;
  sample.flow = options_.flow;
  if (!probe.unmeasured) sample.probe = continuity_.next_probe++;
  //= RFC8762:sequence-from-zero
  sample.sequence = static_cast<std::uint32_t>(probe.sequence);
  sample.scheduled = due;
  sample.scheduled_wall = now.wall - (*now.mono - due);
  sample.size = static_cast<std::uint32_t>(layout.size);
  sample.burst = kind == ProbeKind::Burst;
  if (clock.synchronised) sample.sender_clock_error = clock.error;
  sample.sent = {options_.traffic_class, extra.hop_limit.value_or(options_.hop_limit)};
  sample.interface = options_.route_interface;
  if (kind == ProbeKind::Scheduled) ++continuity_.progress.scheduled;
  if (probe.unmeasured) ++counters_.unmeasured;

  //= RFC8762:timestamp-late RFC8186:format
  probe.wire_timestamp = wire::encode_time(now.wall, options_.format, clock.tai_minus_utc_s);
  probe.wire_error_estimate =
      //= RFC4656:multiplier
      wire::encode_error_estimate(clock.synchronised, options_.format, clock.error + now.error);
  const wire::ProbeFields fields{.sequence = sample.sequence,
                                 .timestamp = probe.wire_timestamp,
                                 .error_estimate = probe.wire_error_estimate,
                                 //= RFC8972:ssid-in-every-packet
                                 .ssid = options_.ssid,
                                 .dscp = static_cast<std::uint8_t>(options_.traffic_class >> 2U),
                                 .asked = extra.asked,
                                 .sent = ++direct_sent_};
  const base::MutableBytes payload(buffer_.data(), layout.size);
  wire::encode_probe(layout, fields, payload, options_.key ? &options_.key->hmac() : nullptr);
  if (!unanswered_since_) unanswered_since_ = *now.mono;
  if (report_ && !probe.bare) report_->on_send(*now.mono);
  output_.send({.payload = payload,
                .destination = options_.remote,
                .source = options_.source,
                .interface = options_.interface,
                .traffic_class = options_.traffic_class,
                .hop_limit = extra.hop_limit.value_or(options_.hop_limit),
                .token = probe.sequence});
  return probe.sequence;
}

void Sender::tell_departure(Probe& probe, MonoTime at, WallTime wall) {
  if (probe.departure_told || probe.unmeasured || probe.sample.burst) return;
  probe.departure_told = true;
  output_.on_departure(probe.sample.probe, at, wall);
}

void Sender::on_sent(std::uint64_t sequence, const packet::SendResult& result) {
  Probe* probe = ledger_.find(sequence);
  if (probe == nullptr) return;
  probe->handed_to_system = true;
  probe->accepted = result.status == packet::SendStatus::Accepted;
  if (result.handed_over.mono) probe->handed_over = *result.handed_over.mono;
  probe->sample.sender_user = result.handed_over;
  if (!probe->accepted) {
    --direct_sent_;
    probe->verdict = verdict_of(result.status);
  } else {
    if (!probe->unmeasured && !probe->sample.burst) ++continuity_.progress.sent;
    // Where stamps come, the stamp tells.
    if (!expects_stamps() || !stamps_proven_)
      tell_departure(*probe, probe->handed_over, result.handed_over.wall);
  }
}

void Sender::on_transmit_stamp(std::uint64_t sequence, const Timestamp& stamp) {
  Probe* probe = ledger_.find(sequence);
  if (probe == nullptr) return;
  if (stamp.source == StampSource::Scheduler) {
    probe->sample.sender_scheduler = stamp;
    if (transmit_stamps_ != StampSource::Scheduler) return;  // proves nothing about departure
  }
  stamps_proven_ = true;
  if (!packet::replaces(stamp, probe->departed)) return;
  probe->departed = stamp;
  // Late but gone: the neighbour answered after all.
  if (probe->accepted && probe->verdict && probe->verdict->outcome == Outcome::Unsent)
    probe->verdict.reset();
  ledger_.wake_at(sequence, probe->left() + options_.loss_after);
  tell_departure(*probe, probe->left(), stamp.wall);
}

// As far as is known now: see decide_unanswered().
bool Sender::seems_swallowed(const Probe& probe) const {
  const bool scheduled = !probe.unmeasured && !probe.sample.burst;
  const bool stamp_missing = probe.accepted && !probe.departed && expects_stamps() &&
                             stamps_proven_ && !probe.stamps_unreliable;
  return scheduled && stamp_missing && !probe.answered_elsewhere &&
         peer_.fate_of(probe.sequence) != Fate::Backward;
}

// Its sample waits for a late reply until it is 10 s old; that nothing leaves is to be known
// sooner.
void Sender::notice_swallowed(const Probe& probe, MonoTime now) {
  if (probe.sequence < swallowed_until_ || !seems_swallowed(probe)) return;
  const std::optional<MonoTime> time = decision_time(probe);
  if (!time) return;
  if (*time > now) return ledger_.wake_at(probe.sequence, *time);
  swallowed_until_ = probe.sequence + 1;
  swallowed_.push_back(probe.handed_over);
}

void Sender::on_egress_change(std::uint32_t interface) {
  options_.route_interface = interface;
  stamps_proven_ = false;
  on_stamps_unreliable();
}

void Sender::on_stamps_unreliable() {
  ledger_.for_each_newest_first([&](Probe& probe) {
    probe.stamps_unreliable |= !probe.departed;
    return last_time_ - probe.handed_over < kStampWait;
  });
}

// --- errors

std::optional<std::uint64_t> Sender::quoted(const packet::PathError& error) const {
  const auto request = quoted_request(error.quoted, layout_.mode);
  if (!request || request->ssid != options_.ssid) return std::nullopt;
  return unwrap(request->sequence, ledger_.next_sequence());
}

bool Sender::on_path_error(const packet::PathError& error) {
  using packet::PathErrorKind;
  if (error.destination.address != options_.remote.address ||
      error.destination.port != options_.remote.port) {
    return false;
  }
  // The quoted request names its probe; its header makes sure that it is one of ours.
  Probe* quoted = nullptr;
  if (const auto request = quoted_request(error.quoted, layout_.mode)) {
    quoted = ledger_.find(unwrap(request->sequence, ledger_.next_sequence()));
    //= RFC8085:icmp-validated
    if (quoted == nullptr || quoted->wire_timestamp != request->timestamp ||
        request->ssid != options_.ssid) {
      ++counters_.foreign_path_errors;
      return false;
    }
  }
  ++counters_.path_errors;
  const auto judge = [](Probe& probe, Outcome outcome, UnsentCause cause) {
    // The error may come before the send call that caused it is back.
    const bool may_have_left = probe.accepted || !probe.handed_to_system;
    if (!probe.replied && may_have_left && !probe.verdict) probe.verdict = Verdict{outcome, cause};
  };
  switch (error.kind) {
    case PathErrorKind::NeighbourUnresolved:
      // The kernel drops all that waited for this neighbour, but limits how often it says so. What
      // has no transmit stamp by now was in that queue.
      ledger_.for_each_newest_first([&](Probe& probe) {
        const Duration age = error.noticed - probe.handed_over;
        const bool stamped = expects_stamps() && probe.departed;
        if (!stamped && age >= Duration() && age < kStampWait)
          judge(probe, Outcome::Unsent, UnsentCause::NeighbourUnresolved);
        return age < kStampWait;
      });
      break;
    case PathErrorKind::PortUnreachable:
      if (quoted == nullptr) break;
      // Routers refuse packets with this error too (REJECT); the peer's port may well be open.
      if (error.offender && *error.offender != options_.remote.address) {
        judge(*quoted, Outcome::LostForward, UnsentCause::None);
      } else {
        judge(*quoted, Outcome::PeerClosed, UnsentCause::None);
        peer_.on_port_unreachable(quoted->sequence);
      }
      break;
    case PathErrorKind::RejectedLocally:
      if (quoted != nullptr) judge(*quoted, Outcome::Unsent, UnsentCause::RefusedLocally);
      break;
    case PathErrorKind::TooBig:
      if (quoted != nullptr) judge(*quoted, Outcome::TooBig, UnsentCause::None);
      break;
    case PathErrorKind::HostUnreachable:
    case PathErrorKind::NetworkUnreachable:
    case PathErrorKind::Prohibited:
    case PathErrorKind::TimeExceeded:
      // Somebody on the way there threw it away.
      if (quoted != nullptr) judge(*quoted, Outcome::LostForward, UnsentCause::None);
      break;
    case PathErrorKind::Other:
      break;
  }
  look_again(error.noticed);
  return true;
}

}  // namespace wirestamp::session
