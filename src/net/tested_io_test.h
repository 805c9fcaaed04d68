// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <vector>

#include "net/packet_io.h"
#include "net/recorder_test.h"

// What the tests of packet I/O start from: the backends, and one of them with a sink that keeps
// what it hears. Set-up that fails says why and ends the program.
namespace wirestamp::net {

struct Backend {
  const char* name;
  Options options;
  packet::Family family;
  bool kernel_stamps;
};
inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

inline constexpr Options kFull{};
inline constexpr Options kDebian12{.portable = false, .features = KernelFeatures::Debian12};
inline constexpr Options kPortable{.portable = true};
inline constexpr std::array kBackends{
    Backend{"linux_v4", kFull, packet::Family::V4, true},
    Backend{"linux_v6", kFull, packet::Family::V6, true},
    Backend{"debian12_v4", kDebian12, packet::Family::V4, true},
    Backend{"debian12_v6", kDebian12, packet::Family::V6, true},
    Backend{"portable_v4", kPortable, packet::Family::V4, false},
    Backend{"portable_v6", kPortable, packet::Family::V6, false},
};

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().text);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class TestedIo {
 protected:
  TestedIo(Result<std::unique_ptr<PacketIo>> made, packet::Family family)
      : io_(must(std::move(made))), family_(family) {}

  PortOptions options_on_loopback() const {
    PortOptions options;
    options.family = family_;
    options.address = packet::IpAddress::loopback(family_);
    return options;
  }
  PortId open(bool separate = false, StampChoice stamps = StampChoice::Auto) {
    PortOptions options = options_on_loopback();
    options.separate_transmit = separate;
    options.stamps = stamps;
    return must(io_->open(options));
  }
  packet::Endpoint closed_endpoint() {
    const PortId port = open();
    const packet::Endpoint endpoint = io_->local_endpoint(port);
    io_->close(port);
    return endpoint;
  }

  packet::SendResult send(PortId from, const packet::OutgoingDatagram& datagram) {
    const std::array batch{datagram};
    std::array<packet::SendResult, 1> results;
    io_->send(from, batch, results, sink_);
    return results[0];
  }
  // The octets count up from the token.
  packet::SendResult send(PortId from, const packet::Endpoint& to, std::size_t size,
                          packet::Token token, std::uint8_t traffic_class = 0) {
    std::vector<std::byte> octets(size);
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::byte>(i + token);
    return send(from, {.payload = octets,
                       .destination = to,
                       .traffic_class = traffic_class,
                       .hop_limit = 77,
                       .token = token});
  }

  void poll_now() { must(io_->poll(io_->clock().mono_now(), sink_)); }
  // Until `done`, or until a minute shows that it never is.
  template <typename Done>
  void poll_until(Done done) {
    const MonoTime end = io_->clock().mono_now() + Duration::minutes(1);
    while (!done() && io_->clock().mono_now() < end) must(io_->poll(end, sink_));
  }
  void poll_for(Duration time) {
    const MonoTime end = io_->clock().mono_now() + time;
    while (io_->clock().mono_now() < end) must(io_->poll(end, sink_));
  }

  std::unique_ptr<PacketIo> io_;
  Recorder sink_;

 private:
  packet::Family family_;
};

}  // namespace wirestamp::net
