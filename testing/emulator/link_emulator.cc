// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/prctl.h>

#include <cstdio>
#include <string>
#include <vector>

#include "process.h"
#include "relay.h"
#include "settings.h"

// The link emulator: a tool of the tests, never shipped. Run it in a network namespace of its own.
namespace {

using namespace wirestamp;
using namespace wirestamp::emulator;

constexpr int kUsage = 2, kImpossible = 3;

Result<void> run(const Settings& settings) {
  for (const std::string& device : settings.offloads_off) TRY_VOID(switch_off_offloads(device));
  if (!settings.offloads_off.empty()) return {};
  const int stop = stop_descriptor();  // before "ready": whoever reads that may end us at once
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  TRY_VOID(switch_off_offloads(settings.left));
  TRY_VOID(switch_off_offloads(settings.right));
  const auto relay = TRY(Relay::open(settings));
  if (settings.log != "-") announce_ready();
  return relay->run(stop);
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = parse_arguments({argv + 1, argv + argc});
  if (!settings) {
    fmt::print(stderr, "link_emulator: {}\n", settings.error().text);
    return kUsage;
  }
  if (settings->help) {
    fmt::print("{}", help());
    return 0;
  }
  const auto done = run(*settings);
  if (done) return 0;
  fmt::print(stderr, "link_emulator: {}\n", done.error().text);
  return kImpossible;
}
