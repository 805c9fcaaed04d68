// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "packet/address.h"
#include "time/timestamp.h"
#include "twamp/limits.h"
#include "twamp/shared_key.h"
#include "twamp/test_session.h"
#include "wire/twamp_control.h"

// The Server of TWAMP-Control (RFC 5357 3): what clients say comes in as octets of TCP streams, and
// answers and test sessions go out. No I/O, no clock, no randomness: all of it runs in virtual
// time. One thread at a time.
//
//   connect -> Greeted --Set-Up-Response--> Ready <--Stop-Sessions-- Running
//                                             |  --Start-Sessions-->    ^
//                                             '--Request-TW-Session (any number of times)
//
// With Individual Session Control (RFC 5938) a connection stays Ready, and each session has its own
// start and stop.
namespace wirestamp::twamp {

using ConnectionId = std::uint32_t;

// Why a connection ended; each has a counter.
enum class Ending : std::uint8_t {
  Client,    // it closed, or the connection broke
  GivenUp,   // it found none of the modes offered to its liking
  Limit,     // too many connections
  Wait,      // SERVWAIT, or half a message
  GivenWay,  // it was not set up when others wanted its place
  BadMode,   // chose what was not offered
  BadKey,    // unknown KeyID, or another passphrase
  BadHmac,
  BadCommand,  // one that is not known, or not now
};
inline constexpr std::size_t kEndings = 9;
std::string_view name(Ending ending);

struct ServerCounters {
  std::uint64_t connections = 0;
  std::array<std::uint64_t, kEndings> endings{};
  std::uint64_t requests = 0, accepted = 0, refused = 0;
  std::uint64_t started = 0;
  std::uint64_t wrong_stop_counts = 0;  // Stop-Sessions with another number of sessions: tolerated
};

// What Server wants done. Calls come from within its own functions.
class ServerOutput {
 public:
  virtual ~ServerOutput() = default;
  virtual void send(ConnectionId connection, base::Bytes octets) = 0;
  // When all that was sent is gone. Nothing of it may reach the server any more.
  virtual void close(ConnectionId connection, Ending ending) = 0;

  struct Opened {
    wire::Accept accept = wire::Accept::Ok;
    std::uint16_t port = 0;  // the one asked for where it is free
  };
  // Nothing is answered before start(). Ended sessions come back by on_session_ended().
  virtual Opened open(const TestSession& session) = 0;
  virtual void start(SessionNumber session) = 0;
  virtual void stop(SessionNumber session) = 0;     // it goes on for its timeout
  virtual void abandon(SessionNumber session) = 0;  // at once
};

struct ServerOptions {
  Limits limits;
  std::uint32_t modes = wire::kTwampOpen;  // offered
  // Absent: no such key. Asked for each connection, so that keys may change.
  std::function<std::optional<SharedKey>(std::string_view key_id)> key;
  std::function<std::uint64_t()> random;  // 64 unpredictable bits per call
  WallTime started;                       // when this process began
};

// One end of a connection, and what its client may do.
struct ControlPeer {
  packet::Endpoint remote, local;
  std::uint64_t dscp = ~std::uint64_t{0};  // that it may ask for, bit n for n
};

class Server {
 public:
  // `output` outlives the server.
  Server(ServerOptions options, ServerOutput& output);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Greets. May close it, or another one, at once.
  void on_connect(ConnectionId connection, const ControlPeer& peer, const Timestamp& now);
  // Of a connection that is not closed.
  void on_octets(ConnectionId connection, base::Bytes octets, const Timestamp& now);
  // The client closed it, or it broke: what was started goes on for its timeout.
  void on_closed(ConnectionId connection, const Timestamp& now);
  // It was stopped long enough ago, or nothing came for REFWAIT.
  void on_session_ended(SessionNumber session, const Timestamp& now);

  std::optional<MonoTime> next_wake() const;
  void on_time(const Timestamp& now);

  bool knows(ConnectionId connection) const;
  std::size_t connections() const;
  std::size_t sessions() const { return sessions_.size(); }
  const ServerCounters& counters() const { return counters_; }

 private:
  struct Connection;

  bool make_room(const ControlPeer& peer, MonoTime now);
  std::size_t take_set_up(Connection& connection, base::Bytes octets);
  void end(ConnectionId id, Ending ending);
  std::optional<Ending> on_set_up(Connection& connection, const Timestamp& now);
  std::optional<Ending> set_up_keys(Connection& connection, const wire::SetUpResponse& response,
                                    wire::ServerStart& start);
  std::optional<Ending> on_command(Connection& connection, const Timestamp& now);
  std::optional<Ending> on_unknown(Connection& connection);
  void on_request(Connection& connection, base::Bytes message, const Timestamp& now);
  wire::AcceptSession answer(Connection& connection, const wire::RequestSession& request,
                             const Timestamp& now);
  wire::Accept judge(const Connection& connection, const wire::RequestSession& request) const;
  std::optional<Ending> on_start(Connection& connection);
  std::optional<Ending> on_stop(Connection& connection, base::Bytes message);
  std::optional<Ending> on_list(Connection& connection, base::Bytes message);
  wire::SessionId new_sid(const packet::IpAddress& receiver, WallTime now);
  void send(Connection& connection, base::MutableBytes message);

  ServerOptions options_;
  ServerOutput& output_;
  std::map<ConnectionId, Connection> connections_;
  std::map<SessionNumber, ConnectionId> sessions_;  // all that were not ended yet
  SessionNumber next_session_ = 1;
  ServerCounters counters_;
};

}  // namespace wirestamp::twamp
