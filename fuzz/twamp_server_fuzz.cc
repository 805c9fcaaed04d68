// SPDX-License-Identifier: Apache-2.0
//
// Any octets, from several clients, at any time, as what a TWAMP server hears; in the clear, and
// sealed by one who has the key. Whatever they say, the server answers with no more octets than it
// got beyond greeting and Server-Start, keeps its limits, and knows nothing of them when all have
// gone. An input is an octet of choices, and then steps: an octet that tells who does what, and
// what it needs.
#include <array>
#include <map>
#include <set>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "twamp/server.h"

using namespace wirestamp;

namespace {

constexpr std::size_t kClients = 6;

class World final : public twamp::ServerOutput {
 public:
  explicit World(std::uint32_t modes)
      : server({.limits = {.connections = 4,
                           .connections_per_address = 2,
                           .sessions_per_connection = 3,
                           .sessions = 5,
                           .strangers = 3,
                           .strangers_per_network = 2,
                           .stranger_sessions = 4,
                           .stranger_sessions_per_network = 3,
                           .stranger_sessions_per_address = 2},
                .modes = modes,
                .key = [](std::string_view) { return twamp::SharedKey::make("", "a passphrase"); },
                .random = [this] { return drawn++; },
                .started = WallTime::from_ns(0)},
               *this) {}

  void send(twamp::ConnectionId id, base::Bytes octets) override {
    CHECK(!closed.contains(id));
    sent += octets.size();
    // The greeting and Server-Start have what a client needs to seal what it says.
    auto& said = heard[id];
    said.insert(said.end(), octets.begin(), octets.end());
  }
  void close(twamp::ConnectionId id, twamp::Ending) override {
    CHECK(closed.insert(id).second);
    CHECK(!server.knows(id));
  }
  Opened open(const twamp::TestSession& session) override {
    CHECK(session.layout.keyed() == session.keys.has_value());
    CHECK(session.timeout <= Duration::seconds(60));
    CHECK(session.dscp < 64);
    CHECK(opened.insert(session.number).second);
    if (refuses) {
      opened.erase(session.number);
      return {.accept = wire::Accept::TemporaryLimit, .port = 0};
    }
    return {.accept = wire::Accept::Ok, .port = session.receiver.port};
  }
  void start(twamp::SessionNumber session) override { CHECK(opened.contains(session)); }
  void stop(twamp::SessionNumber session) override { CHECK(opened.contains(session)); }
  void abandon(twamp::SessionNumber session) override { CHECK(opened.erase(session) == 1); }

  Timestamp now() const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + mono.ns()),
            .mono = mono,
            .error = Duration()};
  }

  std::map<twamp::ConnectionId, std::vector<std::byte>> heard;
  std::set<twamp::ConnectionId> closed;
  std::set<twamp::SessionNumber> opened;
  std::size_t sent = 0;
  bool refuses = false;
  MonoTime mono = MonoTime::from_ns(1'000'000'000);
  std::uint64_t drawn = 1;
  twamp::Server server;
};

struct Client {
  twamp::ConnectionId id = 0;
  std::optional<wire::ControlStream> stream;
};

// What an honest client says first, with all keys zero.
std::vector<std::byte> set_up(World& world, Client& client, std::uint32_t mode) {
  std::vector<std::byte> octets(wire::SetUpResponse::kSize);
  wire::SetUpResponse response{.mode = mode, .key_id = {}};
  const auto greeting = wire::ServerGreeting::decode(world.heard[client.id]);
  if ((mode & 14U) != 0) {
    const auto key = wire::derive_token_key(
        twamp::SharedKey::make("", "a passphrase")->passphrase(), greeting.salt, greeting.count);
    CHECK(key.has_value());
    response.token = *wire::encode_token(*key, greeting.challenge, wire::ControlKeys());
    client.stream.emplace(*wire::ControlStream::make(wire::ControlStream::Direction::Encrypt,
                                                     wire::ControlKeys(), response.client_iv));
  }
  response.encode(octets);
  return octets;
}

