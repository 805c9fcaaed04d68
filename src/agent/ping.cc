// SPDX-License-Identifier: Apache-2.0
#include "agent/ping.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "agent/echo_run.h"
#include "agent/engine.h"
#include "agent/flow_watch.h"
#include "agent/key_source.h"
#include "agent/place.h"
#include "agent/session_plan.h"
#include "agent/twamp_io.h"
#include "agent/twamp_session.h"
#include "measure/accumulator.h"
#include "platform/entropy.h"
#include "platform/resolve.h"
#include "platform/route.h"
#include "session/limits.h"
#include "wire/request_layout.h"

namespace wirestamp::agent {

namespace {

constexpr Duration kProgressEvery = Duration::milliseconds(200);
// A true transmit stamp of the peer may be lost with a reply; so many misses in a row mean there is
// none.
constexpr unsigned kMissedPeerStamps = 8;

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

class PingRun final : public Ping, private SessionObserver {
 public:
  PingRun(PingOptions options, std::unique_ptr<net::PacketIo> io, PingStart start,
          wire::RequestLayout layout, std::unique_ptr<KeySource> keys)
      : options_(std::move(options)),
        io_(std::move(io)),
        engine_(*io_, nullptr),
        start_(std::move(start)),
        layout_(std::move(layout)),
        keys_(std::move(keys)),
        accumulator_({.interval = options_.interval}),
        echo_(echo_run_options(options_, start_), *io_, engine_,
              [this](const std::string& note) { on_note(note); }) {
    if (options_.flows > 1) flows_.emplace(options_.flows, options_.interval);
  }

  // Opens the ports.
  Result<void> begin();
  void run_in(Place place) { place_ = std::move(place); }
  // Over this session, on the packet I/O given. Before begin().
  void use(std::unique_ptr<TwampSession> twamp, const TwampIo* io) {
    twamp_ = std::move(twamp);
    twamp_io_ = io;
  }

  Result<PingResult> run(PingObserver& observer) override;

  void stop() noexcept override {
    stop_.store(true, std::memory_order_relaxed);
    io_->wake();
  }
  void reload_keys() noexcept override {
    reload_.store(true, std::memory_order_relaxed);
    io_->wake();
  }

 private:
  Result<session::AuthKeyPtr> key_to_send(const session::Keyring& keys) const;
  void follow_keys();
  void take_keys();
  std::optional<MonoTime> step_echo();
  void look_at_twamp();
  void end_twamp();
  void on_sample(const measure::Sample& sample) override;
  void on_reply(const measure::Sample& provisional) override;
  void on_unknown_resolved(session::FlowId flow, std::uint64_t forward,
                           std::uint64_t backward) override {
    accumulator_.resolve_unknown(forward, backward);
    if (flows_) flows_->resolve_unknown(session_->lane_of(flow), forward, backward);
  }
  void on_note(const std::string& note) override;
  void on_event(const measure::Event& event) override;
  void tell_differences();
  void check_requirements(const measure::Sample& sample);
  void show_progress(bool always);

