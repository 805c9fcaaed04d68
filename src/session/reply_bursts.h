// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "packet/datagram.h"
#include "session/session_table.h"
#include "time/duration.h"
#include "wire/reflect.h"

// The replies beyond the first one of a request (draft-ietf-ippm-asymmetrical-pkts), until it is
// time for them. Bounded: few at once, and one for each source.
namespace wirestamp::session {

struct ReplyBurst {
  packet::OutgoingDatagram datagram;  // as the first reply; the payload is `octets`
  std::vector<std::byte> octets;
  SessionKey key;
  std::uint32_t sender_sequence = 0;
  wire::TlvOutcome tlvs;
  std::uint32_t port = 0;  // the caller's name of the port that the request came by
  std::uint16_t left = 0;
  Duration interval;
  MonoTime next;
};

class ReplyBursts {
 public:
  static constexpr std::size_t kMost = 16;

  bool has_room(const packet::IpAddress& source) const {
    if (bursts_.size() >= kMost) return false;
    for (const ReplyBurst& one : bursts_)
      if (one.key.remote.address == source) return false;
    return true;
  }
  // The caller has asked has_room().
  void add(ReplyBurst burst) { bursts_.push_back(std::move(burst)); }

  std::optional<MonoTime> next_wake() const {
    std::optional<MonoTime> wake;
    for (const ReplyBurst& one : bursts_)
      if (one.left > 0 && (!wake || one.next < *wake)) wake = one.next;
    return wake;
  }
  // One of whose replies is due, which is taken from what is left; valid until the next call.
  // nullptr: none is.
  ReplyBurst* take_due(MonoTime now) {
    std::erase_if(bursts_, [](const ReplyBurst& one) { return one.left == 0; });
    for (ReplyBurst& one : bursts_) {
      if (one.next > now || one.left == 0) continue;
      --one.left;
      one.next = one.next + one.interval;
      return &one;
    }
    return nullptr;
  }

 private:
  std::vector<ReplyBurst> bursts_;
};

}  // namespace wirestamp::session
