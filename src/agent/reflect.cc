// SPDX-License-Identifier: Apache-2.0
#include "agent/reflect.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "agent/engine.h"
#include "agent/place.h"
#include "platform/entropy.h"
#include "platform/route.h"
#include "session/reflector.h"

namespace wirestamp::agent {

namespace {

// A zone is the name of an interface or its number (RFC 4007 11).
Result<std::uint32_t> interface_of(const std::string& zone) {
  if (zone.empty()) return 0U;
  if (const auto found = platform::interface_by_name(zone)) return found->index;
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
  if (error == std::errc() && end == zone.data() + zone.size() &&
      platform::interface_by_index(index))
    return index;
  return fail(fmt::format("there is no interface '{}' on this host", zone));
}

class ReflectRun final : public Reflect {
 public:
  ReflectRun(std::unique_ptr<net::PacketIo> io, ReflectStart start, session::PolicyOptions policy)
      : io_(std::move(io)), start_(std::move(start)), policy_(std::move(policy)) {}

  void run_in(Place place) { place_ = std::move(place); }

  Result<session::ReflectorCounters> run(ReflectObserver& observer) override {
    TRY_VOID(place_.enter());
    session::Reflector reflector(
        {.policy = policy_, .random = platform::random_bits, .note = [&](const std::string& note) {
           observer.on_note(note);
         }});
    Engine engine(*io_, &reflector, [&](const std::string& note) { observer.on_note(note); });
    observer.on_start(start_);
    while (!stop_.load(std::memory_order_relaxed)) TRY_VOID(engine.turn(std::nullopt));
    return reflector.counters();
  }

  void stop() noexcept override {
    stop_.store(true, std::memory_order_relaxed);
    io_->wake();
  }

 private:
  Place place_;
  std::unique_ptr<net::PacketIo> io_;
  ReflectStart start_;
  session::PolicyOptions policy_;
  std::atomic<bool> stop_{false};
};

Result<void> open_port(net::PacketIo& io, const ReflectOptions& options,
                       const net::PortOptions& port_options, ReflectStart& start) {
  const net::PortId port = TRY(io.open(port_options));
  const net::PortStamping stamping = io.stamping(port);
  const StampSource got = std::min(stamping.transmit, stamping.receive);
  if (options.require && got < *options.require)
    return fail(fmt::format("--require {}: this host gives '{}' stamps here{}{}",
                            name(*options.require), name(got), stamping.reason.empty() ? "" : ": ",
                            stamping.reason));
  start.ports.push_back({io.local_endpoint(port), stamping});
  return {};
}

Result<void> open_listen(net::PacketIo& io, const ReflectOptions& options, const Listen& listen,
                         const std::string& device, ReflectStart& start) {
  net::PortOptions port_options;
  port_options.port = listen.port;
  port_options.device = device;
  port_options.stamps = options.stamps;
  port_options.separate_transmit = true;
  port_options.interface = TRY(interface_of(listen.zone));
  if (listen.address && listen.address->family() == packet::Family::V6 &&
      listen.address->is_link_local() && listen.zone.empty() && device.empty())
    return fail(fmt::format(
        "{} is a link-local address, which may be on every interface: name the "
        "one that is meant, as in [{}%eth0]:{}",
        packet::to_string(*listen.address), packet::to_string(*listen.address), listen.port));
  if (listen.address) {
    port_options.address = listen.address;
    port_options.family = listen.address->family();
    return open_port(io, options, port_options, start);
  }
  port_options.family = packet::Family::V4;
  TRY_VOID(open_port(io, options, port_options, start));
  // A port picked by the system is the same for both families.
  port_options.port = start.ports.back().local.port;
  port_options.family = packet::Family::V6;
  if (auto v6 = open_port(io, options, port_options, start); !v6) {
    const bool missing =
        v6.error().os_error == EAFNOSUPPORT || v6.error().os_error == EADDRNOTAVAIL;
    if (!missing) return std::unexpected(v6.error());
    start.notes.push_back("no IPv6 on this host: answering IPv4 only");
  }
  return {};
}

Result<std::unique_ptr<ReflectRun>> create_here(const ReflectOptions& options) {
  auto io = TRY(net::make_packet_io({.portable = options.portable, .features = options.features}));
  ReflectStart start;
  std::vector<Listen> listen = options.listen;
  if (listen.empty()) listen.emplace_back();
  std::vector<std::string> devices = options.devices;
  if (devices.empty()) devices.emplace_back();
  for (const std::string& device : devices)
    for (const Listen& one : listen) TRY_VOID(open_listen(*io, options, one, device, start));

  session::PolicyOptions policy;
  policy.allowed = options.allow;
  policy.rate = options.rate;
  policy.total_rate = options.total_rate;
  if (const auto local = platform::local_addresses()) {
    for (const platform::LocalAddress& address : *local)
      policy.connected.push_back(address.network);
  } else {
    start.notes.push_back(
        "cannot read this host's networks: answering loopback, private and "
        "link-local sources and those of --allow");
  }
  return std::make_unique<ReflectRun>(std::move(io), std::move(start), std::move(policy));
}

}  // namespace

Result<std::unique_ptr<Reflect>> Reflect::create(const ReflectOptions& options) {
  Place place = TRY(Place::named(options.network_namespace));
  auto run = TRY(place.make([&] { return create_here(options); }));
  run->run_in(std::move(place));
  return run;
}

}  // namespace wirestamp::agent
