// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/keeper.h"
#include "api/service.h"
#include "base/result.h"
#include "config/agent_config.h"

namespace wirestamp::cli {

// What a running agent is told, and how that changes while it runs. One thread.
class AgentConfiguration {
 public:
  // Fails on all that is wrong in it (check_agent(), check_keys()).
  static Result<AgentConfiguration> load(const config::Source& flags,
                                         const config::Source& environment);

  const config::AgentConfig& config() const { return config_; }
  const config::Settings& settings() const { return config_.settings; }
  std::string file() const { return settings().text(config::Key::ConfigFile); }  // "": none
  // A session keeps its id for as long as nothing but its thresholds changes.
  const std::vector<agent::KeptSession>& sessions() const { return sessions_; }

  std::vector<agent::DaemonSession> daemon_sessions() const;
  // Of the windows of all sessions, from now on (DaemonSession::first_epoch).
  void set_first_epoch(std::uint32_t epoch) { first_epoch_ = epoch; }

  // Reads everything again. What changed, a line each; what needs a restart is among it and is not
  // taken. After a failure all is as it was.
  Result<std::vector<std::string>> reload();

 private:
  AgentConfiguration(const config::Source& flags, const config::Source& environment)
      : flags_(flags), environment_(environment) {}
  Result<std::vector<std::string>> take(config::AgentConfig config);

  config::Source flags_, environment_;
  config::AgentConfig config_;
  std::vector<agent::KeptSession> sessions_;
  std::uint32_t next_id_ = 1, first_epoch_ = 0;
  bool loaded_ = false;  // what is read from now on is a change
};

}  // namespace wirestamp::cli
