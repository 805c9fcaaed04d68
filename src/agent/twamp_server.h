// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine.h"
#include "agent/twamp_reflector.h"
#include "agent/twamp_totals.h"
#include "net/packet_io.h"
#include "session/reflector_policy.h"
#include "twamp/server.h"

namespace wirestamp::agent {

struct TwampServerOptions {
  std::vector<packet::Endpoint> listen;    // port 0 lets the system choose
  std::uint32_t modes = wire::kTwampOpen;  // offered
  std::optional<twamp::SharedKey> key;
  std::string key_file;           // where the key is read again when it changes; "" without one
  session::PolicyOptions policy;  // whom it greets: as the reflector beside it
  TwampReflector::Options reflector;
};

// A TWAMP server beside a reflector: TCP connections on a thread of its own, test sessions on the
// measuring thread.
class TwampServer {
 public:
  // Listens, and answers nobody before begin(). In the network namespace of the calling thread.
  static Result<std::unique_ptr<TwampServer>> create(const TwampServerOptions& options);
  virtual ~TwampServer() = default;
  virtual std::vector<packet::Endpoint> listening() const = 0;

  // --- on the measuring thread
  // Both outlive this, or end().
  virtual void begin(net::PacketIo& io, Engine& engine,
                     std::function<void(const std::string&)> note) = 0;
  virtual std::optional<MonoTime> next_wake() = 0;
  virtual void after_turn() = 0;
  // Hosts that are known otherwise: session::ReflectorPolicy::set_peers().
  virtual void set_peers(std::vector<packet::IpAddress> peers) = 0;
  // Reads the file of the passphrase again, soon. What it has then is for connections that come;
  // those that are set up go on.
  virtual void reload_key() = 0;
  // No more connections; sessions and their ports are gone.
  virtual void end() = 0;
  // So far. Of the connections what was so when they were last served; after end() all of it.
  virtual TwampTotals totals() const = 0;
};

}  // namespace wirestamp::agent
