// SPDX-License-Identifier: Apache-2.0
#include "agent/twamp_reflector.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace wirestamp::agent {

namespace {

// Replies waiting for the end of a turn; the backend bounds what one poll delivers. Beyond it they
// are dropped and counted.
constexpr std::size_t kMostQueued = 1'024;
// Ports below belong to other services; 862 is that of TWAMP-Test (RFC 8545).
constexpr std::uint16_t kFirstFreePort = 1'024, kTwampPort = 862;

//= RFC8545:test-port
bool may_be_had(std::uint16_t port) { return port >= kFirstFreePort || port == kTwampPort; }

}  // namespace

TwampReflector::TwampReflector(Options options, net::PacketIo& io, Engine& engine)
    : options_(std::move(options)),
      io_(io),
      engine_(engine),
      reflector_(options_.limits),
      queue_(kMostQueued) {}

TwampReflector::~TwampReflector() {
  for (const auto& [port, what] : ports_) {
    engine_.remove_guest(port);
    io_.close(port);
  }
}

Result<net::PortId> TwampReflector::open_port(const twamp::TestSession& session,
                                              std::uint16_t number) {
  const packet::Endpoint& at = session.receiver;
  const net::PortId port = TRY(io_.open({.family = at.address.family(),
                                         .address = at.address,
                                         .port = number,
                                         .interface = at.address.is_link_local() ? at.interface : 0,
                                         .device = options_.device,
                                         .stamps = options_.stamps,
                                         .separate_transmit = true}));
  const Place place{at.address, io_.local_endpoint(port).port};
  ports_[port] = {.place = place};
  places_[place] = port;
  engine_.add_guest(port, *this);
  return port;
}

// The port that the client asked for, where it is free or this sender is the first of its sessions
// there; else any.
Result<net::PortId> TwampReflector::port_for(const twamp::TestSession& session) {
  const std::uint16_t wanted = session.receiver.port;
  if (may_be_had(wanted)) {
    const auto shared = places_.find({session.receiver.address, wanted});
    if (shared == places_.end()) {
      if (auto opened = open_port(session, wanted)) return opened;
    } else if (reflector_.has_room(shared->second, session.sender)) {
      return shared->second;
    }
  }
  //= RFC5357:other-port
  return open_port(session, 0);
}

twamp::ServerOutput::Opened TwampReflector::open(const twamp::TestSession& session) {
  using wire::Accept;
  const auto port = port_for(session);
  if (!port) {
    // RFC 5357 3.5: an address that is not ours is something we do not do.
    const bool foreign = port.error().os_error == EADDRNOTAVAIL;
    return {.accept = foreign ? Accept::NotSupported : Accept::TemporaryLimit, .port = 0};
  }
  if (!reflector_.add(*port, session, io_.clock().mono_now()))
    return {.accept = Accept::InternalError, .port = 0};
  Port& opened = ports_.at(*port);
  ++opened.sessions;
  return {.accept = Accept::Ok, .port = opened.place.second};
}

void TwampReflector::on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) {
  SendQueue::Entry* slot =
      queue_.next(twamp::TestReflector::longest_reply(datagram.payload.size()));
  if (slot == nullptr) {
    reflector_.drop_request(datagram.payload.size());
    return;
  }
  const ClockState clock = io_.clock().state();
  const auto reply =
      reflector_.reflect(port, datagram, user_stamp(io_.clock().now()), clock, slot->octets);
  if (!reply) return;
  slot->port = port;
  slot->datagram = *reply;
  queue_.push();
}

void TwampReflector::on_transmit_stamp(net::PortId, const packet::TransmitStamp&) {
  reflector_.on_transmit_stamp();
}

void TwampReflector::on_path_error(net::PortId, const packet::PathError&) {
  reflector_.on_path_error();
}

void TwampReflector::flush() {
  queue_.flush(io_, *this, [this](const SendQueue::Entry& sent, const packet::SendResult& result) {
    reflector_.on_sent(sent.datagram.payload.size(), result.status == packet::SendStatus::Accepted);
  });
}

std::vector<twamp::SessionNumber> TwampReflector::after_turn() {
  flush();
  if (const auto wake = reflector_.next_wake()) {
    const MonoTime now = io_.clock().mono_now();
    if (*wake <= now) reflector_.on_time(now);
  }
  std::vector<twamp::SessionNumber> ended;
  for (const auto& [number, id] : reflector_.take_ended()) {
    ended.push_back(number);
    const auto found = ports_.find(id);
    if (--found->second.sessions > 0) continue;
    engine_.remove_guest(id);
    io_.close(id);
    places_.erase(found->second.place);
    ports_.erase(found);
  }
  return ended;
}

}  // namespace wirestamp::agent
