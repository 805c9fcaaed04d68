// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <unordered_map>

#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::session {

// How many new ports the sessions of one agent may open, so that an outage of an uplink with five
// hundred sessions is no storm of new flows in every firewall on the way. Shared by the sessions of
// a measuring thread.
class PortBudget {
 public:
  using SessionId = std::uint32_t;

  // Sessions that fall silent together: so many try a new port, the rest follow only when one of
  // them is answered. True also for a session that is trying already.
  bool may_try(SessionId session, const packet::IpAddress& peer, MonoTime now);
  // The session hears its peer again.
  void on_answered(SessionId session, const packet::IpAddress& peer, MonoTime now);
  // Of sessions that fall silent within the same few seconds the first one tells of it.
  bool first_to_tell(SessionId session, MonoTime now) const;

  // A new port beside the ones that sessions begin with. False: a bound is reached.
  bool take(SessionId session, const packet::IpAddress& peer, MonoTime now);
  // A port that take() allowed is closed again.
  void give_back();
  void forget(SessionId session, const packet::IpAddress& peer);

 private:
  struct Peer {
    std::set<SessionId> trying;
    std::deque<MonoTime> opened;
    bool answered_lately = false;
    MonoTime answered;
  };
  static void drop_old(std::deque<MonoTime>& times, MonoTime now);

  std::unordered_map<packet::IpAddress, Peer, packet::IpAddressHash> peers_;
  std::unordered_map<SessionId, std::deque<MonoTime>> opened_;
  struct Trying {
    SessionId session = 0;
    MonoTime since;
  };
  std::deque<Trying> trying_;  // over all peers, in the order they fell silent
  std::size_t extra_sockets_ = 0;
};

}  // namespace wirestamp::session
