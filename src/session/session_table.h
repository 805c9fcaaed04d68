// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.h"
#include "packet/address.h"
#include "packet/datagram.h"
#include "session/replay_window.h"
#include "time/duration.h"
#include "time/timestamp.h"

namespace wirestamp::session {

// RFC 8972 3: a session is the 4-tuple and the SSID.
struct SessionKey {
  packet::Endpoint remote, local;
  std::uint16_t ssid = 0;
  bool operator==(const SessionKey&) const = default;
};

// Remote ends and SSIDs are chosen by strangers.
struct SessionKeyHash {
  base::KeyedHash<> hash;
  std::size_t operator()(const SessionKey& key) const noexcept;
};
struct SourceHash {
  base::KeyedHash<> hash;
  std::size_t operator()(const packet::IpAddress& address) const noexcept;
};

// A reply that was sent, and its true transmit stamp once known.
struct SentReply {
  std::uint32_t sender_sequence = 0;
  std::uint32_t reflector_sequence = 0;
  std::optional<Timestamp> departed;
};

struct ReflectorSession {
  static constexpr std::size_t kRemembered = 8;

  SessionKey key;
  std::uint32_t next_sequence = 0;  // RFC 8762 4.3: the stateful reflector's own counter
  std::uint64_t epoch = 0;
  std::array<std::byte, 16> token{};
  std::uint32_t dropped_by_policy = 0;
  std::uint32_t last_sender_sequence = 0;  // of all requests seen, by RFC 1982
  bool seen = false;
  std::array<SentReply, kRemembered> replies;  // by reflector sequence modulo 8
  std::uint64_t replies_sent = 0;
  MonoTime created, last_used;
  bool established = false;  // see SessionTable
  std::uint32_t slot = 0;    // the table's

  ReplayWindow replays;
  // Requests that wanted no reply, and replies that the system did not take.
  std::uint32_t unanswered = 0, send_failed = 0;

  // RFC 8972 4.5, modulo 2^32.
  std::uint32_t requests_received() const {
    return static_cast<std::uint32_t>(replies_sent) + dropped_by_policy + unanswered;
  }
  std::uint32_t packets_sent() const { return next_sequence - send_failed; }

  void see(std::uint32_t sender_sequence);

  const SentReply* newest(std::size_t back) const;  // 0: the newest; nullptr: there is none
};

// The reflector's sessions: bounded, and fair to those that were there first. Forged sources cost
// an attacker nothing, so sessions begin as newcomers, and one that was answered ten times over ten
// seconds or more is established. A newcomer's place goes to another after ten idle seconds when
// the table is full; the place of an established one only after kSessionIdle, and at most three
// quarters of the table are established. Who finds no room is answered without state and gets a
// place by asking again. A source, and a network, that holds too many gets no more until some of
// its own are idle, so one guest cannot push out the others.
class SessionTable {
 public:
  // `random` gives 64 unpredictable bits per call: epochs and tokens come from it.
  explicit SessionTable(std::function<std::uint64_t()> random);

  ReflectorSession* find(const SessionKey& key);
  // nullptr: no room; answer without state.
  ReflectorSession* find_or_create(const SessionKey& key, MonoTime now);
  // One that find() gave is used.
  void use(ReflectorSession& session, MonoTime now);

  // By its token, without using it.
  const ReflectorSession* find_token(const std::array<std::byte, 16>& token) const;

  // A name for one sent reply that fits into a packet::Token; stale names are recognised.
  std::uint64_t name_of(const ReflectorSession& session, std::uint32_t reflector_sequence) const;
  SentReply* find_reply(std::uint64_t name);
  // The session of that name; nullptr: the reply is not among its last ones.
  ReflectorSession* session_of(std::uint64_t name);

  std::uint64_t created() const { return created_; }
  std::uint64_t evicted() const { return evicted_; }
  std::size_t size() const { return index_.size(); }
  std::size_t established() const { return established_count_; }

 private:
  struct Slot {
    ReflectorSession session;
    std::uint32_t older, newer;  // in its list
  };
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  struct List {  // in order of use
    std::uint32_t oldest = kNone, newest = kNone;
  };
  using Held = std::unordered_map<packet::IpAddress, std::uint32_t, SourceHash>;

  List& list_of(const ReflectorSession& session) {
    return session.established ? established_ : newcomers_;
  }
  void unlink(std::uint32_t slot);
  void link_newest(std::uint32_t slot);
  void evict(std::uint32_t slot);  // it is free then
  void evict_idle(List& list, Duration idle, unsigned at_most, MonoTime now);
  std::optional<std::uint32_t> make_room(MonoTime now);

  std::function<std::uint64_t()> random_;
  std::unordered_map<SessionKey, std::uint32_t, SessionKeyHash> index_;
  // Tokens are random, so half of one is a hash of it.
  std::unordered_map<std::uint64_t, std::uint32_t> by_token_;
  Held per_source_, per_network_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  List newcomers_, established_;
  std::size_t established_count_ = 0;
  std::uint64_t created_ = 0, evicted_ = 0;
};

}  // namespace wirestamp::session
