// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/ping.h"
#include "net/packet_io.h"
#include "twamp/client.h"

namespace wirestamp::agent {

// The sending end's control connection to a TWAMP server, and the one test session that it asked
// for. The probes go over the port that it opened before, since the server must be told it.
class TwampSession {
 public:
  // Opens the UDP port, connects, asks for a session of packets with `size` octets of UDP payload
  // and starts it. Blocks, for seconds at most. In the network namespace of the calling thread.
  static Result<std::unique_ptr<TwampSession>> open(const PingOptions& options,
                                                    const packet::Endpoint& server,
                                                    std::uint32_t size, net::PacketIo& io);
  virtual ~TwampSession() = default;

  virtual net::PortId port() const = 0;
  virtual packet::Endpoint local() const = 0;      // of the UDP port
  virtual packet::Endpoint reflector() const = 0;  // where the probes go
  virtual const twamp::AgreedSession& agreed() const = 0;
  // Told once, when it is so: the server closed the connection. Looks now and then, never blocks.
  virtual std::optional<std::string> look(MonoTime now) = 0;
  // Stop-Sessions.
  virtual void stop() = 0;
};

// The sizes that probes may have by default, and at least, in the modes that may come of `twamp`.
std::uint32_t smallest_twamp_probe(const TwampOptions& twamp);

}  // namespace wirestamp::agent
