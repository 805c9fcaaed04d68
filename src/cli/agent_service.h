// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/daemon.h"
#include "agent/keeper.h"
#include "agent/mailbox.h"
#include "api/server.h"
#include "api/service.h"
#include "cli/agent_configuration.h"
#include "cli/agent_notifier.h"

namespace wirestamp::cli {

// What the API, the signals and the watch over the configuration file ask of a running agent. Any
// thread.
class AgentService final : public api::Service {
 public:
  AgentService(AgentConfiguration configuration, agent::Daemon& daemon, agent::Keeper& keeper,
               agent::Mailbox& mailbox, const AgentNotifier& notifier, WallTime began)
      : daemon_(daemon),
        keeper_(keeper),
        mailbox_(mailbox),
        notifier_(notifier),
        began_(began),
        configuration_(std::move(configuration)) {}

  api::AgentStatus status() const override;
  std::vector<api::SessionStatus> sessions() const override { return keeper_.sessions(); }
  std::vector<api::SessionStatus> brief_sessions() const override {
    return keeper_.sessions(false);
  }
  std::vector<api::Setting> configuration() const override;
  Result<std::vector<std::string>> reload() override { return reload(false); }
  // `quiet`: that nothing changed is not told.
  Result<std::vector<std::string>> reload(bool quiet);

  // What the reflector listens on; told once.
  void set_listening(std::vector<std::string> addresses);
  // Asks the system: for threads that may wait.
  api::HostStatus host() const;
  // The answer of /metrics.
  api::Exposition metrics(std::string_view accept) const;
  bool measuring() const { return idle() < kHangs; }
  // Since the measuring thread last turned.
  Duration idle() const;

 private:
  // A measuring thread that did not turn for so long hangs.
  static constexpr Duration kHangs = Duration::seconds(5);

  agent::Daemon& daemon_;
  agent::Keeper& keeper_;
  agent::Mailbox& mailbox_;
  const AgentNotifier& notifier_;
  WallTime began_;

  void tell(measure::EventKind kind, const std::string& text);

  mutable std::mutex mutex_;  // what follows
  AgentConfiguration configuration_;
  std::string problem_;  // of the last reload
  std::vector<std::string> listening_;
};

}  // namespace wirestamp::cli
