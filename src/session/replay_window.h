// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace wirestamp::session {

// Which of the last 64 sequence numbers of a session were seen, so that a recorded request is not
// answered again. All of it comes from packets that are authentic.
//
// A sender that begins anew on the same port and SSID counts from 0, which looks like a replay. Its
// Timestamp tells them apart: no recorded packet has one that is later than all that were seen.
// From then on nothing is taken that is not later than that, whatever its number.
class ReplayWindow {
 public:
  // False: seen before, or too old to tell. `timestamp` is raw, of the session's one format.
  bool accept(std::uint32_t sequence, std::uint64_t timestamp) {
    if (begun_anew_ && timestamp <= before_) return false;
    const auto ahead = static_cast<std::int32_t>(sequence - newest_);  // RFC 1982
    if (!any_ || ahead > 0) {
      seen_ = any_ && ahead < kSize ? seen_ << static_cast<unsigned>(ahead) : 0;
      return take(sequence, timestamp);
    }
    const std::uint64_t bit =
        ahead > -kSize ? std::uint64_t{1} << static_cast<unsigned>(-ahead) : 0;
    if (bit != 0 && (seen_ & bit) == 0) {
      seen_ |= bit;
      if (timestamp > latest_) latest_ = timestamp;
      return true;
    }
    if (timestamp <= latest_) return false;
    begun_anew_ = true;
    before_ = latest_;
    seen_ = 0;
    return take(sequence, timestamp);
  }

 private:
  static constexpr std::int32_t kSize = 64;

  bool take(std::uint32_t sequence, std::uint64_t timestamp) {
    any_ = true;
    newest_ = sequence;
    seen_ |= 1;
    if (timestamp > latest_) latest_ = timestamp;
    return true;
  }

  std::uint64_t seen_ = 0;                 // bit n: newest_ - n
  std::uint64_t latest_ = 0, before_ = 0;  // the latest Timestamp: of all; before it began anew
  std::uint32_t newest_ = 0;
  bool any_ = false, begun_anew_ = false;
};

}  // namespace wirestamp::session
