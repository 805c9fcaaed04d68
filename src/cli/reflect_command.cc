// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_values.h"
#include "cli/reflector_stats.h"
#include "cli/streams.h"
#include "platform/background_writer.h"
#include "platform/process.h"
#include "platform/system_clock.h"

namespace wirestamp::cli {

namespace {

using config::Key;

// Called on the threads that answer probes, which wait for no terminal.
class Printer final : public agent::ReflectObserver {
 public:
  // `place`: in front of each line; "" when there is one reflector. `stats`: every counter at the
  // end.
  Printer(platform::BackgroundWriter& writer, std::string place, bool stats)
      : writer_(&writer), place_(std::move(place)), stats_(stats) {}

  void on_start(const agent::ReflectStart& start) override {
    std::string lines;
    for (const agent::ReflectStart::Port& port : start.ports)
      lines += fmt::format(
          "{}listening on {}, stamps here: {} when received, {} when sent{}\n", place_,
          packet::to_string(port.local), name(port.stamping.receive), name(port.stamping.transmit),
          port.stamping.reason.empty() ? "" : fmt::format(" ({})", port.stamping.reason));
    if (!start.keys.empty()) lines += fmt::format("{}keys: {}\n", place_, start.keys);
    for (const packet::Endpoint& at : start.twamp)
      lines +=
          fmt::format("{}listening on {} (TCP) as a TWAMP server\n", place_, packet::to_string(at));
    for (const std::string& note : start.notes) lines += fmt::format("{}note: {}\n", place_, note);
    put(std::move(lines));
  }
  void on_note(const std::string& note) override {
    writer_->write(fileno(stderr), fmt::format("{}note: {}\n", place_, note));
  }
  void on_counters(const agent::ReflectCounters& counters) override {
    const MonoTime now = platform::mono_now();
    std::optional<StatsBefore> before;
    if (told_) before = StatsBefore{told_->first, now - told_->second};
    put(place_ + stats_table(counters, before));
    told_.emplace(counters, now);
  }
  // At the end.
  void print(const agent::ReflectCounters& counters) {
    if (counters.twamp) put(place_ + twamp_summary(*counters.twamp) + '\n');
    if (stats_) on_counters(counters);
    put(place_ + reflector_summary(counters.packets) + '\n');
  }
  const std::string& place() const { return place_; }

 private:
  void put(std::string text) { writer_->write(fileno(stdout), std::move(text)); }

  platform::BackgroundWriter* writer_;
  std::string place_;
  bool stats_;
  std::optional<std::pair<agent::ReflectCounters, MonoTime>> told_;
};

// One reflector of the run, in one network namespace.
struct Reflector {
  std::unique_ptr<agent::Reflect> reflect;
  Printer printer;
  Result<agent::ReflectCounters> counters = fail("the reflector did not start");
};

// The handler of stop signals finds them here while they run.
std::atomic<const std::vector<Reflector>*> running{nullptr};

void stop_running() noexcept {
  if (const auto* reflectors = running.load())
    for (const Reflector& one : *reflectors) one.reflect->stop();
}

void ask_running() noexcept {
  if (const auto* reflectors = running.load())
    for (const Reflector& one : *reflectors) one.reflect->ask_counters();
}

void reload_running() noexcept {
  if (const auto* reflectors = running.load())
    for (const Reflector& one : *reflectors) one.reflect->reload_keys();
}

// Opens the ports of all of them, or of none.
Result<std::vector<Reflector>> open_reflectors(const config::Settings& settings,
                                               platform::BackgroundWriter& writer) {
  agent::ReflectOptions options = reflect_options(settings);
  options.counters_every = settings.get<Duration>(Key::StatsEvery);
  const bool stats = settings.flag(Key::Stats) || options.counters_every;
  std::vector<std::string> places = settings.all<std::string>(Key::NetworkNamespace);
  const bool several = places.size() > 1;
  if (places.empty()) places.emplace_back();
  std::vector<Reflector> reflectors;
  for (const std::string& place : places) {
    options.network_namespace = place;
    const std::string label = several ? place + ": " : std::string();
    auto reflect = agent::Reflect::create(options);
    if (!reflect) return fail(label + reflect.error().text, reflect.error().os_error);
    reflectors.push_back(
        {.reflect = std::move(*reflect), .printer = Printer(writer, label, stats)});
  }
  return reflectors;
}

}  // namespace

int run_reflect(const config::Settings& settings) {
  // From the start: what it asks for before the files are followed is done then anyway.
  if (settings.given(Key::KeyFile) || settings.given(Key::TwampKeyFile))
    platform::on_reload_signal(reload_running);
  platform::BackgroundWriter writer;
  auto opened = open_reflectors(settings, writer);
  if (!opened) {
    complain(opened.error().text);
    return kRefused;
  }
  std::vector<Reflector> reflectors = std::move(*opened);
  running.store(&reflectors);
  platform::on_stop_signal(stop_running);
  platform::on_question_signal(ask_running);
  std::vector<std::thread> threads;
  for (Reflector& one : reflectors)
    threads.emplace_back([&one] {
      one.counters = one.reflect->run(one.printer);
      if (!one.counters) stop_running();  // what was asked for is no longer what runs
    });
  for (std::thread& thread : threads) thread.join();
  running.store(nullptr);
  for (Reflector& one : reflectors)
    if (one.counters) one.printer.print(*one.counters);
  writer.finish();
  int code = kMeasured;
  for (const Reflector& one : reflectors) {
    if (one.counters) continue;
    complain(one.printer.place() + one.counters.error().text);
    code = kRefused;
  }
  return code;
}

}  // namespace wirestamp::cli
