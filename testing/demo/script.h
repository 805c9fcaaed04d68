// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "measure/event.h"
#include "measure/sample.h"
#include "plan.h"

namespace wirestamp::demo {

// Where a session stands when its script begins.
struct Standing {
  std::uint64_t next_probe = 0;
  std::uint32_t flow = 0;
  std::uint16_t port = 0;
};

// What the session code made of a story.
struct Script {
  // In the order of their numbers. Of the times only `scheduled` means something: since the story's
  // begin, as a MonoTime since 0.
  std::vector<measure::Sample> probes;
  std::vector<measure::Event> events;  // dated, in order
  Standing after;
};

Script run_story(const Plan& plan, const Story& story, const Standing& before, std::uint64_t seed);

// "192.0.2.1:40000 > 198.51.100.7:23999"
std::string tuple(const Plan& plan, std::uint16_t port);

}  // namespace wirestamp::demo
