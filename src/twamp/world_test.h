// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/check.h"
#include "twamp/client.h"
#include "twamp/server.h"

// For tests: a server in virtual time that notes what it wants done.
namespace wirestamp::twamp {

inline const packet::IpAddress kServerAddress = packet::IpAddress::v4(0xc0000214);
inline const packet::Endpoint kServerEnd{kServerAddress, 862, 0};
inline const packet::Endpoint kClientEnd{packet::IpAddress::v4(0xc633640a), 50'000, 0};

inline packet::Endpoint client_at(unsigned host, std::uint16_t port = 50'000) {
  return {packet::IpAddress::v4(0xc6336400 + host), port, 0};
}

// Each in a network of its own.
inline packet::Endpoint far_client(unsigned n) {
  return {packet::IpAddress::v4(0x0a000001 + (n << 8U)), 50'000, 0};
}

inline SharedKey a_key() { return *SharedKey::make("probe1", "correct horse battery staple"); }

class World : public ServerOutput {
 public:
  explicit World(ServerOptions options = {}) : server(prepared(std::move(options)), *this) {}

  void send(ConnectionId connection, base::Bytes octets) override {
    auto& sent = to_client[connection];
    sent.insert(sent.end(), octets.begin(), octets.end());
  }
  void close(ConnectionId connection, Ending ending) override { closed[connection] = ending; }
  Opened open(const TestSession& session) override {
    if (!next_refusal.empty()) {
      const wire::Accept refusal = next_refusal.back();
      next_refusal.pop_back();
      return {.accept = refusal, .port = 0};
    }
    opened.push_back(session);
    return {.accept = wire::Accept::Ok,
            .port = taken_ports.contains(session.receiver.port) ? std::uint16_t{40'001}
                                                                : session.receiver.port};
  }
  void start(SessionNumber session) override { running.insert(session); }
  void stop(SessionNumber session) override {
    running.erase(session);
    stopping.insert(session);
  }
  void abandon(SessionNumber session) override {
    running.erase(session);
    abandoned.insert(session);
  }

  ConnectionId connect(const packet::Endpoint& from = kClientEnd,
                       std::uint64_t dscp = ~std::uint64_t{0}) {
    return connect(ControlPeer{.remote = from, .local = kServerEnd, .dscp = dscp});
  }
  ConnectionId connect_listed(const packet::Endpoint& from) {
    return connect(ControlPeer{.remote = from, .local = kServerEnd, .listed = true});
  }
  ConnectionId connect(const ControlPeer& peer) {
    const ConnectionId id = next_connection++;
    server.on_connect(id, peer, now());
    return id;
  }
  void say(ConnectionId id, base::Bytes octets) { server.on_octets(id, octets, now()); }
  std::vector<std::byte> heard(ConnectionId id) { return std::exchange(to_client[id], {}); }

  // Both ends talk until nobody has anything to say. The client's error, if it has one.
  Result<void> talk(ConnectionId id, Client& client) {
    for (;;) {
      const std::vector<std::byte> answer = heard(id);
      if (!answer.empty()) TRY_VOID(client.on_octets(answer));
      const std::vector<std::byte> words = client.take_output();
      if (words.empty() && to_client[id].empty()) return {};
      if (!words.empty() && server.knows(id)) say(id, words);
    }
  }
  // Greeting, mode, and nothing else.
  ConnectionId set_up_open(const packet::Endpoint& from = kClientEnd, std::uint32_t mode = 1) {
    const ConnectionId id = connect(from);
    std::vector<std::byte> octets(wire::SetUpResponse::kSize);
    wire::SetUpResponse{.mode = mode, .key_id = {}}.encode(octets);
    say(id, octets);
    heard(id);
    return id;
  }
  wire::AcceptSession ask(ConnectionId id, const wire::RequestSession& request) {
    std::vector<std::byte> octets(wire::RequestSession::kSize);
    request.encode(octets);
    say(id, octets);
    const std::vector<std::byte> answer = heard(id);
    CHECK(answer.size() == wire::AcceptSession::kSize);
    return wire::AcceptSession::decode(answer);
  }
  wire::Accept begin(ConnectionId id) {
    std::vector<std::byte> octets(wire::kShortMessage);
    wire::encode_start_sessions(octets);
    say(id, octets);
    const std::vector<std::byte> answer = heard(id);
    return answer.size() == 32 ? wire::decode_start_ack(answer) : wire::Accept::Failure;
  }
  void halt(ConnectionId id, std::uint32_t sessions) {
    std::vector<std::byte> octets(wire::kShortMessage);
    wire::StopSessions{.accept = wire::Accept::Ok, .sessions = sessions}.encode(octets);
    say(id, octets);
  }
  void pass(Duration time) {
    mono += time;
    if (const auto wake = server.next_wake(); wake && *wake <= mono) server.on_time(now());
  }
  Timestamp now() const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + mono.ns()),
            .mono = mono,
            .error = Duration(),
            .source = StampSource::User};
  }

  std::map<ConnectionId, std::vector<std::byte>> to_client;
  std::map<ConnectionId, Ending> closed;
  std::vector<TestSession> opened;
  std::vector<wire::Accept> next_refusal;
  std::set<std::uint16_t> taken_ports;
  std::set<SessionNumber> running, stopping, abandoned;
  MonoTime mono = MonoTime::from_ns(1'000'000'000);
  std::uint64_t drawn = 0x1234;
  ConnectionId next_connection = 1;
  Server server;

 private:
  ServerOptions prepared(ServerOptions options) {
    if (!options.random) options.random = [this] { return drawn += 0x9e37'79b9'7f4a'7c15; };
    if (!options.key)
      options.key = [](std::string_view id) {
        return id == "probe1" ? std::optional(a_key()) : std::nullopt;
      };
    options.started = WallTime::from_ns(1'690'000'000'000'000'000);
    return options;
  }
};

inline wire::RequestSession a_request(std::uint16_t port = 18'760) {
  return {.sender_port = port,
          .receiver_port = port,
          .sid = {},
          .padding_length = 27,
          .timeout = wire::raw_interval(Duration::seconds(2)),
          .type_p = wire::type_p_of(46)};
}

}  // namespace wirestamp::twamp
