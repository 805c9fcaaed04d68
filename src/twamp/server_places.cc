// SPDX-License-Identifier: Apache-2.0
//
// Who gets a place (RFC 4656 6: limits are a must). A handshake proves an address, and nothing else
// about a client, so that any stranger can connect as often as it likes. Therefore
//
//  - strangers have three quarters of the places, the rest are for clients that the operator lists
//    and for those that prove a key: when strangers have theirs, a newcomer is offered the modes
//    with a key alone;
//  - an address and a network have a share;
//  - who connects and says nothing keeps its place until somebody else wants it: first those of the
//    network that has most of that kind, and the oldest of them;
//  - a client that lost its power, or its place in a NAT, leaves its connections here: those that
//    run no session give way to a newcomer of the same address, whom a share of dead ones would
//    lock out.
#include <algorithm>
#include <map>
#include <tuple>

#include "twamp/server_connection.h"

namespace wirestamp::twamp {

// Where the mode of a place is what a listed client or a key needs.
//= RFC4656:limits
Server::Place Server::place_for(const Connection& newcomer, MonoTime now) {
  if (!has_share(newcomer, now)) return {.modes = 0, .refusal = Ending::Share};
  const auto strangers =
      static_cast<std::size_t>(std::ranges::count_if(connections_, [&](const auto& entry) {
        return entry.first != newcomer.id && entry.second.stranger();
      }));
  const bool full = connections_.size() > options_.limits.connections;  // with the newcomer
  const bool crowded = newcomer.stranger() && strangers >= options_.limits.strangers;
  if ((!full && !crowded) || make_room(newcomer, now)) return {.modes = options_.modes};
  if (full) return {.modes = 0};
  const std::uint32_t features = ~(wire::kTwampOpen | kKeyedModes);
  if ((options_.modes & kKeyedModes) == 0) return {.modes = 0};
  ++counters_.keys_only;
  return {.modes = options_.modes & (kKeyedModes | features)};
}

// Of its own address or network an older connection gives way to a newer one: of the address also
// one that is set up but idle, which is nobody else's loss.
bool Server::has_share(const Connection& newcomer, MonoTime now) {
  const Limits& limits = options_.limits;
  std::size_t of_client = 0, of_network = 0;
  Connection *client = nullptr, *network = nullptr;  // the first to go of those that may
  // Those that are set up last; of each kind who said nothing for longest.
  const auto rank = [](const Connection& one) { return std::tuple(!one.half_open(), one.heard); };
  for (auto& [id, one] : connections_) {
    if (id == newcomer.id || one.network != newcomer.network) continue;
    const bool silent = one.half_open() && now - one.connected >= limits.set_up_grace;
    const auto note = [&](std::size_t& count, Connection*& first, bool may_go) {
      ++count;
      if (may_go && (first == nullptr || rank(one) < rank(*first))) first = &one;
    };
    if (one.client == newcomer.client) note(of_client, client, silent || one.idle(limits, now));
    if (one.stranger()) note(of_network, network, silent);
  }
  const bool full = of_client >= limits.connections_per_address;
  if (full && client == nullptr) return false;
  // With a stranger of its address its network has one less, too.
  const bool crowded = newcomer.stranger() && !(full && client->stranger()) &&
                       of_network >= limits.strangers_per_network;
  if (crowded && network == nullptr) return false;
  if (crowded) end(network->id, Ending::GivenWay);
  if (full) end(client->id, Ending::GivenWay);
  return true;
}

bool Server::make_room(const Connection& newcomer, MonoTime now) {
  const Limits& limits = options_.limits;
  std::map<packet::IpAddress, std::size_t> half_open;  // of each network, the newcomer included
  for (const auto& [id, one] : connections_)
    if (one.half_open() && one.stranger()) ++half_open[one.network];
  const auto has = [&](const packet::IpAddress& network) {
    const auto found = half_open.find(network);
    return found == half_open.end() ? std::size_t{0} : found->second;
  };
  // A newcomer's equal has its grace; who takes more than others of that has none.
  const auto may_go = [&](const Connection& one) {
    if (one.id == newcomer.id || !one.stranger()) return false;
    if (!one.half_open()) return one.idle(limits, now);
    return newcomer.peer.listed || now - one.connected >= limits.set_up_grace ||
           has(one.network) > has(newcomer.network);
  };
  // Those that are set up last; of the others the largest crowd first, then the oldest.
  const auto rank = [&](const Connection& one) {
    return std::tuple(!one.half_open(), one.half_open() ? ~has(one.network) : 0, one.connected);
  };
  const Connection* victim = nullptr;
  for (const auto& [id, one] : connections_)
    if (may_go(one) && (victim == nullptr || rank(one) < rank(*victim))) victim = &one;
  if (victim == nullptr) return false;
  end(victim->id, Ending::GivenWay);
  return true;
}

//= RFC4656:limits
bool Server::session_limit_reached(const Connection& connection) const {
  const Limits& limits = options_.limits;
  if (connection.sessions.size() >= limits.sessions_per_connection) return true;
  if (sessions_.size() >= limits.sessions) return true;
  if (!connection.stranger()) return false;
  std::size_t strangers = 0, of_network = 0, of_client = 0;
  for (const auto& [number, held] : sessions_) {
    if (!held.stranger) continue;
    ++strangers;
    if (held.network == connection.network) ++of_network;
    if (held.client == connection.client) ++of_client;
  }
  return strangers >= limits.stranger_sessions ||
         of_network >= limits.stranger_sessions_per_network ||
         of_client >= limits.stranger_sessions_per_address;
}

}  // namespace wirestamp::twamp
