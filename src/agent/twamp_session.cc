// SPDX-License-Identifier: Apache-2.0
#include "agent/twamp_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/session_plan.h"
#include "agent/twamp_key.h"
#include "platform/entropy.h"
#include "platform/system_clock.h"
#include "platform/tcp_stream.h"
#include "wire/time_format.h"

namespace wirestamp::agent {

namespace {

constexpr Duration kPatience = Duration::seconds(5);  // with each answer of the server
constexpr Duration kLookEvery = Duration::milliseconds(200);
// Open packets as long as a bare STAMP one, authenticated ones as their answers.
constexpr std::uint32_t kOpenSize = 44, kKeyedSize = 112;

// Without a wish: with a key any mode that needs it, else the open one. Never less than was meant.
std::uint32_t modes_of(const TwampOptions& twamp) {
  if (twamp.modes != 0) return twamp.modes;
  return twamp.key_file.empty() ? std::uint32_t{wire::kTwampOpen} : twamp::kKeyedModes;
}

Result<std::optional<twamp::SharedKey>> key_of(const TwampOptions& twamp) {
  if (twamp.key_file.empty()) return std::nullopt;
  return TRY(read_twamp_key(twamp.key_file, twamp.key_id));
}

// Says what we have to say until the server has answered.
Result<void> exchange(platform::TcpStream& stream, twamp::Client& client) {
  using State = platform::TcpStream::State;
  std::vector<std::byte> unsent = client.take_output();
  std::array<std::byte, 1'024> buffer;
  MonoTime deadline = platform::mono_now() + kPatience;
  while (client.waits() || !unsent.empty()) {
    const Duration left = deadline - platform::mono_now();
    if (left <= Duration()) return fail(client.silence_words());
    std::array awaited{
        platform::Awaited{.descriptor = stream.descriptor(), .write = !unsent.empty()}};
    platform::wait_for(awaited, left);
    if (!awaited[0].ready) continue;
    const std::size_t put = unsent.empty() ? 0 : stream.write(unsent);
    unsent.erase(unsent.begin(), unsent.begin() + static_cast<std::ptrdiff_t>(put));
    State state = State::Open;
    const std::size_t got = stream.read(buffer, state);
    TRY_VOID(client.on_octets(base::Bytes(buffer).first(got)));
    if (state != State::Open) return fail(client.closed_words());
    const auto more = client.take_output();
    unsent.insert(unsent.end(), more.begin(), more.end());
    if (got > 0) deadline = platform::mono_now() + kPatience;
  }
  return {};
}

class Opened final : public TwampSession {
 public:
  Opened(platform::TcpStream stream, twamp::Client client, net::PortId port,
         const packet::Endpoint& local)
      : stream_(std::move(stream)), client_(std::move(client)), port_(port), local_(local) {}
  ~Opened() override { stop(); }

  net::PortId port() const override { return port_; }
  packet::Endpoint local() const override { return {stream_.local().address, local_.port, 0}; }
  packet::Endpoint reflector() const override {
    packet::Endpoint at = stream_.remote();
    at.port = agreed().port;
    return at;
  }
  const twamp::AgreedSession& agreed() const override { return client_.sessions().front(); }

  std::optional<std::string> look(MonoTime now) override {
    if (told_ || now < next_look_) return std::nullopt;
    next_look_ = now + kLookEvery;
    std::array<std::byte, 256> buffer;
    auto state = platform::TcpStream::State::Open;
    const std::size_t got = stream_.read(buffer, state);
    if (got == 0 && state == platform::TcpStream::State::Open) return std::nullopt;
    told_ = true;
    if (got == 0) return client_.closed_words();
    const auto taken = client_.on_octets(base::Bytes(buffer).first(got));
    return taken ? std::nullopt : std::optional(taken.error().text);
  }

  void stop() override {
    if (told_ || client_.phase() != twamp::Client::Phase::Running) return;
    client_.stop();
    // It fits into the socket's buffer; nobody waits for an answer that is in no figure.
    const auto octets = client_.take_output();
    (void)stream_.write(octets);
  }

 private:
  platform::TcpStream stream_;
  twamp::Client client_;
  net::PortId port_;
  packet::Endpoint local_;
  bool told_ = false;
  MonoTime next_look_;
};

Result<std::unique_ptr<TwampSession>> negotiate(const PingOptions& options,
                                                const packet::Endpoint& server, std::uint32_t size,
                                                net::PacketIo& io) {
  auto key = TRY(key_of(*options.twamp));
  twamp::Client client({.modes = modes_of(*options.twamp),
                        .features = wire::kTwampDscpEcn,
                        .key = std::move(key),
                        .random = platform::random_bits});
  auto stream = TRY(
      platform::TcpStream::connect({.to = server,
                                    .source = options.source,
                                    .device = options.device,
                                    .traffic_class = static_cast<std::uint8_t>(options.dscp << 2U),
                                    .wait = kPatience}));
  TRY_VOID(exchange(stream, client));

  net::PortOptions port_wanted = port_options(options, server);
  port_wanted.port = options.source_port.value_or(0);
  const net::PortId port = TRY(io.open(port_wanted));
  const packet::Endpoint local = io.local_endpoint(port);
  const wire::TwampLayout layout{.modes = client.modes()};
  client.request(
      {.ip_version =
           static_cast<std::uint8_t>(server.address.family() == packet::Family::V4 ? 4 : 6),
       .sender_port = local.port,
       .receiver_port = local.port,  // as others ask; any other will do
       .sid = {},
       .padding_length = size - static_cast<std::uint32_t>(layout.sender_header()),
       .start_time = wire::encode_time(io.clock().now().wall, wire::TimeFormat::Ntp, 0),
       .timeout = wire::raw_interval(std::min(options.loss_after, Duration::seconds(60))),
       .type_p = wire::type_p_of(options.dscp)});
  TRY_VOID(exchange(stream, client));
  client.start();
  TRY_VOID(exchange(stream, client));
  return std::make_unique<Opened>(std::move(stream), std::move(client), port, local);
}

}  // namespace

std::uint32_t smallest_twamp_probe(const TwampOptions& twamp) {
  constexpr std::uint32_t kLong = wire::kTwampAuthenticated | wire::kTwampEncrypted;
  return (modes_of(twamp) & kLong) != 0 ? kKeyedSize : kOpenSize;
}

Result<std::unique_ptr<TwampSession>> TwampSession::open(const PingOptions& options,
                                                         const packet::Endpoint& server,
                                                         std::uint32_t size, net::PacketIo& io) {
  auto session = negotiate(options, server, size, io);
  if (!session)
    return fail(fmt::format("TWAMP with {}: {}", packet::to_string(server), session.error().text),
                session.error().os_error);
  return session;
}

}  // namespace wirestamp::agent
