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

// Who counts as one: an IPv6 guest owns at least a /64.
packet::IpAddress one_client(const packet::IpAddress& address) {
  if (address.family() == packet::Family::V4) return address;
  auto octets = address.octets();
  std::fill(octets.begin() + 8, octets.end(), std::byte{});
  return packet::IpAddress::v6(octets);
}

}  // namespace

std::string_view name(Ending ending) {
  constexpr std::array<std::string_view, kEndings> kNames{
      "closed_by_client", "given_up",  "over_limit", "timed_out",  "gave_way",
      "wrong_mode",       "wrong_key", "bad_hmac",   "bad_command"};
  return kNames[static_cast<std::size_t>(ending)];
}

Server::Server(ServerOptions options, ServerOutput& output)
    : options_(std::move(options)), output_(output) {}

Server::~Server() = default;

bool Server::knows(ConnectionId connection) const { return connections_.contains(connection); }
std::size_t Server::connections() const { return connections_.size(); }

// --- connections

// RFC 4656 6: limits per client and in all. Who connects and then says nothing holds a place only
// as long as nobody else wants it.
bool Server::make_room(const ControlPeer& peer, MonoTime now) {
  const packet::IpAddress client = one_client(peer.remote.address);
  std::size_t same = 0;
  Connection* oldest = nullptr;
  for (auto& [id, connection] : connections_) {
    if (one_client(connection.peer.remote.address) == client) ++same;
    const bool idle = connection.state == Connection::State::Greeted &&
                      now - connection.connected >= options_.limits.set_up_grace;
    if (idle && (oldest == nullptr || connection.connected < oldest->connected))
      oldest = &connection;
  }
  if (same >= options_.limits.connections_per_address) return false;
  if (connections_.size() < options_.limits.connections) return true;
  if (oldest == nullptr) return false;
  end(oldest->id, Ending::GivenWay);
  return true;
}

void Server::on_connect(ConnectionId id, const ControlPeer& peer, const Timestamp& now) {
  ++counters_.connections;
  const bool room = make_room(peer, *now.mono);
  Connection& connection = connections_[id];
  connection.id = id;
  connection.peer = peer;
  connection.connected = connection.heard = *now.mono;
  connection.greeting = {.modes = room ? options_.modes : 0,  // 0: not willing
                         .challenge = random_block(options_.random),
                         .salt = random_block(options_.random),
                         .count = kRounds};
  std::array<std::byte, wire::ServerGreeting::kSize> octets;
  connection.greeting.encode(octets);
  output_.send(id, octets);
  if (!room) end(id, Ending::Limit);
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
  const auto at = connections_.find(found->second);
  sessions_.erase(found);
  if (at == connections_.end()) return;
  Connection& connection = at->second;
  const bool ran = connection.started() > 0;
  std::erase_if(connection.sessions,
                [&](const auto& entry) { return entry.second.number == number; });
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
  if (response.mode == 0) return Ending::GivenUp;
  wire::ServerStart start{.accept = Accept::Ok,
                          .server_iv = random_block(options_.random),
                          .start_time = ntp(options_.started)};
  std::optional<Ending> ending;
  if (!wire::valid_choice(response.mode, options_.modes)) {
    start.accept = Accept::NotSupported;
    ending = Ending::BadMode;
  } else if ((response.mode & kKeyedModes) != 0) {
    ending = set_up_keys(connection, response, start);
  } else {
    connection.reader.emplace(std::nullopt, options_.limits.sessions_per_connection);
  }
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
