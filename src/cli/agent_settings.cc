// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/commands.h"
#include "cli/option_values.h"
#include "notify/webhook_url.h"
#include "platform/process.h"
#include "platform/secret_file.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using config::Settings;

constexpr std::size_t kShortestToken = 16;

std::optional<double> share(const Settings& settings, Key key) {
  const double ratio = *settings.get<double>(key);
  return std::isinf(ratio) ? std::nullopt : std::optional(ratio);
}

std::optional<Duration> unless_never(Duration duration) {
  return duration == Duration() ? std::nullopt : std::optional(duration);
}

Duration duration(const Settings& settings, Key key) { return *settings.get<Duration>(key); }

std::string variable(std::string_view name) {
  for (const auto& [known, value] : platform::environment())
    if (known == name) return value;
  return {};
}

packet::Endpoint endpoint(const config::ListenAddress& listen) {
  return {.address = listen.address.value_or(packet::IpAddress::any(packet::Family::V6)),
          .port = listen.port};
}

Result<std::string> secret(const Settings& settings, Key key) {
  const std::string path = settings.text(key);
  if (path.empty()) return std::string();
  return platform::read_secret(path);
}

void tell(const Settings& settings, const std::string& session, bool of_sessions,
          std::vector<api::Setting>& told) {
  for (const config::Option& row : config::options()) {
    if (!config::applies(row, config::Command::Agent)) continue;
    if (config::per_session(row) != of_sessions) continue;
    api::Setting setting{.session = session,
                         .name = std::string(row.name),
                         .value = {},
                         .origin = std::string(row.without)};
    for (const config::Value& value : settings.values(row.key)) {
      setting.value += (setting.value.empty() ? "" : ",") + config::shown(row, value.text);
      setting.origin = value.origin;
    }
    told.push_back(std::move(setting));
  }
}

}  // namespace

Result<PlannedSession> planned_session(const config::SessionConfig& session) {
  const Settings& settings = session.settings;
  auto options = agent_session_options(settings);
  if (!options)
    return fail(
        fmt::format("session '{}' ({}): {}", session.name, session.place, options.error().text));
  PlannedSession planned{.options = std::move(*options), .thresholds = {}};
  alert::Thresholds& t = planned.thresholds;
  t.loss_warning = share(settings, Key::LossWarning);
  t.loss_error = share(settings, Key::LossError);
  t.latency = {.warning = share(settings, Key::LatencyWarning),
               .error = share(settings, Key::LatencyError),
               .at_least = duration(settings, Key::LatencyLeast),
               .limit = unless_never(duration(settings, Key::LatencyLimit))};
  t.jitter = {.warning = share(settings, Key::JitterWarning),
              .error = share(settings, Key::JitterError),
              .at_least = duration(settings, Key::JitterLeast),
              .limit = unless_never(duration(settings, Key::JitterLimit))};
  t.warning_after = duration(settings, Key::WarningAfter);
  t.error_after = duration(settings, Key::ErrorAfter);
  t.clear_after = duration(settings, Key::ClearAfter);
  return planned;
}

std::optional<std::string> store_path(const Settings& settings) {
  if (const auto given = settings.get<std::string>(Key::StoreFile))
    return *given == "none" ? std::nullopt : given;
  constexpr std::string_view kName = "/wirestamp.db";
  if (const std::string of_service = variable("STATE_DIRECTORY"); !of_service.empty())
    return of_service.substr(0, of_service.find(':')) + std::string(kName);
  if (const std::string state = variable("XDG_STATE_HOME"); state.starts_with('/'))
    return state + "/wirestamp" + std::string(kName);
  if (const std::string home = variable("HOME"); home.starts_with('/'))
    return home + "/.local/state/wirestamp" + std::string(kName);
  return "/var/lib/wirestamp" + std::string(kName);
}

