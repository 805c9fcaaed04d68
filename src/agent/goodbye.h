// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/engine.h"
#include "base/result.h"
#include "session/reflector.h"
#include "time/clock.h"

namespace wirestamp::agent {

// A graceful stop (S17): answers on for a second with replies that say that the reflector stops, so
// that those who measure it need not take it for an outage. At once where nobody ever asked.
Result<void> say_goodbye(Engine& engine, session::Reflector& reflector, Clock& clock);

}  // namespace wirestamp::agent
