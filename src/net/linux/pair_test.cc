// SPDX-License-Identifier: Apache-2.0
//
// What only this backend can get wrong: two sockets on one port, the budget that stamps and data
// share, and errors that are pending without an entry in the queue. Over loopback, with plain
// sockets as the world outside.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <vector>

#include "net/linux/control.h"
#include "net/linux/linux_io.h"
#include "net/linux/socket.h"
#include "net/recorder_test.h"

namespace wirestamp::net_linux {
namespace {

using packet::Endpoint;
using packet::Family;
using packet::IpAddress;
using packet::SendStatus;

struct Case {
  const char* name;
  net::KernelFeatures features;
  Family family;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class LinuxPorts : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    auto made = make_linux_io(GetParam().features);
    ASSERT_TRUE(made) << made.error().text;
    io_ = std::move(*made);
  }

  net::PortId open(bool separate, bool any = false) {
    net::PortOptions options;
    options.family = GetParam().family;
    if (!any) options.address = IpAddress::loopback(GetParam().family);
    options.separate_transmit = separate;
    const auto port = io_->open(options);
    EXPECT_TRUE(port) << port.error().text;
    return port.value_or(0);
  }

  packet::SendResult send(net::PortId from, const Endpoint& to, std::size_t size,
                          packet::Token token) {
    const std::vector<std::byte> octets(size, std::byte{1});
    const std::array<packet::OutgoingDatagram, 1> batch{
        {{.payload = octets, .destination = to, .token = token}}};
    std::array<packet::SendResult, 1> results;
    io_->send(from, batch, results, sink_);
    return results[0];
  }

  Endpoint loopback(std::uint16_t port) const {
    return {IpAddress::loopback(GetParam().family), port, 0};
  }
  void poll_for(Duration time) {
    const MonoTime end = io_->clock().mono_now() + time;
    while (io_->clock().mono_now() < end) ASSERT_TRUE(io_->poll(end, sink_));
  }
  Endpoint closed_endpoint() {
    const net::PortId port = open(false);
    const Endpoint endpoint = io_->local_endpoint(port);
    io_->close(port);
    return endpoint;
  }
  // A plain socket of the outside world, and datagrams from it.
  Descriptor outside() const {
    const bool v4 = GetParam().family == Family::V4;
    Descriptor socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
    return socket;
  }
  static void throw_at(int fd, const Endpoint& to, std::size_t size, int count) {
    const std::vector<std::byte> octets(size);
    sockaddr_storage address{};
    const socklen_t length = to_sockaddr(to, address);
    for (int i = 0; i < count; ++i)
      ASSERT_GE(
          ::sendto(fd, octets.data(), size, 0, reinterpret_cast<const sockaddr*>(&address), length),
          0)
          << packet::to_string(to);
  }

  std::unique_ptr<net::PacketIo> io_;
  net::Recorder sink_;
};

// The kernel copies them to every socket of a port, past the selector of the group.
TEST_P(LinuxPorts, DatagramsToManyDoNotFillTheSocketThatOnlySends) {
  // No IPv6 multicast over lo: rig.multicast_does_not_cost_stamps sends both kinds over a wire.
  if (GetParam().family == Family::V6) return;
  const net::PortId a = open(true, true), b = open(false);
  const Endpoint many{IpAddress::v4(0x7fff'ffff), io_->local_endpoint(a).port, 0};
  const Descriptor sender = outside();
  for (int i = 0; i < 25; ++i) {
    throw_at(sender.get(), many, i < 20 ? 8'000 : 44, 100);
    ASSERT_TRUE(io_->poll(io_->clock().mono_now(), sink_));
  }
  ASSERT_FALSE(sink_.arrived.empty()) << "none came: the test proves nothing";
  for (packet::Token token = 0; token < 100; ++token)
    EXPECT_EQ(send(a, io_->local_endpoint(b), 44, token).status, SendStatus::Accepted);
  EXPECT_EQ(sink_.stamps.size(), 100U);
  // And errors still come to it.
  for (packet::Token token = 0; token < 8; ++token) send(a, closed_endpoint(), 44, 1'000 + token);
  poll_for(Duration::milliseconds(20));
  EXPECT_FALSE(sink_.errors.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, LinuxPorts,
    ::testing::Values(Case{"full_v4", net::KernelFeatures::Full, Family::V4},
                      Case{"full_v6", net::KernelFeatures::Full, Family::V6},
                      Case{"debian12_v4", net::KernelFeatures::Debian12, Family::V4},
                      Case{"debian12_v6", net::KernelFeatures::Debian12, Family::V6}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace wirestamp::net_linux
