// SPDX-License-Identifier: Apache-2.0
#include "api/connections.h"

#include <algorithm>

#include "platform/listener.h"

namespace wirestamp::api {

Connections::Connection* Connections::opened(int socket, const packet::IpAddress& from,
                                             MonoTime now) {
  const std::lock_guard lock(mutex_);
  return &connections_.emplace_back(Connection{.socket = socket, .from = from, .since = now});
}

void Connections::closed(Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.remove_if([&](const Connection& one) { return &one == connection; });
}

void Connections::enter(Connection* connection, Phase phase, MonoTime now) {
  const std::lock_guard lock(mutex_);
  connection->phase = phase;
  connection->since = now;
}

std::size_t Connections::of(const packet::IpAddress& from) const {
  const std::lock_guard lock(mutex_);
  const packet::IpAddress client = packet::one_client(from);
  return static_cast<std::size_t>(std::ranges::count_if(
      connections_, [&](const Connection& one) { return packet::one_client(one.from) == client; }));
}

std::size_t Connections::streams_of(const packet::IpAddress& from) const {
  const std::lock_guard lock(mutex_);
  const packet::IpAddress client = packet::one_client(from);
  return static_cast<std::size_t>(std::ranges::count_if(connections_, [&](const Connection& one) {
    return packet::one_client(one.from) == client && one.phase == Phase::Streaming;
  }));
}

std::size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void Connections::tick(MonoTime now) {
  const std::lock_guard lock(mutex_);
  for (Connection& one : connections_) {
    const bool asking = one.phase == Phase::Asking && now - one.since > times_.request;
    const bool answering = one.phase == Phase::Answering && now - one.since > times_.answer;
    if ((!asking && !answering) || one.overdue) continue;
    one.overdue = true;
    // The library tells closed() before it closes the socket, so the number is still this one's.
    platform::shut_down(one.socket);
  }
}

}  // namespace wirestamp::api
