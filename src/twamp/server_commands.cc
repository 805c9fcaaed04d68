// SPDX-License-Identifier: Apache-2.0
//
// What a server does with each command, and with whom it shares keys.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "twamp/server_connection.h"
#include "wire/time_format.h"

namespace wirestamp::twamp {

namespace {

using wire::Accept;
using wire::TwampCommand;

// Octets of padding that a request needs so that the answer is as long as it (RFC 6038 4.2).
std::size_t padding_for_equal_sizes(const wire::TwampLayout& layout) {
  return layout.reflector_header() - layout.sender_header();
}

wire::TwampLayout layout_of(std::uint32_t mode, const wire::RequestSession& request) {
  // What concerns the control connection alone, and mixed mode, whose packets are open ones.
  return {.modes = mode & ~std::uint32_t{wire::kTwampIndividualSessions},
          .reflected = request.reflect_padding};
}

}  // namespace

// RFC 4656 3.1, 6.10. One who does not know the passphrase cannot tell by the time whether the
// KeyID is right.
std::optional<Ending> Server::set_up_keys(Connection& connection,
                                          const wire::SetUpResponse& response,
                                          wire::ServerStart& start) {
  start.accept = Accept::Failure;
  const auto shared = options_.key ? options_.key(response.key_id) : std::nullopt;
  static const SharedKey kNobodys = *SharedKey::make("", "nobody's");
  const SharedKey& key = shared ? *shared : kNobodys;
  const auto token_key =
      wire::derive_token_key(key.passphrase(), connection.greeting.salt, connection.greeting.count);
  if (!token_key) return Ending::BadKey;
  auto keys = wire::decode_token(*token_key, connection.greeting.challenge, response.token);
  //= RFC4656:token-verified
  if (!shared || !keys || !*keys) return Ending::BadKey;
  using Direction = wire::ControlStream::Direction;
  auto in = wire::ControlStream::make(Direction::Decrypt, **keys, response.client_iv);
  auto out = wire::ControlStream::make(Direction::Encrypt, **keys, start.server_iv);
  if (!in || !out) return Ending::BadKey;
  start.accept = Accept::Ok;
  connection.keys = **keys;
  connection.reader.emplace(std::move(*in), options_.limits.sessions_per_connection);
  connection.out.emplace(std::move(*out));
  return std::nullopt;
}

std::optional<Ending> Server::on_command(Connection& connection, const Timestamp& now) {
  const base::Bytes message = connection.reader->message();
  const auto command = static_cast<TwampCommand>(message[0]);
  const bool running = connection.state == Connection::State::Running;
  switch (command) {
    case TwampCommand::RequestSession:
      //= RFC5357:only-stop
      if (running) return Ending::BadCommand;
      on_request(connection, message, now);
      return std::nullopt;
    case TwampCommand::StartSessions:
      //= RFC5938:named-only
      if (running || connection.individual()) return Ending::BadCommand;
      return on_start(connection);
    case TwampCommand::StopSessions:
      if (!running) return Ending::BadCommand;
      return on_stop(connection, message);
    case TwampCommand::StartNSessions:
    case TwampCommand::StopNSessions:
      if (!connection.individual()) return Ending::BadCommand;
      return on_list(connection, message);
    case TwampCommand::StartNAck:
    case TwampCommand::StopNAck:
      break;
  }
  return Ending::BadCommand;
}

// Its length is not known, so nothing behind it can be read.
//= RFC5357:commands
std::optional<Ending> Server::on_unknown(Connection& connection) {
  if (connection.state == Connection::State::Ready) {
    std::array<std::byte, wire::AcceptSession::kSize> octets;
    wire::AcceptSession{.accept = Accept::NotSupported, .sid = {}}.encode(octets);
    send(connection, octets);
  }
  return Ending::BadCommand;
}

// --- Request-TW-Session (RFC 5357 3.5)

//= RFC5357:refusal-keeps
void Server::on_request(Connection& connection, base::Bytes message, const Timestamp& now) {
  ++counters_.requests;
  const wire::AcceptSession reply = answer(connection, wire::RequestSession::decode(message), now);
  ++(reply.accept == Accept::Ok ? counters_.accepted : counters_.refused);
  if (reply.accept == Accept::TemporaryLimit || reply.accept == Accept::PermanentLimit)
    ++counters_.refused_limit;
  std::array<std::byte, wire::AcceptSession::kSize> octets;
  reply.encode(octets);
  send(connection, octets);
}

Accept Server::judge(const Connection& connection, const wire::RequestSession& request) const {
  const Limits& limits = options_.limits;
  const ControlPeer& peer = connection.peer;
  const bool v4 = peer.remote.address.family() == packet::Family::V4;
  if (request.ip_version != (v4 ? 4 : 6)) return Accept::NotSupported;
  //= RFC5357:conf-zero
  if (request.conf_sender != 0 || request.conf_receiver != 0) return Accept::NotSupported;
  //= RFC5357:no-schedule
  if (request.schedule_slots != 0 || request.packets != 0) return Accept::NotSupported;
  // Somebody else's address would make this host send packets to who did not ask for them.
  if (request.sender && *request.sender != peer.remote.address) return Accept::NotSupported;
  if (request.sender_port == 0) return Accept::NotSupported;
  if (wire::interval_of(request.timeout) > limits.timeout) return Accept::NotSupported;
  const auto dscp = wire::dscp_of(request.type_p);
  if (!dscp || (peer.dscp >> *dscp & 1U) == 0) return Accept::NotSupported;
  if (request.padding_length > limits.padding) return Accept::PermanentLimit;
  const wire::TwampLayout layout = layout_of(connection.mode, request);
  if (layout.has(wire::kTwampReflectOctets) && request.reflect_padding > 0 &&
      //= RFC6038:padding-room
      request.padding_length < padding_for_equal_sizes(layout) + request.reflect_padding)
    return Accept::NotSupported;
  if (session_limit_reached(connection)) return Accept::TemporaryLimit;
  return Accept::Ok;
}

// RFC 4656 3.5: address, time and chance.
//= RFC4656:sid
wire::SessionId Server::new_sid(const packet::IpAddress& receiver, WallTime now) {
  wire::SessionId sid;
  const auto& address = receiver.octets();
  std::copy_n(address.begin() + (receiver.family() == packet::Family::V4 ? 0 : 12), 4, sid.begin());
  base::store_be(sid, 4, wire::encode_time(now, wire::TimeFormat::Ntp, 0));
  base::store_be(sid, 12, static_cast<std::uint32_t>(options_.random()));
  return sid;
}

wire::AcceptSession Server::answer(Connection& connection, const wire::RequestSession& request,
                                   const Timestamp& now) {
  //= RFC5357:refusal-port
  wire::AcceptSession reply{.accept = judge(connection, request), .sid = {}};
  if (reply.accept != Accept::Ok) return reply;
  //= RFC5357:zero-address
  const packet::IpAddress receiver = request.receiver.value_or(connection.peer.local.address);
  wire::SessionId sid = new_sid(receiver, now.wall);
  while (connection.sessions.contains(sid)) sid = new_sid(receiver, now.wall);

  TestSession session{
      .number = next_session_++,
      .layout = layout_of(connection.mode, request),
      .keys = std::nullopt,
      .sender = {connection.peer.remote.address, request.sender_port,
                 connection.peer.remote.interface},
      .receiver = {receiver, request.receiver_port, connection.peer.local.interface},
      .dscp = *wire::dscp_of(request.type_p),
      .timeout = wire::interval_of(request.timeout)};
  if (!session.layout.has(wire::kTwampReflectOctets)) session.layout.reflected = 0;
  if (session.layout.keyed()) {
    const auto keys = wire::derive_test_keys(*connection.keys, sid);
    if (!keys) {
      reply.accept = Accept::InternalError;
      return reply;
    }
    session.keys = *keys;
  }
  const ServerOutput::Opened opened = output_.open(session);
  reply.accept = opened.accept;
  if (reply.accept != Accept::Ok) return reply;
  connection.sessions[sid] = {.number = session.number, .started = false};
  sessions_[session.number] = {.connection = connection.id,
                               .client = connection.client,
                               .network = connection.network,
                               .stranger = connection.stranger()};
  reply.port = opened.port;
  reply.sid = sid;
  //= RFC6038:octets-copied
  if (session.layout.has(wire::kTwampReflectOctets)) reply.reflect_octets = request.reflect_octets;
  return reply;
}

// --- start and stop (RFC 5357 3.7, 3.8; RFC 5938 3)

//= RFC5357:start
std::optional<Ending> Server::on_start(Connection& connection) {
  std::array<std::byte, wire::kShortMessage> octets;
  const bool any = !connection.sessions.empty();
  for (auto& [sid, session] : connection.sessions) {
    session.started = true;
    ++counters_.started;
    output_.start(session.number);
  }
  //= RFC5357:start-nothing
  wire::encode_start_ack(octets, any ? Accept::Ok : Accept::Failure);
  send(connection, octets);
  if (any) connection.state = Connection::State::Running;
  return std::nullopt;
}

//= RFC5357:stop-unanswered
std::optional<Ending> Server::on_stop(Connection& connection, base::Bytes message) {
  // RFC 5357 3.8 has a wrong number close the connection. Clients that count those that the server
  // refused, or that ended by themselves, mean well.
  if (wire::StopSessions::decode(message).sessions != connection.started())
    ++counters_.wrong_stop_counts;
  for (const auto& [sid, session] : connection.sessions) output_.stop(session.number);
  connection.sessions.clear();
  //= RFC5357:again
  connection.state = Connection::State::Ready;
  return std::nullopt;
}

//= RFC5938:while-running
std::optional<Ending> Server::on_list(Connection& connection, base::Bytes message) {
  auto list = wire::SessionList::decode(message);
  CHECK(list.has_value());  // the reader took as many octets as its number says
  const bool start = list->command == TwampCommand::StartNSessions;
  auto& sessions = connection.sessions;
  // All of them or none: a client must know what runs.
  bool fits = !list->sids.empty();
  for (const wire::SessionId& sid : list->sids) {
    const auto found = sessions.find(sid);
    //= RFC5938:unknown-sid
    fits = fits && found != sessions.end() && found->second.started != start &&
           std::ranges::count(list->sids, sid) == 1;
  }
  if (fits) {
    for (const wire::SessionId& sid : list->sids) {
      auto& session = sessions.at(sid);
      session.started = start;
      if (start) ++counters_.started;
      start ? output_.start(session.number) : output_.stop(session.number);
      if (!start) sessions.erase(sid);
    }
  }
  list->command = start ? TwampCommand::StartNAck : TwampCommand::StopNAck;
  list->accept = fits ? Accept::Ok : Accept::Failure;
  std::vector<std::byte> octets(list->size());
  list->encode(octets);
  send(connection, octets);
  return std::nullopt;
}

}  // namespace wirestamp::twamp
