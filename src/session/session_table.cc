// SPDX-License-Identifier: Apache-2.0
#include "session/session_table.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "session/limits.h"
#include "session/reflector_policy.h"

namespace wirestamp::session {

namespace {
// An active session is not evicted for another: twenty probes at the default rate.
constexpr Duration kEvictableAfter = Duration::seconds(10);
constexpr Duration kEstablishedAfter = Duration::seconds(10);
constexpr std::uint64_t kEstablishedReplies = 10;
// Per packet without a session, so that none of them waits for a whole table.
constexpr unsigned kMostEvictedAtOnce = 4;
constexpr unsigned kSequenceBits = 30;
constexpr std::uint64_t kSequenceMask = (1U << kSequenceBits) - 1;
// What a reflector has of a packet::Token; the rest names the owner of the datagram.
constexpr unsigned kNameBits = 44;
static_assert(kMaxReflectorSessions <= std::size_t{1} << (kNameBits - kSequenceBits),
              "the names of replies have no room for so many sessions");
}  // namespace

namespace {

std::uint64_t word_of(const packet::IpAddress& address, std::size_t offset) {
  return base::load_be<std::uint64_t>(address.octets(), offset);
}

void forget(auto& held, const packet::IpAddress& whose) {
  const auto counted = held.find(whose);
  CHECK(counted != held.end());
  if (--counted->second == 0) held.erase(counted);
}

bool too_many(const auto& held, const packet::IpAddress& whose, std::size_t limit) {
  const auto counted = held.find(whose);
  return counted != held.end() && counted->second >= limit;
}

}  // namespace

std::size_t SessionKeyHash::operator()(const SessionKey& key) const noexcept {
  const packet::Endpoint& from = key.remote;
  const packet::Endpoint& to = key.local;
  const std::uint64_t numbers =
      (std::uint64_t{from.port} << 32U) | (std::uint64_t{to.port} << 16U) | key.ssid;
  return hash(std::array{word_of(from.address, 0), word_of(from.address, 8), word_of(to.address, 0),
                         word_of(to.address, 8), numbers,
                         (std::uint64_t{from.interface} << 32U) | to.interface});
}

std::size_t SourceHash::operator()(const packet::IpAddress& address) const noexcept {
  return hash(std::array{word_of(address, 0), word_of(address, 8)});
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

SessionTable::SessionTable(std::function<std::uint64_t()> random)
    : random_(std::move(random)),
      index_(0, SessionKeyHash{{random_(), random_()}}),
      per_source_(0, SourceHash{{random_(), random_()}}),
      per_network_(0, per_source_.hash_function()) {}

ReflectorSession* SessionTable::find(const SessionKey& key) {
  const auto known = index_.find(key);
  return known == index_.end() ? nullptr : &slots_[known->second].session;
}

void SessionTable::unlink(std::uint32_t slot) {
  const Slot& s = slots_[slot];
  List& list = list_of(s.session);
  (s.older == kNone ? list.oldest : slots_[s.older].newer) = s.newer;
  (s.newer == kNone ? list.newest : slots_[s.newer].older) = s.older;
}

void SessionTable::link_newest(std::uint32_t slot) {
  List& list = list_of(slots_[slot].session);
  slots_[slot].older = list.newest;
  slots_[slot].newer = kNone;
  (list.newest == kNone ? list.oldest : slots_[list.newest].newer) = slot;
  list.newest = slot;
}

void SessionTable::evict(std::uint32_t slot) {
  unlink(slot);
  ReflectorSession& session = slots_[slot].session;
  if (session.established) --established_count_;
  const packet::IpAddress& source = session.key.remote.address;
  forget(per_source_, rate_key(source));
  forget(per_network_, network_key(source));
  by_token_.erase(base::load_be<std::uint64_t>(session.token, 0));
  index_.erase(session.key);
  session = ReflectorSession{};
  free_.push_back(slot);
  ++evicted_;
}

void SessionTable::evict_idle(List& list, Duration idle, unsigned at_most, MonoTime now) {
  for (unsigned n = 0; n < at_most && list.oldest != kNone; ++n) {
    if (now - slots_[list.oldest].session.last_used <= idle) return;
    evict(list.oldest);
  }
}

std::optional<std::uint32_t> SessionTable::make_room(MonoTime now) {
  if (free_.empty() && slots_.size() >= kMaxReflectorSessions)
    evict_idle(newcomers_, kEvictableAfter, 1, now);
  if (free_.empty()) {
    if (slots_.size() >= kMaxReflectorSessions) return std::nullopt;
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void SessionTable::use(ReflectorSession& session, MonoTime now) {
  const bool rises = !session.established && session.replies_sent >= kEstablishedReplies &&
                     now - session.created >= kEstablishedAfter &&
                     established_count_ < kMaxEstablishedSessions;
  session.last_used = now;
  const std::uint32_t slot = session.slot;
  CHECK(&slots_[slot].session == &session);
  if (!rises && slot == list_of(session).newest) return;
  unlink(slot);
  if (rises) {
    session.established = true;
    ++established_count_;
  }
  link_newest(slot);
}

ReflectorSession* SessionTable::find_or_create(const SessionKey& key, MonoTime now) {
  if (ReflectorSession* known = find(key)) {
    use(*known, now);
    return known;
  }
  // Before the sessions of the source are counted: some of them may be among these.
  for (List* list : {&newcomers_, &established_})
    evict_idle(*list, kSessionIdle, kMostEvictedAtOnce, now);
  const packet::IpAddress source = rate_key(key.remote.address);
  const packet::IpAddress network = network_key(key.remote.address);
  if (too_many(per_source_, source, kMaxSessionsPerSource)) return nullptr;
  if (too_many(per_network_, network, kMaxSessionsPerNetwork)) return nullptr;
  const std::optional<std::uint32_t> slot = make_room(now);
  if (!slot) return nullptr;
  ReflectorSession& session = slots_[*slot].session;
  session = ReflectorSession{};
  session.key = key;
  session.slot = *slot;
  session.epoch = random_();
  base::store_be<std::uint64_t>(session.token, 0, random_());
  base::store_be<std::uint64_t>(session.token, 8, random_());
  session.created = session.last_used = now;
  index_.emplace(key, *slot);
  by_token_.insert_or_assign(base::load_be<std::uint64_t>(session.token, 0), *slot);
  ++per_source_[source];
  ++per_network_[network];
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
  return (std::uint64_t{session.slot} << kSequenceBits) | (reflector_sequence & kSequenceMask);
}

SentReply* SessionTable::find_reply(std::uint64_t name) {
  const std::uint64_t slot = name >> kSequenceBits;
  if (slot >= slots_.size()) return nullptr;
  ReflectorSession& session = slots_[slot].session;
  SentReply& reply = session.replies[name % ReflectorSession::kRemembered];
  if ((reply.reflector_sequence & kSequenceMask) != (name & kSequenceMask)) return nullptr;
  return &reply;
}

ReflectorSession* SessionTable::session_of(std::uint64_t name) {
  if (find_reply(name) == nullptr) return nullptr;
  return &slots_[name >> kSequenceBits].session;
}

}  // namespace wirestamp::session
