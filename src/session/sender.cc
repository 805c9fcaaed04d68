// SPDX-License-Identifier: Apache-2.0
//
// Life of a probe in here: due (send_due) -> in the ledger, octets to the output -> send result,
// transmit stamp, errors and replies are noted as they come, in any order -> when its time has come
// it is decided once (decide) and its sample given (settle). At the end of a run a few unmeasured
// probes fetch what only a later reply can tell: the true transmit stamp of the last one, and in
// which direction a probe was lost (close).
#include "session/sender.h"

#include <algorithm>

#include "session/limits.h"
#include "wire/error_estimate.h"
#include "wire/time_format.h"

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

}  // namespace

Sender::Sender(const SenderOptions& options, const wire::RequestLayout& layout,
               SenderOutput& output, MonoTime start)
    : options_(options),
      layout_(layout),
      bare_layout_(wire::bare_layout()),
      output_(output),
      random_(options.seed),
      schedule_(options.schedule, start, base::Random(random_.next())),
      buffer_(layout.size),
      transmit_stamps_(options.transmit_stamps) {}

// --- time
// ----------------------------------------------------------------------------------------------

std::optional<MonoTime> Sender::next_wake() const {
  if (finished_) return std::nullopt;
  std::optional<MonoTime> wake = ledger_.next_wake();
  const auto consider = [&](const std::optional<MonoTime>& time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  consider(schedule_.next());
  consider(schedule_.next_burst());
  consider(next_look_);
  return wake;
}

void Sender::on_time(const Timestamp& now, const ClockState& clock) {
  if (finished_) return;
  notice_clock(clock, *now.mono);
  send_due(now, clock);
  while (Probe* probe = ledger_.pop_due(*now.mono)) review(*probe, *now.mono);
  const Probe* oldest = ledger_.oldest();
  peer_.forget_before(oldest != nullptr ? oldest->sequence : ledger_.next_sequence());
  report_resolved();
  if (!schedule_.next()) close(now, clock);
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
    schedule_.skip_to(now);
    output_.on_note("the host was suspended for " +
                    std::to_string((clock.suspended - clock_.suspended).ns() / 1'000'000) +
                    " ms: probes in flight then are not judged");
  }
  clock_ = clock;
  clock_seen_ = true;
  last_time_ = now;
}

// A suspend stops the raw monotonic clock: probes due meanwhile do not exist, those in flight were
// interrupted and are not judged. Whose time was up before stays what it was.
void Sender::withhold_in_flight(MonoTime now) {
  ledger_.for_each([&](Probe& probe) {
    const std::optional<MonoTime> time = decision_time(probe);
    if (time && *time > now) probe.verdict = Verdict{Outcome::Withheld, UnsentCause::None};
  });
}

// Without the raw time of its arrival a probe has no round trip: while the host slept nothing
// measured the time.
void Sender::mark_interrupted(Probe& probe, bool slept) {
  probe.sample.clock_step = true;
  if (slept && probe.sample.sender_rx) probe.sample.sender_rx->mono.reset();
}

// --- sending
// -------------------------------------------------------------------------------------------

void Sender::send_due(const Timestamp& now, const ClockState& clock) {
  const Duration tolerance = std::max(options_.schedule.interval, kLatenessFloor);
  for (std::size_t n = 0; n < kMaxDuePerWake; ++n) {
    const std::optional<MonoTime> due = schedule_.next();
    if (!due || *due > *now.mono) break;
    schedule_.advance();
    if (*now.mono - *due > tolerance) {
      give_late_schedule(*due, now);
    } else {
      send_probe(Kind::Scheduled, *due, now, clock);
    }
  }
  const std::optional<MonoTime> burst = schedule_.next_burst();
  if (!burst || *burst > *now.mono) return;
  schedule_.advance_burst();
  // Starved: no burst this minute, because it would come too close to a scheduled probe.
  if (*now.mono - *burst > std::max(schedule_.burst_clearance(), kLatenessFloor)) {
    ++counters_.late_bursts;
    return;
  }
  for (unsigned n = 0; n < kBurstProbes; ++n) send_probe(Kind::Burst, *burst, now, clock);
}

void Sender::give_late_schedule(MonoTime due, const Timestamp& now) {
  measure::Sample sample;
  sample.session = options_.session;
  sample.probe = next_probe_++;
  sample.scheduled = due;
  sample.scheduled_wall = now.wall - (*now.mono - due);
  sample.outcome = Outcome::LateSchedule;
  ++progress_.scheduled;
  output_.on_sample(sample);
}

