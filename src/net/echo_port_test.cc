// SPDX-License-Identifier: Apache-2.0
//
// An echo port over loopback, where the system permits one: unprivileged ICMP is a setting of the
// system (net.ipv4.ping_group_range), and most systems grant it, this one perhaps not.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "net/tested_io_test.h"

namespace wirestamp::net {
namespace {

using packet::Family;
using packet::OutgoingDatagram;
using packet::SendResult;
using packet::SendStatus;

class EchoPort : public ::testing::TestWithParam<Backend>, protected TestedIo {
 protected:
  EchoPort() : TestedIo(make_packet_io(GetParam().options), GetParam().family) {}

  void SetUp() override {
    PortOptions options;
    options.protocol = Protocol::IcmpEcho;
    options.family = GetParam().family;
    options.separate_transmit = true;  // of no meaning here
    const auto port = io_->open(options);
    if (port) {
      port_ = *port;
      return;
    }
    ASSERT_EQ(port.error().os_error, EACCES) << port.error().text;
    EXPECT_NE(port.error().text.find("sysctl -w net.ipv4.ping_group_range"), std::string::npos);
    // The system permits ICMP sockets to nobody here; the rig permits them in its namespace.
    GTEST_SKIP() << port.error().text;
  }

  std::vector<std::byte> request(std::uint16_t sequence, std::size_t size = 64) const {
    std::vector<std::byte> octets(size);
    octets[0] = static_cast<std::byte>(GetParam().family == Family::V4 ? 8 : 128);
    octets[6] = static_cast<std::byte>(sequence >> 8U);
    octets[7] = static_cast<std::byte>(sequence);
    for (std::size_t i = 8; i < size; ++i) octets[i] = static_cast<std::byte>(i + sequence);
    return octets;
  }

  OutgoingDatagram to_loopback(base::Bytes payload, packet::Token token) const {
    return {.payload = payload,
            .destination = {packet::IpAddress::loopback(GetParam().family), 0, 0},
            .traffic_class = 0xb8,
            .token = token};
  }

  PortId port_ = 0;
};

TEST_P(EchoPort, AnEchoComesBackWholeWithItsIdentifierStampsAndMarks) {
  const auto sent = request(0x1234);
  const std::array batch{to_loopback(sent, 7)};
  std::array<SendResult, 1> results;
  io_->send(port_, batch, results, sink_);
  ASSERT_EQ(results[0].status, SendStatus::Accepted);
  poll_until([&] { return !sink_.arrived.empty(); });
  ASSERT_EQ(sink_.arrived.size(), 1U);
  const auto& octets = sink_.arrived[0].payload;
  ASSERT_EQ(octets.size(), sent.size());
  EXPECT_EQ(octets[0], static_cast<std::byte>(GetParam().family == Family::V4 ? 0 : 129));
  const std::uint16_t identifier = base::load_be<std::uint16_t>(octets, 4);
  EXPECT_EQ(identifier, io_->local_endpoint(port_).port);
  EXPECT_NE(identifier, 0);
  EXPECT_TRUE(std::ranges::equal(base::Bytes(octets).subspan(6), base::Bytes(sent).subspan(6)));

  const packet::ReceivedDatagram& got = sink_.arrived[0].datagram;
  EXPECT_EQ(got.source, batch[0].destination);
  EXPECT_EQ(got.destination.address, batch[0].destination.address);
  EXPECT_EQ(got.traffic_class, 0xb8);
  EXPECT_TRUE(got.hop_limit);
  EXPECT_NE(got.interface, 0U);
  const bool kernel = GetParam().kernel_stamps;
  EXPECT_EQ(got.arrival.source, kernel ? StampSource::Kernel : StampSource::User);
  ASSERT_EQ(sink_.stamps.contains(7), kernel);
  if (kernel) {
    EXPECT_EQ(sink_.stamps[7].source, StampSource::Kernel);
    EXPECT_GE(*got.arrival.mono, *sink_.stamps[7].mono);
  }
}

TEST_P(EchoPort, EachTokenGetsItsOwnStampWhenSomeMessagesAreRefused) {
  if (!GetParam().kernel_stamps) return;  // nothing to map
  std::vector<std::vector<std::byte>> octets;
  std::vector<OutgoingDatagram> batch;
  for (std::uint16_t i = 0; i < 30; ++i) octets.push_back(request(i, i % 3 == 1 ? 65'600 : 64));
  for (std::uint16_t i = 0; i < 30; ++i) batch.push_back(to_loopback(octets[i], i));
  std::array<SendResult, 32> results;
  io_->send(port_, batch, results, sink_);
  poll_until([&] { return sink_.stamps.size() >= 20 && sink_.arrived.size() >= 20; });
  EXPECT_EQ(sink_.arrived.size(), 20U);
  for (packet::Token token = 0; token < 30; ++token) {
    EXPECT_EQ(results[token].status, token % 3 == 1 ? SendStatus::TooBig : SendStatus::Accepted);
    EXPECT_EQ(sink_.stamps.contains(token), token % 3 != 1) << token;
  }
}

TEST_P(EchoPort, TwoPortsHearTheirOwnRepliesOnly) {
  PortOptions options;
  options.protocol = Protocol::IcmpEcho;
  options.family = GetParam().family;
  const auto other = io_->open(options);
  ASSERT_TRUE(other) << other.error().text;
  const auto sent = request(1);
  const std::array batch{to_loopback(sent, 1)};
  std::array<SendResult, 1> results;
  io_->send(*other, batch, results, sink_);
  poll_until([&] { return !sink_.arrived.empty(); });
  ASSERT_EQ(sink_.arrived.size(), 1U);
  EXPECT_EQ(base::load_be<std::uint16_t>(sink_.arrived[0].payload, 4),
            io_->local_endpoint(*other).port);
}

INSTANTIATE_TEST_SUITE_P(Backends, EchoPort, ::testing::ValuesIn(kBackends),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace wirestamp::net
