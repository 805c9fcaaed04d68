// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <algorithm>

#include "base/check.h"
#include "wire/request_layout.h"

namespace wirestamp::simulation {

namespace {
const packet::Endpoint kSender{packet::IpAddress::v4(0x0a00'0001), 50'000, 0};
const packet::Endpoint kReflector{packet::IpAddress::v4(0x0a00'0002), 23'999, 0};
constexpr std::uint16_t kSsid = 0x1234;
constexpr Duration kNeighbourWait = Duration::milliseconds(3'050);
}  // namespace

World::World(const Scenario& scenario) : scenario_(scenario), random_(scenario.seed) {
  session::SessionOptions options;
  options.flow.remote = kReflector;
  options.flow.ssid = kSsid;
  options.flow.seed = scenario.seed;
  options.schedule = scenario.schedule;
  options.policy = session::PortPolicy::Fixed;
  options.heal_after.reset();
  const auto layout =
      wire::plan_request(scenario.wstp ? std::nullopt : std::optional<std::uint32_t>(44));
  CHECK(layout.has_value());
  session_ = std::make_unique<session::Session>(options, *layout, *this, budget_);
  CHECK(session_->begin(stamp(StampSource::User)));
  make_reflector();
  for (const Duration restart : scenario.restarts)
    at(kStart + restart, [this] {
      make_reflector();
      ++restarts_;
    });
  run_before();
  for (const Duration step : scenario.clock_steps)
    at(kStart + step, [this] {
      wall_offset_ += Duration::milliseconds(100);
      ++clock_.steps;
    });
  for (const Period& period : scenario.suspended)
    at(kStart + period.at, [this, period] {
      // Raw monotonic time stands still; the wall clock and the boot clock go on.
      clock_.suspended += period.lasting;
      wall_offset_ += period.lasting;
      for (auto& [token, truth] : truth_)
        if (truth.returned == 0) truth.in_flight_at_suspend = true;
    });
}

World::~World() = default;

void World::make_reflector() {
  reflector_ = std::make_unique<session::Reflector>(session::ReflectorOptions{
      .policy = {.allowed = {}, .connected = {}, .rate = scenario_.reflector_rate, .total_rate = 0},
      .random = [this] { return random_.next(); },
      .note = [](const std::string&) {}});
}

// The reflector's session as an earlier run with the same ports and SSID left it ten seconds ago.
void World::run_before() {
  if (scenario_.earlier_requests == 0) return;
  const auto layout = wire::plan_request(std::nullopt);
  now_ = kStart - Duration::seconds(10);
  for (std::uint32_t sequence = 0; sequence < scenario_.earlier_requests; ++sequence) {
    std::vector<std::byte> octets(layout->size), buffer(layout->size);
    wire::encode_probe(*layout,
                       {.sequence = sequence, .timestamp = 1, .error_estimate = 1, .ssid = kSsid},
                       octets);
    packet::ReceivedDatagram request;
    request.payload = octets;
    request.source = kSender;
    request.destination = kReflector;
    request.arrival = stamp(StampSource::Kernel);
    const auto reply = reflector_->reflect(request, stamp(StampSource::User), clock_, buffer);
    now_ += Duration::microseconds(50);
    reflector_->on_transmit_stamp(reply->token, stamp(StampSource::Kernel));
  }
  now_ = kStart;
}

void World::at(MonoTime time, std::function<void()> run) { agenda_.at(time, std::move(run)); }

bool World::within(const std::vector<Period>& periods) const { return end_of(periods).has_value(); }

std::optional<MonoTime> World::end_of(const std::vector<Period>& periods) const {
  for (const Period& period : periods) {
    const MonoTime from = kStart + period.at;
    if (now_ >= from && now_ < from + period.lasting) return from + period.lasting;
  }
  return std::nullopt;
}

Timestamp World::stamp(StampSource source) const {
  return {.wall = WallTime::from_ns((now_ - MonoTime::from_ns(0)).ns() + wall_offset_.ns()),
          .mono = now_,
          .error = Duration::microseconds(5),
          .source = source};
}

ClockState World::clock() const { return clock_; }

Duration World::crossing(bool backward) {
  const Faults& faults = scenario_.faults;
  Duration delay = faults.delay;
  if (faults.variation > Duration())
    delay += Duration::nanoseconds(static_cast<std::int64_t>(
        random_.below(static_cast<std::uint64_t>(faults.variation.ns()))));
  if (random_.chance(faults.overtake))
    delay += Duration::microseconds(static_cast<std::int64_t>(random_.below(30'000)));
  if (backward) delay += faults.backward_extra;
  if (backward && random_.chance(faults.late_reply)) delay += Duration::seconds(3);
  return delay;
}

void World::run(Duration limit) {
  bool stopped = false;
  while (!session_->finished()) {
    std::optional<MonoTime> wake = session_->next_wake();
    // While starved we do nothing, not even read what has come.
    if (wake && *wake < now_) wake = now_;
    const bool event_first =
        !agenda_.empty() && (!wake || agenda_.next() <= *wake + scenario_.wakes_late);
    CHECK(event_first || wake);
    const MonoTime next = event_first ? agenda_.next() : *wake;
    if (!stopped && next - kStart > limit) {
      stopped = true;
      now_ = std::max(now_, kStart + limit);
      session_->stop(now_);
      session_->on_time(stamp(StampSource::User), clock());
      continue;
    }
    now_ = std::max(now_, next);
    if (event_first) {
      agenda_.run_next();
      continue;
    }
    if (const auto end = end_of(scenario_.starved)) now_ = *end;
    seen_clock_ = clock();
    session_->on_time(stamp(StampSource::User), seen_clock_);
    for (auto& action : after_send_) action();
    after_send_.clear();
  }
}

// --- the sender's host

Result<session::OpenedPort> World::open_flow(session::FlowId, const session::FlowPort&) {
  return session::OpenedPort{
      .local = kSender,
      .transmit = scenario_.transmit_stamps ? StampSource::Kernel : StampSource::User};
}

void World::send(session::FlowId, const packet::OutgoingDatagram& datagram) {
  std::vector<std::byte> octets(datagram.payload.begin(), datagram.payload.end());
  const std::uint64_t token = datagram.token;
  Truth& truth = truth_[token];
  truth.handed_over = true;
  packet::SendResult result;
  result.handed_over = stamp(StampSource::User);
  if (random_.chance(scenario_.faults.refuse_send)) {
    truth.refused_send = true;
    result.status = packet::SendStatus::DroppedLocally;
  } else if (within(scenario_.neighbour_gone)) {
    truth.neighbour = true;
    at(now_ + kNeighbourWait,
       [this, octets] { report_error(packet::PathErrorKind::NeighbourUnresolved, octets); });
  } else if (random_.chance(scenario_.faults.vanish)) {
    truth.vanished = true;
  } else {
    after_send_.push_back([this, token, octets] { leave(token, octets); });
  }
  after_send_.push_back([this, token, result] { session_->on_sent(0, token, result); });
}

void World::leave(std::uint64_t token, const std::vector<std::byte>& octets) {
  Truth& truth = truth_[token];
  truth.left = true;
  truth.left_at = now_;
  const bool driver = !scenario_.stamps_end || now_ < kStart + *scenario_.stamps_end;
  if (scenario_.transmit_stamps && driver) {
    session_->on_transmit_stamp(0, token, stamp(StampSource::Kernel));
  } else if (scheduler_stamps_) {
    session_->on_transmit_stamp(0, token, stamp(StampSource::Scheduler));
  }
  const unsigned copies = random_.chance(scenario_.faults.copy_forward) ? 2 : 1;
  for (unsigned n = 0; n < copies; ++n) {
    if (random_.chance(scenario_.faults.lose_forward) || within(scenario_.path_down_forward))
      continue;
    at(now_ + crossing(false), [this, token, octets] { arrive_at_reflector(token, octets); });
  }
}

void World::report_error(packet::PathErrorKind kind, std::vector<std::byte> quoted) {
  packet::PathError error;
  error.kind = kind;
  error.destination = kReflector;
  error.quoted = quoted;
  error.noticed = now_;
  session_->on_path_error(0, error);
}

void World::arrive_at_sender(std::uint64_t token, std::vector<std::byte> octets) {
  Truth& truth = truth_[token];
  ++truth.returned;
  if (!truth.first_return) truth.first_return = now_;
  packet::ReceivedDatagram datagram;
  datagram.payload = octets;
  datagram.source = kReflector;
  datagram.destination = kSender;
  datagram.hop_limit = 255;
  datagram.arrival = stamp(StampSource::Kernel);
  session_->on_datagram(0, datagram, seen_clock_);
}

// --- the reflector's host

void World::reply_departed(packet::Token name, const Timestamp& departed) {
  if (const auto end = end_of(scenario_.starved_there))
    return at(*end, [this, name, departed] { reply_departed(name, departed); });
  reflector_->on_transmit_stamp(name, departed);
}

void World::arrive_at_reflector(std::uint64_t token, std::vector<std::byte> octets) {
  if (const auto end = end_of(scenario_.starved_there))
    return at(*end, [this, token, octets] { arrive_at_reflector(token, octets); });
  Truth& truth = truth_[token];
  if (within(scenario_.port_closed)) {
    ++truth.met_closed_port;
    if (random_.chance(0.5))
      at(now_ + crossing(true),
         [this, octets] { report_error(packet::PathErrorKind::PortUnreachable, octets); });
    return;
  }
  packet::ReceivedDatagram request;
  request.payload = octets;
  request.source = kSender;
  request.destination = kReflector;
  request.hop_limit = 255;
  request.arrival = stamp(StampSource::Kernel);
  ++truth.reached;
  std::vector<std::byte> buffer(std::max<std::size_t>(octets.size(), 44));
  now_ += Duration::microseconds(20);
  const auto reply = reflector_->reflect(request, stamp(StampSource::User), clock_, buffer);
  if (!reply) {
    ++truth.refused;
    return;
  }
  ++truth.answered;
  truth.numbers.emplace(restarts_, base::load_be<std::uint32_t>(reply->payload, 0));
  const packet::Token name = reply->token;
  buffer.resize(reply->payload.size());
  packet::SendResult sent;
  sent.handed_over = stamp(StampSource::User);
  reflector_->on_sent(name, sent);
  now_ += Duration::microseconds(3);
  at(now_ + scenario_.reply_stamps_late,
     [this, name, departed = stamp(StampSource::Kernel)] { reply_departed(name, departed); });
  const unsigned copies = random_.chance(scenario_.faults.copy_backward) ? 2 : 1;
  for (unsigned n = 0; n < copies; ++n) {
    if (random_.chance(scenario_.faults.lose_backward) || within(scenario_.path_down_backward))
      continue;
    at(now_ + crossing(true), [this, token, buffer] { arrive_at_sender(token, buffer); });
  }
}

// --- what the sender says

void World::on_sample(const measure::Sample& sample) {
  static const Truth kNeverSent;
  const auto known = truth_.find(sample.sequence);
  const bool sent = sample.outcome != measure::Outcome::LateSchedule && known != truth_.end();
  if (check_) {
    check_(sample, sent ? known->second : kNeverSent);
    // Copies may still be under way; the newest are kept for them.
    while (truth_.size() > 4'096) truth_.erase(truth_.begin());
  } else {
    samples_.push_back(sample);
  }
}

void World::on_unknown_resolved(session::FlowId, std::uint64_t forward, std::uint64_t backward) {
  resolved_forward_ += forward;
  resolved_backward_ += backward;
}

}  // namespace wirestamp::simulation
