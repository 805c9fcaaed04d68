// SPDX-License-Identifier: Apache-2.0
#include "session/port_budget.h"

#include <algorithm>

#include "session/limits.h"

namespace wirestamp::session {

bool PortBudget::may_try(SessionId session, const packet::IpAddress& peer, MonoTime now) {
  Peer& of = peers_[peer];
  if (of.trying.contains(session)) return true;
  const bool follow = of.answered_lately && now - of.answered < kPortWindow;
  if (!follow && (of.trying.size() >= kMostTryingPerPeer || trying_.size() >= kMostTrying))
    return false;
  of.trying.insert(session);
  trying_.push_back({session, now});
  return true;
}

void PortBudget::on_answered(SessionId session, const packet::IpAddress& peer, MonoTime now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.trying.erase(session) == 0) return;
  found->second.answered_lately = true;
  found->second.answered = now;
  std::erase_if(trying_, [session](const Trying& one) { return one.session == session; });
}

bool PortBudget::first_to_tell(SessionId session, MonoTime now) const {
  for (const Trying& one : trying_) {
    if (one.session == session) return true;
    if (now - one.since <= kSilentTogether) return false;
  }
  return true;
}

void PortBudget::drop_old(std::deque<MonoTime>& times, MonoTime now) {
  while (!times.empty() && now - times.front() >= kPortWindow) times.pop_front();
}

bool PortBudget::take(SessionId session, const packet::IpAddress& peer, MonoTime now) {
  std::deque<MonoTime>& own = opened_[session];
  std::deque<MonoTime>& of_peer = peers_[peer].opened;
  drop_old(own, now);
  drop_old(of_peer, now);
  if (own.size() >= kMostNewPorts || of_peer.size() >= kMostNewPortsPerPeer ||
      extra_sockets_ >= kMostExtraSockets)
    return false;
  own.push_back(now);
  of_peer.push_back(now);
  ++extra_sockets_;
  return true;
}

void PortBudget::give_back() {
  if (extra_sockets_ > 0) --extra_sockets_;
}

void PortBudget::forget(SessionId session, const packet::IpAddress& peer) {
  opened_.erase(session);
  std::erase_if(trying_, [session](const Trying& one) { return one.session == session; });
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.trying.erase(session);
  if (found->second.trying.empty() && found->second.opened.empty()) peers_.erase(found);
}

}  // namespace wirestamp::session
