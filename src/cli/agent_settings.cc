// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/reflector_ports.h"
#include "api/server_secrets.h"
#include "cli/commands.h"
#include "cli/option_values.h"
#include "platform/process.h"
#include "platform/secret_file.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using config::Settings;

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

// Without the interface that its zone names: set_interface().
packet::Endpoint listened_on(const config::ListenAddress& listen) {
  return {.address = listen.address.value_or(packet::IpAddress::any(packet::Family::V6)),
          .port = listen.port};
}
platform::Families families_of(const config::ListenAddress& listen) {
  return listen.address ? platform::Families::OfAddress : platform::Families::Both;
}

Result<void> set_interface(const Settings& settings, Key key, packet::Endpoint& listen) {
  const auto found = agent::interface_of(settings.get<config::ListenOrNone>(key)->at->zone);
  if (!found)
    return config::refuse(settings, key,
                          fmt::format("'{}': {}: write one that `ip link` lists behind the '%'",
                                      settings.values(key)[0].text, found.error().text));
  listen.interface = *found;
  return {};
}

Result<std::string> secret(const Settings& settings, Key key) {
  const std::string path = settings.text(key);
  if (path.empty()) return std::string();
  auto read = platform::read_secret(path);
  if (!read) return config::refuse(settings, key, read.error());
  return read;
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

Result<std::optional<api::ServerOptions>> api_options_anywhere(const Settings& settings) {
  if (!settings.get<config::ListenOrNone>(Key::Api)->url.empty())
    return config::refuse(settings, Key::Api,
                          "--api of an agent is [ADDR]:PORT to listen on, no URL");
  const auto api = settings.get<config::ListenOrNone>(Key::Api)->at;
  const auto metrics = settings.get<config::ListenOrNone>(Key::MetricsListen)->at;
  if (!api && metrics)
    return config::refuse(settings, Key::MetricsListen,
                          "--metrics wants --api: name an address for both");
  if (!api) return std::nullopt;
  api::ServerOptions options;
  options.listen = listened_on(*api);
  options.families = families_of(*api);
  if (metrics) {
    options.metrics_listen = listened_on(*metrics);
    options.metrics_families = families_of(*metrics);
  }
  for (const config::HostPort& one : settings.all<config::HostPort>(Key::ApiName)) {
    if (one.port)
      return config::refuse(settings, Key::ApiName, "--api-name is a name without a port",
                            options.hosts.size());
    options.hosts.push_back(one.host);
  }
  options.token = TRY(secret(settings, Key::ApiTokenFile));
  if (const auto token = api::check_token(options.token); !options.token.empty() && !token)
    return config::refuse(
        settings, Key::ApiTokenFile,
        fmt::format("'{}': {}", settings.text(Key::ApiTokenFile), token.error().text));
  options.certificate = settings.text(Key::ApiCertificate);
  options.key = settings.text(Key::ApiKey);
  if (options.certificate.empty() != options.key.empty())
    return config::refuse(settings, options.key.empty() ? Key::ApiCertificate : Key::ApiKey,
                          "--api-certificate and --api-key go together");
  options.limits.connections = static_cast<unsigned>(*settings.get<std::uint64_t>(Key::ApiClients));
  return options;
}

Result<std::optional<api::ServerOptions>> api_options(const Settings& settings) {
  auto options = TRY(api_options_anywhere(settings));
  if (!options) return std::nullopt;
  TRY_VOID(set_interface(settings, Key::Api, options->listen));
  if (options->metrics_listen)
    TRY_VOID(set_interface(settings, Key::MetricsListen, *options->metrics_listen));
  return options;
}

Result<notify::WebhookOptions> webhook_options(const Settings& settings) {
  notify::WebhookOptions options{.urls = settings.all<std::string>(Key::Webhook), .key = {}};
  options.key = TRY(secret(settings, Key::WebhookKeyFile));
  options.user_agent = fmt::format("wirestamp/{}", kVersion);
  return options;
}

std::vector<api::Setting> told_configuration(const config::AgentConfig& config) {
  std::vector<api::Setting> told;
  tell(config.settings, "", false, told);
  for (const config::SessionConfig& session : config.sessions)
    tell(session.settings, session.name, true, told);
  return told;
}

}  // namespace wirestamp::cli
