// SPDX-License-Identifier: Apache-2.0
#include "cli/option_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/key_source.h"
#include "agent/tlv_values.h"
#include "wire/twamp_test_packet.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using config::Settings;

//= RFC5357:control-port
constexpr std::uint16_t kTwampPort = 862;  // RFC 8545

net::StampChoice stamps_of(const Settings& settings) {
  const std::string choice = settings.text(Key::Stamps);
  if (choice == "hardware") return net::StampChoice::Hardware;
  if (choice == "kernel") return net::StampChoice::Kernel;
  if (choice == "user") return net::StampChoice::User;
  return net::StampChoice::Auto;
}

std::optional<StampSource> source_of(const Settings& settings, Key key) {
  const std::string choice = settings.text(key);
  if (choice == "hardware") return StampSource::Hardware;
  if (choice == "kernel") return StampSource::Kernel;
  return std::nullopt;
}

net::KernelFeatures features_of(const Settings& settings) {
  return settings.text(Key::KernelFeatures) == "debian12" ? net::KernelFeatures::Debian12
                                                          : net::KernelFeatures::Full;
}

bool wants_portable(const Settings& settings) { return settings.text(Key::Backend) == "portable"; }

std::uint8_t ecn_of(const Settings& settings) {
  const std::string choice = settings.text(Key::Ecn);
  return choice == "ect1" ? 1 : choice == "ect0" ? 2 : choice == "ce" ? 3 : 0;
}

// The policy that was asked for, or the one that the ports given imply; what does not fit together
// is refused.
Result<void> take_ports(const Settings& settings, agent::PortPolicy otherwise,
                        agent::PingOptions& options) {
  using agent::PortPolicy;
  const bool has_port = settings.given(Key::SourcePort), has_range = settings.given(Key::PortRange);
  const std::string policy = settings.text(Key::PortPolicy);
  options.port_policy = policy == "fixed"                          ? PortPolicy::Fixed
                        : policy == "range"                        ? PortPolicy::Range
                        : policy == "auto"                         ? PortPolicy::Auto
                        : policy.empty() && has_port && !has_range ? PortPolicy::Fixed
                        : policy.empty() && has_range              ? PortPolicy::Range
                        : policy == "dynamic"                      ? PortPolicy::Dynamic
                                                                   : otherwise;
  const bool fixed =
      options.port_policy == PortPolicy::Fixed || options.port_policy == PortPolicy::Auto;
  if (has_port && !fixed)
    return fail(
        "--source-port is the port of a fixed flow: use it with --port-policy fixed or auto");
  if (has_range != (options.port_policy == PortPolicy::Range))
    return fail(has_range ? "--port-range goes with --port-policy range alone"
                          : "--port-policy range wants --port-range FIRST-LAST");
  if (settings.given(Key::HealAfter) && options.port_policy != PortPolicy::Fixed)
    return fail("--heal-after is for --port-policy fixed: the others try another port");
  options.flows = static_cast<unsigned>(*settings.get<std::uint64_t>(Key::Flows));
  if (options.flows > 1 && fixed)
    return fail("--flows wants several ports: use it with --port-policy dynamic or range");
  if (const auto port = settings.get<std::uint64_t>(Key::SourcePort))
    options.source_port = static_cast<std::uint16_t>(*port);
  if (const auto range = settings.get<config::PortRange>(Key::PortRange)) {
    options.first_port = range->first;
    options.last_port = range->last;
    if (range->last - range->first + 1U < options.flows)
      return fail("--port-range has fewer ports than --flows wants");
  }
  return {};
}

std::uint32_t twamp_modes(const Settings& settings) {
  std::uint32_t modes = 0;
  for (const std::string& one : settings.all<std::string>(Key::TwampMode))
    modes |= one == "open"            ? wire::kTwampOpen
             : one == "authenticated" ? wire::kTwampAuthenticated
             : one == "encrypted"     ? wire::kTwampEncrypted
                                      : wire::kTwampMixed;
  return modes;
}

// The server is told one port and one class once, so what changes them is refused.
Result<void> take_protocol(const Settings& settings, agent::PingOptions& options) {
  const bool twamp = settings.text(Key::Protocol) == "twamp";
  for (const Key key : {Key::TwampMode, Key::TwampKeyFile, Key::TwampKeyId})
    if (!twamp && settings.given(key))
      return fail(fmt::format("{} goes with --protocol twamp", flag(config::option(key))));
  if (!twamp) return {};
  if (options.flows > 1)
    return fail("--flows wants several ports, and a TWAMP session has one: leave it out");
  if (settings.given(Key::PortPolicy) && options.port_policy != agent::PortPolicy::Fixed)
    return fail("a TWAMP session has one source port: leave --port-policy out, or use fixed");
  if (options.port_policy == agent::PortPolicy::Range)
    return fail("a TWAMP session has one source port: use --source-port instead of --port-range");
  for (const Key key : {Key::Tlv, Key::Padding, Key::Peer, Key::KeyFile, Key::KeyId, Key::TlvHmac})
    if (settings.given(key))
      return fail(fmt::format("{} is for STAMP, and has no meaning with --protocol twamp",
                              flag(config::option(key))));
  if (options.time_format == agent::TimeFormat::Ptp)
    //= RFC8186:twamp-z
    return fail("--time-format ptp is not for --protocol twamp: its stamps are NTP ones");
  options.twamp = agent::TwampOptions{.modes = twamp_modes(settings),
                                      .key_file = settings.text(Key::TwampKeyFile),
                                      .key_id = settings.text(Key::TwampKeyId)};
  if (!settings.get<config::HostPort>(Key::Host)->port) options.port = kTwampPort;
  return {};
}

