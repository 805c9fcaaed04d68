// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_service.h"

#include <fmt/format.h>

#include <utility>

#include "cli/agent_life.h"
#include "cli/agent_settings.h"
#include "cli/commands.h"
#include "cli/host_status.h"
#include "cli/reflector_stats.h"
#include "platform/system_clock.h"
#include "publish/metrics.h"

namespace wirestamp::cli {

Duration AgentService::idle() const {
  const auto turned = daemon_.last_turn();
  return turned ? platform::mono_now() - *turned : kHangs;
}

api::AgentStatus AgentService::status() const {
  api::AgentStatus status{.version = std::string(kVersion), .began = began_};
  status.measuring = measuring();
  keeper_.fill(status);
  status.webhooks = notifier_.status();
  status.samples_dropped = mailbox_.dropped().samples;
  status.reflector = reflector_status(mailbox_.counters());
  const std::lock_guard lock(mutex_);
  status.configuration_problem = problem_;
  status.reflector.listening = listening_;
  return status;
}

api::HostStatus AgentService::host() const {
  api::HostStatus host = ask_host();
  host.clock.epoch = keeper_.newest_epoch();
  host.items_dropped = mailbox_.dropped().items;
  return host;
}

std::vector<api::Setting> AgentService::configuration() const {
  const std::lock_guard lock(mutex_);
  return told_configuration(configuration_.config());
}

void AgentService::set_listening(std::vector<std::string> addresses) {
  const std::lock_guard lock(mutex_);
  listening_ = std::move(addresses);
}

void AgentService::tell(measure::EventKind kind, const std::string& text) {
  mailbox_.on_event(agent_event(kind, platform::SystemClock().now().wall, text));
}

Result<std::vector<std::string>> AgentService::reload(bool quiet) {
  const std::lock_guard lock(mutex_);
  auto changes = configuration_.reload();
  if (!changes) {
    problem_ = changes.error().text;
    tell(measure::EventKind::ConfigurationRefused,
         "the configuration is refused, what runs goes on: " + problem_);
    return changes;
  }
  problem_.clear();
  if (quiet && changes->empty()) return changes;
  tell(measure::EventKind::ConfigurationReloaded,
       changes->empty()
           ? "the configuration is read again: nothing changed"
           : fmt::format("the configuration is read again: {}", fmt::join(*changes, ", ")));
  // Behind all windows there are, those that are still to be told included.
  configuration_.set_first_epoch(keeper_.newest_epoch() + 2);
  keeper_.plan(configuration_.sessions());
  keeper_.set_maintenance(watch_options(configuration_.settings()).maintenance);
  daemon_.apply(configuration_.daemon_sessions());
  return changes;
}

api::Exposition AgentService::metrics(std::string_view accept) const {
  const api::AgentStatus agent = status();
  const std::vector<api::SessionStatus> all = sessions();
  std::vector<publish::SessionMetrics> told;
  told.reserve(all.size());
  for (const api::SessionStatus& session : all)
    told.push_back({.name = session.name,
                    .host = session.host,
                    .state = name(session.state),
                    .up = session.state == api::SessionState::Up,
                    .interval = session.interval,
                    .incident = session.incident,
                    .total = &session.total,
                    .last_minute = session.last_minute ? &*session.last_minute : nullptr});
  const publish::MetricsFormat format = publish::negotiate(accept);
  return {.type = std::string(publish::content_type(format)),
          .body = publish::exposition({.version = agent.version,
                                       .began = agent.began,
                                       .measuring = agent.measuring,
                                       .store_well = agent.store_well,
                                       .configuration_well = agent.configuration_problem.empty(),
                                       .store_octets = agent.store_octets,
                                       .store_dropped = agent.store_dropped,
                                       .samples_dropped = agent.samples_dropped,
                                       .reflector = agent.reflector.counters},
                                      told, format)};
}

}  // namespace wirestamp::cli
