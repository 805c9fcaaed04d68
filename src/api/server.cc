// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "api/door.h"
#include "api/openapi.h"
#include "api/server_secrets.h"
#include "api/values.h"
#include "platform/route.h"
#include "platform/system_clock.h"

namespace wirestamp::api {

namespace {

Result<void> check(const ServerOptions& options) {
  const bool tls = !options.certificate.empty() || !options.key.empty();
  if (tls && (options.certificate.empty() || options.key.empty()))
    return fail("TLS needs both a certificate and its key");
  if (!options.token.empty()) TRY_VOID(check_token(options.token));
  //= RFC8762:secured-management
  if (options.listen.address.is_loopback()) return {};
  if (options.token.empty() || !tls)
    return fail(fmt::format(
        "the API listens on {} only with a token and with TLS (a certificate and its key), since "
        "others can reach it there; without them it listens on 127.0.0.1 or ::1",
        packet::to_string(options.listen)));
  return {};
}

// The system's clocks for several threads.
std::function<Times()> system_clock() {
  struct Shared {
    std::mutex mutex;
    platform::SystemClock clock;
  };
  return [shared = std::make_shared<Shared>()] {
    const std::lock_guard lock(shared->mutex);
    const Timestamp now = shared->clock.now();
    return Times{.mono = *now.mono, .wall = now.wall};
  };
}

}  // namespace

struct Server::State {
  House house;
  bool tls = false;
  std::mutex doors;  // ticks may come before both are there
  std::unique_ptr<Door> door, metrics_door;

  // The order of the end: what is suspended goes on, then the doors close.
  ~State() {
    if (house.workers) house.workers->stop();
    if (house.streams) house.streams->stop();
    door.reset();
    metrics_door.reset();
  }
  void tick() {
    const std::lock_guard lock(doors);
    const MonoTime now = house.clock().mono;
    if (door) door->tick(now);
    if (metrics_door) metrics_door->tick(now);
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(
    const ServerOptions& options, Service& service, Feed& feed,
    std::function<Exposition(std::string_view accept)> metrics) {
  TRY_VOID(check(options));
  Door::Options door{.listen = options.listen,
                     .families = options.families,
                     .guard = {.listen = options.listen.address,
                               .hosts = options.hosts,
                               .token = options.token,
                               .tls = !options.certificate.empty()}};
  if (!options.certificate.empty()) {
    door.certificate = TRY(read_certificate(options.certificate));
    door.key = TRY(read_certificate_key(options.key));
  }
  const AgentStatus agent = service.status();
  std::unique_ptr<State> state(
      new State{.house = {.limits = options.limits,
                          .sources = {.service = service,
                                      .open_store = options.open_store,
                                      .metrics = std::move(metrics),
                                      .host = options.host},
                          .feed = feed,
                          .clock = options.clock ? options.clock : system_clock(),
                          .document = openapi_document(agent.version, agent.reflector)},
                .tls = !options.certificate.empty()});
  House& house = state->house;
  house.workers =
      std::make_unique<Workers>(house.sources, options.limits.desks, options.limits.waiting);
  State* const ticked = state.get();
  house.streams = std::make_unique<Streams>(
      feed, options.limits.streams, options.limits.heartbeat,
      [&house] { return house.clock().mono; }, [ticked] { ticked->tick(); });
  std::unique_ptr<Door> main_door = TRY(Door::open(std::move(door), house)), metrics_door;
  if (options.metrics_listen)
    metrics_door = TRY(
        Door::open({.listen = *options.metrics_listen,
                    .families = options.metrics_families,
                    .guard = {.listen = options.metrics_listen->address, .hosts = options.hosts},
                    .metrics_only = true},
                   house));
  {
    const std::lock_guard lock(state->doors);
    state->door = std::move(main_door);
    state->metrics_door = std::move(metrics_door);
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

packet::Endpoint Server::listening() const { return state_->door->at(); }

std::optional<packet::Endpoint> Server::metrics_listening() const {
  if (!state_->metrics_door) return std::nullopt;
  return state_->metrics_door->at();
}

std::string Server::url() const {
  const packet::Endpoint& at = state_->door->at();
  std::string zone;
  if (at.interface != 0) {
    const auto interface = platform::interface_by_index(at.interface);
    zone = interface ? interface->name : fmt::to_string(at.interface);
  }
  return fmt::format("{}://{}", state_->tls ? "https" : "http", url_authority(at, zone));
}

Server::Counters Server::counters() const {
  const House& house = state_->house;
  Counters counters{.requests = house.requests,
                    .refused = house.refused,
                    .connections = static_cast<unsigned>(state_->door->connections()),
                    .streams = static_cast<unsigned>(house.streams->size())};
  if (state_->metrics_door)
    counters.connections += static_cast<unsigned>(state_->metrics_door->connections());
  return counters;
}

}  // namespace wirestamp::api
