// SPDX-License-Identifier: Apache-2.0
#include "session/session_table.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "session/limits.h"
#include "session/reflector_policy.h"

namespace wirestamp::session {

namespace {
// An active session is not evicted for a newcomer: twenty probes at the default rate.
constexpr Duration kEvictableAfter = Duration::seconds(10);
// Per packet without a session, so that none of them waits for a whole table.
constexpr unsigned kMostEvictedAtOnce = 4;
constexpr unsigned kSequenceBits = 30;
constexpr std::uint64_t kSequenceMask = (1U << kSequenceBits) - 1;
// What a reflector has of a packet::Token; the rest names the owner of the datagram.
constexpr unsigned kNameBits = 44;
static_assert(kMaxReflectorSessions <= std::size_t{1} << (kNameBits - kSequenceBits),
              "the names of replies have no room for so many sessions");
}  // namespace

std::size_t SessionKeyHash::operator()(const SessionKey& key) const noexcept {
  const packet::EndpointHash hash;
  std::size_t value = hash(key.remote);
  value = value * 0x9e3779b97f4a7c15U + hash(key.local);
  return value * 0x9e3779b97f4a7c15U + key.ssid;
}

void ReflectorSession::see(std::uint32_t sender_sequence) {
  const auto ahead = static_cast<std::int32_t>(sender_sequence - last_sender_sequence);
  if (!seen || ahead > 0) last_sender_sequence = sender_sequence;
  seen = true;
}

const SentReply* ReflectorSession::newest(std::size_t back) const {
  if (back >= kRemembered || back >= replies_sent) return nullptr;
  return &replies[(next_sequence - 1 - back) % kRemembered];
}

const SentReply* ReflectorSession::newest_with_stamp() const {
  for (std::size_t back = 0; const SentReply* reply = newest(back); ++back)
    if (reply->departed) return reply;
  return nullptr;
}

SessionTable::SessionTable(std::function<std::uint64_t()> random) : random_(std::move(random)) {}

ReflectorSession* SessionTable::find(const SessionKey& key) {
  const auto known = index_.find(key);
  return known == index_.end() ? nullptr : &slots_[known->second].session;
}

void SessionTable::unlink(std::uint32_t slot) {
  const Slot& s = slots_[slot];
  (s.older == kNone ? oldest_ : slots_[s.older].newer) = s.newer;
  (s.newer == kNone ? newest_ : slots_[s.newer].older) = s.older;
}

void SessionTable::link_newest(std::uint32_t slot) {
  slots_[slot].older = newest_;
  slots_[slot].newer = kNone;
  (newest_ == kNone ? oldest_ : slots_[newest_].newer) = slot;
  newest_ = slot;
}

void SessionTable::forget_source(const packet::IpAddress& source) {
  const auto counted = per_source_.find(rate_key(source));
  CHECK(counted != per_source_.end());
  if (--counted->second == 0) per_source_.erase(counted);
}

void SessionTable::evict_oldest() {
  const std::uint32_t slot = oldest_;
  unlink(slot);
  ReflectorSession& session = slots_[slot].session;
  index_.erase(session.key);
  by_token_.erase(base::load_be<std::uint64_t>(session.token, 0));
  forget_source(session.key.remote.address);
  session = ReflectorSession{};
  free_.push_back(slot);
  ++evicted_;
}

std::optional<std::uint32_t> SessionTable::make_room(MonoTime now) {
  const auto idle_for = [&](Duration time) {
    return oldest_ != kNone && now - slots_[oldest_].session.last_used > time;
  };
  if (free_.empty() && slots_.size() >= kMaxReflectorSessions && idle_for(kEvictableAfter))
    evict_oldest();
  if (free_.empty()) {
    if (slots_.size() >= kMaxReflectorSessions) return std::nullopt;
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

ReflectorSession* SessionTable::find_or_create(const SessionKey& key, MonoTime now) {
  if (const auto known = index_.find(key); known != index_.end()) {
    const std::uint32_t slot = known->second;
    if (slot != newest_) {
      unlink(slot);
      link_newest(slot);
    }
    slots_[slot].session.last_used = now;
    return &slots_[slot].session;
  }
  // Before the sessions of the source are counted: some of them may be among these.
  for (unsigned n = 0; n < kMostEvictedAtOnce && oldest_ != kNone; ++n) {
    if (now - slots_[oldest_].session.last_used <= kSessionIdle) break;
    evict_oldest();
  }
  const packet::IpAddress source = rate_key(key.remote.address);
  const auto held = per_source_.find(source);
  if (held != per_source_.end() && held->second >= kMaxSessionsPerSource) return nullptr;
  const std::optional<std::uint32_t> slot = make_room(now);
  if (!slot) return nullptr;
  ReflectorSession& session = slots_[*slot].session;
  session = ReflectorSession{};
  session.key = key;
  session.epoch = random_();
  base::store_be<std::uint64_t>(session.token, 0, random_());
  base::store_be<std::uint64_t>(session.token, 8, random_());
  session.last_used = now;
  index_.emplace(key, *slot);
  by_token_.insert_or_assign(base::load_be<std::uint64_t>(session.token, 0), *slot);
  ++per_source_[source];
  link_newest(*slot);
  ++created_;
  return &session;
}

const ReflectorSession* SessionTable::find_token(const std::array<std::byte, 16>& token) const {
  const auto known = by_token_.find(base::load_be<std::uint64_t>(token, 0));
  if (known == by_token_.end()) return nullptr;
  const ReflectorSession& session = slots_[known->second].session;
  return session.token == token ? &session : nullptr;
}

std::uint64_t SessionTable::name_of(const ReflectorSession& session,
                                    std::uint32_t reflector_sequence) const {
  const auto known = index_.find(session.key);
  CHECK(known != index_.end());
  return (std::uint64_t{known->second} << kSequenceBits) | (reflector_sequence & kSequenceMask);
}

SentReply* SessionTable::find_reply(std::uint64_t name) {
  const std::uint64_t slot = name >> kSequenceBits;
  if (slot >= slots_.size()) return nullptr;
  ReflectorSession& session = slots_[slot].session;
  SentReply& reply = session.replies[name % ReflectorSession::kRemembered];
  if ((reply.reflector_sequence & kSequenceMask) != (name & kSequenceMask)) return nullptr;
  return &reply;
}

}  // namespace wirestamp::session
