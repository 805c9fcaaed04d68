// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session/reflector.h"
#include "session/silent_output.h"
#include "session/tlv_watch.h"

// For tests: a sender and a reflector, and what is between them, in virtual time.
namespace wirestamp::session {

class TlvExchange : public SilentOutput {
 public:
  static constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);

  explicit TlvExchange(TlvRequests requests, TlvOptions tlvs = {},
                       std::optional<std::uint64_t> reply_dscp = std::nullopt) {
    tlvs.own.push_back(reflector_end.address);
    tlvs_there_ = std::move(tlvs);
    reply_dscp_ = reply_dscp;
    restart_reflector();
    options.remote = reflector_end;
    options.ssid = 7;
    options.tlvs = std::move(requests);
    wire::RequestPlan plan;
    plan.asked = options.tlvs.tlvs;
    plan.padding_pattern = options.tlvs.padding_pattern;
    if (!plan.padding_pattern.empty())
      plan.size = static_cast<std::uint32_t>(wire::plan_request(plan)->size + 132);
    layout = *wire::plan_request(plan);
    watch.emplace(layout, options.tlvs.tlvs);
    sender.emplace(options, layout, *this, continuity);
    clock.synchronised = true;
    clock.error = Duration::milliseconds(1);
  }

  Timestamp at(MonoTime time, StampSource source = StampSource::User) const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
            .mono = time,
            .error = Duration::microseconds(1),
            .source = source};
  }

  // It knows nothing of what was.
  void restart_reflector() {
    reflector.emplace(
        ReflectorOptions{.policy = {.allowed = {*packet::Prefix::parse("10.0.0.0/8"),
                                                *packet::Prefix::parse("198.51.100.0/24")},
                                    .rate = 0,
                                    .network_rate = 0,
                                    .total_rate = 0,
                                    .dscp = reply_dscp_},
                         .random = [this] { return ++random_; },
                         .note = [](const std::string&) {},
                         .tlvs = tlvs_there_});
  }

  // One probe over; true when a reply came back to the sender.
  bool probe() {
    send_only();
    return carry();
  }
  void send_only() {
    sender->send(ProbeKind::Scheduled, now, at(now), clock);
    sender->on_sent(token_, {.handed_over = at(now)});
  }
  // Time goes on to then; true when a probe was sent.
  bool wake_at(MonoTime then) {
    const unsigned before = requests_sent;
    now = then;
    sender->on_time(at(now), clock);
    if (requests_sent == before) return false;
    sender->on_sent(token_, {.handed_over = at(now)});
    return true;
  }
  // What was sent last goes to the reflector, and its reply back.
  bool carry() {
    const auto reply = reflect(request);
    now = now + Duration::milliseconds(10);
    if (!reply) return false;
    deliver(*reply);
    return true;
  }
  std::optional<packet::OutgoingDatagram> reflect(const std::vector<std::byte>& octets) {
    packet::ReceivedDatagram arrived;
    arrived.payload = octets;
    arrived.source = seen_source.value_or(sender_end);
    arrived.destination = seen_destination.value_or(reflector_end);
    arrived.interface = 3;
    arrived.traffic_class = traffic_class;
    arrived.arrival = at(now, StampSource::Hardware);
    buffer_.resize(reflector->room(octets.size()));
    last_reply = reflector->reflect(arrived, at(now), clock, buffer_);
    return last_reply;
  }
  void deliver(const packet::OutgoingDatagram& reply) {
    packet::ReceivedDatagram back;
    back.payload = reply.payload;
    // The NAT that changed the destination on the way there changes it back.
    back.source = reflector_end;
    if (!seen_destination) back.source.address = reply.source.value_or(reflector_end.address);
    back.destination = sender_end;
    back.arrival = at(now, StampSource::Kernel);
    sender->on_datagram(back, clock);
  }
  std::string text(std::uint8_t type) const {
    for (const TlvState& state : watch->states())
      if (state.type == type) return state.text;
    return "is not asked for";
  }
  TlvAnswer answer(std::uint8_t type) const {
    for (const TlvState& state : watch->states())
      if (state.type == type) return state.answer;
    return TlvAnswer::None;
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    request.assign(datagram.payload.begin(), datagram.payload.end());
    token_ = datagram.token;
    ++requests_sent;
  }
  void on_note(const std::string& note) override { notes.push_back(note); }
  void on_tlvs(const Reply& reply, std::size_t size, std::uint32_t replies) override {
    watch->on_reply({.reply = reply,
                     .local = sender_end,
                     .remote = reflector_end,
                     .request_size = size,
                     .replies_received = replies});
    for (const TlvWatch::News& one : watch->take_news()) {
      news.push_back(one.text);
      translations += one.translation ? 1U : 0U;
    }
  }

  packet::Endpoint sender_end{*packet::IpAddress::parse("10.0.0.1"), 40'000, 0};
  packet::Endpoint reflector_end{*packet::IpAddress::parse("10.0.0.2"), 23'999, 0};
  std::optional<packet::Endpoint> seen_source, seen_destination;  // other than sent
  std::uint8_t traffic_class = 0;
  MonoTime now = kStart;
  ClockState clock;
  SenderOptions options;
  wire::RequestLayout layout;
  std::optional<Reflector> reflector;
  std::optional<TlvWatch> watch;
  std::optional<Sender> sender;
  std::vector<std::byte> request;
  std::optional<packet::OutgoingDatagram> last_reply;
  std::vector<std::string> notes, news;
  unsigned translations = 0;  // news that Location shows a NAT
  unsigned requests_sent = 0;
  Continuity continuity;

 private:
  std::uint64_t random_ = 0;
  TlvOptions tlvs_there_;
  std::optional<std::uint64_t> reply_dscp_;
  std::vector<std::byte> buffer_;
  packet::Token token_ = 0;
};

}  // namespace wirestamp::session
