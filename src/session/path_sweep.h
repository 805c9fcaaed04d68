// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/event.h"
#include "packet/address.h"
#include "session/flow_trial.h"
#include "time/duration.h"

namespace wirestamp::session {

// Where does it die (B21): probes with 1, 2, 3 ... hops on the stalled 5-tuple, and on a healthy
// one beside it. Who throws one away says so (time exceeded), so the last who does is the last that
// the flow reaches. Once only, because every probe refreshes the stale entry.
class PathSweep {
 public:
  static constexpr std::uint8_t kMostHops = 30;
  // Routers that say nothing are common; so many in a row behind the last one are the end.
  static constexpr std::uint8_t kSilentHops = 6;

  // `healthy` is absent when nothing is answered at all.
  PathSweep(FlowId ailing, std::optional<FlowId> healthy, MonoTime began)
      : ailing_(ailing), healthy_(healthy), next_(began) {}

  MonoTime next() const { return next_; }
  // The next distance to probe on both flows, from 1; absent: wait, or over.
  std::optional<std::uint8_t> distance(MonoTime now);
  bool over(MonoTime now) const { return sent_all_ && now >= next_; }

  FlowId ailing() const { return ailing_; }
  std::optional<FlowId> healthy() const { return healthy_; }
  void on_sent(FlowId flow, std::uint64_t sequence, std::uint8_t distance);
  // Somebody on the way threw that probe away.
  void on_expired(FlowId flow, std::uint64_t sequence, const packet::IpAddress& by);
  // The probe was answered by the reflector.
  void on_reply(FlowId flow, std::uint64_t sequence);

  std::vector<measure::Hop> path_of(FlowId flow) const;
  // "the old flow ends after hop 3, 203.0.113.1; the new one passes".
  std::string text() const;

 private:
  struct Probe {
    FlowId flow = 0;
    std::uint64_t sequence = 0;
    std::uint8_t distance = 0;
    std::optional<packet::IpAddress> by;
    bool reflector = false;
  };
  std::uint8_t farthest(FlowId flow) const;
  bool reached(FlowId flow) const;

  FlowId ailing_;
  std::optional<FlowId> healthy_;
  MonoTime next_;
  std::uint8_t sent_ = 0;
  bool sent_all_ = false;
  std::vector<Probe> probes_;
};

}  // namespace wirestamp::session
