// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/daemon.h"
#include "alert/watch.h"
#include "api/server.h"
#include "api/service.h"
#include "base/result.h"
#include "config/agent_config.h"
#include "notify/webhooks.h"
#include "store/store.h"

// From the checked configuration of an agent to what its parts want.
namespace wirestamp::cli {

// One session with all that is asked of it.
struct PlannedSession {
  agent::PingOptions options;
  alert::Thresholds thresholds;
};

Result<PlannedSession> planned_session(const config::SessionConfig& session);

// Where the store is; absent: nothing is kept. `--store` of the agent, of report and of evidence.
std::optional<std::string> store_path(const config::Settings& settings);
store::Retention retention_of(const config::Settings& settings);
alert::WatchOptions watch_options(const config::Settings& settings);
// Read their secret files. Errors name the option and the place it is from.
Result<std::optional<api::ServerOptions>> api_options(const config::Settings& settings);
// Without the interfaces that the zones of its addresses name: one may be missing here, or now,
// where the configuration is right.
Result<std::optional<api::ServerOptions>> api_options_anywhere(const config::Settings& settings);
Result<notify::WebhookOptions> webhook_options(const config::Settings& settings);

// Every option of the agent and of its sessions with value and origin.
std::vector<api::Setting> told_configuration(const config::AgentConfig& config);

}  // namespace wirestamp::cli
