// SPDX-License-Identifier: Apache-2.0
#include "session/flow_trial.h"

#include <algorithm>
#include <utility>

namespace wirestamp::session {

MonoTime FlowTrial::next() const {
  // It is not judged before the fresh flows were asked for.
  const bool head_start = new_answered_at_ && !old_answered_ && !asked_for_fresh_;
  MonoTime next = head_start ? *new_answered_at_ + kHeadStart : judge_at_;
  if (pairs_ < kPairs) next = std::min(next, began_ + kPairGap * pairs_);
  if (fresh_again_) next = std::min(next, *fresh_again_);
  return next;
}

bool FlowTrial::wants_pair(MonoTime now) const {
  return pairs_ < kPairs && now >= began_ + kPairGap * pairs_;
}

bool FlowTrial::wants_fresh(MonoTime now) const {
  return new_answered_at_ && !old_answered_ && !asked_for_fresh_ &&
         now >= *new_answered_at_ + kHeadStart;
}

void FlowTrial::on_fresh(std::vector<FlowId> flows, MonoTime now) {
  asked_for_fresh_ = true;
  fresh_ = std::move(flows);
  if (fresh_.empty()) return;
  fresh_again_ = now + kFreshAgain;
  judge_at_ = std::max(judge_at_, now + kFreshWait);
}

bool FlowTrial::wants_fresh_again(MonoTime now) const {
  return fresh_again_ && now >= *fresh_again_;
}

void FlowTrial::on_answer(FlowId flow, MonoTime now) {
  if (flow == old_flow_) old_answered_ = true;
  if (flow == new_flow_ && !new_answered_at_) new_answered_at_ = now;
  const auto in = [flow](const std::vector<FlowId>& flows) {
    return std::ranges::find(flows, flow) != flows.end();
  };
  if (in(fresh_) && !in(fresh_answered_)) fresh_answered_.push_back(flow);
}

bool FlowTrial::is_over(MonoTime now) const {
  if (old_answered_ && new_answered_at_) return true;
  // The new one answered at the last moment: the fresh ones get their time.
  if (new_answered_at_ && !asked_for_fresh_) return false;
  return now >= judge_at_;
}

measure::Finding FlowTrial::finding() const {
  using measure::Finding;
  if (!new_answered_at_) return old_answered_ ? Finding::NewPortsBlocked : Finding::PeerOrPathDown;
  if (old_answered_) return Finding::TransientOutage;
  if (fresh_answered_.size() < fresh_.size()) return Finding::OneOfSeveralPaths;
  // Fewer than four could all have gone the same way.
  return fresh_.size() < kFreshFlows ? Finding::StalledFlowSuspected : Finding::StalledFlow;
}

}  // namespace wirestamp::session
