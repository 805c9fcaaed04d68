// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "measure/series.h"
#include "measure/summary.h"
#include "time/duration.h"
#include "time/timestamp.h"

// Figures of echoes: answered by the kernel of a host that runs no reflector. An echo has two
// stamps, both of this host, so there is a round trip and nothing else: no direction of a delay, of
// a loss or of a copy, and the time in the other kernel is part of the round trip.
namespace wirestamp::measure {

enum class EchoOutcome : std::uint8_t {
  Answered,  // within the loss threshold
  Late,      // answered after it: counts as lost
  Lost,
  Unsent,    // never left this host
  Withheld,  // in flight when the measurement ended: in no figure
};

// All that is known of one echo, handed out once.
struct EchoSample {
  std::uint64_t number = 0;  // from 0
  EchoOutcome outcome = EchoOutcome::Lost;
  std::optional<Timestamp> tx, rx;                // the request leaves, the first reply arrives
  std::uint64_t duplicates = 0;                   // further replies
  std::int64_t rate_ppb = 0, rate_error_ppb = 0;  // of this host's raw clock
};

struct EchoSummary {
  std::uint64_t sent = 0;            // left this host, and judged
  std::uint64_t received = 0;        // with a reply, late ones included
  std::uint64_t late = 0, lost = 0;  // late ones are lost, too
  std::uint64_t duplicates = 0;
  std::uint64_t unsent = 0, withheld = 0;
  std::optional<double> loss_ratio;  // lost / sent
  // Of the answered ones, of the stamp class with most values.
  Distribution rtt;
  std::optional<StampSource> rtt_class;
  std::uint64_t rtt_other_class = 0;
  std::optional<Duration> rtt_error_max;
  StampCounts tx, rx;
};

class EchoFigures {
 public:
  void add(const EchoSample& sample);
  EchoSummary summary() const;

 private:
  EchoSummary counts_;
  DelaySeries rtt_;
};

}  // namespace wirestamp::measure