  PingOptions options_;
  Place place_;
  std::unique_ptr<net::PacketIo> io_;
  Engine engine_;
  PingStart start_;
  wire::RequestLayout layout_;
  std::unique_ptr<KeySource> keys_;  // null: the open mode
  measure::Accumulator accumulator_;
  std::optional<FlowWatch> flows_;  // when there are several
  PingObserver* observer_ = nullptr;
  const session::Session* session_ = nullptr;
  EchoRun echo_;
  std::unique_ptr<TwampSession> twamp_;
  const TwampIo* twamp_io_ = nullptr;
  std::vector<std::string> notes_;
  std::set<std::string> noted_;
  std::vector<measure::Event> events_;
  std::uint64_t events_dropped_ = 0;
  std::optional<measure::Sample> last_;
  std::optional<MonoTime> last_progress_;
  std::optional<std::string> requirement_failed_;
  unsigned missed_peer_stamps_ = 0;
  std::atomic<bool> stop_{false}, reload_{false};
};

Result<void> PingRun::begin() {
  session::SessionOptions asked = session_options(options_, start_.remote);
  if (keys_) {
    asked.flow.key = TRY(key_to_send(*keys_->first()));
    start_.key_id = asked.flow.key->id();
    start_.key_fingerprint = asked.flow.key->fingerprint();
    start_.tlv_hmac = options_.tlv_hmac;
  }
  SessionPorts ports{.options = port_options(options_, start_.remote), .given = {}};
  if (twamp_) {
    keep_to_port(asked, twamp_->local());
    ports.given = twamp_->port();
  }
  session_ = TRY(engine_.add_session(asked, ports, layout_, *this));
  start_.stamping = engine_.stamping_of(*session_);
  start_.local = session_->local();
  if (const auto& egress = session_->egress()) {
    start_.interface_name = egress->interface_name;
    if (!options_.source && egress->source) start_.local.address = *egress->source;
  }
  return check_stamping(options_, start_.stamping);
}

Result<PingResult> PingRun::run(PingObserver& observer) {
  TRY_VOID(place_.enter());
  observer_ = &observer;
  for (const std::string& note : start_.notes) noted_.insert(note);
  observer.on_start(start_);
  follow_keys();
  const Timestamp began = io_->clock().now();
  bool interrupted = false;
  while (!engine_.sessions_finished() || !echo_.finished()) {
    if (stop_.load(std::memory_order_relaxed) && !interrupted) {
      interrupted = true;
      engine_.stop_session(*session_, io_->clock().mono_now());
    }
    if (requirement_failed_) break;
    take_keys();
    TRY_VOID(engine_.turn(step_echo()));
    look_at_twamp();
    show_progress(false);
  }
  end_twamp();
  accumulator_.finish();
  if (flows_) {
    flows_->finish();
    tell_differences();
  }
  show_progress(true);
  PingResult result{.start = start_,
                    .summary = accumulator_.summary(),
                    .flows = {},
                    .echo = {},
                    .events = events_,
                    .events_dropped = events_dropped_,
                    .counters = session_->counters(),
                    .tlvs = session_->tlvs(),
                    .notes = notes_,
                    .began = began.wall,
                    .ended = io_->clock().now().wall,
                    .interrupted = interrupted,
                    .requirement_failed = requirement_failed_};
  if (const auto summary = echo_.summary())
    result.echo = EchoResult{.summary = *summary, .reason = echo_.reason()};
  if (flows_)
    for (const measure::Summary& summary : flows_->summaries())
      result.flows.push_back(
          {.tuple = session_->tuple_of_lane(result.flows.size()), .summary = summary});
  return result;
}

Result<session::AuthKeyPtr> PingRun::key_to_send(const session::Keyring& keys) const {
  return agent::key_to_send(keys, options_.key_id, start_.remote.address, keys_->name());
}

void PingRun::follow_keys() {
  if (!keys_) return;
  if (const auto blind = keys_->follow([this] { io_->wake(); }))
    on_note(*blind + "; a SIGHUP makes changed keys known");
}

void PingRun::take_keys() {
  if (!keys_) return;
  if (reload_.exchange(false, std::memory_order_relaxed)) keys_->reload();
  const auto news = keys_->take();
  if (!news) return;
  if (!news->text.empty()) on_note(news->text);
  if (!news->keys) return;
  const auto key = key_to_send(*news->keys);
  if (!key) return on_note(key.error().text + "; the key of before is used on");
  engine_.set_key(*session_, *key);
}

// Echo beside the probes, where none of them is answered; when it wants to be looked at again.
std::optional<MonoTime> PingRun::step_echo() {
  const MonoTime now = io_->clock().mono_now();
  if (engine_.sessions_finished()) {
    echo_.end(now);
  } else if (last_) {
    echo_.on_reply(now);
  } else {
    echo_.look(now, {.any_left = session_->progress().sent > 0, .closed = session_->peer_closed()});
  }
  echo_.on_time(now);
  return echo_.next_wake();
}

void PingRun::look_at_twamp() {
  if (!twamp_) return;
  if (const auto news = twamp_->look(io_->clock().mono_now())) on_note(*news);
}

void PingRun::end_twamp() {
  if (!twamp_) return;
  twamp_->stop();
  if (const std::uint64_t wrong = twamp_io_->wrong_hmacs(); wrong > 0)
    on_note(fmt::format("{} replies had a wrong HMAC and were not believed", wrong));
}

void PingRun::on_sample(const measure::Sample& sample) {
  accumulator_.add(sample);
  if (flows_) {
    flows_->add(sample, session_->lane_of(sample.flow));
    tell_differences();
  }
  check_requirements(sample);
  observer_->on_sample(sample);
}

void PingRun::tell_differences() {
  for (measure::Event& event : flows_->take_news()) {
    const Timestamp now = io_->clock().now();
    event.at = *now.mono;
    event.wall = now.wall;
    event.old_flow = session_->tuple_of_lane(*event.flow);
    event.text += " (" + *event.old_flow + ")";
    on_event(event);
  }
}

void PingRun::on_reply(const measure::Sample& provisional) { last_ = provisional; }

void PingRun::on_note(const std::string& note) {
  if (!noted_.insert(note).second) return;
  if (observer_ == nullptr) {  // while the ports are opened
    start_.notes.push_back(note);
    return;
  }
  notes_.push_back(note);
  observer_->on_note(note);
}

void PingRun::on_event(const measure::Event& event) {
  if (events_.size() < session::kMostEvents) {
    events_.push_back(event);
  } else {
    ++events_dropped_;
  }
  if (observer_ != nullptr) observer_->on_event(event);
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
  const session::SenderProgress& progress = session_->progress();
  summary.scheduled = std::max(summary.scheduled, progress.scheduled);
  summary.sent = std::max(summary.sent, progress.sent);
  summary.received = std::max(summary.received, progress.received);
  const auto echo = echo_.summary();
  observer_->on_progress(summary, last_ ? &*last_ : nullptr, echo ? &*echo : nullptr);
}

// --source sets the address and nothing else; who gives it often means the interface.
void warn_of_other_way(const PingOptions& options, PingStart& start) {
  if (!options.source || options.source->is_loopback()) return;
  const auto route =
      platform::route_to({.destination = start.remote,
                          .source = options.source,
                          .device = options.device,
                          .traffic_class = static_cast<std::uint8_t>(options.dscp << 2U)});
  const auto local = platform::local_addresses();
  if (!route || route->interface == 0 || !local) return;
  std::optional<std::uint32_t> home;
  for (const platform::LocalAddress& one : *local) {
    if (one.address != *options.source) continue;
    if (one.interface == route->interface) return;
    home = one.interface;
  }
  const auto interface = home ? platform::interface_by_index(*home) : std::nullopt;
  if (!interface) return;
  start.notes.push_back(fmt::format(
      "{} is an address of {}, but the route to {} leaves by {}; to use {}: --device {}",
      packet::to_string(*options.source), interface->name, packet::to_string(start.remote.address),
      route->interface_name, interface->name, interface->name));
}

Result<std::unique_ptr<PingRun>> create_here(const PingOptions& options) {
  PingStart start;
  start.host = options.host;
  std::unique_ptr<KeySource> keys;
  if (options.key_id != kNoKey && !options.twamp) keys = TRY(KeySource::open(options.key_file));
  if (!keys && !options.key_id.empty() && options.key_id != kNoKey)
    return fail("--key-id names a key of --key-file FILE or WIRESTAMP_KEY, and there is neither");
  if (!keys && options.tlv_hmac)
    return fail("--tlv-hmac wants a key: give --key-file FILE or WIRESTAMP_KEY");
  wire::RequestLayout layout =
      TRY(options.twamp ? plan_twamp_probe(options) : plan_probe(options, keys != nullptr));
  for (const std::string& note : layout.notes) start.notes.push_back(note);
  start.size = static_cast<std::uint32_t>(layout.size);
  const auto found = TRY(platform::resolve(host_to_resolve(options), options.port, options.family));
  start.remote = TRY(choose_remote(options, found, start.notes));

  auto io = TRY(net::make_packet_io({.portable = options.portable, .features = options.features}));
  warn_of_other_way(options, start);
  std::unique_ptr<TwampSession> twamp;
  TwampIo* twamp_io = nullptr;
  if (options.twamp) {
    twamp = TRY(TwampSession::open(options, start.remote, start.size, *io));
    start.notes.push_back(fmt::format("TWAMP session of {}, {} mode",
                                      packet::to_string(start.remote),
                                      twamp::mode_names(twamp->agreed().layout.modes)));
    start.remote = twamp->reflector();
    start.twamp = true;
    auto translated = TRY(TwampIo::make(std::move(io), twamp->port(), twamp->agreed(),
                                        options.seed.value_or(platform::random_bits())));
    twamp_io = translated.get();
    io = std::move(translated);
  }
  auto run =
      std::make_unique<PingRun>(options, std::move(io), start, std::move(layout), std::move(keys));
  run->use(std::move(twamp), twamp_io);
  TRY_VOID(run->begin());
  return run;
}

}  // namespace

Result<std::unique_ptr<Ping>> Ping::create(const PingOptions& options) {
  Place place = TRY(Place::named(options.network_namespace));
  auto run = TRY(place.make([&] { return create_here(options); }));
  run->run_in(std::move(place));
  return run;
}

}  // namespace wirestamp::agent
