// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "twamp/server.h"

namespace wirestamp::twamp {

inline packet::IpAddress first_octets(const packet::IpAddress& address, std::size_t kept) {
  auto octets = address.octets();
  std::fill(octets.begin() + static_cast<std::ptrdiff_t>(kept), octets.end(), std::byte{});
  return address.family() == packet::Family::V6
             ? packet::IpAddress::v6(octets)
             : packet::IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
}
// What one customer may own: an IPv4 /24, an IPv6 /48.
inline packet::IpAddress one_network(const packet::IpAddress& address) {
  return first_octets(address, address.family() == packet::Family::V6 ? 6 : 3);
}

// One client's connection, as Server remembers it.
struct Server::Connection {
  enum class State : std::uint8_t { Greeted, Ready, Running };
  struct Session {
    SessionNumber number = 0;
    bool started = false;
  };

  ConnectionId id = 0;
  ControlPeer peer;
  packet::IpAddress client, network;  // whose share it takes
  State state = State::Greeted;
  wire::ServerGreeting greeting;
  std::vector<std::byte> set_up;  // Set-Up-Response as far as it came
  std::uint32_t mode = 0;
  std::optional<wire::ControlKeys> keys;
  std::optional<wire::CommandReader> reader;
  std::optional<wire::ControlStream> out;
  std::map<wire::SessionId, Session> sessions;
  MonoTime connected, heard;      // since `heard` SERVWAIT runs
  std::optional<MonoTime> begun;  // the message that is not complete

  bool half_open() const { return state == State::Greeted; }
  // Neither listed nor proved a key, or not yet.
  bool stranger() const { return !peer.listed && !keys; }
  // Set up, but runs no session and has said nothing for a while: the client may be gone, and no
  // FIN told.
  bool idle(const Limits& limits, MonoTime now) const {
    return !half_open() && started() == 0 && now - heard >= limits.idle_grace;
  }
  bool individual() const { return (mode & wire::kTwampIndividualSessions) != 0; }
  std::size_t started() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sessions, [](const auto& entry) { return entry.second.started; }));
  }
  bool in_message() const { return state == State::Greeted ? !set_up.empty() : reader->begun(); }
  // When it has waited too long. RFC 5357 3.1: not while sessions run.
  std::optional<MonoTime> wait_ends(const Limits& limits) const {
    std::optional<MonoTime> at;
    if (started() == 0) at = heard + limits.server_wait;
    if (begun && (!at || *begun + limits.message_wait < *at)) at = *begun + limits.message_wait;
    return at;
  }
};

}  // namespace wirestamp::twamp
