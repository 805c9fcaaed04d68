// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_check.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/key_source.h"
#include "agent/reflector_ports.h"
#include "agent/twamp_listen.h"
#include "api/server_secrets.h"
#include "cli/agent_settings.h"
#include "cli/option_values.h"
#include "notify/webhook_url.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using config::refuse;
using config::Settings;

// Two places of which only one can be had: the second finds its port taken.
bool collide(const config::ListenAddress& one, const config::ListenAddress& other) {
  if (one.port == 0 || one.port != other.port) return false;
  if (!one.address || !other.address) return true;  // every address
  if (one.address->family() != other.address->family()) return false;
  if (one.address->is_any() || other.address->is_any()) return true;
  return *one.address == *other.address && one.zone == other.zone;
}

// Of the agent's own places to listen, all of UDP or all of TCP.
class Places {
 public:
  explicit Places(const Settings& settings) : settings_(settings) {}

  Result<void> take(Key key, const config::ListenAddress& at, std::size_t number = 0) {
    const std::string& text = settings_.values(key)[number].text;
    for (const auto& [taken, by] : taken_)
      if (collide(at, taken))
        return refuse(
            settings_, key,
            fmt::format("'{}' takes the port of {}: give one of them another port", text, by),
            number);
    taken_.emplace_back(at, fmt::format("{} '{}'", config::option(key).name, text));
    return {};
  }
  Result<void> take_all(Key key) {
    const auto all = settings_.all<config::ListenAddress>(key);
    for (std::size_t i = 0; i < all.size(); ++i) TRY_VOID(take(key, all[i], i));
    return {};
  }
  Result<void> take_one(Key key) {
    const auto at = settings_.get<config::ListenOrNone>(key)->at;
    return at ? take(key, *at) : Result<void>{};
  }

 private:
  const Settings& settings_;
  std::vector<std::pair<config::ListenAddress, std::string>> taken_;
};

Result<void> check_places(const Settings& settings) {
  TRY_VOID(Places(settings).take_all(Key::Listen));
  Places tcp(settings);
  for (const auto& [value, at] : twamp_places(settings)) TRY_VOID(tcp.take(Key::Twamp, at, value));
  TRY_VOID(tcp.take_one(Key::Api));
  return tcp.take_one(Key::MetricsListen);
}

Result<void> check_api(const Settings& settings) {
  const auto api = TRY(api_options_anywhere(settings));
  if (!api) return {};
  if (!api->listen.address.is_loopback() && (api->token.empty() || api->key.empty()))
    return refuse(settings, Key::Api,
                  "--api beyond loopback wants --api-token-file, --api-certificate and --api-key: "
                  "else anybody could read and nobody would know whom they talk to");
  return {};
}

Result<void> check_webhooks(const Settings& settings) {
  const notify::WebhookOptions webhooks = TRY(webhook_options(settings));
  if (const auto key = notify::check_webhook_key(webhooks.key); !key)
    return refuse(settings, Key::WebhookKeyFile, key.error());
  for (std::size_t i = 0; i < webhooks.urls.size(); ++i) {
    if (const auto url = notify::parse_webhook_url(webhooks.urls[i]); !url)
      return refuse(settings, Key::Webhook, url.error(), i);
  }
  if (const auto count = notify::check_webhook_count(webhooks.urls.size()); !count)
    return refuse(settings, Key::Webhook, count.error(), notify::WebhookOptions::kMostUrls);
  return {};
}

}  // namespace

Result<void> check_agent(const Settings& settings) {
  TRY_VOID(check_api(settings));
  TRY_VOID(check_places(settings));
  TRY_VOID(check_webhooks(settings));
  const std::string results = settings.text(Key::Results);
  if (!results.empty() && results == settings.text(Key::Events))
    return refuse(settings, Key::Events,
                  fmt::format("--results and --events name the same file '{}'", results));
  return {};
}

Result<void> check_keys(const Settings& settings) {
  if (settings.get<config::ListenOrNone>(Key::Api)->at && settings.given(Key::ApiCertificate)) {
    if (const auto read = api::read_certificate(settings.text(Key::ApiCertificate)); !read)
      return refuse(settings, Key::ApiCertificate, read.error());
    if (const auto read = api::read_certificate_key(settings.text(Key::ApiKey)); !read)
      return refuse(settings, Key::ApiKey, read.error());
  }
  const agent::ReflectOptions options = reflect_options(settings);
  // Where the file names none, there may be a variable when an agent starts.
  if (!options.key_file.empty()) {
    if (const auto keys = agent::KeySource::check_file(options.key_file); !keys)
      return refuse(settings, Key::KeyFile, keys.error());
    if (const auto fits = agent::check_tlv_hmac(options, true); !fits)
      return refuse(settings, Key::TlvHmac, fits.error());
  }
  if (const auto twamp = agent::check_twamp_server(options); !twamp)
    return refuse(settings, options.twamp.key_file.empty() ? Key::Twamp : Key::TwampKeyFile,
                  twamp.error());
  return {};
}

}  // namespace wirestamp::cli
