// SPDX-License-Identifier: Apache-2.0
#include "session/peer.h"

#include <algorithm>

namespace wirestamp::session {

namespace {
constexpr std::size_t kMaxRefusals = 1'024;
constexpr std::size_t kMaxClosures = 64;
constexpr std::size_t kMaxUndated = 64;
// A foreign reflector whose counter falls back by more than this has restarted.
constexpr std::uint64_t kRestartDistance = 64;
}  // namespace

std::uint64_t Peer::unwrap_reflector(std::uint32_t wire) const {
  return unwrap(wire, view_.newest().value_or(wire));
}

bool Peer::detect_restart(const Reply& reply, std::uint64_t reflector_sequence,
                          std::uint64_t sender_sequence) {
  if (reply.state) return epoch_id_ && *epoch_id_ != reply.state->epoch;
  // A foreign reflector: its counter fell back while ours went on.
  return !epoch_id_ && stateful_ && view_.newest() && view_.newest_request() &&
         reflector_sequence + kRestartDistance < *view_.newest() &&
         sender_sequence > *view_.newest_request();
}

void Peer::note_numbers(const Reply& reply, std::uint64_t reflector_sequence,
                        std::uint64_t sender_sequence) {
  if (epoch_id_ && !reply.state) {
    if (undated_.size() < kMaxUndated)
      undated_.emplace_back(reply.reflector_sequence, sender_sequence);
    return;
  }
  view_.note(reflector_sequence, sender_sequence);
  for (std::size_t i = 0; i < reply.true_transmit_count; ++i) {
    const TrueTransmit& earlier = reply.true_transmits[i];
    if (!earlier.sender_sequence) continue;
    view_.note(unwrap_reflector(earlier.reflector_sequence),
               unwrap(*earlier.sender_sequence, sender_sequence));
  }
  for (const auto& [number, request] : undated_)
    if (request >= first_request_) view_.note(unwrap_reflector(number), request);
  undated_.clear();
}

bool Peer::on_reply(const Reply& reply, std::uint64_t reflector_sequence,
                    std::uint64_t sender_sequence) {
  const bool restarted = detect_restart(reply, reflector_sequence, sender_sequence);
  if (restarted) {
    start_epoch(reply, sender_sequence);
    reflector_sequence = reply.reflector_sequence;
  }
  if (reply.state) {
    stateless_ = reply.state->stateless;
    stateful_ = !stateless_;
    if (stateful_) epoch_id_ = reply.state->epoch;
  } else if (!stateful_) {
    stateful_ = reply.reflector_sequence != reply.sender_sequence;
  }
  if (!view_.newest() && !reply.state && reply.reflector_sequence > sender_sequence)
    view_.start_at(reply.reflector_sequence);
  ever_replied_ = true;
  follow_up_capable_ |= reply.follow_up_capable;
  note_numbers(reply, reflector_sequence, sender_sequence);
  if (reply.state) note_refusals(*reply.state, sender_sequence);
  for (Closure& closure : closures_) closure.reopened |= sender_sequence > closure.first;
  return restarted;
}

void Peer::start_epoch(const Reply& reply, std::uint64_t sender_sequence) {
  before_.resolve_all();
  resolved_ += before_.take_resolved();
  before_ = std::move(view_);
  have_before_ = true;
  first_request_ = sender_sequence;
  for (std::size_t i = 0; i < reply.true_transmit_count; ++i)
    if (const auto& earlier = reply.true_transmits[i].sender_sequence)
      first_request_ = std::min(first_request_, unwrap(*earlier, sender_sequence));
  view_ = ReflectorView(first_request_);
  view_.take_over(before_);
  ++epoch_index_;
  dropped_.reset();
}

void Peer::note_refusals(const ReflectorState& state, std::uint64_t sender_sequence) {
  const std::uint32_t fresh = state.dropped_by_policy - dropped_.value_or(0);
  const bool forward = static_cast<std::int32_t>(fresh) > 0;
  if (forward) {
    refusals_.push_back({newest_counted_, std::max(newest_counted_, sender_sequence), fresh});
    refused_ += fresh;
    if (refusals_.size() > kMaxRefusals) refusals_.pop_front();
  }
  if (forward || !dropped_) dropped_ = state.dropped_by_policy;
  newest_counted_ = std::max(newest_counted_, sender_sequence);
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

bool Peer::was_refused(std::uint64_t sequence) const {
  return std::ranges::any_of(refusals_, [&](const Refusal& refusal) {
    return sequence >= refusal.after && sequence < refusal.until;
  });
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
        return was_refused(sequence) ? Fate::Refused : Fate::Forward;
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

std::optional<std::uint64_t> Peer::request_of(std::uint64_t reflector_sequence) const {
  return view_.request_of(reflector_sequence);
}

std::optional<std::uint64_t> Peer::newest_request() const { return view_.newest_request(); }

void Peer::give_up(std::uint64_t sequence, bool counted) {
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
  view_.forget_before(sequence);
  before_.forget_before(sequence);
  while (!refusals_.empty() && refusals_.front().until < sequence && refusals_.size() > 1)
    refusals_.pop_front();
}

}  // namespace wirestamp::session