class Play {
 public:
  Play(fuzz::Input input, std::uint32_t modes) : input_(input), world_(modes), modes_(modes) {}

  void run() {
    while (!input_.empty()) {
      const std::uint8_t step = input_.octet();
      Client& client = clients_[(step >> 4U) % kClients];
      const bool there = client.id != 0 && world_.server.knows(client.id);
      if ((step & 7U) == 0) {
        pass(input_.octet());
      } else if (!there) {
        connect(client, (step >> 4U) % kClients);
      } else {
        act(client, step & 7U);
      }
      check();
    }
    leave();
  }

 private:
  void connect(Client& client, unsigned number) {
    client = {.id = next_++, .stream = {}};
    // Three addresses of two networks, the last of them listed, so that all limits are met.
    const std::uint32_t host = number % 3;
    world_.server.on_connect(
        client.id,
        {.remote = {packet::IpAddress::v4(0x0a000001 + (host << (host == 2 ? 8U : 0U))), 4'000, 0},
         .local = {packet::IpAddress::v4(0x0a000101), 862, 0},
         .dscp = (std::uint64_t{1} << 48U) - 1,
         .listed = host == 2},
        world_.now());
    free_ += wire::ServerGreeting::kSize + wire::ServerStart::kSize;
  }

  void act(Client& client, unsigned what) {
    if (what == 1) return say(client, set_up(world_, client, 1U | (modes_ & 0x170U)));
    if (what == 2) return say(client, set_up(world_, client, 4U | (modes_ & 0x170U)));
    if (what == 3) return world_.server.on_closed(client.id, world_.now());
    if (what == 4) {
      world_.refuses = !world_.refuses;
      return;
    }
    const base::Bytes words = input_.take(1U + input_.octet());
    std::vector<std::byte> octets(words.begin(), words.end());
    // A whole command, as who has the key would seal it.
    const auto size = octets.size() < 16 ? std::nullopt : wire::command_size(octets, 3);
    if (what == 5 && size) {
      octets.resize(*size);
      if (client.stream) client.stream->seal(octets);
    }
    say(client, octets);
  }

  void say(Client& client, const std::vector<std::byte>& octets) {
    said_ += octets.size();
    free_ += wire::AcceptSession::kSize;  // to a command that is not known, whatever its length
    world_.server.on_octets(client.id, octets, world_.now());
  }

  void pass(unsigned much) {
    world_.mono += Duration::milliseconds(std::int64_t{much} * much * 20);
    if (const auto wake = world_.server.next_wake(); wake && *wake <= world_.mono)
      world_.server.on_time(world_.now());
    const auto wake = world_.server.next_wake();
    CHECK(!wake || *wake > world_.mono);
    if (much % 4 == 0 && !world_.opened.empty()) end(*world_.opened.begin());
  }
  void end(twamp::SessionNumber session) {
    world_.opened.erase(session);
    world_.server.on_session_ended(session, world_.now());
  }

  void check() {
    CHECK(world_.server.connections() <= 4);
    CHECK(world_.server.sessions() <= 5);
    CHECK(world_.sent <= said_ + free_);
  }
  void leave() {
    for (const Client& client : clients_)
      if (client.id != 0 && world_.server.knows(client.id))
        world_.server.on_closed(client.id, world_.now());
    while (!world_.opened.empty()) end(*world_.opened.begin());
    CHECK(world_.server.connections() == 0);
    CHECK(world_.server.sessions() == 0);
    CHECK(!world_.server.next_wake());
  }

  fuzz::Input input_;
  World world_;
  std::uint32_t modes_;
  std::array<Client, kClients> clients_;
  twamp::ConnectionId next_ = 1;
  std::size_t said_ = 0, free_ = 0;
};

}  // namespace

FUZZ_TARGET(octets) {
  fuzz::Input input(octets);
  const std::uint8_t choices = input.octet();
  const std::uint32_t features = (choices & 1U ? 16U : 0U) | (choices & 2U ? 32U : 0U) | 256U;
  Play(input, 15U | features).run();
}
