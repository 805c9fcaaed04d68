// SPDX-License-Identifier: Apache-2.0
#include "agent/ping.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "agent/engine.h"
#include "measure/accumulator.h"
#include "platform/entropy.h"
#include "platform/resolve.h"
#include "platform/route.h"
#include "wire/request_layout.h"

namespace wirestamp::agent {

namespace {

constexpr Duration kProgressEvery = Duration::milliseconds(200);
// From this rate on a socket of its own for sending keeps stamps and replies apart.
constexpr Duration kHighRate = Duration::milliseconds(2);
// Bursts (S17) make sense for runs of a minute and more at intervals up to a second.
constexpr Duration kBurstRun = Duration::minutes(1);
constexpr Duration kBurstInterval = Duration::seconds(1);
// A true transmit stamp of the peer may be lost with a reply; so many misses in a row mean there is
// none.
constexpr unsigned kMissedPeerStamps = 8;

bool runs_long_enough_for_bursts(const PingOptions& options) {
  if (options.interval > kBurstInterval) return false;
  if (options.duration && *options.duration < kBurstRun) return false;
  if (options.count &&
      Duration::nanoseconds(static_cast<std::int64_t>(std::min<double>(
          static_cast<double>(*options.count) * static_cast<double>(options.interval.ns()),
          9e18))) < kBurstRun)
    return false;
  return true;
}

class PingRun final : public Ping, private FlowObserver {
 public:
  PingRun(PingOptions options, std::unique_ptr<net::PacketIo> io, net::PortId port, PingStart start,
          wire::RequestLayout layout, std::uint32_t route_interface)
      : options_(std::move(options)),
        io_(std::move(io)),
        port_(port),
        start_(std::move(start)),
        layout_(std::move(layout)),
        route_interface_(route_interface),
        accumulator_({.interval = options_.interval}) {}

  Result<PingResult> run(PingObserver& observer) override;

  void stop() noexcept override {
    stop_.store(true, std::memory_order_relaxed);
    io_->wake();
  }

 private:
  session::SenderOptions sender_options() const;
  void on_sample(const measure::Sample& sample) override;
  void on_reply(const measure::Sample& provisional) override;
  void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) override {
    accumulator_.resolve_unknown(forward, backward);
  }
  void on_note(const std::string& note) override;
  void check_requirements(const measure::Sample& sample);
  void show_progress(bool always);

