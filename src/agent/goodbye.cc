// SPDX-License-Identifier: Apache-2.0
#include "agent/goodbye.h"

namespace wirestamp::agent {

namespace {

// Twice the default interval of the sessions of an agent.
constexpr Duration kGoodbye = Duration::seconds(1);

}  // namespace

Result<void> say_goodbye(Engine& engine, session::Reflector& reflector, Clock& clock) {
  if (reflector.counters().requests == 0) return {};
  reflector.announce_stop();
  const MonoTime end = clock.mono_now() + kGoodbye;
  while (clock.mono_now() < end) TRY_VOID(engine.turn(end));
  return {};
}

}  // namespace wirestamp::agent
