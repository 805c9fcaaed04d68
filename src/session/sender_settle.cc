// SPDX-License-Identifier: Apache-2.0
//
// When a probe is decided, and what became of it.
#include <algorithm>

#include "session/limits.h"
#include "session/sender.h"
#include "wire/tlv.h"

namespace wirestamp::session {

using measure::Outcome;
using measure::UnsentCause;

std::optional<MonoTime> Sender::decision_time(const Probe& probe) const {
  if (probe.replied || probe.verdict) return std::nullopt;
  if (!expects_stamps() || probe.departed) return probe.left() + options_.loss_after;
  return probe.handed_over + std::max(kStampWait, options_.loss_after);
}

bool Sender::awaits_true_stamp(const Probe& probe) const {
  return probe.replied && !probe.true_reflector_tx && peer_.follow_up_capable() &&
         probe.numbered != Filing::Kind::Unnumbered && probe.later_replies < 9 &&
         (probe.epoch == peer_.epoch() || probe.numbered == Filing::Kind::Undated);
}

MonoTime Sender::settle_time(const Probe& probe) const {
  if (!probe.replied) return probe.left() + kLateUntil;
  const MonoTime threshold = probe.left() + options_.loss_after;
  if (!awaits_true_stamp(probe)) return threshold;
  // The next reply brings the stamp; at long intervals it is worth waiting for.
  return std::max(threshold, probe.arrived.value_or(threshold)) + options_.interval * 2;
}

void Sender::review(Probe& probe, MonoTime now) {
  // At the end of the run the closing probes fetch the stamp; finish() settles what is left.
  if (awaits_true_stamp(probe) && over_) return;
  const MonoTime time = settle_time(probe);
  if (time <= now) {
    settle(probe);
  } else {
    ledger_.wake_at(probe.sequence, time);
  }
}

void Sender::settle(Probe& probe) {
  if (!probe.unmeasured) {
    decide(probe);
    give_up(probe);
    track_missing_stamps(probe);
    output_.on_sample(probe.sample);
  }
  ledger_.erase(probe.sequence);
}

void Sender::decide(Probe& probe) {
  measure::Sample& sample = probe.sample;
  // A reply proves that the probe left, whatever the send call said.
  if (probe.accepted || probe.departed || probe.replied)
    sample.sender_tx = probe.departed ? probe.departed : sample.sender_user;
  const unsigned answered = peer_.replies_to(probe.sequence);
  if (answered > 1 && !options_.tlvs.asks(wire::kReflectedControl))
    //= RFC5560:copies
    sample.duplicates_forward = static_cast<std::uint16_t>(std::min(answered - 1, 65'535U));
  if (probe.replied) {
    if (sample.reflector_sequence)
      if (const auto first = peer_.first_reply_to(probe.sequence, probe.epoch))
        sample.reflector_first_sequence = static_cast<std::uint32_t>(*first);
    //= RFC7680:definition
    const bool late = probe.arrived && *probe.arrived - probe.left() > options_.loss_after;
    sample.outcome = late ? Outcome::Late : Outcome::Delivered;
    return;
  }
  if (probe.verdict) {
    sample.outcome = probe.verdict->outcome;
    sample.cause = probe.verdict->cause;
    // What never left has no stamp of its leaving.
    if (sample.outcome == Outcome::Unsent || sample.outcome == Outcome::Withheld)
      sample.sender_tx.reset();
    return;
  }
  decide_unanswered(probe);
}

//= RFC6673:definition
void Sender::decide_unanswered(Probe& probe) {
  measure::Sample& sample = probe.sample;
  const Fate fate = peer_.fate_of(probe.sequence);
  const bool gone =
      probe.departed || !expects_stamps() || fate == Fate::Backward || probe.answered_elsewhere;
  if (!gone) {
    if (stamps_proven_ && !probe.stamps_unreliable) {
      sample.outcome = Outcome::Unsent;
      sample.cause = UnsentCause::DroppedLocally;
      sample.sender_tx.reset();
    } else {
      sample.outcome = Outcome::LostUnknown;
      sample.departure_unconfirmed = true;
    }
    return;
  }
  if (probe.answered_elsewhere) {
    sample.outcome = Outcome::LostUnknown;
    return;
  }
  switch (fate) {
    case Fate::Forward:
      sample.outcome =
          peer_.take_refusal(probe.sequence) ? Outcome::RefusedByPeer : Outcome::LostForward;
      break;
    case Fate::Backward:
      sample.outcome = Outcome::LostBackward;
      break;
    case Fate::PeerClosed:
      sample.outcome = Outcome::PeerClosed;
      break;
    case Fate::InHole:
    case Fate::Unknown:
      sample.outcome = Outcome::LostUnknown;
      break;
  }
}

// A probe of which later replies may still tell, if only in sums. Those that may never have left,
// those answered from elsewhere, burst probes and withheld ones are in no sum, but a missing reply
// may be theirs.
void Sender::give_up(const Probe& probe) {
  const measure::Sample& sample = probe.sample;
  const bool lost = sample.outcome == Outcome::LostUnknown;
  if (!lost && sample.outcome != Outcome::Withheld) return;
  const bool in_sums = lost && !sample.burst && !sample.departure_unconfirmed;
  peer_.give_up(probe.sequence, in_sums && !probe.answered_elsewhere);
}

void Sender::report_resolved() {
  const DirectionSums sums = peer_.take_resolved();
  if (sums.forward + sums.backward > 0) output_.on_unknown_resolved(sums.forward, sums.backward);
}

// Eight answered probes in a row without a transmit stamp: this driver gives none.
void Sender::track_missing_stamps(const Probe& probe) {
  if (!probe.replied || !expects_stamps() || probe.sequence < stepped_down_at_) return;
  if (probe.departed) {
    replies_without_stamp_ = 0;
    return;
  }
  if (++replies_without_stamp_ < kRepliesWithoutStamp) return;
  if (transmit_stamps_ > StampSource::Scheduler) {
    step_down(StampSource::Scheduler);
    output_.on_note("no transmit stamps from this interface's driver: using scheduler stamps");
  } else {
    step_down(StampSource::User);
    output_.on_note("no scheduler stamps either: using the user clock");
  }
}

// What is in flight was promised stamps that do not come: their absence proves nothing.
void Sender::step_down(StampSource to) {
  transmit_stamps_ = to;
  replies_without_stamp_ = 0;
  stamps_proven_ = false;
  stepped_down_at_ = ledger_.next_sequence();
  ledger_.for_each([](Probe& probe) { probe.stamps_unreliable |= !probe.departed; });
}

// --- the end of a run

void Sender::end(bool fetch, MonoTime now) {
  if (over_) return;
  over_ = true;
  may_fetch_ = fetch;
  look_again(now);  // nothing else may be left to wake up for
}

void Sender::stop(MonoTime now) {
  if (interrupted_) return;
  end(/*fetch=*/true, now);
  interrupted_ = now;
  look_again(now);
}

void Sender::look_again(MonoTime time) {
  if (over_) next_look_ = std::min(next_look_.value_or(time), time);
}

bool Sender::a_later_reply_helps() const {
  if (!may_fetch_ || !peer_.ever_replied()) return false;
  bool helps = false;
  ledger_.for_each([&](const Probe& probe) {
    if (probe.unmeasured || helps) return;
    if (probe.replied) {
      // A later reply may have come too soon to tell: the reflector had not read the stamp yet.
      helps = awaits_true_stamp(probe);
    } else {
      helps = probe.accepted && !probe.verdict && peer_.stateful() &&
              peer_.newest_request().value_or(0) < probe.sequence;
    }
  });
  return helps;
}

// True while some probe may still get its answer; says when to look again.
//= RFC7680:judged-in-time
bool Sender::waits_for_decision(MonoTime now) {
  const bool impatient = interrupted_ && now - *interrupted_ >= kInterruptGrace;
  std::optional<MonoTime> first;
  ledger_.for_each([&](Probe& probe) {
    if (probe.unmeasured) return;
    const std::optional<MonoTime> time =
        probe.handed_to_system ? decision_time(probe) : std::optional(now);
    if (!time || (probe.handed_to_system && *time <= now)) return;
    if (impatient && probe.handed_to_system) {
      probe.verdict = Verdict{Outcome::Withheld, UnsentCause::None};
      probe.sample.withheld = measure::WithheldReason::Interrupted;
    } else {
      first = std::min(first.value_or(*time), *time);
    }
  });
  if (!first) return false;
  if (interrupted_ && !impatient) first = std::min(*first, *interrupted_ + kInterruptGrace);
  next_look_ = first;
  return true;
}

// True while the answer to a closing probe may tell what is missing. A busy peer may stand still
// for a while: the gap doubles with each that is not answered.
bool Sender::fetches(MonoTime mono, const Timestamp& now, const ClockState& clock) {
  if (!a_later_reply_helps()) return false;
  if (!closing_ || mono >= closing_->until) {
    if (closing_probes_ >= kMaxClosingProbes) return false;
    const bool silent = closing_ && (!last_reply_ || *last_reply_ <= closing_->sent);
    const Duration gap = silent ? (closing_->until - closing_->sent) * 2 : max_round_trip_ * 2;
    ++closing_probes_;
    send(ProbeKind::Closing, mono, now, clock);
    closing_ = {.sent = mono, .until = mono + std::clamp(gap, kClosingGapMin, kClosingGapMax)};
  }
  next_look_ = closing_->until;
  return true;
}

void Sender::close(const Timestamp& now, const ClockState& clock) {
  const MonoTime mono = *now.mono;
  next_look_.reset();
  if (waits_for_decision(mono)) return;
  if (report_ && report_->due() && !interrupted_) {
    next_look_ = report_->due();
    return;
  }
  if (fetches(mono, now, clock)) return;
  // A last moment for copies of the last replies.
  std::optional<MonoTime> linger;
  if (last_reply_)
    linger = *last_reply_ + std::clamp(max_round_trip_, kClosingGapMin, kClosingGapMax);
  if (linger && mono < *linger) {
    next_look_ = linger;
    return;
  }
  finish();
}

void Sender::finish() {
  while (Probe* oldest = ledger_.oldest()) settle(*oldest);
  peer_.resolve_all();
  report_resolved();
  finished_ = true;
}

}  // namespace wirestamp::session
