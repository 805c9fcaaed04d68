// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/desk.h"
#include "api/feed.h"
#include "api/host_status.h"
#include "api/service.h"
#include "base/result.h"
#include "packet/address.h"
#include "platform/listener.h"
#include "time/duration.h"

// The agent's HTTP server: docs/api.md says what it answers.
//
// One thread holds all connections (libmicrohttpd on epoll). What may wait for the disk or for the
// agent is answered by a few threads of its own from a bounded queue, while its connection is
// suspended, so that a slow query holds up nobody else. Streams of live data are suspended until
// there is something to tell.
namespace wirestamp::api {

struct Limits {
  unsigned connections = 1'200;         // in all; more wait until one ends
  unsigned per_address = 64;            // of one address (IPv6: one /64) but loopback
  unsigned streams = 1'000;             // of live data
  unsigned streams_per_address = 16;    // of one address (IPv6: one /64) but loopback
  std::size_t request_octets = 32'768;  // request line and header together
  std::size_t body_octets = 4'096;
  std::size_t waiting = 256;                           // requests in the queue
  unsigned desks = 2;                                  // threads that answer from it
  std::size_t answer_octets = std::size_t{64} << 20U;  // answers that are not sent yet, in all
  Duration request_time = Duration::seconds(30);       // from one answer to the next whole request
  Duration answer_time = Duration::minutes(2);         // to take an answer
  Duration heartbeat = Duration::seconds(15);          // of streams
};

struct Times {
  MonoTime mono;
  WallTime wall;
};

struct ServerOptions {
  packet::Endpoint listen{.address = packet::IpAddress::loopback(packet::Family::V4), .port = 0};
  platform::Families families = platform::Families::OfAddress;  // of `listen`
  std::vector<std::string> hosts;  // names it is asked by, besides localhost and its addresses
  std::string token;               // "": none; nothing can be changed then
  std::string certificate, key;    // PEM files; "": no TLS
  // Another place that answers /metrics, /healthz and /readyz and nothing else, to anybody.
  std::optional<packet::Endpoint> metrics_listen;
  platform::Families metrics_families = platform::Families::OfAddress;
  // A reader of the store: `[path] { return store::Reader::open(path); }`. Any thread.
  std::function<Result<std::unique_ptr<store::Reader>>()> open_store;
  // What the system says of this host: asked by threads that may wait.
  std::function<HostStatus()> host;
  Limits limits;
  std::function<Times()> clock;  // for tests, any thread; absent: the system's clocks
};

class Server {
 public:
  // Listens, or says why not: an address that is not loopback needs a token and TLS. Service, feed
  // and metrics are used by threads of the server until it is destroyed.
  static Result<std::unique_ptr<Server>> create(
      const ServerOptions& options, Service& service, Feed& feed,
      std::function<Exposition(std::string_view accept)> metrics);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  packet::Endpoint listening() const;  // with the real port
  std::optional<packet::Endpoint> metrics_listening() const;
  std::string url() const;  // "http://127.0.0.1:8080", "https://[fe80::1%25eth0]:8080"

  struct Counters {
    std::uint64_t requests = 0, refused = 0;  // all, and those answered with 4xx or 5xx
    unsigned connections = 0, streams = 0;    // now
  };
  Counters counters() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wirestamp::api
