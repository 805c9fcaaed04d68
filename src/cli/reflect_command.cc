// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_values.h"
#include "platform/process.h"

namespace wirestamp::cli {

namespace {

std::atomic<agent::Reflect*> running{nullptr};

void stop_running() noexcept {
  if (agent::Reflect* reflect = running.load()) reflect->stop();
}

class Printer final : public agent::ReflectObserver {
 public:
  void on_start(const agent::ReflectStart& start) override {
    for (const agent::ReflectStart::Port& port : start.ports)
      fmt::print("listening on {}, stamps here: {} when received, {} when sent{}\n",
                 packet::to_string(port.local), name(port.stamping.receive),
                 name(port.stamping.transmit),
                 port.stamping.reason.empty() ? "" : fmt::format(" ({})", port.stamping.reason));
    for (const std::string& note : start.notes) fmt::print("note: {}\n", note);
    std::fflush(stdout);
  }
  void on_note(const std::string& note) override { fmt::print(stderr, "note: {}\n", note); }
};

void print_counters(const session::ReflectorCounters& counters) {
  fmt::print("answered {} of {} requests", counters.replies, counters.requests);
  session::for_each(counters, [](std::string_view name, std::uint64_t value) {
    if (value > 0 && name != "requests" && name != "replies") fmt::print(", {} {}", name, value);
  });
  fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace

int run_reflect(const config::Settings& settings) {
  auto options = reflect_options(settings);
  auto reflect = options
                     ? agent::Reflect::create(*options)
                     : Result<std::unique_ptr<agent::Reflect>>(std::unexpected(options.error()));
  if (!reflect) {
    complain(reflect.error().text);
    return kRefused;
  }
  running.store(reflect->get());
  platform::on_stop_signal(stop_running);
  Printer printer;
  const auto counters = (*reflect)->run(printer);
  running.store(nullptr);
  if (!counters) {
    complain(counters.error().text);
    return kRefused;
  }
  print_counters(*counters);
  return kMeasured;
}

}  // namespace wirestamp::cli
