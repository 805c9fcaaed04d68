// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::session {

// How many new ports the sessions of one agent may open, so that an outage of an uplink with five
// hundred sessions is no storm of new flows in every firewall on the way. Shared by the sessions of
// a measuring thread.
//
// Sessions that fall silent within kSilentTogether of each other are one event. One of them tells
// of it, and a few of them try new ports. What fell silent long before has no part in it: a peer
// that is off for a week takes no place from others.
class PortBudget {
 public:
  using SessionId = std::uint32_t;

  // A session fell silent. `expected`: its peer had said so, so it is not the one that tells.
  void on_silent(SessionId session, MonoTime now, bool expected = false);
  // Until it is answered:
  // Whether it is the one that tells of the event: the first of them, and when that one has been
  // answered for a while, the first that asks.
  bool tells(SessionId session, MonoTime now);
  // So many of one event try a new port; the others follow when one of the same peer was answered
  // since. True also for a session that is trying already.
  bool may_try(SessionId session, const packet::IpAddress& peer);
  // The session hears its peer again.
  void on_answered(SessionId session, const packet::IpAddress& peer, MonoTime now);

  // A new port beside the ones that sessions begin with. False: a bound is reached.
  bool take(SessionId session, const packet::IpAddress& peer, MonoTime now);
  // A port that take() allowed is closed again.
  void give_back();
  // The session is gone; it has given back its ports.
  void forget(SessionId session, const packet::IpAddress& peer);
  std::size_t peers() const { return peers_.size(); }  // that something is remembered of

 private:
  // By when they fell silent.
  using Sessions = std::set<std::pair<MonoTime, SessionId>>;
  struct Peer {
    Sessions trying;
    std::deque<MonoTime> opened;
    std::optional<MonoTime> answered;
  };
  struct Together {
    std::optional<SessionId> teller;
    MonoTime answered;  // when the teller was
    std::size_t silent = 0;
  };
  struct Silent {
    MonoTime since;
    std::uint64_t event;
  };
  static void drop_old(std::deque<MonoTime>& times, MonoTime now);
  static bool has_place(const Sessions& trying, MonoTime since, std::size_t places);
  void end_silence(SessionId session, const packet::IpAddress& peer, MonoTime now);
  void drop_idle_peers(MonoTime now);

  std::unordered_map<packet::IpAddress, Peer, packet::IpAddressHash> peers_;
  std::unordered_map<SessionId, std::deque<MonoTime>> opened_;
  std::unordered_map<SessionId, Silent> silent_;
  std::unordered_map<std::uint64_t, Together> events_;
  std::uint64_t newest_event_ = 0;
  std::optional<MonoTime> newest_silence_;  // of the newest event
  Sessions trying_;                         // over all peers
  std::size_t extra_sockets_ = 0;
  std::size_t look_at_ = kFewPeers;  // so many peers: those of which nothing counts are dropped

  static constexpr std::size_t kFewPeers = 64;
};

}  // namespace wirestamp::session
