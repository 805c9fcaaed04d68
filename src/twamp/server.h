// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "packet/address.h"
#include "time/timestamp.h"
#include "twamp/counters.h"
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
  bool listed = false;                     // by the operator: places are kept for it
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
  // One that is not greeted at all; of interest to the counters alone.
  void on_refused_client() { ++counters_.refused_clients; }
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

  // Who one of its sessions is for; it may outlive its connection.
  struct Holder {
    ConnectionId connection = 0;
    packet::IpAddress client, network;
    bool stranger = false;
  };
  // What a newcomer is greeted with; without modes there is no place for it, and why.
  struct Place {
    std::uint32_t modes = 0;
    Ending refusal = Ending::Limit;
  };

  Place place_for(const Connection& newcomer, MonoTime now);
  bool make_room(const Connection& newcomer, MonoTime now);
  bool has_share(const Connection& newcomer, MonoTime now);
  bool session_limit_reached(const Connection& connection) const;
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
  std::map<SessionNumber, Holder> sessions_;  // all that were not ended yet
  SessionNumber next_session_ = 1;
  ServerCounters counters_;
};

}  // namespace wirestamp::twamp