  PingOptions options_;
  std::unique_ptr<net::PacketIo> io_;
  net::PortId port_;
  PingStart start_;
  wire::RequestLayout layout_;
  std::uint32_t route_interface_;
  measure::Accumulator accumulator_;
  PingObserver* observer_ = nullptr;
  session::Sender* sender_ = nullptr;
  std::vector<std::string> notes_;
  std::set<std::string> noted_;
  std::optional<measure::Sample> last_;
  std::optional<MonoTime> last_progress_;
  std::optional<std::string> requirement_failed_;
  unsigned missed_peer_stamps_ = 0;
  std::atomic<bool> stop_{false};
};

session::SenderOptions PingRun::sender_options() const {
  session::SenderOptions options;
  options.remote = start_.remote;
  options.source = options_.source;
  options.route_interface = route_interface_;
  options.format =
      options_.time_format == TimeFormat::Ptp ? wire::TimeFormat::Ptp : wire::TimeFormat::Ntp;
  options.traffic_class = static_cast<std::uint8_t>(options_.dscp << 2U);
  options.hop_limit = options_.ttl;
  options.schedule = {.kind = options_.schedule == Schedule::Poisson
                                  ? session::ScheduleKind::Poisson
                                  : session::ScheduleKind::Periodic,
                      .interval = options_.interval,
                      .at_once = true,
                      .count = options_.count,
                      .duration = options_.duration,
                      .bursts = runs_long_enough_for_bursts(options_)};
  options.loss_after = options_.loss_after;
  options.transmit_stamps = start_.stamping.transmit;
  options.may_send_bare = !options_.size.has_value();
  options.seed = options_.seed ? *options_.seed : platform::random_bits();
  base::Random random(options.seed ^ 0x5353'4944);
  options.ssid = static_cast<std::uint16_t>(1 + random.below(0xffff));
  return options;
}

Result<PingResult> PingRun::run(PingObserver& observer) {
  observer_ = &observer;
  Engine engine(*io_, nullptr);
  for (const std::string& note : start_.notes) noted_.insert(note);
  observer.on_start(start_);
  const Timestamp began = io_->clock().now();
  sender_ = &engine.add_flow(port_, sender_options(), layout_, *this, *began.mono);
  bool interrupted = false;
  while (!engine.flows_finished()) {
    if (stop_.load(std::memory_order_relaxed) && !interrupted) {
      interrupted = true;
      sender_->stop(io_->clock().mono_now());
    }
    if (requirement_failed_) break;
    TRY_VOID(engine.turn(std::nullopt));
    show_progress(false);
  }
  accumulator_.finish();
  show_progress(true);
  return PingResult{.start = start_,
                    .summary = accumulator_.summary(),
                    .counters = sender_->counters(),
                    .notes = notes_,
                    .began = began.wall,
                    .ended = io_->clock().now().wall,
                    .interrupted = interrupted,
                    .requirement_failed = requirement_failed_};
}

void PingRun::on_sample(const measure::Sample& sample) {
  accumulator_.add(sample);
  check_requirements(sample);
  observer_->on_sample(sample);
}

void PingRun::on_reply(const measure::Sample& provisional) { last_ = provisional; }

void PingRun::on_note(const std::string& note) {
  if (!noted_.insert(note).second) return;
  notes_.push_back(note);
  observer_->on_note(note);
}

// --require and --require-peer: a weaker stamp ends the run, because what follows is not what was
// asked.
void PingRun::check_requirements(const measure::Sample& sample) {
  if (sample.outcome != measure::Outcome::Delivered || requirement_failed_) return;
  const auto refuse = [&](std::string_view whose, std::string_view which, StampSource got,
                          StampSource asked) {
    requirement_failed_ = fmt::format("{} stamp {} of probe {} is '{}', '{}' was required", whose,
                                      which, sample.probe, name(got), name(asked));
  };
  const auto source = [](const std::optional<Timestamp>& stamp) {
    return stamp ? stamp->source : StampSource::Unknown;
  };
  if (options_.require) {
    const StampSource asked = *options_.require;
    if (source(sample.sender_tx) < asked)
      return refuse("our", "sender_tx", source(sample.sender_tx), asked);
    if (source(sample.sender_rx) < asked)
      return refuse("our", "sender_rx", source(sample.sender_rx), asked);
  }
  if (options_.require_peer) {
    const StampSource asked = *options_.require_peer;
    // The reply to a bare probe cannot say; if no other ones are answered, nobody ever says.
    const bool bare = sample.size < start_.size;
    if (!bare && source(sample.reflector_rx) < asked)
      return refuse("the peer's", "reflector_rx", source(sample.reflector_rx), asked);
    // The reply says the user clock; the true stamp follows and may be lost with a later reply.
    const bool weak = bare || source(sample.reflector_tx) < asked;
    missed_peer_stamps_ = weak ? missed_peer_stamps_ + 1 : 0;
    if (missed_peer_stamps_ >= kMissedPeerStamps)
      refuse("the peer's", "reflector_tx", source(sample.reflector_tx), asked);
  }
}

void PingRun::show_progress(bool always) {
  if (!observer_->wants_progress()) return;
  const MonoTime now = io_->clock().mono_now();
  if (!always && last_progress_ && now - *last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  measure::Summary summary = accumulator_.summary();
  // The samples come when all is known about them; the person watching wants the present.
  const session::SenderProgress& progress = sender_->progress();
  summary.scheduled = std::max(summary.scheduled, progress.scheduled);
  summary.sent = std::max(summary.sent, progress.sent);
  summary.received = std::max(summary.received, progress.received);
  observer_->on_progress(summary, last_ ? &*last_ : nullptr);
}

Result<packet::Endpoint> choose_remote(const PingOptions& options, PingStart& start) {
  const auto found = TRY(platform::resolve(options.host, options.port, options.family));
  if (found.empty()) return fail(fmt::format("'{}' has no address", options.host));
  std::size_t chosen = 0;
  if (options.source) {
    const auto same = std::ranges::find_if(found, [&](const packet::Endpoint& endpoint) {
      return endpoint.address.family() == options.source->family();
    });
    if (same == found.end())
      return fail(fmt::format("--source {} is not of the address family of {}",
                              packet::to_string(*options.source),
                              packet::to_string(found.front().address)));
    chosen = static_cast<std::size_t>(same - found.begin());
  }
  const bool both = std::ranges::any_of(found, [&](const packet::Endpoint& endpoint) {
    return endpoint.address.family() != found[chosen].address.family();
  });
  if (both)
    start.notes.push_back(
        fmt::format("{} has IPv4 and IPv6 addresses: measuring {} (choose with -4 or -6)",
                    options.host, packet::to_string(found[chosen].address)));
  return found[chosen];
}

// --source sets the address and nothing else; who gives it often means the interface.
void warn_of_other_way(const PingOptions& options, const platform::Route& route, PingStart& start) {
  if (!options.source || options.source->is_loopback() || route.interface == 0) return;
  const auto local = platform::local_addresses();
  if (!local) return;
  std::optional<std::uint32_t> home;
  for (const platform::LocalAddress& one : *local) {
    if (one.address != *options.source) continue;
    if (one.interface == route.interface) return;
    home = one.interface;
  }
  const auto interface = home ? platform::interface_by_index(*home) : std::nullopt;
  if (!interface) return;
  start.notes.push_back(fmt::format(
      "{} is an address of {}, but the route to {} leaves by {}; to use {}: --device {}",
      packet::to_string(*options.source), interface->name, packet::to_string(start.remote.address),
      route.interface_name, interface->name, interface->name));
}

// Weaker stamps than required are refused before the first probe where they are foreseen.
Result<void> check_stamping(const PingOptions& options, const net::PortStamping& stamping) {
  if (!options.require) return {};
  const StampSource got = std::min(stamping.transmit, stamping.receive);
  if (got >= *options.require) return {};
  return fail(fmt::format(
      "--require {}: this host gives '{}' stamps here{}{}; "
      "leave --require out to measure with them",
      name(*options.require), name(got), stamping.reason.empty() ? "" : ": ", stamping.reason));
}

}  // namespace

Result<std::unique_ptr<Ping>> Ping::create(const PingOptions& options) {
  PingStart start;
  start.host = options.host;
  wire::RequestLayout layout = TRY(wire::plan_request(options.size));
  for (const std::string& note : layout.notes) start.notes.push_back(note);
  start.size = static_cast<std::uint32_t>(layout.size);
  start.remote = TRY(choose_remote(options, start));

  auto io = TRY(net::make_packet_io({.portable = options.portable, .features = options.features}));
  net::PortOptions port_options;
  port_options.family = start.remote.address.family();
  port_options.address = options.source;
  port_options.port = options.source_port.value_or(0);
  port_options.device = options.device;
  port_options.stamps = options.stamps;
  port_options.separate_transmit = options.interval < kHighRate;
  const net::PortId port = TRY(io->open(port_options));
  start.stamping = io->stamping(port);
  TRY_VOID(check_stamping(options, start.stamping));
  start.local = io->local_endpoint(port);

  std::uint32_t route_interface = 0;
  const auto route =
      platform::route_to({.destination = start.remote,
                          .source = options.source,
                          .device = options.device,
                          .traffic_class = static_cast<std::uint8_t>(options.dscp << 2U)});
  if (route) {
    route_interface = route->interface;
    start.interface_name = route->interface_name;
    if (!options.source && route->source) start.local.address = *route->source;
    warn_of_other_way(options, *route, start);
  }
  return std::make_unique<PingRun>(options, std::move(io), port, std::move(start),
                                   std::move(layout), route_interface);
}

}  // namespace wirestamp::agent
