// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "measure/sample.h"
#include "packet/datagram.h"
#include "session/peer.h"
#include "time/clock.h"

namespace wirestamp::session {

// What an ICMP error or the system's own refusal proved about one probe.
struct Verdict {
  measure::Outcome outcome = measure::Outcome::LostUnknown;
  measure::UnsentCause cause = measure::UnsentCause::None;
};

// A number of the reflector's, in the state (index) that gave it.
struct NumberedReply {
  std::uint64_t number;
  std::uint32_t epoch;
};

// The few other reply numbers one request got.
class ReplyNumbers {
 public:
  enum class Insert : std::uint8_t { Done, IsThere, NoRoom };

  Insert insert(std::uint64_t number) {
    for (unsigned i = 0; i < count_; ++i)
      if (numbers_[i] == number) return Insert::IsThere;
    if (count_ == numbers_.size()) return Insert::NoRoom;
    numbers_[count_++] = number;
    return Insert::Done;
  }

 private:
  std::array<std::uint64_t, 3> numbers_{};
  unsigned count_ = 0;
};

// One probe in the sender's ledger, from the moment it is due until its sample is handed out.
struct Probe {
  std::uint64_t sequence = 0;  // unwrapped STAMP sequence number
  measure::Sample sample;
  bool unmeasured = false;  // a closing probe: fetches stamps, is in no figure
  bool bare = false;        // sent as a bare base packet
  bool departure_told = false;
  bool asks = false;  // about another session of the reflector

  std::uint64_t wire_timestamp = 0;  // as written into the request, for the check of the echo
  std::uint16_t wire_error_estimate = 0;
  std::uint32_t steps_at_send = 0;
  Duration suspended_at_send;

  bool handed_to_system = false;  // a send result is there
  bool accepted = false;
  MonoTime handed_over;               // when; the schedule's time until then
  std::optional<Timestamp> departed;  // best transmit stamp of the kernel so far
  std::optional<Verdict> verdict;     // proof that it did not come back, overruled by a reply
  bool stamps_unreliable = false;     // a missing stamp proves nothing

  bool answered_elsewhere = false;  // a reply came from another address than the peer's
  bool replied = false;
  std::optional<MonoTime> arrived;                   // the first reply
  Filing::Kind numbered = Filing::Kind::Unnumbered;  // whose number the first reply has
  std::uint64_t reflector_sequence = 0;  // of the first reply: Filing::number; valid when numbered
  ReplyNumbers other_replies;      // numbers of further replies, when the request was duplicated
  WallTime written_reflector_tx;   // T3 as the reply itself carried it
  std::uint32_t epoch = 0;         // index of the reflector state that answered
  bool true_reflector_tx = false;  // reflector_tx is the true stamp, not the one in the reply
  // The true stamp of its reply, told by later replies that overtook it.
  std::optional<std::pair<NumberedReply, Timestamp>> told_ahead;
  unsigned later_replies = 0;  // replies to others since: the follow-up had its chance

  // The instant the loss threshold runs from.
  MonoTime left() const { return departed && departed->mono ? *departed->mono : handed_over; }
};

}  // namespace wirestamp::session
