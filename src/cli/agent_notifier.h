// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "api/service.h"
#include "base/result.h"
#include "cli/agent_writer.h"
#include "measure/incident.h"
#include "notify/webhooks.h"

namespace wirestamp::cli {

// Posts incidents to the webhooks that are configured, if any: docs/webhooks.md has the bodies.
class AgentNotifier {
 public:
  Result<void> open(notify::WebhookOptions options, const Say& say);
  void on_reopened(const measure::Incident& incident);
  // Opened, changed or closed. What opened in maintenance is not posted.
  void on_incident(const measure::Incident& incident);
  std::vector<api::WebhookStatus> status() const;  // any thread, after open()
  // What waits is delivered for at most so long.
  void stop(Duration grace);

 private:
  std::unique_ptr<notify::Webhooks> webhooks_;
  std::map<std::uint64_t, std::uint64_t> open_;  // told and not closed, with events so far
};

}  // namespace wirestamp::cli
