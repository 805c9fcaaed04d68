// SPDX-License-Identifier: Apache-2.0
#include "field.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/request_layout.h"
#include "wire/wstp.h"

namespace wirestamp::simulation {

namespace {
const packet::IpAddress kElsewhere = packet::IpAddress::v4(0xc000'0263);
}  // namespace

using measure::EventKind;

// One session with the reflector it measures.
class Field::One final : public session::SessionOutput {
 public:
  One(Field& field, std::uint32_t number) : number_(number), field_(field) {
    session::SessionOptions options = field.scenario_.options;
    options.flow.session = number;
    options.fixed_port =
        static_cast<std::uint16_t>(options.fixed_port + number);  // of each its own
    options.flow.remote = {packet::IpAddress::v4(field.scenario_.first_peer + number), 23'999, 0};
    options.flow.seed = field.random_.next();
    make_reflector();
    const auto layout =
        wire::plan_request(field.scenario_.bare ? std::optional<std::uint32_t>(44) : std::nullopt);
    CHECK(layout.has_value());
    session = std::make_unique<session::Session>(options, *layout, *this, field.budget());
    const auto begun = session->begin(field.stamp(StampSource::User));
    if (!begun) field.begin_failure_ = begun.error().text;
    if (begun) touch();
  }

  void make_reflector() {
    reflector = std::make_unique<session::Reflector>(session::ReflectorOptions{
        .policy = {.allowed = {}, .connected = {}, .rate = 0, .total_rate = 0},
        .random = [this] { return field_.random_.next(); },
        .note = [](const std::string&) {}});
  }

  void on_time() {
    // A session that only ever wants to be woken at once would loop for ever.
    at_once_ = field_.now_ == woken_ ? at_once_ + 1 : 0;
    woken_ = field_.now_;
    CHECK(at_once_ < 1'000);
    session->on_time(field_.stamp(StampSource::User), field_.clock());
    for (auto& action : after_) action();
    after_.clear();
    touch();
  }

  // Its wake-up may be another now.
  void touch() {
    if (wake_) field_.wakes_.erase({*wake_, number_});
    wake_ = session->next_wake();
    if (wake_) field_.wakes_.insert({*wake_, number_});
  }

  Result<session::OpenedPort> open_flow(session::FlowId flow,
                                        const session::FlowPort& wanted) override {
    std::uint16_t port = 0;
    if (wanted.shared_with) {
      port = port_of_.at(*wanted.shared_with);
    } else {
      const auto taken = [&](std::uint16_t one) {
        return field_.scenario_.taken_ports.contains(one) || field_.open_ports_.contains(one);
      };
      if (wanted.port) {
        port = *wanted.port;
        if (taken(port)) return fail("port " + std::to_string(port) + " is in use");
      } else if (field_.scenario_.first_port) {
        port = *std::exchange(field_.scenario_.first_port, std::nullopt);
      } else {
        do port = static_cast<std::uint16_t>(32'768 + field_.random_.below(28'232));
        while (taken(port));
      }
      ++field_.ports_opened_;
      field_.open_ports_.insert(port);
      field_.newest_port_ = port;
      field_.most_open_ = std::max(field_.most_open_, field_.open_ports_.size());
    }
    port_of_[flow] = port;
    return session::OpenedPort{.local = {packet::IpAddress::any(packet::Family::V4), port, 0},
                               .transmit = StampSource::Kernel};
  }

  void close_flow(session::FlowId flow) override {
    const std::uint16_t port = port_of_.at(flow);
    port_of_.erase(flow);
    const bool shared =
        std::ranges::any_of(port_of_, [&](const auto& one) { return one.second == port; });
    if (!shared) field_.open_ports_.erase(port);
  }

  std::optional<session::Egress> egress() override { return field_.egress(); }

  void send(session::FlowId flow, const packet::OutgoingDatagram& datagram) override {
    const std::uint16_t port = port_of_.at(flow);
    const std::uint64_t token = datagram.token;
    packet::SendResult result;
    result.handed_over = field_.stamp(StampSource::User);
    if (!field_.egress()) result.status = packet::SendStatus::NoRoute;
    const bool leaves = result.status == packet::SendStatus::Accepted &&
                        !field_.within(field_.scenario_.no_neighbour);
    std::vector<std::byte> octets(datagram.payload.begin(), datagram.payload.end());
    if (result.status == packet::SendStatus::Accepted && !leaves)
      field_.at(field_.now_ + Duration::milliseconds(3'050), [this, flow, octets] {
        error(flow, packet::PathErrorKind::NeighbourUnresolved, octets);
      });
    after_.push_back([this, flow, token, result, leaves, port, octets, hops = datagram.hop_limit] {
      session->on_sent(flow, token, result);
      if (!leaves) return;
      session->on_transmit_stamp(flow, token, field_.stamp(StampSource::Kernel));
      if (hops <= field_.scenario_.routers.size())
        expire(flow, port, hops, octets);
      else
        depart(flow, port, octets);
    });
  }

  // The last router that it reaches says so, if it comes so far.
  void expire(session::FlowId flow, std::uint16_t port, std::size_t hops,
              const std::vector<std::byte>& octets) {
    if (hops > field_.scenario_.routers_before && !field_.passes(port, true)) return;
    const packet::IpAddress router = field_.scenario_.routers[hops - 1];
    const Duration there = field_.scenario_.round_trip * static_cast<std::int64_t>(hops) /
                           static_cast<std::int64_t>(field_.scenario_.routers.size() + 1);
    field_.at(field_.now_ + there, [this, flow, octets, router] {
      error(flow, packet::PathErrorKind::TimeExceeded, octets, router);
    });
  }

  void depart(session::FlowId flow, std::uint16_t port, const std::vector<std::byte>& octets) {
    field_.ports_.try_emplace(port, field_.now_ - kStart);
    field_.times_[port].push_back(field_.now_ - kStart);
    if (field_.scenario_.made_up_replies) make_up_replies(flow, octets);
    if (number_ == 1 && field_.within(field_.scenario_.second_down)) return;
    if (!field_.passes(port, true)) return;
    const Duration half = field_.scenario_.round_trip / 2;
    const std::uint32_t source = field_.source_;
    field_.at(field_.now_ + half, [this, flow, port, octets, source, half] {
      if (field_.within(field_.scenario_.closed))
        return field_.at(field_.now_ + half, [this, flow, octets] {
          error(flow, packet::PathErrorKind::PortUnreachable, octets);
        });
      reflect(flow, port, octets, source);
    });
  }

  void make_up_replies(session::FlowId flow, const std::vector<std::byte>& request) {
    std::vector<std::byte> reply(44);
    const auto sequence = base::load_be<std::uint32_t>(request, 0);
    base::store_be<std::uint16_t>(reply, 12, 1);
    base::store_be(reply, 14, base::load_be<std::uint16_t>(request, 14));
    base::store_be(reply, 24, sequence);
    base::store_be(reply, 28, base::load_be<std::uint64_t>(request, 4) ^ 1U);
    const auto give = [&](const std::vector<std::byte>& octets) {
      field_.at(field_.now_ + Duration::milliseconds(1), [this, flow, octets] {
        packet::ReceivedDatagram datagram;
        datagram.payload = octets;
        datagram.source = session->options().flow.remote;
        datagram.arrival = field_.stamp(StampSource::Kernel);
        session->on_datagram(flow, datagram, {});
        touch();
      });
    };
    give(reply);
    give({reply.begin(), reply.begin() + 35});  // 36 may be a reply of TWAMP Light
    base::store_be(reply, 24, sequence + 1'000);
    give(reply);
    reply[14] ^= std::byte{0x40};
    give(reply);
  }

  void reflect(session::FlowId flow, std::uint16_t port, const std::vector<std::byte>& octets,
               std::uint32_t source) {
    packet::ReceivedDatagram request;
    request.payload = octets;
    request.source = {packet::IpAddress::v4(source), port, 0};
    if (field_.within(field_.scenario_.shuffled)) request.source.port = field_.shuffled_port_++;
    request.destination = peer();
    if (field_.within(field_.scenario_.in_turn))
      request.source.port = static_cast<std::uint16_t>(50'000 + field_.order_++ % 5);
    request.hop_limit = field_.hop_limit();
    request.traffic_class = session->options().flow.traffic_class;
    if (field_.within(field_.scenario_.remarked) && port % 4 == 2) request.traffic_class = 8U << 2U;
    if (field_.within(field_.scenario_.remarked_in_turn) && field_.order_++ % 2 == 0)
      request.traffic_class = 8U << 2U;
    request.arrival = field_.stamp(StampSource::Kernel);
    std::vector<std::byte> buffer(std::max<std::size_t>(octets.size(), 44));
    const auto reply = reflector->reflect(request, field_.stamp(StampSource::User), {}, buffer);
    if (!reply) return;
    packet::SendResult sent;
    sent.handed_over = field_.stamp(StampSource::User);
    reflector->on_sent(reply->token, sent);
    reflector->on_transmit_stamp(reply->token, field_.stamp(StampSource::Kernel));
    buffer.resize(reply->payload.size());
    if (field_.within(field_.scenario_.forged)) forge_goodbye(buffer);
    if (!field_.passes(port, false) || source != field_.source_) return;
    MonoTime back = field_.now_ + field_.scenario_.round_trip / 2;
    for (const During& held : field_.scenario_.held)
      if (back >= kStart + held.at) back = std::max(back, kStart + held.at + held.lasting);
    field_.at(back, [this, flow, port, buffer, marks = reply->traffic_class] {
      packet::ReceivedDatagram datagram;
      datagram.payload = buffer;
      datagram.source = peer();
      datagram.hop_limit = field_.hop_limit();
      datagram.traffic_class = field_.within(field_.scenario_.remarked_back) ? 8U << 2U : marks;
      datagram.arrival = field_.stamp(StampSource::Kernel);
      if (field_.within(field_.scenario_.full)) return static_cast<void>(++overflow_);
      tell_overflow(port);
      for (std::uint32_t n = 0; n < field_.scenario_.impostors; ++n) {
        datagram.source.address = packet::IpAddress::v4(0xcb00'7100U + n);
        session->on_datagram(flow, datagram, {});
      }
      datagram.source = peer();
      session->on_datagram(flow, datagram, {});
      touch();
    });
  }

  // As the engine does: to each flow of the port.
  void tell_overflow(std::uint16_t port) {
    const std::uint64_t replies = std::exchange(overflow_, 0);
    if (replies == 0) return;
    for (const auto& [flow, its_port] : port_of_)
      if (its_port == port) session->on_receive_dropped(flow, replies);
  }

  static void forge_goodbye(std::vector<std::byte>& reply) {
    std::array<std::byte, 4> magic{};
    base::store_be<std::uint32_t>(magic, 0, wire::Wstp::kMagic);
    const auto value = std::ranges::search(reply, magic).begin();
    if (value == reply.end()) return;  // to a bare probe
    value[5] |= std::byte{wire::Wstp::kStopping};
    value[16] ^= std::byte{1};
  }

  packet::Endpoint peer() const {
    packet::Endpoint peer = session->options().flow.remote;
    if (field_.within(field_.scenario_.elsewhere)) peer.address = kElsewhere;
    return peer;
  }

  void error(session::FlowId flow, packet::PathErrorKind kind, const std::vector<std::byte>& octets,
             const std::optional<packet::IpAddress>& router = std::nullopt) {
    packet::PathError error;
    error.kind = kind;
    error.destination = session->options().flow.remote;
    error.offender = router;
    if (kind == packet::PathErrorKind::PortUnreachable) error.offender = error.destination.address;
    error.quoted = octets;
    error.noticed = field_.now_;
    session->on_path_error(flow, error);
    touch();
  }

  void on_sample(const measure::Sample& sample) override {
    if (number_ != 0) return;
    field_.samples_.push_back(sample);
    field_.lanes_.push_back(session->lane_of(sample.flow));
  }
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(session::FlowId flow, std::uint64_t forward,
                           std::uint64_t backward) override {
    field_.resolved_ += forward + backward;
    if (number_ == 0) field_.resolved_of_lanes_[session->lane_of(flow)] += forward + backward;
  }
  void on_note(const std::string& note) override {
    if (number_ == 0) field_.notes_.push_back(note);
  }
  void on_event(const measure::Event& event) override {
    if (event.kind != EventKind::FlowChanged) ++field_.events_of_all_;
    if (event.kind == EventKind::Verdict) ++field_.verdicts_of_all_;
    if (number_ == 0) field_.events_.push_back({event, field_.now_ - kStart});
  }
  void on_scheduler_stamps(session::FlowId) override {}

  std::unique_ptr<session::Session> session;
  std::unique_ptr<session::Reflector> reflector;

 private:
  std::uint32_t number_;
  std::optional<MonoTime> wake_;
  MonoTime woken_;
  int at_once_ = 0;
  Field& field_;
  std::map<session::FlowId, std::uint16_t> port_of_;
  std::uint64_t overflow_ = 0;  // replies without room, not told yet
  std::vector<std::function<void()>> after_;
};

Field::Field(const FieldScenario& scenario) : scenario_(scenario), random_(scenario.seed) {
  for (const During& stalled : scenario.stalls)
    at(kStart + stalled.at, [this, timeout = stalled.lasting] { stall(timeout); });
  for (const Duration time : scenario.restarts)
    at(kStart + time, [this] {
      for (const auto& one : sessions_) one->make_reflector();
    });
  if (scenario.goodbye)
    at(kStart + *scenario.goodbye, [this] {
      for (const auto& one : sessions_) one->reflector->announce_stop();
    });
  for (const Duration time : scenario.renumbered)
    at(kStart + time, [this] {
      ++source_;
      entries_.clear();  // of other 5-tuples than those from now on
      change(packet::NetworkChangeKind::AddressAdded);
    });
  for (const Duration time : scenario.moved)
    at(kStart + time, [this] {
      ++interface_;
      source_ += 256;
      entries_.clear();
      change(packet::NetworkChangeKind::RouteChanged);
    });
  for (const Duration time : scenario.extra_addresses)
    at(kStart + time, [this] { change(packet::NetworkChangeKind::AddressAdded); });
  for (const Duration time : scenario.privacy_addresses)
    at(kStart + time, [this] { change(packet::NetworkChangeKind::AddressAdded, true); });
  for (const During& gone : scenario.no_route)
    for (const Duration time : {gone.at, gone.at + gone.lasting})
      at(kStart + time, [this] { change(packet::NetworkChangeKind::RouteChanged); });
  for (std::uint32_t n = 0; n < scenario.sessions; ++n)
    sessions_.push_back(std::make_unique<One>(*this, n));
}

Field::~Field() = default;

const session::Session& Field::session() const { return *sessions_.front()->session; }

void Field::at(MonoTime time, std::function<void()> run) { agenda_.at(time, std::move(run)); }

bool Field::within(const std::vector<During>& periods) const {
  return std::ranges::any_of(periods, [&](const During& period) {
    return now_ >= kStart + period.at && now_ < kStart + period.at + period.lasting;
  });
}

std::uint8_t Field::hop_limit() {
  const bool in_turn = within(scenario_.longer_in_turn) && hop_order_++ % 4 < 2;
  return within(scenario_.longer) || in_turn ? 248 : 250;
}

Timestamp Field::stamp(StampSource source) const {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + now_.ns()),
          .mono = now_,
          .error = Duration::microseconds(5),
          .source = source};
}

ClockState Field::clock() const {
  ClockState clock;
  if (scenario_.suspended && now_ >= kStart + *scenario_.suspended)
    clock.suspended = Duration::seconds(1);
  return clock;
}

std::optional<session::Egress> Field::egress() const {
  if (within(scenario_.no_route)) return std::nullopt;
  return session::Egress{.interface = interface_,
                         .interface_name = "eth" + std::to_string(interface_),
                         .source = packet::IpAddress::v4(source_)};
}

void Field::change(packet::NetworkChangeKind kind, bool temporary) {
  packet::NetworkChange changed;
  changed.kind = kind;
  changed.temporary = temporary;
  changed.interface = interface_;
  for (const auto& one : sessions_) {
    one->session->on_network_change(changed);
    one->touch();
  }
}

void Field::stall(Duration timeout) {
  for (const std::uint16_t port : open_ports_)
    entries_[port] = {.stale = true, .timeout = timeout, .last_packet = now_};
}

// A packet over a port arrives at the middleboxes.
bool Field::passes(std::uint16_t port, bool forward) {
  if (forward) {
    const auto entry = entries_.find(port);
    if (entry != entries_.end() && entry->second.stale) {
      const bool died = now_ - entry->second.last_packet > entry->second.timeout;
      entry->second.last_packet = now_;  // whatever becomes of it, the packet refreshes the entry
      if (!died) return false;
      entries_.erase(entry);
    }
    if (within(scenario_.strict) && !known_ports_.contains(port)) return false;
    if (!within(scenario_.strict)) known_ports_.insert(port);
  }
  if (within(scenario_.down)) return false;
  if (within(scenario_.newest_dead) && port == newest_port_) return false;
  if (within(scenario_.bad_path) && port % 4 == 2) return false;
  return !random_.chance(scenario_.lose);
}

void Field::run(Duration limit) {
  bool stopped = false;
  // A session that has finished wakes up no more.
  while (true) {
    std::optional<MonoTime> wake;
    if (!wakes_.empty()) wake = wakes_.begin()->first;
    if (!wake) break;
    for (const During& starved : scenario_.starved)
      if (*wake >= kStart + starved.at)
        wake = std::max(*wake, kStart + starved.at + starved.lasting);
    const bool event_first = !agenda_.empty() && (!wake || agenda_.next() <= *wake);
    CHECK(event_first || wake);
    const MonoTime next = std::max(now_, event_first ? agenda_.next() : *wake);
    if (!stopped && next - kStart > limit) {
      stopped = true;
      now_ = std::max(now_, kStart + limit);
      for (const auto& one : sessions_) {
        one->session->stop(now_);
        one->on_time();
      }
      continue;
    }
    now_ = next;
    if (event_first) {
      agenda_.run_next();
      continue;
    }
    sessions_[wakes_.begin()->second]->on_time();
  }
  // Who sleeps for ever without having finished would hang at the end of a run.
  for (const auto& one : sessions_) CHECK(one->session->finished());
}

std::vector<measure::Finding> Field::findings() const {
  std::vector<measure::Finding> found;
  for (const Told& told : of_kind(EventKind::Verdict)) found.push_back(*told.event.finding);
  return found;
}

std::vector<Field::Told> Field::of_kind(EventKind kind) const {
  std::vector<Told> found;
  for (const Told& told : events_)
    if (told.event.kind == kind) found.push_back(told);
  return found;
}

std::uint64_t Field::delivered() const {
  return static_cast<std::uint64_t>(
      std::ranges::count(samples_, measure::Outcome::Delivered, &measure::Sample::outcome));
}

std::optional<Duration> Field::first_delivered_after(Duration at) const {
  std::optional<Duration> first;
  for (const measure::Sample& sample : samples_) {
    const Duration due = sample.scheduled - kStart;
    if (sample.outcome == measure::Outcome::Delivered && due >= at && (!first || due < *first))
      first = due;
  }
  return first;
}

std::uint64_t Field::packets_over(std::uint16_t port) const {
  const auto found = times_.find(port);
  return found == times_.end() ? 0 : found->second.size();
}

const session::Reflector& Field::reflector() const { return *sessions_.front()->reflector; }

}  // namespace wirestamp::simulation
