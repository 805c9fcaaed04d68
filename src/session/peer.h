// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "session/reflector_view.h"
#include "session/reply.h"

namespace wirestamp::session {

// Where a lost probe got stuck, as far as the peer's replies tell.
enum class Fate : std::uint8_t { Forward, Backward, Refused, PeerClosed, InHole, Unknown };

// What is known of the reflecting end: its state (epoch) now and before the last restart, whether
// it keeps state at all, what its policy dropped, and when its port was closed.
class Peer {
 public:
  // A reply of the peer with the numbers unwrapped. Returns true when it belongs to a new epoch,
  // that is, the reflector lost its state in between.
  bool on_reply(const Reply& reply, std::uint64_t reflector_sequence,
                std::uint64_t sender_sequence);
  std::uint64_t unwrap_reflector(std::uint32_t wire) const;

  // `sequence` was answered by an ICMP port unreachable.
  void on_port_unreachable(std::uint64_t sequence);

  Fate fate_of(std::uint64_t sequence) const;
  unsigned replies_to(std::uint64_t sequence) const;
  std::optional<std::uint64_t> request_of(std::uint64_t reflector_sequence) const;

  std::uint32_t epoch() const { return epoch_index_; }
  bool ever_replied() const { return ever_replied_; }
  bool follow_up_capable() const { return follow_up_capable_; }
  bool stateful() const { return stateful_; }
  // The reply number is a copy of the request's, so a copy of a reply cannot be placed.
  bool stateless() const { return stateless_; }
  std::uint64_t refused() const { return refused_; }
  // The sample of this request was given without a direction (ReflectorView::give_up).
  void give_up(std::uint64_t sequence, bool counted);
  // What became of these meanwhile. Nothing while it is open whether the peer keeps state.
  DirectionSums take_resolved();
  void resolve_all();
  std::optional<std::uint64_t> newest_request() const;
  void forget_before(std::uint64_t sequence);

 private:
  struct Refusal {
    std::uint64_t after, until;  // requests in [after, until)
    std::uint64_t count;
  };
  // Port unreachables quoted the requests `first` to `last` and some in between, and none of them
  // was answered. Hosts limit how often they say so, hence the others in between met the closed
  // port too.
  struct Closure {
    std::uint64_t first, last;
    bool reopened;
  };
  bool detect_restart(const Reply& reply, std::uint64_t reflector_sequence,
                      std::uint64_t sender_sequence);
  void start_epoch(const Reply& reply, std::uint64_t sender_sequence);
  void note_numbers(const Reply& reply, std::uint64_t reflector_sequence,
                    std::uint64_t sender_sequence);
  void note_refusals(const ReflectorState& state, std::uint64_t sender_sequence);
  bool was_refused(std::uint64_t sequence) const;
  bool was_closed(std::uint64_t sequence) const;

  ReflectorView view_, before_;
  std::uint64_t first_request_ = 0;  // of this epoch
  bool have_before_ = false;
  std::optional<std::uint64_t> epoch_id_;
  // Replies to bare probes do not tell their epoch: their numbers wait for the next one that does.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> undated_;
  std::uint32_t epoch_index_ = 0;
  bool ever_replied_ = false, follow_up_capable_ = false, stateful_ = false, stateless_ = false;
  DirectionSums resolved_;
  std::optional<std::uint32_t> dropped_;
  std::uint64_t refused_ = 0;
  std::uint64_t newest_counted_ = 0;  // newest request whose reply told the number of refusals
  std::deque<Refusal> refusals_;
  std::deque<Closure> closures_;
};

}  // namespace wirestamp::session
