// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "measure/sample.h"
#include "measure/window.h"
#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp::agent {

// Sorts the samples of one session into windows of a second that begin at full seconds (UTC), and
// tells each window once, when no probe of it can be undecided any more. No two windows have begin
// and epoch in common: the epoch counts up when the wall clock was set back.
//
// Order and variation are those of the whole session, not of a second: an arrival or a probe is
// compared with the one before it in its flow, whichever window that is in, and counts in its own.
//
// An agent may have thousands of sessions, and each has a dozen windows open at any time. So a
// window is kept as the samples themselves, packed into some 60 octets each, until it is told; only
// one of many samples becomes histograms earlier.
class SecondWindows {
 public:
  static constexpr Duration kLength = Duration::seconds(1);
  // Windows that wait at once, and arrivals that wait for earlier ones. Only a clock that is
  // stepped to and fro, or a rate beyond every limit, needs more: the oldest are then told early.
  static constexpr std::size_t kMostOpen = 64;
  static constexpr std::size_t kMostArrivals = 65'536;

  // `interval` as AccumulatorOptions has it; `begin`: of the session; `epoch`: of its first window.
  SecondWindows(Duration interval, MonoTime begin, std::uint32_t epoch);
  ~SecondWindows();
  SecondWindows(SecondWindows&&) noexcept;
  SecondWindows& operator=(SecondWindows&&) noexcept;

  void add(const measure::Sample& sample);
  // Of the lost probes whose direction is unknown, so many were lost forward and backward: those of
  // the newest windows that are not told yet. What was told before stays unknown.
  void resolve_unknown(std::uint64_t forward, std::uint64_t backward);
  // The session begins anew, with probe 0; what was in flight is never decided.
  void restart(MonoTime now);

  // Windows that are decided when all has been decided that can be at `now`, in the order they
  // happened.
  std::vector<measure::TimedWindow> take(MonoTime now);
  // At the end of the session all of them. `decided`: nothing was in flight; else windows that
  // could have had more are parts.
  std::vector<measure::TimedWindow> take_all(MonoTime now, bool decided);
  // When take() wants to be called; absent while there is no window.
  std::optional<MonoTime> next() const;

  // Memory of what waits, this object included; without the histograms of windows of many samples.
  std::size_t octets() const;

 private:
  // What order and variation need of a probe.
  struct Sent {
    std::uint64_t probe = 0;
    std::optional<std::int64_t> rtt;
    std::uint32_t flow = 0;
    StampSource stamps = StampSource::Unknown;
    bool burst = false;
    bool on_path = false;  // left, or would have but for the neighbour
  };
  struct Arrival {
    std::uint64_t index = 0, probe = 0;
    std::uint32_t flow = 0;
    std::uint32_t window = 0;  // Open::serial
  };
  struct Open;
  // The newest of each flow.
  struct Flow {
    std::uint32_t flow = 0;
    StampSource stamps = StampSource::Unknown;
    bool sent_known = false;              // the probe before was on the path
    std::optional<std::int64_t> rtt;      // of that
    std::optional<std::uint64_t> latest;  // largest number that arrived
    std::uint64_t used = 0;
  };
  // The last one that was told.
  struct Told {
    WallTime begin;  // the latest of its epoch
    MonoTime mono;
    std::uint32_t epoch = 0;
  };

  Open& open_for(const measure::Sample& sample);
  Open& open_at(WallTime begin, MonoTime mono);
  std::uint32_t epoch_of(WallTime begin, MonoTime mono, std::size_t place) const;
  MonoTime decided_at(const Open& open) const;
  static Sent sent_of(const measure::Sample& sample);
  void unpack(Open& open);
  Flow& flow(std::uint32_t flow);
  void judge_sent(Open& open);
  void take_arrival(const Arrival& arrival, Open& open);
  void judge_arrival(const Arrival& arrival);
  void judge_arrivals(std::uint64_t last);
  measure::TimedWindow close_first();

  Duration interval_;
  MonoTime began_;
  std::uint32_t first_epoch_;
  std::vector<Open> open_;         // in the order they happened
  std::vector<Arrival> arrivals_;  // that wait for earlier ones
  std::vector<Flow> flows_;
  std::uint64_t used_ = 0;
  std::uint32_t next_serial_ = 0;
  std::uint64_t next_probe_ = 0;    // the one whose turn it is
  std::uint64_t last_arrival_ = 0;  // arrivals up to this one are judged
  std::optional<Told> told_;
};

}  // namespace wirestamp::agent