store::Retention retention_of(const Settings& settings) {
  return {.max_octets = *settings.get<std::uint64_t>(Key::StoreSize),
          .samples = duration(settings, Key::KeepSamples),
          .windows = {duration(settings, Key::KeepSeconds), duration(settings, Key::KeepTens),
                      duration(settings, Key::KeepMinutes), duration(settings, Key::KeepHours)},
          .events = duration(settings, Key::KeepHours)};
}

alert::WatchOptions watch_options(const Settings& settings) {
  alert::WatchOptions options{.maintenance = {}, .quiet = duration(settings, Key::IncidentQuiet)};
  for (const config::MaintenanceTime& time :
       settings.all<config::MaintenanceTime>(Key::Maintenance)) {
    alert::Maintenance maintenance{
        .weekdays = {}, .begin = time.begin, .end = time.end, .from = {}, .until = {}};
    for (std::uint8_t day = 0; day < 7; ++day)
      if ((time.weekdays & (1U << day)) != 0) maintenance.weekdays.push_back(day);
    if (time.weekdays == 0) {
      maintenance.from = time.from;
      maintenance.until = time.until;
    }
    options.maintenance.push_back(std::move(maintenance));
  }
  return options;
}

Result<std::optional<api::ServerOptions>> api_options(const Settings& settings) {
  if (!settings.get<config::ListenOrNone>(Key::Api)->url.empty())
    return fail("--api of an agent is [ADDR]:PORT to listen on, no URL");
  const auto api = settings.get<config::ListenOrNone>(Key::Api)->at;
  const auto metrics = settings.get<config::ListenOrNone>(Key::MetricsListen)->at;
  if (!api && metrics) return fail("--metrics wants --api: name an address for both");
  if (!api) return std::nullopt;
  api::ServerOptions options;
  options.listen = endpoint(*api);
  if (metrics) options.metrics_listen = endpoint(*metrics);
  for (const config::HostPort& one : settings.all<config::HostPort>(Key::ApiName)) {
    if (one.port) return fail("--api-name is a name without a port");
    options.hosts.push_back(one.host);
  }
  options.token = TRY(secret(settings, Key::ApiTokenFile));
  if (!options.token.empty() && options.token.size() < kShortestToken)
    return fail(fmt::format("the token in '{}' is shorter than {} characters",
                            settings.text(Key::ApiTokenFile), kShortestToken));
  options.certificate = settings.text(Key::ApiCertificate);
  options.key = settings.text(Key::ApiKey);
  if (options.certificate.empty() != options.key.empty())
    return fail("--api-certificate and --api-key go together");
  options.limits.connections = static_cast<unsigned>(*settings.get<std::uint64_t>(Key::ApiClients));
  return options;
}

Result<notify::WebhookOptions> webhook_options(const Settings& settings) {
  notify::WebhookOptions options{.urls = settings.all<std::string>(Key::Webhook), .key = {}};
  options.key = TRY(secret(settings, Key::WebhookKeyFile));
  options.user_agent = fmt::format("wirestamp/{}", kVersion);
  return options;
}

Result<void> check_agent(const Settings& settings) {
  const auto api = TRY(api_options(settings));
  if (api && !api->listen.address.is_loopback() && (api->token.empty() || api->key.empty()))
    return fail(
        "--api beyond loopback wants --api-token-file, --api-certificate and --api-key: else "
        "anybody could read and nobody would know whom they talk to");
  const notify::WebhookOptions webhooks = TRY(webhook_options(settings));
  for (const std::string& url : webhooks.urls) TRY(notify::parse_webhook_url(url));
  const std::string results = settings.text(Key::Results);
  if (!results.empty() && results == settings.text(Key::Events))
    return fail(fmt::format("--results and --events name the same file '{}'", results));
  return {};
}

std::vector<api::Setting> told_configuration(const config::AgentConfig& config) {
  std::vector<api::Setting> told;
  tell(config.settings, "", false, told);
  for (const config::SessionConfig& session : config.sessions)
    tell(session.settings, session.name, true, told);
  return told;
}

}  // namespace wirestamp::cli
