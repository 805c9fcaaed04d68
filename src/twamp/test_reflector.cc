// SPDX-License-Identifier: Apache-2.0
#include "twamp/test_reflector.h"

#include <algorithm>
#include <utility>

#include "wire/stamp.h"
#include "wire/time_format.h"

namespace wirestamp::twamp {

bool TestReflector::has_room(Port port, const packet::Endpoint& sender) const {
  const auto found = by_sender_.find(key_of(port, sender));
  // Who asks again after a stop has no packets of the old session on the way that matter to it.
  return found == by_sender_.end() || sessions_.at(found->second).until.has_value();
}

Result<void> TestReflector::add(Port port, const TestSession& session, MonoTime now) {
  auto codec =
      TRY(wire::TwampTestCodec::make(session.layout, session.keys ? &*session.keys : nullptr));
  const Key key = key_of(port, session.sender);
  if (const auto before = by_sender_.find(key); before != by_sender_.end()) remove(before->second);
  by_sender_[key] = session.number;
  sessions_.emplace(session.number,
                    Session{.agreed = session,
                            .port = port,
                            .codec = std::move(codec),
                            .heard = now,
                            .until = {},
                            .tokens = static_cast<double>(limits_.packets_per_second),
                            .filled = now});
  sessions_.at(session.number).agreed.keys.reset();  // the codec has them
  ++counters_.sessions;
  return {};
}

void TestReflector::start(SessionNumber number, MonoTime now) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  wake_known_ = false;
  found->second.started = true;
  found->second.heard = now;
}

void TestReflector::stop(SessionNumber number, MonoTime now) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  wake_known_ = false;
  //= RFC5357:timeout
  found->second.until = now + found->second.agreed.timeout;
}

void TestReflector::abandon(SessionNumber number) { remove(number); }

void TestReflector::remove(SessionNumber number) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  by_sender_.erase(key_of(found->second.port, found->second.agreed.sender));
  ended_.push_back({number, found->second.port});
  sessions_.erase(found);
}

// Asked at every turn of the engine, while packets only put the ends off.
std::optional<MonoTime> TestReflector::next_wake() {
  if (!wake_known_) wake_ = first_end();
  wake_known_ = true;
  return wake_;
}

std::optional<MonoTime> TestReflector::first_end() const {
  std::optional<MonoTime> wake;
  for (const auto& [number, session] : sessions_) {
    if (!session.started && !session.until) continue;  // its connection waits for it
    const MonoTime end = ends(session, limits_);
    if (!wake || end < *wake) wake = end;
  }
  return wake;
}

void TestReflector::on_time(MonoTime now) {
  if (const auto wake = next_wake(); !wake || *wake > now) return;
  wake_known_ = false;
  std::vector<SessionNumber> over;
  for (const auto& [number, session] : sessions_) {
    if (!session.started && !session.until) continue;
    if (ends(session, limits_) > now) continue;
    over.push_back(number);
    //= RFC5357:refwait
    if (!session.until) ++counters_.expired;
  }
  for (const SessionNumber number : over) remove(number);
}

bool TestReflector::takes_token(Session& session, MonoTime now) const {
  const auto rate = static_cast<double>(limits_.packets_per_second);
  if (now > session.filled) {
    session.tokens = std::min(rate, session.tokens + (now - session.filled).to_seconds() * rate);
    session.filled = now;
  }
  if (session.tokens < 1) return false;
  session.tokens -= 1;
  return true;
}

void TestReflector::on_sent(std::size_t octets, bool accepted) {
  ++(accepted ? counters_.replies : counters_.send_failed);
  if (accepted) counters_.octets_sent += octets;
}

void TestReflector::drop_request(std::size_t octets) {
  counters_.octets_received += octets;
  ++counters_.replies_dropped;
}

// RFC 5357 4.2: only what the agreed sender sends to the agreed receiver, from Start-Ack on.
TestReflector::Session* TestReflector::admitted(Port port,
                                                const packet::ReceivedDatagram& request) {
  const auto refuse = [](std::uint64_t& counter) -> Session* {
    ++counter;
    return nullptr;
  };
  //= RFC5357:agreed-ends
  const auto found = by_sender_.find(key_of(port, request.source));
  if (found == by_sender_.end()) return refuse(counters_.strangers);
  Session& session = sessions_.at(found->second);
  if (request.destination.address != session.agreed.receiver.address)
    return refuse(counters_.strangers);
  if (!session.started) return refuse(counters_.early);
  const MonoTime now = *request.arrival.mono;
  if (session.until && now > *session.until) return refuse(counters_.strangers);
  if (request.truncated) return refuse(counters_.truncated);
  if (!session.agreed.layout.keyed() && wire::classify(request.payload) == wire::Kind::Reply)
    return refuse(counters_.replies_ignored);
  if (!takes_token(session, now)) return refuse(counters_.over_rate);
  return &session;
}

std::optional<packet::OutgoingDatagram> TestReflector::reflect(
    Port port, const packet::ReceivedDatagram& request, const Timestamp& now,
    const ClockState& clock, base::MutableBytes buffer) {
  counters_.octets_received += request.payload.size();
  Session* const session = admitted(port, request);
  if (session == nullptr) return std::nullopt;
  const auto asked = session->codec.decode_request(request.payload);
  if (!asked) {
    //= RFC5357:wrong-hmac
    ++(session->codec.authentic() ? counters_.too_short : counters_.wrong_hmac);
    return std::nullopt;
  }
  ++counters_.requests;
  session->heard = *request.arrival.mono;
  const auto stamp = [&](WallTime wall) {
    return wire::encode_time(wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s);
  };
  //= RFC5357:equal-size
  const std::size_t size = session->codec.layout().reply_size(request.payload.size());
  const base::MutableBytes octets = buffer.first(size);
  session->codec.reflect_padding(request.payload, octets);
  session->codec.encode_reply(
      //= RFC5357:own-number
      octets, {.base = {.sequence = session->next_sequence++,
                        .timestamp = stamp(now.wall),
                        //= RFC8186:twamp-z
                        .error_estimate = wire::encode_error_estimate(
                            clock.synchronised, wire::TimeFormat::Ntp,
                            clock.error + std::max(request.arrival.error, now.error)),
                        .ssid = 0,
                        .receive_timestamp = stamp(request.arrival.wall),
                        .sender_sequence = asked->sequence,
                        .sender_timestamp = asked->timestamp,
                        .sender_error_estimate = asked->error_estimate,
                        //= RFC5357:sender-ttl
                        .sender_ttl = request.hop_limit.value_or(255)},
               .traffic_class = request.traffic_class});
  packet::OutgoingDatagram reply;
  reply.payload = octets;
  reply.destination = request.source;
  reply.source = request.destination.address;
  if (request.source.address.is_link_local() || request.destination.address.is_link_local())
    reply.interface = request.interface;
  //= RFC5357:type-p-reflected RFC7750:not-ect
  reply.traffic_class = static_cast<std::uint8_t>(session->agreed.dscp << 2U);  // ECN: Not-ECT
  //= RFC5357:ttl-255
  reply.hop_limit = 255;
  return reply;
}

}  // namespace wirestamp::twamp
