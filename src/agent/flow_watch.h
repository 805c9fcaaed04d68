// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "measure/accumulator.h"
#include "measure/event.h"
#include "measure/flow_comparison.h"
#include "measure/sample.h"
#include "measure/summary.h"

namespace wirestamp::agent {

// The flows of one session beside each other (B8): figures of each, and which one differs from the
// rest. The probes of a round are numbered in a row.
class FlowWatch {
 public:
  FlowWatch(unsigned flows, Duration interval);

  // `flow`: which of them it went over, from 0; not Sample::flow, which is another after a change
  // of the port.
  void add(const measure::Sample& sample, std::size_t flow);
  // Lost ones of that flow, of unknown direction, have one now.
  void resolve_unknown(std::size_t flow, std::uint64_t forward, std::uint64_t backward) {
    each_[flow].resolve_unknown(forward, backward);
  }
  void finish();

  // What add() and finish() found since the last call; without time and 5-tuple.
  std::vector<measure::Event> take_news();
  std::vector<measure::Summary> summaries() const;

 private:
  unsigned flows_;
  std::vector<measure::Accumulator> each_;
  measure::FlowComparison comparison_;
  std::size_t told_ = 0;
};

}  // namespace wirestamp::agent
