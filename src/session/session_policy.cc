// SPDX-License-Identifier: Apache-2.0
//
// What a session does when nothing comes back, and when its way out of this host changes. Silence
// is declared once; then policy `fixed` waits and pauses, the others try a new port at once and
// again after 5, 10, 20 ... 300 s, while the probes go on as scheduled (but for rate_guard.h), so
// that the first answered one ends the outage.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "session/limits.h"
#include "session/session.h"
#include "session/session_flow.h"

namespace wirestamp::session {

using measure::EventKind;
using measure::Finding;

namespace {
// What the system or the path said about a failure counts for so long: the kernel says once in
// three seconds that a neighbour does not answer.
constexpr Duration kEvidenceLasts = Duration::seconds(6);
// Hosts and routers limit how often they say something, so what a verdict rests on holds for so
// long after it was seen last.
constexpr Duration kEvidenceHolds = Duration::minutes(1);
// A verdict that was told before in the same outage is news again after this time.
constexpr Duration kFindingKnown = Duration::hours(1);
// After so many silences in a row a fixed flow is suspected to be stalled.
constexpr int kSuspectAfter = 3;
}  // namespace

bool Session::recent(const std::optional<MonoTime>& time, MonoTime now) const {
  return time && *time > watch_.heard() &&
         now - *time <= std::max(kEvidenceLasts, options_.schedule.interval * 3);
}

bool Session::nothing_leaves(MonoTime now) const {
  return recent(evidence_.neighbour, now) || watch_.locally_silent(now);
}

// What the system or the peer's host says itself: no other port helps.
std::optional<Finding> Session::known_cause(MonoTime now) const {
  if (nothing_leaves(now)) return Finding::LocalCause;
  if (recent(evidence_.closed, now)) return Finding::PeerClosed;
  return std::nullopt;
}

bool Session::path_is_clean(MonoTime now) const {
  return !known_cause(now) && !recent(evidence_.icmp, now) && answered_elsewhere(now) == nullptr;
}

const Sender::Elsewhere* Session::answered_elsewhere(MonoTime now) const {
  for (const auto& flow : flows_)
    if (const auto& other = flow->sender.elsewhere(); other && recent(other->at, now))
      return &*other;
  return nullptr;
}

void Session::step(const Timestamp& now, const ClockState& clock) {
  if (look_at_egress_ && *look_at_egress_ <= *now.mono) look_at_egress(now);
  if (outage_ && outage_->answered) end_outage(now);
  if (pauses_.until()) {
    if (*now.mono < *pauses_.until()) return;
    pauses_.end();
    first_after_pause_ = continuity_.next_probe;
    watch_.restart(*now.mono);
    if (guard_) guard_->restart();
  }
  if (trial_) run_trial(now, clock);
  if (stalled_) run_stalled(now, clock);
  if (sweep_) run_sweep(now, clock);
  if (question_) run_question(now, clock);
  if (watch_.silent(*now.mono) || watch_.locally_silent(*now.mono)) on_silence(now);
}

std::optional<MonoTime> Session::policy_wake() const {
  if (outage_ && outage_->answered) return outage_->answered;
  if (pauses_.until())
    return look_at_egress_ ? std::min(*look_at_egress_, *pauses_.until()) : *pauses_.until();
  std::optional<MonoTime> wake = look_at_egress_;
  const auto consider = [&](const std::optional<MonoTime>& time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  if (trial_) consider(trial_->next());
  if (stalled_) consider(stalled_->tries.next());
  if (sweep_) consider(sweep_->next());
  if (question_) consider(question_->next);
  // Once declared, what is next is a new port, or the look at each due probe.
  if (!outage_ && watch_.may_be_silent()) consider(watch_.deadline());
  // One that is due and was not made, because the peer spoke or may not be tried, waits for that.
  if (outage_ && !trial_ && options_.policy != PortPolicy::Fixed && next_switch_ &&
      *next_switch_ > *now_.mono)
    consider(next_switch_);
  return wake;
}

// --- outages

void Session::declare_outage(const Timestamp& now) {
  outage_ =
      Outage{.declared = *now.mono, .heard = watch_.heard(), .answered = std::nullopt, .gap = {}};
  // The flow that is silent now is what a trial is about, and not one that stalled earlier.
  if (stalled_ && stalled_->flow != fixed_flow_) {
    retire(stalled_->flow);
    stalled_.reset();
  }
  outage_->stopped = stopping_.has_value();
  if (suspect_ && !trial_) let_go(*suspect_, *now.mono);
  suspect_.reset();
  budget_.on_silent(options_.flow.session, *now.mono, outage_->stopped);
}

// Of sessions that fall silent together one tells, and the others follow in what they do. One that
// stays silent for longer than the one that told was silent for a reason of its own. What a
// reflector had announced is no outage, however long.
void Session::tell_outage(const Timestamp& now) {
  if (outage_->told || outage_->stopped) return;
  if (!budget_.tells(options_.flow.session, *now.mono)) return;
  outage_->told = true;
  measure::Event began = event(EventKind::OutageBegan, now);
  began.last_good = watch_.last_good();
  began.first_lost = watch_.first_lost();
  began.old_flow = tuple(current());
  began.text = began.last_good
                   ? "nothing comes back since probe " + std::to_string(began.last_good->probe)
                   : "nothing has come back yet";
  tell(began);
}

// A host that is started anew is no neighbour at first, then its port is closed, and each is told.
// Where nobody says anything, that is news only when it lasts; and causes in turn, as of a host
// that is started again and again, make no storm.
bool Session::Findings::take(Finding finding, bool shown, MonoTime now) {
  const bool holds = !shown && shown_before && now - *shown_before < kEvidenceHolds;
  if (shown) shown_before = now;
  if (finding == last || holds) return false;
  if (all.contains(finding) && now - told < kFindingKnown) return false;
  last = finding;
  all.insert(finding);
  told = now;
  return true;
}

void Session::tell_finding(const Timestamp& now, Finding finding, bool shown,
                           const FlowTrial* trial) {
  if (outage_->told && outage_->findings.take(finding, shown, *now.mono))
    tell_verdict(now, finding, trial);
}

void Session::on_silence(const Timestamp& now) {
  if (!outage_) declare_outage(now);
  tell_outage(now);
  if (lanes_.size() > 1 || trial_) return;
  if (const auto cause = known_cause(*now.mono))
    return tell_finding(now, *cause, /*shown=*/true, nullptr);
  if (options_.policy == PortPolicy::Fixed) return heal(now);
  if (next_switch_ && *now.mono < *next_switch_) return;
  if (budget_.may_try(options_.flow.session, options_.flow.remote.address)) try_new_port(now);
}

void Session::try_new_port(const Timestamp& now) {
  back_off_ = back_off_ == Duration() ? kFirstBackOff : std::min(back_off_ * 2, kLongestBackOff);
  next_switch_ = *now.mono + back_off_;
  std::string failure = fmt::format(
      "a bound is reached (in ten minutes {} per session and {} per peer, {} sockets in all)",
      kMostNewPorts, kMostNewPortsPerPeer, kMostExtraSockets);
  Flow* flow = nullptr;
  if (budget_.take(options_.flow.session, options_.flow.remote.address, *now.mono)) {
    flow = open_new(&failure, local().port);
    if (flow == nullptr) budget_.give_back();
  }
  if (flow == nullptr) {
    if (exhausted_told_) return;
    exhausted_told_ = true;
    measure::Event none = event(EventKind::PortsExhausted, now);
    none.text = "no new port: " + failure;
    return tell(none);
  }
  flow->extra = true;
  const FlowId before = current();
  if (!suspect_) suspect_ = before;
  lanes_.front() = flow->id;
  // Those between the suspect and the newest have had their chance.
  if (before != *suspect_ && before != fixed_flow_) retire(before);
  trial_.emplace(*suspect_, flow->id, *now.mono);
  tell_change(now, "silence", tuple(*suspect_), flow->id);
}

void Session::end_outage(const Timestamp& now) {
  last_outage_ = std::exchange(outage_, std::nullopt);
  const Outage& outage = *last_outage_;
  const SilenceWatch::Gap& gap = outage.gap;
  next_switch_.reset();
  back_off_ = Duration();
  exhausted_told_ = false;
  if (outage.told) {
    measure::Event over = event(EventKind::OutageEnded, now);
    over.last_good = gap.good_before;
    over.first_lost = gap.lost_from;
    over.first_good = gap.first_good;
    over.lost = gap.lost;
    if (over.first_lost && gap.lost_to) over.at_least = gap.lost_to->left - over.first_lost->left;
    if (over.first_good && over.last_good)
      over.at_most = over.first_good->left - over.last_good->left;
    over.text = "answered again, " + std::to_string(*over.lost) + " probes lost";
    tell(over);
  }
  if (outage.stopped) tell_back(gap, now);
  if (options_.policy == PortPolicy::Fixed && pauses_.any()) {
    // What was answered only after other probes of ours had refreshed the entry anew was cured by
    // something else.
    const bool cured = !gap.lost_to || gap.lost_to->probe < first_after_pause_;
    // Nor does an entry die in a pause that is no longer than one that it outlived.
    const bool longest = pauses_.before() < pauses_.current();
    if (cured && longest && pauses_.certain()) tell_healed(now);
    pauses_.forget();
    return;
  }
  // The peer is there again, over a newer flow: is it the old one's turn, too? Not where it was
  // judged already, which at long intervals comes before a scheduled probe is answered.
  const bool judged = stalled_ && suspect_ == stalled_->flow;
  if (suspect_ && !trial_ && !judged && *suspect_ != current())
    trial_.emplace(*suspect_, current(), *now.mono);
}

void Session::tell_healed(const Timestamp& now) {
  measure::Event healed = event(EventKind::TimeoutMeasured, now);
  healed.old_flow = tuple(current());
  healed.at_least = pauses_.before();
  healed.at_most = pauses_.current();
  healed.text = "answered after a silence of " +
                std::to_string(pauses_.current().ns() / 1'000'000'000) +
                " s: if it was a stale entry on the way, it died in it";
  tell(healed);
}

// A fixed flow can only be silent itself: for longer and longer, until the stale entry, if that is
// what it is, has died.
void Session::heal(const Timestamp& now) {
  const Duration silent = *now.mono - outage_->heard;
  const bool may_heal = options_.heal_after && (pauses_.any() || silent >= *options_.heal_after);
  if (!may_heal && silent < options_.silence * kSuspectAfter) return;
  if (!path_is_clean(*now.mono))
    return tell_finding(now, Finding::PeerOrPathDown, /*shown=*/true, nullptr);
  tell_finding(now, Finding::StalledFlowSuspected, /*shown=*/false, nullptr);
  if (!may_heal) return;
  pauses_.begin(*now.mono);
  measure::Event pause = event(EventKind::HealingPause, now);
  pause.at_most = pauses_.current();
  pause.old_flow = tuple(current());
  pause.text = "silent for " + std::to_string(pauses_.current().ns() / 1'000'000'000) +
               " s, so that a stale entry on the way can die";
  tell(pause);
}

void Session::return_to(FlowId flow, const Timestamp& now, const std::string& reason) {
  const FlowId before = current();
  if (before == flow) return;
  const std::string old_flow = tuple(before);
  lanes_.front() = flow;
  if (suspect_ == flow) suspect_.reset();
  // In use again: at the end of its tries it would be retired.
  if (stalled_ && stalled_->flow == flow) stalled_.reset();
  retire(before);
  if (trial_) {  // of other flows: neither of them is used any more
    const FlowTrial trial = *trial_;
    trial_.reset();
    for (const FlowId fresh : trial.fresh()) close(fresh);
    if (trial.old_flow() != flow) {
      retire(trial.old_flow());
      suspect_.reset();
    }
  }
  tell_change(now, reason, old_flow, flow);
}

// --- the way out of this host

void Session::look_at_egress(const Timestamp& now) {
  look_at_egress_.reset();
  looked_ = *now.mono;
  const std::optional<Egress> before = egress_;
  egress_ = output_.egress();
  const bool any_address = options_.reconnect_on == ReconnectOn::AnyAddress && change_ &&
                           change_->kind == packet::NetworkChangeKind::AddressAdded && egress_ &&
                           !change_->temporary && !change_->deprecated && !change_->tentative;
  if (egress_ == before && !any_address) return;
  measure::Event changed = event(EventKind::NetworkChanged, now);
  if (!egress_) {
    changed.reason = "no route";
    changed.text = "no route to the peer any more; it left by " + before->interface_name;
  } else if (!before) {
    changed.reason = "route back";
    changed.text = "there is a route to the peer again, by " + egress_->interface_name;
  } else if (egress_->interface != before->interface) {
    changed.reason = "route moved";
    changed.text =
        "the route moved from " + before->interface_name + " to " + egress_->interface_name;
  } else if (egress_->source != before->source) {
    changed.reason = "address changed";
    const auto text = [](const std::optional<packet::IpAddress>& address) {
      return address ? packet::to_string(*address) : std::string("unknown");
    };
    changed.text =
        "the source address changed from " + text(before->source) + " to " + text(egress_->source);
  } else {
    changed.reason = "new address";
    changed.text = "a new address appeared on " + change_->interface_name + ": " +
                   (change_->address ? packet::to_string(*change_->address) : "unknown");
  }
  // Stamps of one interface prove nothing about another.
  for (const auto& flow : flows_) flow->sender.on_egress_change(egress_ ? egress_->interface : 0);
  const std::string reason = changed.reason;
  tell(changed);
  const bool moved = egress_ && (!last_egress_ || *egress_ != *last_egress_);
  if (moved || any_address) reconnect(now, reason, moved);
  if (egress_) last_egress_ = egress_;
}

// A new connection for each lane: a new port where the policy has one, else a new STAMP session
// over the same port. Where the path `moved`, it is another 5-tuple there, and whatever was wrong
// with the one before is over: `auto` begins with its fixed port again.
void Session::reconnect(const Timestamp& now, const std::string& reason, bool moved) {
  trial_.reset();
  sweep_.reset();
  question_.reset();
  suspect_.reset();
  if (moved) {
    stalled_.reset();
    stalled_before_.reset();
    if (outage_) {  // of the 5-tuple from now on nothing is known yet
      watch_.restart(*now.mono);
      outage_->heard = *now.mono;
      outage_->findings = {};
      outage_->swept = false;
    }
    next_switch_.reset();
    back_off_ = Duration();
    exhausted_told_ = false;
    pauses_.forget();
    if (guard_) guard_->restart();
  }
  for (FlowId& lane : lanes_) {
    const FlowId before = lane;
    std::optional<FlowId> port_of;
    if (options_.policy == PortPolicy::Fixed || before == fixed_flow_) port_of = before;
    if (moved && fixed_flow_ && &lane == &lanes_.front()) port_of = fixed_flow_;
    Flow* flow = nullptr;
    if (port_of) {
      flow = open({.port = {}, .shared_with = port_of}, nullptr);
    } else if (budget_.take(options_.flow.session, options_.flow.remote.address, *now.mono)) {
      flow = open_new(nullptr);
      if (flow == nullptr) budget_.give_back();
      if (flow != nullptr) flow->extra = true;
    }
    if (flow == nullptr) continue;
    flow->lane = static_cast<std::size_t>(&lane - lanes_.data());
    lane = flow->id;
    const std::string old_flow = tuple(before);
    retire(before);
    if (port_of && port_of == fixed_flow_) {
      retire(*fixed_flow_);
      fixed_flow_ = flow->id;
    }
    tell_change(now, reason, old_flow, flow->id);
  }
  for (const auto& flow : flows_)
    if (std::ranges::find(lanes_, flow->id) == lanes_.end() && flow->id != fixed_flow_)
      retire(flow->id);
  if (stalled_ && stalled_->flow != fixed_flow_) stalled_.reset();
}

}  // namespace wirestamp::session
