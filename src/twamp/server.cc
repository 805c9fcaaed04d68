// SPDX-License-Identifier: Apache-2.0
#include "twamp/server.h"

#include <algorithm>
#include <utility>

#include "twamp/random_block.h"
#include "twamp/server_connection.h"
#include "wire/time_format.h"

namespace wirestamp::twamp {

namespace {

using wire::Accept;

std::uint64_t ntp(WallTime time) { return wire::encode_time(time, wire::TimeFormat::Ntp, 0); }

}  // namespace

Server::Server(ServerOptions options, ServerOutput& output)
    : options_(std::move(options)), output_(output) {}

Server::~Server() = default;

bool Server::knows(ConnectionId connection) const { return connections_.contains(connection); }
std::size_t Server::connections() const { return connections_.size(); }

// --- connections

void Server::on_connect(ConnectionId id, const ControlPeer& peer, const Timestamp& now) {
  ++counters_.connections;
  Connection& connection = connections_[id];
  connection.id = id;
  connection.peer = peer;
  connection.client = packet::one_client(peer.remote.address);
  connection.network = one_network(peer.remote.address);
  connection.connected = connection.heard = *now.mono;
  //= RFC4656:not-willing
  const Place place = place_for(connection, *now.mono);
  connection.greeting = {.modes = place.modes,  // 0: not willing
                                                //= RFC4656:challenge-is-new
                         .challenge = random_block(options_.random),
                         .salt = random_block(options_.random),
                         //= RFC4656:count
                         .count = kRounds};
  std::array<std::byte, wire::ServerGreeting::kSize> octets;
  connection.greeting.encode(octets);
  output_.send(id, octets);
  if (place.modes == 0) end(id, place.refusal);
}

void Server::end(ConnectionId id, Ending ending) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  ++counters_.endings[static_cast<std::size_t>(ending)];
  // RFC 5357 3.1: a connection that is lost stops its sessions; what is forged ends them at once.
  for (const auto& [sid, session] : found->second.sessions) {
    if (session.started && ending != Ending::BadHmac) {
      output_.stop(session.number);
    } else {
      output_.abandon(session.number);
      sessions_.erase(session.number);
    }
  }
  connections_.erase(found);
  if (ending != Ending::Client) output_.close(id, ending);
}

void Server::on_closed(ConnectionId id, const Timestamp&) { end(id, Ending::Client); }

void Server::on_session_ended(SessionNumber number, const Timestamp& now) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  const auto at = connections_.find(found->second.connection);
  sessions_.erase(found);
  if (at == connections_.end()) return;
  Connection& connection = at->second;
  const bool ran = connection.started() > 0;
  std::erase_if(connection.sessions,
                [&](const auto& entry) { return entry.second.number == number; });
  //= RFC5357:servwait-suspended
  if (ran && connection.started() == 0) connection.heard = *now.mono;  // SERVWAIT runs again
}

std::optional<MonoTime> Server::next_wake() const {
  std::optional<MonoTime> wake;
  for (const auto& [id, connection] : connections_) {
    const auto at = connection.wait_ends(options_.limits);
    if (at && (!wake || *at < *wake)) wake = at;
  }
  return wake;
}

void Server::on_time(const Timestamp& now) {
  std::vector<ConnectionId> over;
  for (const auto& [id, connection] : connections_) {
    const auto at = connection.wait_ends(options_.limits);
    //= RFC5357:servwait
    if (at && *at <= *now.mono) over.push_back(id);
  }
  for (const ConnectionId id : over) end(id, Ending::Wait);
}

// --- octets

void Server::on_octets(ConnectionId id, base::Bytes octets, const Timestamp& now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  using State = wire::CommandReader::State;
  while (!octets.empty()) {
    std::optional<Ending> ending;
    if (connection.state == Connection::State::Greeted) {
      octets = octets.subspan(take_set_up(connection, octets));
      if (connection.set_up.size() == wire::SetUpResponse::kSize)
        ending = on_set_up(connection, now);
    } else {
      octets = octets.subspan(connection.reader->take(octets));
      const State state = connection.reader->state();
      //= RFC4656:stream-hmac-wrong
      if (state == State::BadHmac) ending = Ending::BadHmac;
      if (state == State::Unknown) ending = on_unknown(connection);
      if (state == State::Complete) {
        connection.heard = *now.mono;
        ending = on_command(connection, now);
        connection.reader->next();
      }
    }
    if (ending) return end(id, *ending);
  }
  if (!connection.in_message()) {
    connection.begun.reset();
  } else if (!connection.begun || *connection.begun < connection.heard) {
    connection.begun = *now.mono;
  }
}

std::size_t Server::take_set_up(Connection& connection, base::Bytes octets) {
  const std::size_t size =
      std::min(octets.size(), wire::SetUpResponse::kSize - connection.set_up.size());
  connection.set_up.insert(connection.set_up.end(), octets.begin(),
                           octets.begin() + static_cast<std::ptrdiff_t>(size));
  return size;
}

void Server::send(Connection& connection, base::MutableBytes message) {
  if (connection.out) connection.out->seal(message);
  output_.send(connection.id, message);
}

// RFC 4656 3.1.
std::optional<Ending> Server::on_set_up(Connection& connection, const Timestamp& now) {
  const auto response = wire::SetUpResponse::decode(connection.set_up);
  connection.set_up.clear();
  connection.heard = *now.mono;
  //= RFC4656:client-gives-up
  if (response.mode == 0) return Ending::GivenUp;
  wire::ServerStart start{.accept = Accept::Ok,
                          .server_iv = random_block(options_.random),
                          .start_time = ntp(options_.started)};
  std::optional<Ending> ending;
  if (!wire::valid_choice(response.mode, connection.greeting.modes)) {
    start.accept = Accept::NotSupported;
    ending = Ending::BadMode;
    //= RFC5618:mixed
  } else if ((response.mode & kKeyedModes) != 0) {
    ending = set_up_keys(connection, response, start);
  } else {
    connection.reader.emplace(std::nullopt, options_.limits.sessions_per_connection);
  }
  //= RFC4656:server-start
  if (start.accept != Accept::Ok) start.start_time = 0;
  std::array<std::byte, wire::ServerStart::kSize> octets;
  start.encode(octets);
  if (connection.out)
    connection.out->seal_part(base::MutableBytes(octets).subspan(wire::ServerStart::kSealed));
  output_.send(connection.id, octets);
  if (ending) return ending;
  connection.mode = response.mode;
  connection.state = Connection::State::Ready;
  return std::nullopt;
}

}  // namespace wirestamp::twamp
