// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "packet/address.h"
#include "session/reply.h"
#include "wire/request_layout.h"

// What the reflector answers in the TLVs of the probes, in words: at the first reply, and again
// when it changes. The figures that have places of their own (marks, true transmit stamps) are not
// told here, only whether the peer understands what they come from.
namespace wirestamp::session {

enum class TlvAnswer : std::uint8_t {
  None,             // no reply yet, or it did not come back
  Answered,         // understood
  NotUnderstood,    // U: the peer does not know the type, or refuses the wish
  Malformed,        // M, or of a length that it cannot have
  IntegrityFailed,  // I, or the HMAC of the reply is wrong
  NotFulfilled,     // C: understood, and the peer could not
};

constexpr std::string_view name(TlvAnswer answer) {
  switch (answer) {
    case TlvAnswer::None:
      return "none";
    case TlvAnswer::Answered:
      return "answered";
    case TlvAnswer::NotUnderstood:
      return "not_understood";
    case TlvAnswer::Malformed:
      return "malformed";
    case TlvAnswer::IntegrityFailed:
      return "integrity_failed";
    case TlvAnswer::NotFulfilled:
      return "not_fulfilled";
  }
  return "unknown";
}

// Of one TLV in the probes.
struct TlvState {
  std::uint8_t type = 0;
  std::string name;    // as it is asked for; else the number
  bool asked = false;  // by the user; the others are there by default
  TlvAnswer answer = TlvAnswer::None;
  std::string text;  // one line for a person; "" while there was no reply
};

// The reply, and what is known at this end.
struct TlvReply {
  const Reply& reply;
  packet::Endpoint local, remote;      // between which the probe was sent
  std::size_t request_size = 0;        // octets of its UDP payload
  std::uint32_t replies_received = 0;  // of this flow, this one included
};

class TlvWatch {
 public:
  // What probes of this layout carry. `asked`: what of it the user wants to hear about.
  TlvWatch(const wire::RequestLayout& layout, const std::vector<wire::AskedTlv>& asked);

  void on_reply(const TlvReply& reply);
  // What is new since the last call; a TLV that changes again and again is told a few times only.
  struct News {
    std::string text;
    bool translation = false;  // Location: a NAT is between, or is no longer
  };
  std::vector<News> take_news() { return std::exchange(news_, {}); }
  // Every TLV of the probes in their order, with what is known now.
  const std::vector<TlvState>& states() const { return states_; }
  // The reflector sees our probes come from another address or port than they are sent from.
  bool translated() const { return translated_; }

 private:
  // Counters of the first reply with them: losses are differences. Of one flow, and of one life of
  // the reflector: both ends count each of these for itself.
  struct Counted {
    packet::Endpoint local;
    std::uint16_t ssid = 0;
    std::optional<std::uint64_t> epoch;  // absent: it does not tell
    wire::DirectMeasurement first, last;
    std::uint32_t received_first = 0, received_last = 0;
  };
  TlvAnswer answer_of(std::uint8_t type, const TlvReply& reply) const;
  std::string verdict(const TlvState& state, const TlvReply& reply);
  std::string words(const TlvState& state, const TlvReply& reply);
  std::string answered(std::uint8_t type, const TlvReply& reply);
  std::string location(const wire::Location& seen, const TlvReply& reply);
  std::string counted() const;
  bool changed(std::uint8_t type, const TlvReply& reply) const;
  void take_counters(const TlvReply& reply);
  void begin_counts(const TlvReply& reply);
  bool of_another_flow(const TlvReply& reply) const;
  bool of_another_life(const TlvReply& reply) const;
  void tell(std::size_t i);

  std::vector<TlvState> states_;
  std::vector<wire::AskedTlv> asked_;
  std::vector<unsigned> times_told_;  // of each
  std::vector<News> news_;
  wire::ReplyTlvs last_;
  packet::Endpoint last_local_;
  std::optional<Counted> counted_;
  bool counted_anew_ = false;  // others were counted before
  bool translated_ = false, told_translated_ = false;
};

}  // namespace wirestamp::session
