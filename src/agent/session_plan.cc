// SPDX-License-Identifier: Apache-2.0
#include "agent/session_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/twamp_session.h"
#include "platform/entropy.h"
#include "wire/tlv.h"
#include "wire/tlv_control.h"

namespace wirestamp::agent {

namespace {

// From this rate on a socket of its own for sending keeps stamps and replies apart.
constexpr Duration kHighRate = Duration::milliseconds(2);
// Bursts (S17) make sense for runs of a minute and more at intervals up to a second.
constexpr Duration kBurstRun = Duration::minutes(1);
constexpr Duration kBurstInterval = Duration::seconds(1);
constexpr std::uint16_t kDefaultPort = 23999;
constexpr std::size_t kPatternedPadding = 128;  // octets at least, to find bit errors in
constexpr std::uint16_t kFirstOpenPort = 1024;  // below it a port needs a privilege

bool runs_long_enough_for_bursts(const PingOptions& options) {
  if (options.interval > kBurstInterval) return false;
  if (options.duration && *options.duration < kBurstRun) return false;
  if (options.count &&
      Duration::nanoseconds(static_cast<std::int64_t>(std::min<double>(
          static_cast<double>(*options.count) * static_cast<double>(options.interval.ns()),
          9e18))) < kBurstRun)
    return false;
  return true;
}

// The fixed flow's port: the one given, else the reflector's where it needs no privilege.
std::uint16_t fixed_port(const PingOptions& options) {
  if (options.source_port) return *options.source_port;
  return options.port >= kFirstOpenPort ? options.port : kDefaultPort;
}

session::PortPolicy policy_of(PortPolicy policy) {
  switch (policy) {
    case PortPolicy::Fixed:
      return session::PortPolicy::Fixed;
    case PortPolicy::Range:
      return session::PortPolicy::Range;
    case PortPolicy::Auto:
      return session::PortPolicy::Auto;
    case PortPolicy::Dynamic:
      break;
  }
  return session::PortPolicy::Dynamic;
}

// The next request for several replies is not sent before these can have come.
//= draft-asymmetrical-pkts:sender-waits
Result<void> check_reply_control(const PingOptions& options) {
  for (const wire::AskedTlv& tlv : options.tlvs.tlvs) {
    if (tlv.type != wire::kReflectedControl || tlv.value.size() < wire::ReflectedControl::kShortest)
      continue;
    const auto control = wire::ReflectedControl::decode(tlv.value);
    if (control.count < 2) continue;
    const Duration lasts = Duration::nanoseconds(control.interval_ns) * (control.count - 1);
    if (lasts < options.interval) continue;
    return fail(fmt::format(
        "--tlv reply-control: the replies to one probe take {:.3g} ms, and the next probe goes "
        "after {:.3g} ms: use a longer --interval, or ask for fewer replies",
        lasts.to_seconds() * 1e3, options.interval.to_seconds() * 1e3));
  }
  return {};
}

}  // namespace

session::SessionOptions session_options(const PingOptions& options,
                                        const packet::Endpoint& remote) {
  session::SessionOptions session;
  session::SenderOptions& flow = session.flow;
  flow.session = options.session;
  flow.remote = remote;
  flow.source = options.source;
  //= RFC8762:ptp
  flow.format =
      options.time_format == TimeFormat::Ptp ? wire::TimeFormat::Ptp : wire::TimeFormat::Ntp;
  //= RFC2474:octet
  flow.traffic_class = static_cast<std::uint8_t>(options.dscp << 2U | options.ecn);
  flow.hop_limit = options.ttl;
  flow.loss_after = options.loss_after;
  flow.peer = options.peer;
  flow.peer_uses_utc = options.peer_uses_utc;
  flow.tlvs = options.tlvs;
  // What is asked for is not to be left out now and then.
  flow.may_send_bare = !options.size.has_value() && options.tlvs.tlvs.empty() && !options.tlv_hmac;
  flow.seed = options.seed ? *options.seed : platform::random_bits();
  session.schedule = {.kind = options.schedule == Schedule::Poisson
                                  ? session::ScheduleKind::Poisson
                                  : session::ScheduleKind::Periodic,
                      .interval = options.interval,
                      .at_once = options.at_once,
                      .count = options.count,
                      .duration = options.duration,
                      .bursts = runs_long_enough_for_bursts(options)};
  session.policy = policy_of(options.port_policy);
  session.fixed_port = fixed_port(options);
  session.first_port = options.first_port;
  session.last_port = options.last_port;
  session.silence = options.silence;
  session.heal_after = options.heal_after;
  session.reconnect_on = options.reconnect_on_any_address ? session::ReconnectOn::AnyAddress
                                                          : session::ReconnectOn::Path;
  session.flows = options.flows;
  session.full_rate = options.full_rate;
  return session;
}

Result<wire::RequestLayout> plan_probe(const PingOptions& options, bool with_key) {
  wire::RequestPlan plan;
  if (with_key && !options.tlv_hmac) plan.mode = wire::Mode::Authenticated;
  //= RFC8972:hmac-tlv-open
  plan.hmac = with_key && options.tlv_hmac;
  plan.size = options.size;
  plan.asked = options.tlvs.tlvs;
  plan.usual = options.peer != session::PeerKind::TwampLight;
  plan.padding_pattern = options.tlvs.padding_pattern;
  // Bit errors are counted in whole patterns; any other padding may end within one.
  const std::size_t pattern =
      options.tlvs.asks(wire::kBitErrors) ? plan.padding_pattern.size() : std::size_t{0};
  TRY_VOID(check_reply_control(options));
  if (pattern > 0 && !plan.size) {
    const auto bare = TRY(wire::plan_request(plan));
    const std::size_t padding = (kPatternedPadding + pattern - 1) / pattern * pattern;
    plan.size = static_cast<std::uint32_t>(bare.size + wire::kTlvHeader + padding);
  }
  wire::RequestLayout layout = TRY(wire::plan_request(plan));
  if (pattern == 0) return layout;
  const std::size_t padding =
      layout.padding ? layout.size - *layout.padding - wire::kTlvHeader : std::size_t{0};
  //= draft-stamp-ber:padding-fits
  if (padding == 0 || padding % pattern != 0)
    return fail(fmt::format(
        "--tlv bit-errors wants padding of a multiple of {} octets, --size {} leaves {}: leave "
        "--size out, or try --size {}",
        pattern, layout.size, padding, layout.size + pattern - padding % pattern));
  return layout;
}

net::PortOptions port_options(const PingOptions& options, const packet::Endpoint& remote) {
  net::PortOptions port;
  port.family = remote.address.family();
  port.address = options.source;
  port.device = options.device;
  port.stamps = options.stamps;
  port.separate_transmit = options.interval < kHighRate * options.flows;
  return port;
}

void keep_to_port(session::SessionOptions& session, const packet::Endpoint& local) {
  session.policy = session::PortPolicy::Fixed;
  session.fixed_port = local.port;
  session.heal_after.reset();
  session.flow.may_send_bare = false;
  session.flow.translated = true;
  // The server answers no other address either.
  if (!local.address.is_link_local()) session.flow.source = local.address;
}

Result<wire::RequestLayout> plan_twamp_probe(const PingOptions& options) {
  const std::uint32_t least = smallest_twamp_probe(*options.twamp);
  wire::RequestPlan plan;
  plan.size = options.size.value_or(least);
  plan.usual = false;
  if (*plan.size < least)
    return fail(
        fmt::format("a TWAMP probe whose answer is as long as itself has {} octets of UDP "
                    "payload at least in this mode, not {}",
                    least, *plan.size));
  return wire::plan_request(plan);
}

std::string host_to_resolve(const PingOptions& options) {
  const auto address = packet::IpAddress::parse(options.host);
  const bool lacks_zone = address && address->family() == packet::Family::V6 &&
                          address->is_link_local() && !options.device.empty();
  return lacks_zone ? options.host + "%" + options.device : options.host;
}

Result<packet::Endpoint> choose_remote(const PingOptions& options,
                                       std::span<const packet::Endpoint> found,
                                       std::vector<std::string>& notes) {
  if (found.empty()) return fail(fmt::format("'{}' has no address", options.host));
  std::size_t chosen = 0;
  if (options.source) {
    const auto same = std::ranges::find_if(found, [&](const packet::Endpoint& endpoint) {
      return endpoint.address.family() == options.source->family();
    });
    if (same == found.end())
      return fail(
          fmt::format("--source {} is not of the address family of {}: give an {} address",
                      packet::to_string(*options.source), packet::to_string(found.front().address),
                      found.front().address.family() == packet::Family::V4 ? "IPv4" : "IPv6"));
    chosen = static_cast<std::size_t>(same - found.begin());
  }
  const bool both = std::ranges::any_of(found, [&](const packet::Endpoint& endpoint) {
    return endpoint.address.family() != found[chosen].address.family();
  });
  if (both)
    notes.push_back(
        fmt::format("{} has IPv4 and IPv6 addresses: measuring {} (choose with -4 or -6)",
                    options.host, packet::to_string(found[chosen].address)));
  return found[chosen];
}

}  // namespace wirestamp::agent
