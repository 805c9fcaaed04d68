// SPDX-License-Identifier: Apache-2.0
#include "session/peer.h"

#include <algorithm>

#include "session/limits.h"

namespace wirestamp::session {

namespace {
constexpr std::size_t kMaxClosures = 64;
constexpr std::size_t kMaxUndated = 64;
constexpr std::size_t kMaxEarlierIds = 8;
// A foreign reflector whose counter falls back by more than this has restarted.
constexpr std::uint64_t kRestartDistance = 64;
// What is decided is overtaken by no more requests than this (kReorderSlack of reflector_view.cc).
constexpr std::uint64_t kSettledSlack = 16;
// Who takes turns is seen again within so many requests.
constexpr std::uint64_t kTurn = 64;

std::uint64_t unwrap_in(const ReflectorView& view, std::uint32_t wire) {
  return unwrap(wire, view.newest().value_or(wire));
}

// Request and reply number of each earlier reply that the reply lists. What answers a request that
// was not sent yet is of somebody else's run.
template <typename Visit>
void for_each_listed(const Reply& reply, const Answered& answered, Visit visit) {
  for (std::size_t i = 0; i < reply.true_transmit_count; ++i) {
    const TrueTransmit& earlier = reply.true_transmits[i];
    if (!earlier.sender_sequence) continue;
    const std::uint64_t request = unwrap(*earlier.sender_sequence, answered.sequence);
    if (request < answered.next_sequence) visit(request, earlier.reflector_sequence);
  }
}
}  // namespace

std::uint64_t Peer::unwrap_reflector(std::uint32_t wire, const Filing& filing) const {
  return unwrap_in(view_of(filing), wire);
}

// A foreign reflector: its counter fell back while ours went on. No order of arrivals does that
// where the number was another request's, or where higher ones were those of requests decided long
// ago. One whose number stays the same does not count.
bool Peer::counter_fell_back(const Reply& reply, std::uint64_t sequence) const {
  if (!stateful_ || !view_.newest() || !view_.newest_request()) return false;
  const std::uint64_t number = unwrap_in(view_, reply.reflector_sequence);
  // A copy of a reply has the request of that one.
  if (number >= *view_.newest() || sequence <= *view_.newest_request()) return false;
  return number + kRestartDistance < *view_.newest() || view_.request_of(number) ||
         (settled_ && number <= *settled_);
}

// The view forgets them soon, and a restart may be later.
void Peer::settle_numbers(std::uint64_t until) {
  for (; settled_until_ < until; ++settled_until_)
    if (const auto number = view_.first_reply_to(settled_until_))
      settled_ = std::max(settled_.value_or(*number), *number);
}

// An earlier state that answers a request later than the first of the current one was not replaced:
// a NAT on the way gives the packets of one flow several sources, and so several states. What one
// of them does not know another may have answered.
bool Peer::answers_still(const Answered& answered, std::uint64_t& until) const {
  if (answered.sequence < first_request_) return false;
  until = std::max(until, answered.sequence + kTurn);
  return true;
}

// The current state answered none of so many requests before this one.
bool Peer::fell_silent_before(std::uint64_t sequence) const {
  return sequence > view_.newest_request().value_or(0) + kTurn;
}

Filing Peer::file(const Reply& reply, const Answered& answered) {
  using Kind = Filing::Kind;
  bool restarted = false, returned = false, in_turn = false, stopping = false;
  if (reply.state) {
    // No room for a session at the moment: the state of ours, if there was one, may be back later.
    if (reply.state->stateless) return {};
    const std::uint64_t id = reply.state->epoch;
    if (epoch_id_ && id != *epoch_id_) {
      const auto known = std::ranges::find(earlier_ids_, id);
      // An uplink that failed over and came back: the one that answers is the one that there is.
      returned = known != earlier_ids_.end() && fell_silent_before(answered.sequence);
      if (known != earlier_ids_.end() && known != earlier_ids_.begin() && !returned)
        return {.in_turn = answers_still(answered, any_until_)};
      if (known != earlier_ids_.end() && !returned)
        return {.kind = Kind::Previous,
                .number = unwrap_in(before_, reply.reflector_sequence),
                .epoch = epoch_index_ - 1,
                .in_turn = answers_still(answered, either_until_)};
      restarted = !returned;
      if (returned) earlier_ids_.erase(known);
      earlier_ids_.push_front(*epoch_id_);
      if (earlier_ids_.size() > kMaxEarlierIds) earlier_ids_.pop_back();
    }
    // A state keeps its token. Who tells another one has seen the epoch, and is not believed.
    if (epoch_id_ == id && token_ != reply.state->token) return {.other_token = true};
    stopping = reply.state->stopping && epoch_id_ == id;
    epoch_id_ = id;
    token_ = reply.state->token;
    stateful_ = true;
  } else if (epoch_id_) {
    return {.kind = Kind::Undated, .number = reply.reflector_sequence};
  } else {
    //= RFC5357:light-stateless
    stateful_ = stateful_ || reply.reflector_sequence != reply.sender_sequence;
    restarted = counter_fell_back(reply, answered.sequence);
  }
  if (restarted || returned) {
    in_turn = start_epoch(reply, answered);
    // What it dropped before it went was counted then.
    if (returned) dropped_ = reply.state->dropped_by_policy;
  } else if (!view_.newest()) {
    start_first_epoch(reply, answered);
  }
  return {.kind = Kind::Current,
          .number = unwrap_in(view_, reply.reflector_sequence),
          .epoch = epoch_index_,
          .restarted = restarted,
          .in_turn = in_turn,
          .stopping = stopping};
}

Filing Peer::on_reply(const Reply& reply, const Answered& answered) {
  const Filing filing = file(reply, answered);
  switch (filing.kind) {
    case Filing::Kind::Current:
      note_numbers(view_, reply, filing.number, answered);
      if (reply.state) {
        date_waiting();
        note_refusals(*reply.state, answered);
      }
      break;
    case Filing::Kind::Previous:
      note_numbers(before_, reply, filing.number, answered);
      break;
    case Filing::Kind::Undated:
      if (undated_.size() < kMaxUndated)
        undated_.emplace_back(reply.reflector_sequence, answered.sequence);
      break;
    case Filing::Kind::Unnumbered:
      break;
  }
  ever_replied_ = true;
  follow_up_capable_ |= reply.follow_up_capable;
  for (Closure& closure : closures_) closure.reopened |= answered.sequence > closure.first;
  return filing;
}

void Peer::note_numbers(ReflectorView& view, const Reply& reply, std::uint64_t number,
                        const Answered& answered) {
  view.note(number, answered.sequence);
  for_each_listed(reply, answered, [&](std::uint64_t request, std::uint32_t earlier) {
    view.note(unwrap_in(view, earlier), request);
  });
}

// The state of this moment also gave the replies that came since the last one that told.
void Peer::date_waiting() {
  for (const auto& [wire, request] : undated_) {
    const std::uint64_t number = unwrap_in(view_, wire);
    if (request >= first_request_ && view_.note(number, request))
      dated_.emplace_back(request, number);
  }
  undated_.clear();
}

// Numbers below those told now are not of our concern, unless they are known to be our own replies.
void Peer::start_first_epoch(const Reply& reply, const Answered& answered) {
  if (answered.newest_leftover) {
    view_.start_at(std::uint64_t{*answered.newest_leftover} + 1);
    if (reply.state) dropped_ = reply.state->dropped_by_policy;
    return;
  }
  Numbers first{reply.reflector_sequence, answered.sequence};
  for_each_listed(reply, answered, [&](std::uint64_t request, std::uint32_t number) {
    if (number < first.reply) first = {number, request};
  });
  // More replies than requests before this one: the counter was not at zero when we came.
  if (first.reply <= first.request) return;
  first_request_ = first.request;
  ReflectorView nothing = std::move(view_);
  view_ = ReflectorView(first_request_, nothing);
  view_.start_at(first.reply);
  if (reply.state) dropped_ = reply.state->dropped_by_policy;
}

// True when it is no new state: it answered requests before others that the one before answered.
bool Peer::start_epoch(const Reply& reply, const Answered& answered) {
  before_.resolve_all();
  resolved_ += before_.take_resolved();
  before_ = std::move(view_);
  have_before_ = true;
  settled_.reset();
  first_request_ = answered.sequence;
  std::uint64_t first_reply = reply.reflector_sequence;
  for_each_listed(reply, answered, [&](std::uint64_t request, std::uint32_t number) {
    first_request_ = std::min(first_request_, request);
    first_reply = std::min<std::uint64_t>(first_reply, number);
  });
  view_ = ReflectorView(first_request_, before_);
  // Whose request the numbers before that answered is not known, nor how many the old state did.
  view_.start_at(first_reply);
  ++epoch_index_;
  dropped_.reset();
  if (before_.newest_request().value_or(0) <= first_request_) return false;
  any_until_ = std::max(any_until_, answered.sequence + kTurn);
  return true;
}

void Peer::note_refusals(const ReflectorState& state, const Answered& answered) {
  // Overtaken by a reply that told as much: the next one tells the rest.
  if (dropped_ && answered.sequence <= newest_counted_) return;
  const std::uint32_t fresh = state.dropped_by_policy - dropped_.value_or(0);
  dropped_ = state.dropped_by_policy;
  if (static_cast<std::int32_t>(fresh) > 0) {
    refused_ += fresh;
    refusals_.push_back({newest_counted_, std::max(newest_counted_, answered.sequence), fresh});
    if (refusals_.size() > kMaxRefusals) refusals_.pop_front();
  }
  newest_counted_ = std::max(newest_counted_, answered.sequence);
}

void Peer::on_account(const wire::WstpAccount& account, std::uint64_t next_sequence) {
  // Drops by policy have no reply numbers: which requests they were is not known.
  if (!stateful_ || account.replies_sent == 0 || account.requests_seen != account.replies_sent)
    return;
  const std::uint64_t newest = view_.newest().value_or(0);
  const std::uint64_t number = unwrap(account.replies_sent - 1, newest);
  const std::uint64_t request = unwrap(account.last_sender_sequence, next_sequence);
  if (number < newest || request >= next_sequence) return;
  view_.note(number, request);
  view_.nothing_after(next_sequence);
}

void Peer::on_port_unreachable(std::uint64_t sequence) {
  if (!closures_.empty() && !closures_.back().reopened) {
    closures_.back().first = std::min(closures_.back().first, sequence);
    closures_.back().last = std::max(closures_.back().last, sequence);
    return;
  }
  closures_.push_back({sequence, sequence, false});
  if (closures_.size() > kMaxClosures) closures_.pop_front();
}

bool Peer::take_refusal(std::uint64_t sequence) {
  // They are in order and do not overlap.
  const auto refusal = std::ranges::upper_bound(refusals_, sequence, {}, &Refusal::until);
  if (refusal == refusals_.end() || refusal->after > sequence || refusal->left == 0) return false;
  --refusal->left;
  return true;
}

bool Peer::was_closed(std::uint64_t sequence) const {
  return std::ranges::any_of(closures_, [&](const Closure& closure) {
    return sequence >= closure.first && sequence <= closure.last;
  });
}

Fate Peer::fate_of(std::uint64_t sequence) const {
  const auto translate = [&](Reached reached) {
    switch (reached) {
      case Reached::Yes:
        return Fate::Backward;
      case Reached::InHole:
        return Fate::InHole;
      case Reached::No:
        return Fate::Forward;
      case Reached::Unknown:
        break;
    }
    return Fate::Unknown;
  };
  if (stateful_) {
    const Reached now = view_.reached(sequence);
    if (now == Reached::Yes) return Fate::Backward;
    if (have_before_) {
      const Reached earlier = before_.reached(sequence);
      if (earlier == Reached::Yes) return Fate::Backward;
      if (sequence < any_until_) return was_closed(sequence) ? Fate::PeerClosed : Fate::Unknown;
      if (sequence < either_until_ && now == Reached::No && !was_closed(sequence))
        return translate(earlier);
      if (sequence < first_request_) {
        // Not seen by the new state. The old one may have answered it just before it died.
        if (was_closed(sequence)) return Fate::PeerClosed;
        return translate(earlier);
      }
    }
    if (was_closed(sequence) && now != Reached::InHole) return Fate::PeerClosed;
    return translate(now);
  }
  return was_closed(sequence) ? Fate::PeerClosed : Fate::Unknown;
}

unsigned Peer::replies_to(std::uint64_t sequence) const {
  return view_.replies_to(sequence) + (have_before_ ? before_.replies_to(sequence) : 0);
}

std::optional<std::uint64_t> Peer::first_reply_to(std::uint64_t sequence,
                                                  std::uint32_t epoch) const {
  if (epoch == epoch_index_) return view_.first_reply_to(sequence);
  if (have_before_ && epoch + 1 == epoch_index_) return before_.first_reply_to(sequence);
  return std::nullopt;
}

std::optional<std::uint64_t> Peer::request_of(std::uint32_t wire, const Filing& filing) const {
  const ReflectorView& view = view_of(filing);
  return view.request_of(unwrap_in(view, wire));
}

std::optional<std::uint64_t> Peer::newest_request() const { return view_.newest_request(); }

void Peer::give_up(std::uint64_t sequence, bool counted) {
  if (have_before_ && sequence < std::max(either_until_, any_until_)) {
    // Whose hole it is in is known only where the other one has none.
    const bool one = counted && sequence >= any_until_;
    const bool in_view = view_.reached(sequence) != Reached::No;
    const bool in_before = before_.reached(sequence) != Reached::No;
    if (in_view) view_.give_up(sequence, one && !in_before);
    if (in_before) before_.give_up(sequence, one && !in_view);
    return;
  }
  (have_before_ && sequence < first_request_ ? before_ : view_).give_up(sequence, counted);
}

DirectionSums Peer::take_resolved() {
  if (!stateful_) return {};
  resolved_ += view_.take_resolved();
  resolved_ += before_.take_resolved();
  return std::exchange(resolved_, {});
}

void Peer::resolve_all() {
  view_.resolve_all();
  before_.resolve_all();
}

void Peer::forget_before(std::uint64_t sequence) {
  if (!epoch_id_ && sequence > kSettledSlack) settle_numbers(sequence - kSettledSlack);
  view_.forget_before(sequence);
  before_.forget_before(sequence);
  while (!refusals_.empty() && refusals_.front().until <= sequence) refusals_.pop_front();
}

}  // namespace wirestamp::session
