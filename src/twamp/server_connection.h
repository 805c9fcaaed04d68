// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "twamp/server.h"

namespace wirestamp::twamp {

// One client's connection, as Server remembers it.
struct Server::Connection {
  enum class State : std::uint8_t { Greeted, Ready, Running };
  struct Session {
    SessionNumber number = 0;
    bool started = false;
  };

  ConnectionId id = 0;
  ControlPeer peer;
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
