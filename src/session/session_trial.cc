// SPDX-License-Identifier: Apache-2.0
//
// The verdict: old and new flow side by side, what follows from it, and the tries of a stalled flow
// after growing gaps.
#include <algorithm>

#include "session/limits.h"
#include "session/session.h"
#include "session/session_flow.h"

namespace wirestamp::session {

namespace {
constexpr unsigned kMostQuestions = 3;
constexpr Duration kQuestionGap = Duration::milliseconds(500);
}  // namespace

using measure::EventKind;
using measure::Finding;

void Session::run_trial(const Timestamp& now, const ClockState& clock) {
  const auto probe = [&](FlowId id) {
    if (Flow* flow = find(id)) flow->sender.send(ProbeKind::Trial, *now.mono, now, clock);
  };
  if (trial_->wants_pair(*now.mono)) {
    trial_->on_pair();
    probe(trial_->old_flow());
    probe(trial_->new_flow());
  }
  if (trial_->wants_fresh(*now.mono)) {
    trial_->on_fresh(open_block(*now.mono), *now.mono);
    for (const FlowId flow : trial_->fresh()) probe(flow);
  }
  if (trial_->wants_fresh_again(*now.mono)) {
    trial_->on_fresh_again();
    for (const FlowId flow : trial_->fresh()) probe(flow);
  }
  if (trial_->is_over(*now.mono)) judge(now);
}

void Session::judge(const Timestamp& now) {
  const FlowTrial trial = *trial_;
  trial_.reset();
  for (const FlowId flow : trial.fresh()) close(flow);
  const Finding finding = trial.finding();
  switch (finding) {
    case Finding::TransientOutage:
      // Of an outage that was judged already this is only the end.
      if (const auto& about = outage_ ? outage_ : last_outage_;
          about && about->told && !about->findings.last)
        tell_verdict(now, finding, &trial);
      if (fixed_flow_ == trial.old_flow()) {
        return_to(trial.old_flow(), now, "healed");
      } else {
        retire(trial.old_flow());
        suspect_.reset();
        if (stalled_ && stalled_->flow == trial.old_flow()) stalled_.reset();
      }
      break;
    case Finding::NewPortsBlocked:
      tell_verdict(now, finding, &trial);
      return_to(trial.old_flow(), now, "new ports are not answered");
      break;
    case Finding::StalledFlow:
    case Finding::StalledFlowSuspected:
    case Finding::OneOfSeveralPaths:
      tell_verdict(now, finding, &trial);
      settle_stall(now, finding, trial.old_flow());
      break;
    case Finding::PeerOrPathDown:
    case Finding::PeerClosed:
    case Finding::LocalCause:
      if (outage_) {
        tell_finding(now, known_cause(*now.mono).value_or(finding),
                     /*shown=*/!path_is_clean(*now.mono), &trial);
        if (outage_->findings.last == finding && !outage_->swept) {
          begin_sweep(trial.new_flow(), std::nullopt, *now.mono);
          outage_->swept = true;
        }
      }
      // The trials of an outage that lasts are all about the same flow.
      if (!outage_ || suspect_ != trial.old_flow()) let_go(trial.old_flow(), *now.mono);
      break;
  }
}

// No trial will be about this flow any more, and none has found out what it has: it may have been
// luck that a probe over the newer one was answered. A fixed flow is tried until it is answered.
void Session::let_go(FlowId flow, MonoTime now) {
  if (suspect_ == flow) suspect_.reset();
  if (flow == current()) return;
  if (flow != fixed_flow_) return retire(flow);
  if (stalled_ && stalled_->flow == flow) return;
  if (stalled_) retire(stalled_->flow);
  stalled_ = Stalled{
      .flow = flow, .tries = {now, options_.schedule.interval, /*repeat=*/true}, .entry = false};
}

// The old flow is silent from now on, but for a sweep and the spaced tries. A trial may outlast its
// outage, and the next one may have begun.
void Session::settle_stall(const Timestamp& now, Finding finding, FlowId flow) {
  suspect_ = flow;
  // Its outage goes on at long intervals, or where most probes are lost.
  if (stalled_ && stalled_->flow == flow) return;
  if (stalled_) {  // the fixed flow, which is being tried already
    suspect_.reset();
    return retire(flow);
  }
  const bool returns = fixed_flow_ == flow;
  begin_sweep(flow, current(), *now.mono);
  stalled_ = Stalled{.flow = flow,
                     .tries = {*now.mono, options_.schedule.interval, /*repeat=*/returns},
                     .entry = finding != Finding::OneOfSeveralPaths};
  if (!returns) return;
  const bool again = stalled_before_ && *now.mono - *stalled_before_ < kStallsAgain;
  if (again) stalled_->tries.leave_alone_until(*now.mono + kLeftAlone);
  stalled_before_ = now.mono;
}

void Session::tell_timeout(const Timestamp& now) {
  stalled_->timeout_told = true;
  const StalledFlow::Timeout& timeout = *stalled_->tries.timeout();
  measure::Event measured = event(EventKind::TimeoutMeasured, now);
  measured.old_flow = tuple(stalled_->flow);
  measured.at_least = timeout.above;
  measured.at_most = timeout.at_most;
  const auto seconds = [](Duration d) {
    return std::to_string((d.ns() + 500'000'000) / 1'000'000'000);
  };
  measured.text = "the stale entry of " + *measured.old_flow + " died in a silence between " +
                  seconds(timeout.above) + " and " + seconds(timeout.at_most) + " s";
  tell(measured);
}

void Session::run_stalled(const Timestamp& now, const ClockState& clock) {
  Flow* flow = find(stalled_->flow);
  if (flow == nullptr) return stalled_.reset();
  StalledFlow& tries = stalled_->tries;
  tries.on_other_packet(flow->last_packet);  // of the sweep
  tries.on_time(*now.mono);
  if (tries.timeout() && stalled_->entry && !stalled_->timeout_told) tell_timeout(now);
  const bool returns = fixed_flow_ == flow->id;
  if (tries.healed() && returns) {
    stalled_.reset();
    return return_to(flow->id, now, "healed");
  }
  const std::optional<MonoTime> next = tries.next();
  // A dynamic flow is not returned to: what was to be learned is known, or will not be.
  if (!next || (!returns && tries.answered())) {
    stalled_.reset();
    suspect_.reset();
    return retire(flow->id);
  }
  if (*next > *now.mono) return;
  flow->sender.send(ProbeKind::Trial, *now.mono, now, clock);
  tries.on_try(*now.mono);
}

// The token of the old flow's session at the reflector names it; the answer comes to this flow.
void Session::run_question(const Timestamp& now, const ClockState& clock) {
  Flow* old = find(question_->about);
  Flow* asking = find(current());
  if (old == nullptr || asking == nullptr || old == asking || !old->sender.peer().token() ||
      question_->asked == kMostQuestions)
    return question_.reset();
  if (*now.mono < question_->next) return;
  ++question_->asked;
  question_->next = *now.mono + kQuestionGap;
  asking->sender.send(ProbeKind::Trial, *now.mono, now, clock,
                      {.hop_limit = std::nullopt, .asked = old->sender.peer().token()});
}

void Session::on_account(const wire::WstpAccount& account) {
  if (!question_) return;
  Flow* old = find(question_->about);
  question_.reset();
  if (old == nullptr) return;
  const std::uint64_t newest = old->sender.peer().newest_request().value_or(0);
  const bool arrived = unwrap(account.last_sender_sequence, old->sender.next_sequence()) > newest;
  old->sender.on_account(account);
  measure::Event told = event(EventKind::AccountTold, now_);
  told.old_flow = tuple(old->id);
  told.direction = arrived ? "backward" : "forward";
  told.account = "seen " + std::to_string(account.requests_seen) + ", answered " +
                 std::to_string(account.replies_sent) + ", from " +
                 packet::to_string(account.source);
  told.text = std::string("the reflector says of the old flow: ") +
              (arrived ? "its probes arrive, from " + packet::to_string(account.source) +
                             ", and the replies do not come back"
                       : "its probes do not arrive any more");
  tell(told);
}

void Session::begin_sweep(FlowId ailing, std::optional<FlowId> healthy, MonoTime now) {
  if (sweep_) return;
  sweep_.emplace(ailing, healthy, now);
}

void Session::run_sweep(const Timestamp& now, const ClockState& clock) {
  if (const auto distance = sweep_->distance(*now.mono)) {
    const auto probe = [&](FlowId id) {
      Flow* flow = find(id);
      if (flow == nullptr || flow->retired) return;
      sweep_->on_sent(id,
                      flow->sender.send(ProbeKind::Trial, *now.mono, now, clock,
                                        {.hop_limit = distance, .asked = std::nullopt}),
                      *distance);
    };
    probe(sweep_->ailing());
    if (sweep_->healthy()) probe(*sweep_->healthy());
  }
  if (!sweep_->over(*now.mono)) return;
  measure::Event swept = event(EventKind::PathSwept, now);
  swept.old_flow = tuple(sweep_->ailing());
  swept.old_path = sweep_->path_of(sweep_->ailing());
  if (sweep_->healthy()) {
    swept.new_flow = tuple(*sweep_->healthy());
    swept.new_path = sweep_->path_of(*sweep_->healthy());
  }
  for (auto* path : {&swept.old_path, &swept.new_path})
    for (measure::Hop& hop : *path)
      if (hop.reflector) hop.address = packet::to_string(options_.flow.remote.address);
  swept.text = sweep_->text();
  const FlowId ailing = sweep_->ailing();
  const bool healthy = sweep_->healthy().has_value();
  sweep_.reset();
  tell(swept);
  // Nothing of the old flow is on its way any more: its reflector can be asked.
  if (healthy && find(ailing) != nullptr) question_ = Question{.about = ailing, .next = *now.mono};
}

}  // namespace wirestamp::session
