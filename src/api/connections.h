// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>

#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::api {

// The connections of a listener. The library ends those on which nothing comes; this ends those on
// which a little comes again and again (slow-loris), and those that take their answer too slowly.
class Connections {
 public:
  struct Times {
    Duration request, answer;
  };
  enum class Phase : unsigned char {
    Asking,     // from one answer to the next whole request
    Waiting,    // for us
    Answering,  // the answer is being taken
    Streaming,  // an answer without an end
  };
  struct Connection {
    int socket = -1;
    packet::IpAddress from;
    Phase phase = Phase::Asking;
    MonoTime since;
    bool overdue = false;
  };

  explicit Connections(const Times& times) : times_(times) {}

  Connection* opened(int socket, const packet::IpAddress& from, MonoTime now);
  void closed(Connection* connection);
  void enter(Connection* connection, Phase phase, MonoTime now);
  // How many connections, and how many streams, an address has; in IPv6 its /64, which is one
  // customer's.
  std::size_t of(const packet::IpAddress& from) const;
  std::size_t streams_of(const packet::IpAddress& from) const;
  std::size_t size() const;
  // Shuts down what is overdue. Any thread.
  void tick(MonoTime now);

 private:
  const Times times_;
  mutable std::mutex mutex_;
  std::list<Connection> connections_;
};

}  // namespace wirestamp::api
