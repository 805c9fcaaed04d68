// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/bytes.h"

// What the sender knows of one reflector state (an epoch): which reply number answered which
// request.
//
// A stateful reflector numbers its replies 0, 1, 2, ... (RFC 8762 4.3). A number that we saw, in a
// reply or in the list of the last eight that the WSTP TLV carries, tells that its request arrived.
// A request that is in no known reply never arrived, provided that there is no unknown number (a
// "missing" one) that could have been its answer. So a lost probe is told apart exactly as long as
// at most eight replies in a row are lost; beyond that only the sums are known.
namespace wirestamp::session {

enum class Reached : std::uint8_t {
  Yes,      // the reflector answered it: lost backward
  No,       // it never arrived: lost forward
  InHole,   // too many replies are missing around it: only sums are known
  Unknown,  // nothing later is known, or the reflector keeps no state
};

class ReflectorView {
 public:
  ReflectorView() = default;
  // A state that began at or before this request: of earlier ones it knows nothing.
  explicit ReflectorView(std::uint64_t first_request) : first_request_(first_request) {}

  // Reply `reflector_sequence` answered request `sender_sequence` (both unwrapped). Idempotent.
  // Returns false when that reply number is known to have answered another request (a broken or
  // forged reply).
  bool note(std::uint64_t reflector_sequence, std::uint64_t sender_sequence);

  // Where a lost request got stuck, as far as known now.
  Reached reached(std::uint64_t sender_sequence) const;

  // Distinct replies known for the request; more than one: the request was duplicated on the way
  // there.
  unsigned replies_to(std::uint64_t sender_sequence) const;

  std::optional<std::uint64_t> request_of(std::uint64_t reflector_sequence) const;
  // Reply numbers below the newest known one that nobody told us about.
  std::uint64_t missing() const { return missing_.size() + missing_forgotten_ + missing_settled_; }
  std::optional<std::uint64_t> newest() const;
  std::optional<std::uint64_t> newest_request() const { return newest_request_; }

  // The reflector's counter was not at zero when we came: numbers below are nobody's business of
  // ours.
  void start_at(std::uint64_t reflector_sequence) { next_reply_ = reflector_sequence; }

  // Nothing below this request will be asked about again.
  void forget_before(std::uint64_t sender_sequence);

 private:
  void forget_oldest();

  std::map<std::uint64_t, std::uint64_t> request_by_reply_;
  std::multimap<std::uint64_t, std::uint64_t> reply_by_request_;
  std::set<std::uint64_t> missing_;
  std::uint64_t missing_forgotten_ = 0;  // too many to remember
  std::uint64_t missing_settled_ = 0;    // below all that is remembered
  std::optional<std::uint64_t> newest_request_;
  std::uint64_t first_request_ = 0;
  std::uint64_t next_reply_ = 0;  // one above the newest known
};

// Widens a 32-bit wire number to the 64-bit one nearest to `near`.
inline std::uint64_t unwrap(std::uint32_t wire, std::uint64_t near) {
  const auto delta = static_cast<std::int32_t>(wire - static_cast<std::uint32_t>(near));
  const auto wide = static_cast<std::int64_t>(near) + delta;
  return wide < 0 ? wire : static_cast<std::uint64_t>(wide);
}

}  // namespace wirestamp::session
