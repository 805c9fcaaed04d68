// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/file.h"
#include "config/settings.h"
#include "config/source.h"

// What an agent is to do, from all places at once. Of two places that set an option the stronger
// decides: flag, then variable, then file, then default. For a session the order is
//
//     its words on the command line > flags > its words in WIRESTAMP_SESSIONS > variables
//     > its table in the file > [defaults] > default
namespace wirestamp::config {

struct SessionConfig {
  std::string name;   // unique in the agent
  std::string place;  // that named it: "office.toml:6", "WIRESTAMP_SESSIONS", "the command line"
  Settings settings;  // Key::Host is there
};

struct AgentConfig {
  Settings settings;  // of the agent itself
  std::vector<SessionConfig> sessions;
};

// Fails on what is wrong in any of them, hidden by a stronger one or not; on a session without a
// host; and on two of one name, except that words may name a session of the file: then they are
// stronger than its table.
Result<AgentConfig> load_agent(const Source& flags, const Source& environment, const File& file);

}  // namespace wirestamp::config