// What a session of the agent and a measurement by ping have in common.
Result<agent::PingOptions> session_options(const Settings& settings, agent::PortPolicy otherwise) {
  const auto host = settings.get<config::HostPort>(Key::Host);
  if (!host) return fail("no host given: `wirestamp ping HOST[:PORT]`");
  agent::PingOptions options;
  options.host = host->host;
  if (host->port) options.port = *host->port;
  const std::string family = settings.text(Key::Family);
  if (family == "ipv4") options.family = packet::Family::V4;
  if (family == "ipv6") options.family = packet::Family::V6;
  options.interval = *settings.get<Duration>(Key::Interval);
  options.schedule = settings.text(Key::Schedule) == "poisson" ? agent::Schedule::Poisson
                                                               : agent::Schedule::Periodic;
  if (const auto size = settings.get<std::uint64_t>(Key::Size))
    options.size = static_cast<std::uint32_t>(*size);
  options.tlvs = TRY(agent::tlv_requests(settings.all<std::string>(Key::Tlv)));
  TRY_VOID(agent::take_padding(settings.text(Key::Padding), options.tlvs));
  const std::string peer = settings.text(Key::Peer);
  options.peer = peer == "stamp"         ? session::PeerKind::Stamp
                 : peer == "twamp-light" ? session::PeerKind::TwampLight
                                         : session::PeerKind::Auto;
  options.peer_uses_utc = settings.text(Key::PtpScale) == "utc";
  if (options.peer == session::PeerKind::TwampLight && !options.tlvs.tlvs.empty())
    return fail("--tlv asks for what a peer of --peer twamp-light does not know");
  //= RFC8762:light-ntp-sender
  if (options.peer == session::PeerKind::TwampLight && settings.text(Key::TimeFormat) == "ptp")
    return fail("a peer of --peer twamp-light knows --time-format ntp alone");
  options.dscp = static_cast<std::uint8_t>(*settings.get<std::uint64_t>(Key::Dscp));
  options.ecn = ecn_of(settings);
  options.ttl = static_cast<std::uint8_t>(*settings.get<std::uint64_t>(Key::Ttl));
  options.key_id = settings.text(Key::KeyId);
  options.tlv_hmac = settings.flag(Key::TlvHmac);
  if (options.tlv_hmac && options.key_id == agent::kNoKey)
    return fail("--tlv-hmac wants a key, and --key-id none is to use none");
  if (options.tlv_hmac && options.peer == session::PeerKind::TwampLight)
    return fail("--tlv-hmac is for extensions, and a peer of --peer twamp-light knows none");
  options.source = settings.get<packet::IpAddress>(Key::Source);
  TRY_VOID(take_ports(settings, otherwise, options));
  options.full_rate = settings.flag(Key::FullRate);
  options.silence = *settings.get<Duration>(Key::Silence);
  const Duration heal_after = *settings.get<Duration>(Key::HealAfter);
  options.heal_after = heal_after == Duration() ? std::nullopt : std::optional(heal_after);
  options.reconnect_on_any_address = settings.text(Key::ReconnectOn) == "any-address";
  options.stamps = stamps_of(settings);
  options.loss_after = *settings.get<Duration>(Key::LossAfter);
  options.time_format =
      settings.text(Key::TimeFormat) == "ptp" ? agent::TimeFormat::Ptp : agent::TimeFormat::Ntp;
  return options;
}

}  // namespace

Result<agent::PingOptions> ping_options(const Settings& settings) {
  agent::PingOptions options = TRY(session_options(settings, agent::PortPolicy::Dynamic));
  options.key_file = settings.text(Key::KeyFile);
  TRY_VOID(take_protocol(settings, options));
  options.count = settings.get<std::uint64_t>(Key::Count);
  options.duration = settings.get<Duration>(Key::Duration);
  options.require = source_of(settings, Key::Require);
  options.require_peer = source_of(settings, Key::RequirePeer);
  options.portable = wants_portable(settings);
  options.features = features_of(settings);
  options.seed = settings.get<std::uint64_t>(Key::Seed);
  return options;
}

Result<agent::PingOptions> agent_session_options(const Settings& settings) {
  agent::PingOptions options = TRY(session_options(settings, agent::PortPolicy::Auto));
  const auto devices = settings.all<std::string>(Key::Device);
  if (devices.size() > 1)
    return fail("a session has one device: make a session for each, with names of their own");
  if (!devices.empty()) options.device = devices.front();
  return options;
}

