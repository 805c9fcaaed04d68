// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "packet/address.h"
#include "platform/descriptor.h"
#include "platform/listener.h"
#include "time/duration.h"

// TCP connections that never block, and waiting on several at once.
namespace wirestamp::platform {

// One thread at a time.
class TcpStream {
 public:
  struct Target {
    packet::Endpoint to;
    std::optional<packet::IpAddress> source;
    std::string device;              // "": by routing
    std::uint8_t traffic_class = 0;  // of the connection's packets
    Duration wait = Duration::seconds(5);
  };
  // Waits that long at most. The error says what was refused and what to try.
  static Result<TcpStream> connect(const Target& target);
  // Absent: nobody is waiting, or who did is gone again; `exhausted`: or this process has no
  // descriptor left, and who waits goes on doing so. The connection sends with the DSCP that
  // the client began with (RFC 5357 3.1), where the system tells it. A client that crashed breaks
  // it half a minute after it is back, one that is never heard of again after a quarter of an hour.
  static std::optional<TcpStream> accept(const Listener& listener, bool& exhausted);

  const packet::Endpoint& local() const { return local_; }
  const packet::Endpoint& remote() const { return remote_; }
  int descriptor() const { return socket_.get(); }

  enum class State : std::uint8_t { Open, Closed, Broken };  // Broken: reset, or timed out
  // As many octets as are there; 0 and Open: none now.
  std::size_t read(base::MutableBytes out, State& state);
  // As many as there is room for. A broken connection takes all: read() tells.
  std::size_t write(base::Bytes octets);

 private:
  TcpStream(Descriptor socket, const packet::Endpoint& local, const packet::Endpoint& remote)
      : socket_(std::move(socket)), local_(local), remote_(remote) {}
  Descriptor socket_;
  packet::Endpoint local_, remote_;
};

// Before listening connections can be asked for their DSCP.
void keep_first_packets(const Listener& listener);

struct Awaited {
  int descriptor = -1;
  bool write = false;  // wait for room, too
  bool ready = false;
};
// Until one is ready or the time is over (absent: for ever).
void wait_for(std::span<Awaited> awaited, std::optional<Duration> most);

// Ends another thread's wait_for(). Any thread.
class Waker {
 public:
  static Result<Waker> make();
  int descriptor() const { return event_.get(); }
  void wake() noexcept;
  void clear();

 private:
  explicit Waker(Descriptor event) : event_(std::move(event)) {}
  Descriptor event_;
};

}  // namespace wirestamp::platform
