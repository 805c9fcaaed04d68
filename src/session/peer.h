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
enum class Fate : std::uint8_t { Forward, Backward, PeerClosed, InHole, Unknown };

// The probe that a reply answers, and what the sender knows besides.
struct Answered {
  std::uint64_t sequence = 0;       // unwrapped
  std::uint64_t next_sequence = 0;  // requests from here on were not sent yet
  // The reflector still had the session of an earlier run: the newest reply of that one.
  std::optional<std::uint32_t> newest_leftover;
};

// Which state of the reflector numbered a reply.
struct Filing {
  enum class Kind : std::uint8_t {
    Current,
    Previous,    // a delayed reply of the state before the last restart
    Undated,     // does not tell (the answer to a bare probe): the next one that does may date it
    Unnumbered,  // of no state (its number is that of the request), or of one long gone
  };
  Kind kind = Kind::Unnumbered;
  std::uint64_t number = 0;  // unwrapped; as on the wire while undated
  std::uint32_t epoch = 0;   // index of the state
  bool restarted = false;    // the first reply of this state
  bool in_turn = false;      // a state that a newer one seemed to have replaced answers still
  bool other_token = false;  // not the one that this state told first
  bool stopping = false;     // the reflector said so, with the token of the state known before

  bool dated() const { return kind == Kind::Current || kind == Kind::Previous; }
};

// What is known of the reflecting end: its state (epoch) now and before the last restart, whether
// it keeps state at all, what its policy dropped, and when its port was closed.
class Peer {
 public:
  Filing on_reply(const Reply& reply, const Answered& answered);
  // Undated replies that a later one dated since the last call: request and unwrapped number in
  // the current state.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> take_dated() {
    return std::exchange(dated_, {});
  }

  // What the reflector says, over another flow, of the session that this is: all of its requests up
  // to `next_sequence`, none of which is on its way any more.
  void on_account(const wire::WstpAccount& account, std::uint64_t next_sequence);
  // Names the current state; absent when the peer keeps none or does not say.
  const std::optional<wire::WstpToken>& token() const { return token_; }

  // `sequence` was answered by an ICMP port unreachable.
  void on_port_unreachable(std::uint64_t sequence);

  Fate fate_of(std::uint64_t sequence) const;
  // Whether the peer's policy dropped this request, which was lost on the way there. Each drop it
  // told of excuses one request.
  bool take_refusal(std::uint64_t sequence);
  unsigned replies_to(std::uint64_t sequence) const;
  // The smallest number of the replies of one state to a request.
  std::optional<std::uint64_t> first_reply_to(std::uint64_t sequence, std::uint32_t epoch) const;
  // By the numbers of the state that `filing` names; absent when forgotten or unknown.
  std::optional<std::uint64_t> request_of(std::uint32_t wire, const Filing& filing) const;
  std::uint64_t unwrap_reflector(std::uint32_t wire, const Filing& filing) const;

  std::uint32_t epoch() const { return epoch_index_; }
  bool ever_replied() const { return ever_replied_; }
  bool follow_up_capable() const { return follow_up_capable_; }
  // False: the reply number is a copy of the request's, so a copy of a reply cannot be placed.
  bool stateful() const { return stateful_; }
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
    std::uint64_t left;          // drops that excuse no request yet
  };
  // Port unreachables quoted the requests `first` to `last` and some in between, and none of them
  // was answered. Hosts limit how often they say so, hence the others in between met the closed
  // port too.
  struct Closure {
    std::uint64_t first, last;
    bool reopened;
  };
  struct Numbers {
    std::uint64_t reply, request;
  };
  Filing file(const Reply& reply, const Answered& answered);
  bool fell_silent_before(std::uint64_t sequence) const;
  bool answers_still(const Answered& answered, std::uint64_t& until) const;
  bool counter_fell_back(const Reply& reply, std::uint64_t sequence) const;
  bool start_epoch(const Reply& reply, const Answered& answered);
  void start_first_epoch(const Reply& reply, const Answered& answered);
  void note_numbers(ReflectorView& view, const Reply& reply, std::uint64_t number,
                    const Answered& answered);
  void date_waiting();
  void settle_numbers(std::uint64_t until);
  void note_refusals(const ReflectorState& state, const Answered& answered);
  bool was_closed(std::uint64_t sequence) const;
  const ReflectorView& view_of(const Filing& filing) const {
    return filing.kind == Filing::Kind::Previous ? before_ : view_;
  }

  ReflectorView view_, before_;
  std::uint64_t first_request_ = 0;  // of this epoch
  // The highest number that a request before `settled_until_` got, which are all decided.
  std::optional<std::uint64_t> settled_;
  std::uint64_t settled_until_ = 0;
  // Several states take turns. Requests before these may be known to the state before, too; to any.
  std::uint64_t either_until_ = 0, any_until_ = 0;
  bool have_before_ = false;
  std::optional<std::uint64_t> epoch_id_;
  std::optional<wire::WstpToken> token_;
  std::deque<std::uint64_t> earlier_ids_;  // of states before, the newest first
  // Replies to bare probes do not tell their epoch: their numbers wait for the next one that does.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> undated_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> dated_;
  std::uint32_t epoch_index_ = 0;
  bool ever_replied_ = false, follow_up_capable_ = false, stateful_ = false;
  DirectionSums resolved_;
  std::optional<std::uint32_t> dropped_;
  std::uint64_t refused_ = 0;
  std::uint64_t newest_counted_ = 0;  // newest request whose reply told the number of refusals
  std::deque<Refusal> refusals_;
  std::deque<Closure> closures_;
};

}  // namespace wirestamp::session