namespace {

session::Peers peers_of(const Settings& settings) {
  const std::string whom = *settings.get<std::string>(Key::Answer);
  if (whom == "listed") return session::Peers::Listed;
  return whom == "authenticated" ? session::Peers::Authenticated : session::Peers::Open;
}

wire::SyncSource clock_source_of(const Settings& settings) {
  const std::string choice = settings.text(Key::ClockSource);
  if (choice == "ptp") return wire::SyncSource::Ptp;
  if (choice == "ssu") return wire::SyncSource::Ssu;
  return choice == "gnss" ? wire::SyncSource::Gnss : wire::SyncSource::Ntp;
}

session::TlvOptions tlv_options(const Settings& settings) {
  session::TlvOptions tlvs;
  tlvs.hide_location = settings.flag(Key::HideLocation);
  tlvs.return_to = settings.all<packet::Prefix>(Key::ReturnTo);
  if (const auto id = settings.get<std::uint64_t>(Key::MicroSession))
    tlvs.micro_session = static_cast<std::uint16_t>(*id);
  if (const auto most = settings.get<std::uint64_t>(Key::ReplyControl); most && *most > 0)
    tlvs.control.emplace().most_packets = static_cast<std::uint16_t>(*most);
  tlvs.clock_source = clock_source_of(settings);
  tlvs.drafts = settings.flag(Key::Drafts);
  return tlvs;
}

}  // namespace

std::vector<TwampPlace> twamp_places(const Settings& settings) {
  const auto listen = settings.all<config::ListenAddress>(Key::Listen);
  const bool everywhere =
      listen.empty() || std::ranges::any_of(listen, [](const config::ListenAddress& one) {
        return !one.address.has_value();
      });
  std::vector<TwampPlace> found;
  const auto values = settings.all<config::ListenAddress>(Key::Twamp);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (everywhere || values[i].address) {
      found.push_back({.value = i, .at = values[i]});
      continue;
    }
    for (config::ListenAddress at : listen) {
      const bool within = std::ranges::any_of(listen, [&](const config::ListenAddress& one) {
        return one.address->is_any() && one.address->family() == at.address->family();
      });
      if (within && !at.address->is_any()) continue;
      at.port = values[i].port;
      const TwampPlace place{.value = i, .at = at};
      // Of several ports at one address.
      if (std::ranges::find(found, place) == found.end()) found.push_back(place);
    }
  }
  return found;
}

agent::ReflectOptions reflect_options(const Settings& settings) {
  const auto limit = [](std::uint64_t rate) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(rate, UINT32_MAX));
  };
  agent::ReflectOptions options;
  for (const config::ListenAddress& one : settings.all<config::ListenAddress>(Key::Listen))
    options.listen.push_back({.address = one.address, .port = one.port, .zone = one.zone});
  for (const auto& [value, at] : twamp_places(settings))
    options.twamp.listen.push_back({.address = at.address, .port = at.port, .zone = at.zone});
  options.twamp.modes = twamp_modes(settings);
  options.twamp.key_file = settings.text(Key::TwampKeyFile);
  options.twamp.key_id = settings.text(Key::TwampKeyId);
  options.allow = settings.all<packet::Prefix>(Key::Allow);
  const std::uint64_t rate = *settings.get<std::uint64_t>(Key::Rate);
  options.rate = limit(rate);
  // Who raises the rate of one address does not want the default of the total to be in the way.
  options.total_rate = rate == 0 ? 0 : std::max(options.total_rate, limit(10 * rate));
  options.network_rate = rate == 0 ? 0 : std::max(options.network_rate, limit(5 * rate));
  if (const auto network = settings.get<std::uint64_t>(Key::NetworkRate))
    options.network_rate = limit(*network);
  if (const auto total = settings.get<std::uint64_t>(Key::TotalRate))
    options.total_rate = limit(*total);
  options.peers = peers_of(settings);
  for (const std::uint64_t dscp : settings.all<std::uint64_t>(Key::ReplyDscp))
    options.dscp = options.dscp.value_or(0) | std::uint64_t{1} << dscp;
  options.key_file = settings.text(Key::KeyFile);
  options.replay_window = settings.flag(Key::ReplayWindow);
  options.tlv_hmac = settings.flag(Key::TlvHmac);
  options.tlvs = tlv_options(settings);
  options.devices = settings.all<std::string>(Key::Device);
  options.stamps = stamps_of(settings);
  options.require = source_of(settings, Key::Require);
  options.portable = wants_portable(settings);
  options.features = features_of(settings);
  return options;
}

//= RFC7679:threshold-told RFC6703:waiting-time
std::vector<publish::Report::Setting> told_settings(const Settings& settings,
                                                    config::Command command) {
  std::vector<publish::Report::Setting> told;
  for (const config::Option& row : config::options()) {
    const auto values = settings.values(row.key);
    if (!config::applies(row, command) || values.empty()) continue;
    told.push_back({.name = row.name, .value = values[0].text, .origin = values[0].origin});
    for (const config::Value& value : values.subspan(1)) told.back().value += "," + value.text;
  }
  return told;
}

}  // namespace wirestamp::cli
