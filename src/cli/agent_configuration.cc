// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/agent_check.h"
#include "cli/agent_settings.h"
#include "cli/commands.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using config::Settings;

bool same(const Settings& a, const Settings& b, Key key) {
  return std::ranges::equal(a.values(key), b.values(key), {}, &config::Value::text,
                            &config::Value::text);
}

// What the agent can change while it runs, beside the sessions.
bool reloadable(const config::Option& row) { return row.key == Key::Maintenance; }

}  // namespace

Result<AgentConfiguration> AgentConfiguration::load(const config::Source& flags,
                                                    const config::Source& environment) {
  AgentConfiguration configuration(flags, environment);
  TRY(configuration.take(TRY(load_agent_config(flags, environment))));
  TRY_VOID(check_keys(configuration.settings()));
  return configuration;
}

std::vector<agent::DaemonSession> AgentConfiguration::daemon_sessions() const {
  std::vector<agent::DaemonSession> sessions;
  for (const agent::KeptSession& session : sessions_)
    sessions.push_back({.id = session.id,
                        .name = session.name,
                        .options = session.options,
                        .first_epoch = first_epoch_});
  return sessions;
}

Result<std::vector<std::string>> AgentConfiguration::reload() {
  return take(TRY(load_agent_config(flags_, environment_)));
}

Result<std::vector<std::string>> AgentConfiguration::take(config::AgentConfig config) {
  TRY_VOID(check_agent(config.settings));
  std::vector<std::string> changes;
  std::vector<agent::KeptSession> sessions;
  std::uint32_t next_id = next_id_;
  std::vector<agent::DaemonSession> wanted;
  for (const config::SessionConfig& session : config.sessions) {
    PlannedSession planned = TRY(planned_session(session));
    wanted.push_back({.id = 0, .name = session.name, .options = std::move(planned.options)});
    sessions.push_back({.id = 0, .name = session.name, .thresholds = planned.thresholds});
  }
  agent::keep_ids(daemon_sessions(), wanted, next_id);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    sessions[i].id = wanted[i].id;
    sessions[i].options = std::move(wanted[i].options);
    const auto before = std::ranges::find(sessions_, wanted[i].name, &agent::KeptSession::name);
    if (before == sessions_.end())
      changes.push_back(fmt::format("session '{}' is new", wanted[i].name));
    else if (before->id != sessions[i].id)
      changes.push_back(
          fmt::format("session '{}' has other options and begins anew", wanted[i].name));
    else if (before->thresholds != sessions[i].thresholds)
      changes.push_back(fmt::format("session '{}' has other thresholds", wanted[i].name));
  }
  for (const config::SessionConfig& session : config_.sessions)
    if (std::ranges::find(config.sessions, session.name, &config::SessionConfig::name) ==
        config.sessions.end())
      changes.push_back(fmt::format("session '{}' ends", session.name));
  if (loaded_)
    for (const config::Option& row : config::options()) {
      if (config::per_session(row) || !config::applies(row, config::Command::Agent)) continue;
      if (row.key == Key::Sessions || same(config_.settings, config.settings, row.key)) continue;
      if (reloadable(row)) {
        changes.push_back(fmt::format("'{}' is changed", row.name));
        continue;
      }
      changes.push_back(fmt::format("'{}' is changed and needs a restart", row.name));
      const auto in_force = config_.settings.values(row.key);
      config.settings.set(row.key, {in_force.begin(), in_force.end()});
    }
  config_ = std::move(config);
  sessions_ = std::move(sessions);
  next_id_ = next_id;
  loaded_ = true;
  return changes;
}

}  // namespace wirestamp::cli
