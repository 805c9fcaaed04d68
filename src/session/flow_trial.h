// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "measure/event.h"
#include "time/duration.h"

namespace wirestamp::session {

using FlowId = std::uint32_t;

// The old flow and a new one side by side: three pairs of probes within 1.2 s. When the new one
// answers and the old does not, four fresh flows tell the state of one 5-tuple (all of them answer)
// from one broken path of several (some do not). Judged two seconds after it began, or as soon as
// both answer.
class FlowTrial {
 public:
  static constexpr unsigned kPairs = 3;
  static constexpr unsigned kFreshFlows = 4;

  FlowTrial(FlowId old_flow, FlowId new_flow, MonoTime began)
      : old_flow_(old_flow), new_flow_(new_flow), began_(began), judge_at_(began + kJudgeAfter) {}

  FlowId old_flow() const { return old_flow_; }
  FlowId new_flow() const { return new_flow_; }
  const std::vector<FlowId>& fresh() const { return fresh_; }

  MonoTime next() const;
  bool wants_pair(MonoTime now) const;
  void on_pair() { ++pairs_; }
  // Fresh flows are wanted once; none may come of it when no port is to be had.
  bool wants_fresh(MonoTime now) const;
  void on_fresh(std::vector<FlowId> flows, MonoTime now);
  // The second probe of the fresh flows, so that a single loss is no verdict.
  bool wants_fresh_again(MonoTime now) const;
  void on_fresh_again() { fresh_again_.reset(); }

  void on_answer(FlowId flow, MonoTime now);
  bool is_over(MonoTime now) const;

  measure::Finding finding() const;
  unsigned fresh_answered() const { return static_cast<unsigned>(fresh_answered_.size()); }
  unsigned fresh_tried() const { return static_cast<unsigned>(fresh_.size()); }
  bool old_answered() const { return old_answered_; }
  bool new_answered() const { return new_answered_at_.has_value(); }

 private:
  static constexpr Duration kPairGap = Duration::milliseconds(600);
  static constexpr Duration kJudgeAfter = Duration::seconds(2);
  // The old flow has so long to answer what the new one did.
  static constexpr Duration kHeadStart = Duration::milliseconds(400);
  static constexpr Duration kFreshAgain = Duration::milliseconds(400);
  static constexpr Duration kFreshWait = Duration::seconds(1);

  FlowId old_flow_, new_flow_;
  MonoTime began_, judge_at_;
  unsigned pairs_ = 0;
  bool old_answered_ = false, asked_for_fresh_ = false;
  std::optional<MonoTime> new_answered_at_, fresh_again_;
  std::vector<FlowId> fresh_, fresh_answered_;
};

}  // namespace wirestamp::session
