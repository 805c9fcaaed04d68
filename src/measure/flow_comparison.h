// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "time/duration.h"
#include "time/timestamp.h"

// Which of several parallel flows differs from the rest. Routers spread flows over equal-cost paths
// by a hash of their ports; a bad path shows as a flow, or some, that loses more or takes longer
// than the others at the same time.
//
// Everything is compared within a round: one probe on each flow, sent close together. What hits all
// flows alike, an outage or a queue they share, says nothing about any of them. In each round some
// probes get a mark: lost; got through where others were lost; slow; fast. Among flows that are
// alike it is chance alone who gets the marks, whatever the network does and however its bursts
// hang together over time: with k marks on s such flows, each has a chance of k/s. So a flow's
// count of marks is a sum of independent draws whose chances the rounds themselves tell: Fisher's
// exact test, with one small table a round.
//
// A flow is named when it differs from half of all flows; others may differ as well, as when two of
// eight share a bad path. If it does not, it is like the flows that remain without that half,
// whichever they are. So it is held against those of the others that it differs from least, and
// flows that are alike are not named because others are not.
//
// Delays are compared among probes of one stamp class: that of more than half of the round trips of
// the round. The class may change from round to round, as when the driver turns out to give no
// stamps; a flow of a weaker class than the others does not keep those from being compared. Where
// no class has more than half, the round says nothing about delays: fewer flows than the test
// counts on would share the marks.
//
// Looks happen by themselves at blocks of 16, 32, 64 ... rounds, laid end to end at every length.
// The looks of a young run are thus those at doubling counts of the whole of it, and a flow that
// turns bad after a month is found as fast as one that is bad from the start. False alarms are paid
// out of one budget per hour: a block may take its share of the hours it lasts, divided among the
// lengths, the flows and the four kinds of mark.
namespace wirestamp::measure {

struct FlowComparisonOptions {
  std::uint32_t flows = 2;  // 2 to FlowComparison::kMaxFlows
  // Time from one round to the next, at the shortest; positive. Only the budget depends on it.
  Duration interval = Duration::milliseconds(500);
  // Expected number of differences named per hour although the flows are alike.
  double false_alarms_per_hour = 1e-4;
  // What is too small to be told, however sure it is. A probe is slow (fast) when it is above
  // (below) the lower median of its round by more than this share of that median, and by more than
  // twice the largest FlowProbe::error of the round.
  double least_delay_share = 0.05;
  // A flow loses more than another when its loss ratio is at least this multiple of the other's and
  // lies at least this far above it (a fraction of 1).
  double least_loss_factor = 1.5;
  double least_loss_difference = 0.001;
};

enum class FlowOutcome : std::uint8_t {
  Delivered,
  Lost,     // sent, and no reply in time
  NotSent,  // says nothing about the path: never left this host, withheld, refused by policy
};

// One probe, decided.
struct FlowProbe {
  std::uint32_t flow = 0;   // from 0, below FlowComparisonOptions::flows
  std::uint64_t round = 0;  // from 0: the probes of all flows with this number belong together
  FlowOutcome outcome = FlowOutcome::NotSent;
  std::optional<Duration> round_trip;         // of a delivered probe; absent when it is not known
  Duration error;                             // bound of the error of round_trip; not negative
  StampSource stamps = StampSource::Unknown;  // class of round_trip: the weakest it is made of
};

// MoreLoss, Slower: than at least half of all flows. LessLoss, Faster: than more than half of them.
// So of two groups the smaller one is named, and of equal ones the worse.
enum class FlowDeviation : std::uint8_t { MoreLoss, LessLoss, Slower, Faster };

constexpr std::string_view name(FlowDeviation deviation) {
  switch (deviation) {
    case FlowDeviation::MoreLoss:
      return "more_loss";
    case FlowDeviation::LessLoss:
      return "less_loss";
    case FlowDeviation::Slower:
      return "slower";
    case FlowDeviation::Faster:
      break;
  }
  return "faster";
}

struct FlowFigures {
  // Lost / sent, 0 to 1, over the rounds that were not lost on all flows; absent without any.
  std::optional<double> loss_ratio;
  // Median of the delivered ones, within Histogram::kRelativeError; absent without any.
  std::optional<Duration> round_trip;
};

struct FlowDifference {
  std::uint32_t flow = 0;
  FlowDeviation deviation = FlowDeviation::MoreLoss;
  FlowFigures own;
  FlowFigures rest;  // the medians of the figures of the other flows
  // Upper bound of the chance of so many marks in this block if the flow did not differ from half
  // of all flows; not multiplied by the number of flows, deviations and looks. At least 1e-300. The
  // formula is in docs/measurement.md.
  double p_value = 1;
  // The block that all this is of: the number of its rounds and the first and last of them. It is
  // the longest, of equal ones the latest, in which the flow differed.
  std::uint64_t rounds = 0, first_round = 0, last_round = 0;
  std::uint64_t last_confirmed = 0;  // last round of the latest block in which it differed
};

// Has no clock and does no I/O. Memory is bounded for ever: twenty blocks of counts and histograms,
// and the probes of at most kOpenRounds rounds. One thread.
//
// The budget holds when the flows of a round are sent in an order drawn at random for each round,
// whatever the network does to all of them. With a fixed order it also needs that the place in the
// round makes no difference; but the last of eight probes in one batch finds the queue that the
// other seven have made.
//
// A fault of one path alone is a difference, also when it lasts for a few seconds.
class FlowComparison {
 public:
  static constexpr std::uint32_t kMaxFlows = 64;
  static constexpr std::uint64_t kFirstLook = 16;  // rounds
  static constexpr std::size_t kLengths = 20;      // the longest block: 16 * 2^19 rounds
  static constexpr std::uint64_t kOpenRounds = 16'384;

  explicit FlowComparison(const FlowComparisonOptions& options);
  ~FlowComparison();
  FlowComparison(FlowComparison&&) noexcept;
  FlowComparison& operator=(FlowComparison&&) noexcept;

  // In any order. Each probe once, NotSent ones too: a round waits until all its flows are told, or
  // kOpenRounds later ones have begun. Rounds in which a probe was not sent, or not told, are left
  // out, and so is what comes when its round is closed.
  void add(const FlowProbe& probe);

  // No more probes will come: closes all rounds and looks once more, at all of them together (since
  // the end of the last block of the longest kind).
  void finish();

  // In the order in which they were named. A flow has at most one entry of each deviation; later
  // looks that find it again update the entry, and it stays when they do not.
  const std::vector<FlowDifference>& differences() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wirestamp::measure