// Silence begins with the first probe that may have been answered and was not.
bool Sender::peer_is_silent(MonoTime now) const {
  return unanswered_since_ && now - *unanswered_since_ >= kBareAfter;
}

void Sender::send_probe(Kind kind, MonoTime due, const Timestamp& now, const ClockState& clock) {
  if (ledger_.full()) settle(*ledger_.oldest());
  Probe& probe = ledger_.append(*now.mono + options_.loss_after + kLatenessFloor);
  probe.unmeasured = kind == Kind::Closing;
  probe.handed_over = *now.mono;
  probe.steps_at_send = clock.steps;
  probe.suspended_at_send = clock.suspended;
  if (options_.may_send_bare && kind == Kind::Scheduled && peer_is_silent(*now.mono))
    probe.bare = bare_turn_ = !bare_turn_;
  const wire::RequestLayout& layout = probe.bare ? bare_layout_ : layout_;

  measure::Sample& sample = probe.sample;
  sample.session = options_.session;
  if (!probe.unmeasured) sample.probe = next_probe_++;
  sample.sequence = static_cast<std::uint32_t>(probe.sequence);
  sample.scheduled = due;
  sample.scheduled_wall = now.wall - (*now.mono - due);
  sample.size = static_cast<std::uint32_t>(layout.size);
  sample.burst = kind == Kind::Burst;
  if (clock.synchronised) sample.sender_clock_error = clock.error;
  sample.sent = {options_.traffic_class, options_.hop_limit};
  sample.interface = options_.route_interface;
  if (kind == Kind::Scheduled) ++progress_.scheduled;
  if (probe.unmeasured) ++counters_.unmeasured;

  probe.wire_timestamp = wire::encode_time(now.wall, options_.format, clock.tai_minus_utc_s);
  probe.wire_error_estimate =
      wire::encode_error_estimate(clock.synchronised, options_.format, clock.error + now.error);
  const wire::ProbeFields fields{.sequence = sample.sequence,
                                 .timestamp = probe.wire_timestamp,
                                 .error_estimate = probe.wire_error_estimate,
                                 .ssid = options_.ssid,
                                 .dscp = static_cast<std::uint8_t>(options_.traffic_class >> 2U)};
  const base::MutableBytes payload(buffer_.data(), layout.size);
  wire::encode_probe(layout, fields, payload);
  if (!unanswered_since_) unanswered_since_ = *now.mono;
  output_.send({.payload = payload,
                .destination = options_.remote,
                .source = options_.source,
                .interface = options_.interface,
                .traffic_class = options_.traffic_class,
                .hop_limit = options_.hop_limit,
                .token = probe.sequence});
}

void Sender::on_sent(std::uint64_t sequence, const packet::SendResult& result) {
  Probe* probe = ledger_.find(sequence);
  if (probe == nullptr) return;
  probe->handed_to_system = true;
  probe->accepted = result.status == packet::SendStatus::Accepted;
  if (result.handed_over.mono) probe->handed_over = *result.handed_over.mono;
  probe->sample.sender_user = result.handed_over;
  if (!probe->accepted) {
    probe->verdict = verdict_of(result.status);
  } else if (!probe->unmeasured && !probe->sample.burst) {
    ++progress_.sent;
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
}

void Sender::on_stamps_unreliable() {
  ledger_.for_each_newest_first([&](Probe& probe) {
    probe.stamps_unreliable |= !probe.departed;
    return last_time_ - probe.handed_over < kStampWait;
  });
}

// --- errors
// --------------------------------------------------------------------------------------------

bool Sender::on_path_error(const packet::PathError& error) {
  using packet::PathErrorKind;
  if (error.destination.address != options_.remote.address ||
      error.destination.port != options_.remote.port) {
    return false;
  }
  // The quoted request names its probe; 16 octets make sure that it is one of ours.
  Probe* quoted = nullptr;
  if (error.quoted.size() >= 16) {
    quoted = ledger_.find(
        unwrap(base::load_be<std::uint32_t>(error.quoted, 0), ledger_.next_sequence()));
    if (quoted == nullptr ||
        quoted->wire_timestamp != base::load_be<std::uint64_t>(error.quoted, 4) ||
        base::load_be<std::uint16_t>(error.quoted, 14) != options_.ssid) {
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
