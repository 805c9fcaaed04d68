// SPDX-License-Identifier: Apache-2.0
#include "agent/twamp_listen.h"

#include <cerrno>
#include <vector>

#include "agent/reflector_ports.h"
#include "agent/twamp_key.h"
#include "agent/twamp_server.h"

namespace wirestamp::agent {

namespace {

constexpr std::uint32_t kFeatures = wire::kTwampIndividualSessions | wire::kTwampReflectOctets |
                                    wire::kTwampSymmetricalSize | wire::kTwampDscpEcn;

Result<void> take_key(const ReflectTwamp& asked, TwampServerOptions& options) {
  if (asked.key_file.empty()) {
    if ((asked.modes & twamp::kKeyedModes) == 0) return {};
    return fail("every TWAMP mode but open needs a key: name its file with --twamp-key-file");
  }
  options.key = TRY(read_twamp_key(asked.key_file, asked.key_id));
  options.key_file = asked.key_file;
  return {};
}

// "Every address" are two places to listen for each port; a host without IPv6 has one.
Result<std::unique_ptr<TwampServer>> listen_everywhere(TwampServerOptions options,
                                                       const std::vector<std::uint16_t>& ports,
                                                       ReflectStart& start) {
  for (const std::uint16_t port : ports)
    options.listen.push_back({packet::IpAddress::any(packet::Family::V4), port, 0});
  TwampServerOptions both = options;
  for (const std::uint16_t port : ports)
    both.listen.push_back({packet::IpAddress::any(packet::Family::V6), port, 0});
  auto server = TwampServer::create(both);
  if (server) return server;
  const int error = server.error().os_error;
  if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) return server;
  start.notes.push_back("no IPv6 on this host: TWAMP over IPv4 only");
  return TwampServer::create(options);
}

// All but where it listens and whom it knows.
Result<TwampServerOptions> plan_server(const ReflectOptions& options) {
  const ReflectTwamp& asked = options.twamp;
  TwampServerOptions serving;
  serving.reflector.stamps = options.stamps;
  if (options.devices.size() == 1) serving.reflector.device = options.devices.front();
  TRY_VOID(take_key(asked, serving));
  const std::uint32_t all = wire::kTwampOpen | (serving.key ? twamp::kKeyedModes : 0);
  serving.modes = asked.modes != 0 ? asked.modes : all;
  // Who is to prove a key proves it here, too.
  if (options.peers == session::Peers::Authenticated) serving.modes &= twamp::kKeyedModes;
  if (serving.modes == 0)
    return fail(
        "open mode alone, and open to nobody: a TWAMP server for authenticated peers needs "
        "a key, name its file with --twamp-key-file");
  serving.modes |= kFeatures;
  return serving;
}

}  // namespace

Result<void> check_twamp_server(const ReflectOptions& options) {
  if (!options.twamp.listen.empty()) TRY(plan_server(options));
  return {};
}

Result<std::unique_ptr<TwampServer>> open_twamp_server(const ReflectOptions& options,
                                                       const session::PolicyOptions& policy,
                                                       ReflectStart& start) {
  const ReflectTwamp& asked = options.twamp;
  if (asked.listen.empty()) return nullptr;
  TwampServerOptions serving = TRY(plan_server(options));
  serving.policy = policy;
  std::vector<std::uint16_t> everywhere;
  for (const Listen& one : asked.listen) {
    if (!one.address) {
      everywhere.push_back(one.port);
      continue;
    }
    const std::uint32_t interface = TRY(interface_of(one.zone));
    serving.listen.push_back({*one.address, one.port, interface});
  }
  auto server = TRY(everywhere.empty() ? TwampServer::create(serving)
                                       : listen_everywhere(std::move(serving), everywhere, start));
  start.twamp = server->listening();
  return server;
}

}  // namespace wirestamp::agent
