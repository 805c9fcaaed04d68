// SPDX-License-Identifier: Apache-2.0
//
// What only this backend can get wrong: two sockets on one port, the budget that stamps and data
// share, and errors that are pending without an entry in the queue. Over loopback, with plain
// sockets as the world outside.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <span>
#include <vector>

#include "net/linux/control.h"
#include "net/linux/features.h"
#include "net/linux/linux_io.h"
#include "net/linux/port.h"
#include "net/linux/socket.h"
#include "net/tested_io_test.h"

namespace wirestamp::net_linux {
namespace {

using packet::Endpoint;
using packet::Family;
using packet::IpAddress;
using packet::SendStatus;

class LinuxPorts : public ::testing::TestWithParam<net::Backend>, protected net::TestedIo {
 protected:
  LinuxPorts() : TestedIo(make_linux_io(GetParam().options.features), GetParam().family) {}

  // On any address, a pair.
  net::PortId open_any() {
    net::PortOptions options;
    options.family = GetParam().family;
    options.separate_transmit = true;
    return net::must(io_->open(options));
  }
  Endpoint loopback(std::uint16_t port) const {
    return {IpAddress::loopback(GetParam().family), port, 0};
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

  // To the last octet: not even a stamp has room.
  void fill(net::PortId port) {
    const Descriptor sender = outside();
    throw_at(sender.get(), io_->local_endpoint(port), 60'000, 400);
    throw_at(sender.get(), io_->local_endpoint(port), 44, 200);
  }
};

// The kernel copies them to every socket of a port, past the selector of the group.
TEST_P(LinuxPorts, DatagramsToManyDoNotFillTheSocketThatOnlySends) {
  // No IPv6 multicast over lo: rig.multicast_does_not_cost_stamps sends both kinds over a wire.
  if (GetParam().family == Family::V6) return;
  const net::PortId a = open_any(), b = open(false);
  const Endpoint many{IpAddress::v4(0x7fff'ffff), io_->local_endpoint(a).port, 0};
  const Descriptor sender = outside();
  for (int i = 0; i < 25; ++i) {
    throw_at(sender.get(), many, i < 20 ? 8'000 : 44, 100);
    poll_now();
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

TEST_P(LinuxPorts, StampsPushedOutByReceivedDataAreAnnounced) {
  const net::PortId a = open(false), b = open(false);
  fill(a);
  for (packet::Token token = 0; token < 20; ++token) send(a, io_->local_endpoint(b), 44, token);
  ASSERT_LT(sink_.stamps.size(), 20U) << "no stamp was lost: the test proves nothing";
  poll_for(Duration::milliseconds(20));
  EXPECT_GT(sink_.unreliable, 0);
}

// As above, but the queue is empty again before anybody looks: only the kernel's count tells.
TEST_P(LinuxPorts, DatagramsThatTheKernelDroppedAnnounceLostStamps) {
  const net::PortId a = open(false);
  const Endpoint self = io_->local_endpoint(a);
  fill(a);
  for (std::size_t before = 0, polls = 0; polls == 0 || sink_.arrived.size() > before; ++polls) {
    before = sink_.arrived.size();
    poll_now();
  }
  sink_.unreliable = 0;
  throw_at(outside().get(), self, 44, 1);
  poll_for(Duration::milliseconds(5));
  EXPECT_EQ(sink_.unreliable, 1);
  throw_at(outside().get(), self, 44, 1);
  poll_for(Duration::milliseconds(5));
  EXPECT_EQ(sink_.unreliable, 1) << "the count rose once";
}

TEST_P(LinuxPorts, APairIsNotAnnouncedUnreliableByReceivedData) {
  const net::PortId a = open(true), b = open(false);
  fill(a);
  for (packet::Token token = 0; token < 20; ++token) send(a, io_->local_endpoint(b), 44, token);
  poll_for(Duration::milliseconds(20));
  EXPECT_EQ(sink_.stamps.size(), 20U);
  EXPECT_EQ(sink_.unreliable, 0);
}

TEST_P(LinuxPorts, ADatagramToManySaysSo) {
  if (GetParam().family == Family::V6) return;  // as above
  const net::PortId a = open_any();
  const std::uint16_t port = io_->local_endpoint(a).port;
  const Descriptor sender = outside();
  throw_at(sender.get(), {IpAddress::v4(0x7fff'ffff), port, 0}, 44, 1);
  throw_at(sender.get(), loopback(port), 44, 1);
  poll_for(Duration::milliseconds(5));
  ASSERT_EQ(sink_.arrived.size(), 2U);
  EXPECT_TRUE(sink_.arrived[0].datagram.to_many);
  EXPECT_FALSE(sink_.arrived[1].datagram.to_many);
}

// No room for its entry: it would fail the next send to anyone and keep every poll awake.
TEST_P(LinuxPorts, APendingErrorWithoutAnEntryDoesNotStay) {
  const Endpoint closed = closed_endpoint();
  const Descriptor keeper(open_keeper());
  net::PortOptions options;
  options.family = GetParam().family;
  options.address = IpAddress::loopback(GetParam().family);
  auto sockets = open_sockets(options, probe_features(keeper.get(), GetParam().options.features));
  ASSERT_TRUE(sockets);
  const int fd = sockets->receive.get(), smallest = 0;
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest), 0);
  Port port(0, options, std::move(*sockets));
  throw_at(outside().get(), port.local(), 44, 20);
  const std::vector<std::byte> octets(44);
  std::array<packet::OutgoingDatagram, 8> batch;
  batch.fill({.payload = octets, .destination = closed});
  std::array<packet::SendResult, 8> results;
  BatchBuffers buffers;
  platform::SystemClock clock;
  NetworkWatch watch;
  OwnAddresses own(watch);
  port.send(batch, results, {buffers, clock, own, sink_});
  for (const packet::SendResult& result : results) EXPECT_EQ(result.status, SendStatus::Accepted);
  pollfd state{.fd = fd, .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&state, 1, 0), 0) << "still pending";
}

TEST_P(LinuxPorts, WhatFoundNoRoomIsCounted) {
  const Descriptor keeper(open_keeper());
  net::PortOptions options;
  options.family = GetParam().family;
  options.address = IpAddress::loopback(GetParam().family);
  auto sockets = open_sockets(options, probe_features(keeper.get(), GetParam().options.features));
  ASSERT_TRUE(sockets);
  const int smallest = 0;
  ASSERT_EQ(::setsockopt(sockets->receive.get(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest),
            0);
  Port port(0, options, std::move(*sockets));
  BatchBuffers buffers;
  platform::SystemClock clock;
  NetworkWatch watch;
  OwnAddresses own(watch);
  const Descriptor sender = outside();
  for (std::size_t round = 1; round <= 2; ++round) {
    throw_at(sender.get(), port.local(), 44, 20);
    port.receive({buffers, clock, own, sink_});
    throw_at(sender.get(), port.local(), 44, 1);  // it has room, and brings the count
    port.receive({buffers, clock, own, sink_});
    EXPECT_GT(sink_.dropped, 0U);
    EXPECT_EQ(sink_.arrived.size() + sink_.dropped, 21 * round);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, LinuxPorts,
                         ::testing::ValuesIn(std::span(net::kBackends).first<4>()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace wirestamp::net_linux
