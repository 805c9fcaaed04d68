// SPDX-License-Identifier: Apache-2.0
#include "session/port_budget.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "session/limits.h"

namespace wirestamp::session {

void PortBudget::on_silent(SessionId session, MonoTime now, bool expected) {
  if (silent_.contains(session)) return;
  const bool joins = events_.contains(newest_event_) && newest_silence_ &&
                     now - *newest_silence_ <= kSilentTogether;
  if (!joins) {
    Together& event = events_[++newest_event_];
    event.answered = now - kSilentTogether * 2;
    if (!expected) event.teller = session;
  }
  newest_silence_ = now;
  ++events_[newest_event_].silent;
  silent_[session] = {.since = now, .event = newest_event_};
}

bool PortBudget::tells(SessionId session, MonoTime now) {
  const auto silent = silent_.find(session);
  if (silent == silent_.end()) return false;
  Together& event = events_.at(silent->second.event);
  if (!event.teller && now - event.answered > kSilentTogether) event.teller = session;
  return event.teller == session;
}

bool PortBudget::has_place(const Sessions& trying, MonoTime since, std::size_t places) {
  std::size_t together = 0;
  for (auto one = trying.lower_bound({since - kSilentTogether, 0});
       one != trying.end() && one->first <= since + kSilentTogether; ++one)
    if (++together >= places) return false;
  return true;
}

bool PortBudget::may_try(SessionId session, const packet::IpAddress& peer) {
  const auto silent = silent_.find(session);
  CHECK(silent != silent_.end());
  const MonoTime since = silent->second.since;
  Peer& of = peers_[peer];
  if (of.trying.contains({since, session})) return true;
  const bool follows = of.answered && *of.answered > since;
  if (!follows &&
      (!has_place(of.trying, since, kMostTryingPerPeer) || !has_place(trying_, since, kMostTrying)))
    return false;
  of.trying.emplace(since, session);
  trying_.emplace(since, session);
  return true;
}

// It is not silent any more.
void PortBudget::end_silence(SessionId session, const packet::IpAddress& peer, MonoTime now) {
  const auto silent = silent_.find(session);
  if (silent == silent_.end()) return;
  const std::pair<MonoTime, SessionId> entry{silent->second.since, session};
  trying_.erase(entry);
  if (const auto of = peers_.find(peer); of != peers_.end()) of->second.trying.erase(entry);
  const auto event = events_.find(silent->second.event);
  if (event->second.teller == session) {
    event->second.teller.reset();
    event->second.answered = now;
  }
  if (--event->second.silent == 0) events_.erase(event);
  silent_.erase(silent);
}

void PortBudget::on_answered(SessionId session, const packet::IpAddress& peer, MonoTime now) {
  const auto silent = silent_.find(session);
  if (silent == silent_.end()) return;
  const auto of = peers_.find(peer);
  if (of != peers_.end() && of->second.trying.contains({silent->second.since, session}))
    of->second.answered = now;
  end_silence(session, peer, now);
}

void PortBudget::drop_old(std::deque<MonoTime>& times, MonoTime now) {
  while (!times.empty() && now - times.front() >= kPortWindow) times.pop_front();
}

// Sessions move on to other addresses: what is known of the old ones has its time.
void PortBudget::drop_idle_peers(MonoTime now) {
  if (peers_.size() < look_at_) return;
  for (auto one = peers_.begin(); one != peers_.end();) {
    Peer& peer = one->second;
    drop_old(peer.opened, now);
    const bool answered_lately = peer.answered && now - *peer.answered < kPortWindow;
    const bool idle = peer.trying.empty() && peer.opened.empty() && !answered_lately;
    one = idle ? peers_.erase(one) : std::next(one);
  }
  look_at_ = std::max(kFewPeers, 2 * peers_.size());
}

bool PortBudget::take(SessionId session, const packet::IpAddress& peer, MonoTime now) {
  drop_idle_peers(now);
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
  CHECK(extra_sockets_ > 0);
  --extra_sockets_;
}

void PortBudget::forget(SessionId session, const packet::IpAddress& peer) {
  opened_.erase(session);
  if (const auto silent = silent_.find(session); silent != silent_.end())
    end_silence(session, peer, silent->second.since);
  const auto found = peers_.find(peer);
  if (found != peers_.end() && found->second.trying.empty() && found->second.opened.empty())
    peers_.erase(found);
}

}  // namespace wirestamp::session
