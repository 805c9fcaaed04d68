// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/agent.h"

namespace wirestamp::cli {

// A probe in a line: when it was due, what became of it, the way there, the time in the reflector
// and the way back, and where its four stamps were taken; with room the stamps themselves.
std::string top_probe_text(const client::Probe& probe, int columns);

}  // namespace wirestamp::cli
