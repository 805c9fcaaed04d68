// SPDX-License-Identifier: Apache-2.0
#include "agent/reflect.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "agent/engine.h"
#include "agent/goodbye.h"
#include "agent/key_source.h"
#include "agent/place.h"
#include "agent/reflector_ports.h"
#include "agent/twamp_server.h"
#include "platform/entropy.h"
#include "session/reflector.h"

namespace wirestamp::agent {

namespace {

std::optional<MonoTime> earlier(std::optional<MonoTime> one, std::optional<MonoTime> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

class ReflectRun final : public Reflect {
 public:
  ReflectRun(std::unique_ptr<net::PacketIo> io, ReflectStart start,
             session::ReflectorOptions options, std::unique_ptr<KeySource> keys,
             std::optional<Duration> counters_every)
      : io_(std::move(io)),
        start_(std::move(start)),
        options_(std::move(options)),
        keys_(std::move(keys)),
        counters_every_(counters_every) {}

  void run_in(Place place) { place_ = std::move(place); }
  void serve(std::unique_ptr<TwampServer> twamp) { twamp_ = std::move(twamp); }

  Result<ReflectCounters> run(ReflectObserver& observer) override {
    TRY_VOID(place_.enter());
    const auto note = [&](const std::string& text) { observer.on_note(text); };
    options_.note = note;
    session::Reflector reflector(options_);
    Engine engine(*io_, &reflector, note);
    // Gone before the engine that it works on.
    const std::unique_ptr<TwampServer> twamp = std::move(twamp_);
    if (twamp) twamp->begin(*io_, engine, note);
    observer.on_start(start_);
    ReflectorKeys keys(keys_.get(), reflector, [this] { io_->wake(); }, note);
    const auto counters = [&] {
      return ReflectCounters{.packets = reflector.counters(),
                             .twamp = twamp ? std::optional(twamp->totals()) : std::nullopt};
    };
    std::optional<MonoTime> due;
    if (counters_every_) due = io_->clock().mono_now() + *counters_every_;
    while (!stop_.load(std::memory_order_relaxed)) {
      if (reload_.exchange(false, std::memory_order_relaxed)) {
        keys.reload();
        if (twamp) twamp->reload_key();
      }
      (void)keys.take();
      TRY_VOID(engine.turn(earlier(due, twamp ? twamp->next_wake() : std::nullopt)));
      if (twamp) twamp->after_turn();
      const bool is_due = due && io_->clock().mono_now() >= *due;
      if (is_due) due = io_->clock().mono_now() + *counters_every_;
      if (asked_.exchange(false, std::memory_order_relaxed) || is_due)
        observer.on_counters(counters());
    }
    if (twamp) twamp->end();
    TRY_VOID(say_goodbye(engine, reflector, io_->clock()));
    return counters();
  }

  void stop() noexcept override {
    stop_.store(true, std::memory_order_relaxed);
    io_->wake();
  }
  void ask_counters() noexcept override {
    asked_.store(true, std::memory_order_relaxed);
    io_->wake();
  }
  void reload_keys() noexcept override {
    reload_.store(true, std::memory_order_relaxed);
    io_->wake();
  }

 private:
  Place place_;
  std::unique_ptr<net::PacketIo> io_;
  ReflectStart start_;
  session::ReflectorOptions options_;
  std::unique_ptr<KeySource> keys_;  // null: there are none
  std::optional<Duration> counters_every_;
  std::unique_ptr<TwampServer> twamp_;
  std::atomic<bool> stop_{false}, asked_{false}, reload_{false};
};

Result<std::unique_ptr<ReflectRun>> create_here(const ReflectOptions& options) {
  auto io = TRY(net::make_packet_io({.portable = options.portable, .features = options.features}));
  ReflectStart start = TRY(open_reflector_ports(*io, options));
  auto keys = TRY(KeySource::open(options.key_file));
  TRY_VOID(check_tlv_hmac(options, keys != nullptr));
  if (keys) start.keys = fmt::format("{}, of {}", told(*keys->first()), keys->name());
  session::ReflectorOptions reflector{.policy = reflector_policy(options, start),
                                      .replay_window = options.replay_window,
                                      .tlv_hmac = options.tlv_hmac,
                                      .random = platform::random_bits,
                                      .note = {},
                                      .tlvs = options.tlvs};
  auto twamp = TRY(open_twamp_server(options, reflector.policy, start));
  auto run = std::make_unique<ReflectRun>(std::move(io), std::move(start), std::move(reflector),
                                          std::move(keys), options.counters_every);
  run->serve(std::move(twamp));
  return run;
}

}  // namespace

Result<std::unique_ptr<Reflect>> Reflect::create(const ReflectOptions& options) {
  Place place = TRY(Place::named(options.network_namespace));
  auto run = TRY(place.make([&] { return create_here(options); }));
  run->run_in(std::move(place));
  return run;
}

}  // namespace wirestamp::agent
