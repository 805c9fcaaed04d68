// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/random.h"
#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::session {

struct RateGuardOptions {
  unsigned flows = 1;  // probes of one round
  Duration loss_after = Duration::seconds(2);
  // Rounds are picked by lot, so that what is left of a Poisson process is one (RFC 2330 11.1);
  // else each n-th is, and what is left is periodic.
  bool by_lot = false;
  std::uint64_t seed = 0;
};

// Which rounds of probes are sent when many are lost: loss may be congestion, and ours (RFC 8085).
//
// The loss over ten seconds is known when the last of their probes had the loss threshold's time.
// Above a fifth the interval doubles, up to 16 times. Below, it is halved again; where that brings
// the loss back at once, the next attempt waits for twice as many such periods, up to 32, so that a
// path with room for a part of the rate is left alone most of the time. After a minute without a
// reply one probe in three seconds is sent; the first reply brings back what the losses allowed.
// Only probes that left this host count: what fails here loads no path. A mark of congestion (CE)
// counts as a loss (RFC 8085 3.1.7).
class RateGuard {
 public:
  // More than ten probes a second to an address that others may share the way to.
  static bool applies(const packet::IpAddress& to, Duration interval, unsigned flows);

  explicit RateGuard(const RateGuardOptions& options);

  struct Change {
    enum class Kind : std::uint8_t { Reduced, NearlyStopped, Restored };
    Kind kind;
    std::uint64_t sent = 0, lost = 0;  // of the ten seconds
    std::uint64_t marked = 0;          // and answered, of those that were not lost
  };
  // Before the rounds that are due at `now`; `next_probe` is the number of the next one. Tells when
  // the rate falls below the scheduled one, when it nearly stops and when it is whole again.
  std::optional<Change> on_time(MonoTime now, std::uint64_t next_probe);
  // Whether the round that was due at `due` is sent. Asked once for each, in order,
  // but for those that are too late to be sent.
  bool sends(MonoTime due);
  bool reduced() const { return factor_ > 1 || nearly_stopped_; }
  unsigned factor() const { return factor_; }

  void on_departure(std::uint64_t probe, MonoTime at);
  // In time. `marked`: it or its probe came with CE, whose ECN said that this is understood.
  void on_answer(std::uint64_t probe, bool marked = false);
  void on_sign_of_life();  // any reply to us, an answer in time too
  // After a pause of our own, or on another path: what is in flight is not judged, and the next
  // round is sent.
  void restart();

 private:
  struct Period {
    MonoTime began;
    std::uint64_t first = 0;            // probe
    std::optional<std::uint64_t> end;   // the probe after the last
    std::optional<MonoTime> collected;  // since then the last ones may still be answered
    std::uint64_t rounds = 0;           // that were to be sent
    std::uint64_t sent = 0, answered = 0, marked = 0;

    bool contains(std::uint64_t probe) const { return probe >= first && (!end || probe < *end); }
  };
  std::optional<Change> judge(const Period& period);
  bool is_turn(MonoTime due);

  RateGuardOptions options_;
  base::Random random_;
  unsigned factor_ = 1;
  unsigned skipped_ = 0;                 // rounds after the last one that was sent
  unsigned good_ = 0, good_wanted_ = 1;  // periods with little loss before the rate is raised
  bool just_raised_ = false;             // before the running period
  bool nearly_stopped_ = false;
  std::optional<Period> period_;
  std::optional<MonoTime> sent_;              // when the last round that was sent was due
  std::optional<MonoTime> unanswered_since_;  // the first departure after the last reply
};

}  // namespace wirestamp::session
