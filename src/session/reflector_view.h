// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "session/number_runs.h"

// What the sender knows of one reflector state (an epoch): which reply number answered which
// request.
//
// A stateful reflector numbers its replies 0, 1, 2, ... (RFC 8762 4.3). A number that we saw, in a
// reply or in the list of the last eight that the WSTP TLV carries, tells that its request arrived.
// A request that is in no known reply never arrived, provided that there is no unknown number (a
// "missing" one) that could have been its answer. So a lost probe is told apart exactly as long as
// at most eight replies in a row are lost; beyond that only the sums are known: each missing number
// stands for one request that was answered. They wait here, with the requests that were given up
// before their direction was known, until all of a hole is decided.
namespace wirestamp::session {

enum class Reached : std::uint8_t {
  Yes,      // the reflector answered it: lost backward
  No,       // it never arrived: lost forward
  InHole,   // too many replies are missing around it: only sums are known
  Unknown,  // nothing later is known, or too much was forgotten
};

struct DirectionSums {
  std::uint64_t forward = 0, backward = 0;

  DirectionSums& operator+=(const DirectionSums& other) {
    forward += other.forward;
    backward += other.backward;
    return *this;
  }
};

class ReflectorView {
 public:
  ReflectorView() = default;
  // A state that began at or before this request: of earlier ones it knows nothing.
  // Those of its requests that an earlier view gave up move here.
  ReflectorView(std::uint64_t first_request, ReflectorView& before);

  // Reply `reflector_sequence` answered request `sender_sequence` (both unwrapped). Idempotent.
  // Returns false when that reply number is known to have answered another request (a broken or
  // forged reply).
  bool note(std::uint64_t reflector_sequence, std::uint64_t sender_sequence);

  // Everything before `next_request` that is in no known reply never arrived, unless it is in a
  // hole.
  void nothing_after(std::uint64_t next_request) {
    if (next_request > 0) newest_request_ = std::max(newest_request_.value_or(0), next_request - 1);
  }

  // Where a lost request got stuck, as far as known now.
  Reached reached(std::uint64_t sender_sequence) const;

  // Distinct replies known for the request; more than one: the request was duplicated on the way
  // there.
  unsigned replies_to(std::uint64_t sender_sequence) const;
  // The smallest number of these: when the request first arrived.
  std::optional<std::uint64_t> first_reply_to(std::uint64_t sender_sequence) const;

  std::optional<std::uint64_t> request_of(std::uint64_t reflector_sequence) const;
  std::optional<std::uint64_t> newest() const;
  std::optional<std::uint64_t> newest_request() const { return newest_request_; }

  // The reflector's counter was not at zero when we came: numbers below are nobody's business of
  // ours. Before the first note().
  void start_at(std::uint64_t reflector_sequence) { floor_ = next_reply_ = reflector_sequence; }

  // Nothing below this request will be asked about again.
  void forget_before(std::uint64_t sender_sequence);

  // The sample of this request was given without a direction. `counted`: the sums tell of it;
  // others only take a missing number for themselves.
  void give_up(std::uint64_t sender_sequence, bool counted);
  // What became of those given up, as far as that was found out since the last call.
  DirectionSums take_resolved() { return std::exchange(resolved_, {}); }
  // Now everything below the newest known request, whether more may be learned or not.
  void resolve_all();

 private:
  void forget_oldest();
  void settle_missing();
  void resolve_below(std::uint64_t sender_sequence);

  std::map<std::uint64_t, std::uint64_t> request_by_reply_;
  std::multimap<std::uint64_t, std::uint64_t> reply_by_request_;
  NumberRuns missing_;                 // between the oldest and the newest number remembered
  std::uint64_t missing_settled_ = 0;  // below, of holes that are not resolved yet
  NumberRuns given_up_, given_up_uncounted_;
  DirectionSums resolved_;
  std::optional<std::uint64_t> newest_request_;
  std::optional<std::uint64_t> evicted_request_;  // newest one forgotten for want of room
  std::uint64_t first_request_ = 0;
  std::uint64_t floor_ = 0;       // numbers below are forgotten, or never concerned us
  std::uint64_t next_reply_ = 0;  // one above the newest known
};

// Widens a 32-bit wire number to the 64-bit one nearest to `near`.
inline std::uint64_t unwrap(std::uint32_t wire, std::uint64_t near) {
  const auto delta = static_cast<std::int32_t>(wire - static_cast<std::uint32_t>(near));
  const auto wide = static_cast<std::int64_t>(near) + delta;
  return wide < 0 ? wire : static_cast<std::uint64_t>(wide);
}

}  // namespace wirestamp::session
