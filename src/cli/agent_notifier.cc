// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_notifier.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "cli/commands.h"
#include "platform/process.h"
#include "publish/json_writer.h"
#include "publish/window_document.h"

namespace wirestamp::cli {

Result<void> AgentNotifier::open(notify::WebhookOptions options, const Say& say) {
  if (options.urls.empty()) return {};
  options.tell = [say](const notify::WebhookNews& news) {
    say(news.kind == notify::WebhookNews::Kind::Failing ? measure::Severity::Warning
                                                        : measure::Severity::Info,
        {}, news.text);
  };
  webhooks_ = TRY(notify::Webhooks::create(std::move(options)));
  return {};
}

void AgentNotifier::on_incident(const measure::Incident& incident) {
  if (!webhooks_ || incident.in_maintenance) return;
  const auto [told, news] = open_.try_emplace(incident.id, incident.events);
  // Its figure got worse, or nothing that is told changed: the next message says so.
  if (!news && !incident.closed && told->second == incident.events) return;
  told->second = incident.events;
  if (incident.closed) open_.erase(told);
  const std::string kind = fmt::format("incident.{}", incident.closed ? "closed"
                                                      : news          ? "opened"
                                                                      : "changed");
  std::string body;
  publish::JsonWriter json(body);
  json.begin_object();
  json.member("kind", kind);
  json.begin_object("agent");
  json.member("host", platform::host_name());
  json.member("version", kVersion);
  json.end_object();
  publish::write_incident(json, "incident", incident);
  json.end_object();
  webhooks_->deliver(kind, incident.id, std::move(body));
}

// Who was told before is told as of the same; one that opened in maintenance was not told.
void AgentNotifier::on_reopened(const measure::Incident& incident) {
  if (!incident.in_maintenance) open_.emplace(incident.id, incident.events);
}

std::vector<api::WebhookStatus> AgentNotifier::status() const {
  std::vector<api::WebhookStatus> all;
  if (!webhooks_) return all;
  for (const notify::WebhookStatus& one : webhooks_->status())
    all.push_back({.url = one.url,
                   .delivered = one.status.delivered,
                   .failed = one.status.failed,
                   .given_up = one.status.given_up,
                   .dropped = one.status.dropped,
                   .pending = one.status.pending,
                   .failing = one.status.failing,
                   .last_error = one.status.last_error});
  return all;
}

void AgentNotifier::stop(Duration grace) {
  if (webhooks_) webhooks_->stop(grace);
}

}  // namespace wirestamp::cli
