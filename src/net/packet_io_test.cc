// SPDX-License-Identifier: Apache-2.0
//
// What every backend must do, run on each of them over loopback, IPv4 and IPv6. A test says which
// backend and features it ran on by its name.
#include "net/packet_io.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "net/tested_io_test.h"

namespace wirestamp::net {
namespace {

using packet::Endpoint;
using packet::Family;
using packet::IpAddress;
using packet::OutgoingDatagram;
using packet::SendResult;
using packet::SendStatus;

class PacketIoContract : public ::testing::TestWithParam<Backend>, protected TestedIo {
 protected:
  PacketIoContract() : TestedIo(make_packet_io(GetParam().options), GetParam().family) {}
};

TEST_P(PacketIoContract, ADatagramArrivesWithAllItsMarks) {
  const PortId a = open(), b = open();
  ASSERT_EQ(send(a, io_->local_endpoint(b), 44, 5, 0xb8).status, SendStatus::Accepted);
  poll_until([&] { return !sink_.arrived.empty(); });
  ASSERT_EQ(sink_.arrived.size(), 1U);
  const packet::ReceivedDatagram& got = sink_.arrived[0].datagram;
  EXPECT_EQ(got.source, io_->local_endpoint(a));
  EXPECT_EQ(got.destination, io_->local_endpoint(b));
  EXPECT_EQ(got.traffic_class, 0xb8);
  EXPECT_EQ(got.hop_limit, 77);
  EXPECT_NE(got.interface, 0U);
  EXPECT_FALSE(got.truncated);
  EXPECT_EQ(sink_.arrived[0].payload[3], std::byte{8});
}

//= RFC2474:octet
TEST_P(PacketIoContract, EveryTrafficClassGoesThrough) {
  const PortId a = open(), b = open();
  for (unsigned value = 0; value < 256; ++value) {
    sink_.arrived.clear();
    send(a, io_->local_endpoint(b), 44, value, static_cast<std::uint8_t>(value));
    poll_until([&] { return !sink_.arrived.empty(); });
    ASSERT_EQ(sink_.arrived.size(), 1U);
    EXPECT_EQ(sink_.arrived[0].datagram.traffic_class, value);
  }
}

TEST_P(PacketIoContract, PayloadsOfEverySizeArriveWhole) {
  const PortId a = open(), b = open();
  for (const std::size_t size : {0UL, 1UL, 44UL, 1'472UL, 9'000UL, 65'000UL}) {
    sink_.arrived.clear();
    ASSERT_EQ(send(a, io_->local_endpoint(b), size, 1).status, SendStatus::Accepted) << size;
    poll_until([&] { return !sink_.arrived.empty(); });
    ASSERT_EQ(sink_.arrived.size(), 1U);
    EXPECT_EQ(sink_.arrived[0].payload.size(), size);
  }
}

TEST_P(PacketIoContract, WhatIsLargerThanTheInterfaceTakesIsTooBig) {
  const PortId a = open(), b = open();
  EXPECT_EQ(send(a, io_->local_endpoint(b), 65'600, 1).status, SendStatus::TooBig);
}

TEST_P(PacketIoContract, StampsAreOfTheSourceThePortPromises) {
  const PortId a = open(), b = open(true);
  send(a, io_->local_endpoint(b), 44, 9);
  poll_until([&] { return !sink_.arrived.empty(); });
  ASSERT_EQ(sink_.arrived.size(), 1U);
  const StampSource promised = GetParam().kernel_stamps ? StampSource::Kernel : StampSource::User;
  EXPECT_EQ(io_->stamping(a).transmit, promised);
  EXPECT_EQ(io_->stamping(b).receive, promised);
  EXPECT_EQ(sink_.arrived[0].datagram.arrival.source, promised);
  EXPECT_EQ(sink_.stamps.contains(9), GetParam().kernel_stamps);
}

TEST_P(PacketIoContract, EachTokenGetsItsOwnStampInTheOrderOfDepartureAndArrival) {
  if (!GetParam().kernel_stamps) return;  // nothing to map
  for (const bool separate : {false, true}) {
    sink_ = Recorder();
    const PortId a = open(separate), b = open(true);
    std::vector<std::byte> octets(44);
    std::vector<OutgoingDatagram> batch(32);
    std::array<SendResult, 32> results;
    for (packet::Token token = 0; token < 320; token += 32) {
      for (packet::Token i = 0; i < 32; ++i)
        batch[i] = {
            .payload = octets, .destination = io_->local_endpoint(b), .token = 1'000 + token + i};
      io_->send(a, batch, results, sink_);
    }
    poll_until([&] { return sink_.arrived.size() >= 320 && sink_.stamps.size() >= 320; });
    ASSERT_EQ(sink_.stamps.size(), 320U);
    EXPECT_EQ(sink_.stamp_count, 320U);
    Timestamp before = sink_.stamps.begin()->second;
    std::size_t n = 0;
    for (const auto& [token, stamp] : sink_.stamps) {
      EXPECT_GE(*stamp.mono, *before.mono);
      EXPECT_GE(sink_.arrived[n].datagram.arrival.wall, stamp.wall);
      before = stamp;
      ++n;
    }
  }
}

TEST_P(PacketIoContract, TokensAreMappedWhenSomeDatagramsOfABatchAreRefused) {
  if (!GetParam().kernel_stamps) return;
  const PortId a = open(), b = open();
  std::vector<std::byte> small(44), huge(65'600);
  std::vector<OutgoingDatagram> batch;
  for (packet::Token token = 0; token < 30; ++token)
    batch.push_back({.payload = token % 3 == 1 ? huge : small,
                     .destination = io_->local_endpoint(b),
                     .token = token});
  std::array<SendResult, 32> results;
  io_->send(a, batch, results, sink_);
  poll_until([&] { return sink_.stamps.size() >= 20; });
  for (packet::Token token = 0; token < 30; ++token) {
    EXPECT_EQ(results[token].status, token % 3 == 1 ? SendStatus::TooBig : SendStatus::Accepted);
    EXPECT_EQ(sink_.stamps.contains(token), token % 3 != 1) << token;
  }
}

TEST_P(PacketIoContract, AClosedPeerIsNeverChargedToAHealthyOne) {
  const PortId a = open(), b = open();
  const Endpoint closed = closed_endpoint(), healthy = io_->local_endpoint(b);
  for (packet::Token token = 0; token < 1'000; ++token) {
    EXPECT_EQ(send(a, closed, 44, 2 * token).status, SendStatus::Accepted);
    EXPECT_EQ(send(a, healthy, 44, 2 * token + 1).status, SendStatus::Accepted);
    if (token % 16 == 0) poll_now();
  }
  poll_until([&] { return sink_.arrived.size() >= 1'000; });
  EXPECT_EQ(sink_.arrived.size(), 1'000U);
  for (const packet::PathError& error : sink_.errors) {
    EXPECT_EQ(error.kind, packet::PathErrorKind::PortUnreachable);
    EXPECT_EQ(error.destination, closed);
  }
}

TEST_P(PacketIoContract, APortUnreachableQuotesTheDatagramItIsAbout) {
  if (GetParam().options.portable) return;  // has no error queue, and says so
  const PortId a = open();
  send(a, closed_endpoint(), 44, 3);
  poll_until([&] { return !sink_.errors.empty(); });
  ASSERT_EQ(sink_.errors.size(), 1U);
  ASSERT_GE(sink_.quoted[0].size(), 16U);
  EXPECT_EQ(sink_.quoted[0][0], std::byte{3});
}

TEST_P(PacketIoContract, ATakenPortIsRefusedWithAdvice) {
  for (const bool separate : {false, true}) {
    const PortId first = open(separate);
    PortOptions options;
    options.family = GetParam().family;
    options.address = IpAddress::loopback(GetParam().family);
    options.port = io_->local_endpoint(first).port;
    options.separate_transmit = separate;
    const auto second = io_->open(options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().os_error, EADDRINUSE);
    EXPECT_NE(second.error().text.find("in use"), std::string::npos);
  }
}

TEST_P(PacketIoContract, AMissingDeviceIsRefusedByName) {
  PortOptions options;
  options.family = GetParam().family;
  options.device = "no-such-dev0";
  const auto port = io_->open(options);
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().text,
            "cannot use interface 'no-such-dev0': there is none of that name (see `ip link`)");
}

TEST_P(PacketIoContract, AForeignAddressIsRefused) {
  PortOptions options;
  options.family = GetParam().family;
  options.address =
      IpAddress::parse(GetParam().family == Family::V4 ? "192.0.2.1" : "2001:db8::1").value();
  const auto port = io_->open(options);
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().text,
            packet::to_string(*options.address) + " is no address of this host (see `ip address`)");
}

TEST_P(PacketIoContract, ALinkLocalAddressWithoutItsInterfaceIsRefusedWithAdvice) {
  if (GetParam().family == Family::V4) return;  // its link-local addresses have no scope
  PortOptions options;
  options.family = GetParam().family;
  options.address = IpAddress::parse("fe80::1").value();
  const auto port = io_->open(options);
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().text,
            "fe80::1 is a link-local address: name its interface, as in fe80::1%eth0");
}

TEST_P(PacketIoContract, UserStampsAskedForAreUserStamps) {
  const PortId a = open(false, StampChoice::User), b = open(false, StampChoice::User);
  EXPECT_EQ(io_->stamping(a).transmit, StampSource::User);
  const SendResult result = send(a, io_->local_endpoint(b), 44, 1);
  EXPECT_EQ(result.handed_over.source, StampSource::User);
  poll_until([&] { return !sink_.arrived.empty(); });
  ASSERT_EQ(sink_.arrived.size(), 1U);
  EXPECT_EQ(sink_.arrived[0].datagram.arrival.source, StampSource::User);
  EXPECT_GE(*sink_.arrived[0].datagram.arrival.mono, *result.handed_over.mono);
  EXPECT_TRUE(sink_.stamps.empty());
}

TEST_P(PacketIoContract, KernelStampsAskedForAreGivenOrRefused) {
  PortOptions options;
  options.family = GetParam().family;
  options.stamps = StampChoice::Kernel;
  EXPECT_EQ(io_->open(options).has_value(), GetParam().kernel_stamps);
}

TEST_P(PacketIoContract, HardwareStampsThatAreNotThereAreRefused) {
  PortOptions options;
  options.family = GetParam().family;
  options.stamps = StampChoice::Hardware;
  const auto port = io_->open(options);
  ASSERT_FALSE(port);
  EXPECT_NE(port.error().text.find("hardware stamps"), std::string::npos) << port.error().text;
  options.device = "lo";
  const auto on_loopback = io_->open(options);
  ASSERT_FALSE(on_loopback);
  if (!GetParam().options.portable) {
    EXPECT_NE(on_loopback.error().text.find("lo offers no hardware stamps"), std::string::npos)
        << on_loopback.error().text;
  }
}

TEST_P(PacketIoContract, WakeEndsAPollWithoutDeadline) {
  open();
  std::jthread waker([this] { io_->wake(); });
  EXPECT_TRUE(io_->poll(std::nullopt, sink_));
}

TEST_P(PacketIoContract, PollDoesNotEndBeforeItsDeadline) {
  open();
  const MonoTime deadline = io_->clock().mono_now() + Duration::milliseconds(5);
  ASSERT_TRUE(io_->poll(deadline, sink_));
  // The waiting runs on the slewed clock, the deadline on the raw one: 500 ppm at most apart.
  EXPECT_GE(io_->clock().mono_now(), deadline - Duration::microseconds(10));
}

TEST_P(PacketIoContract, AClosedPortGivesItsNumberBack) {
  const PortId first = open(true);
  const std::uint16_t number = io_->local_endpoint(first).port;
  io_->close(first);
  PortOptions options;
  options.family = GetParam().family;
  options.address = IpAddress::loopback(GetParam().family);
  options.port = number;
  EXPECT_TRUE(io_->open(options));
}

INSTANTIATE_TEST_SUITE_P(Backends, PacketIoContract, ::testing::ValuesIn(kBackends),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace wirestamp::net
