// SPDX-License-Identifier: Apache-2.0
//
// What needs filters, routes and links of our own: in a child with a network to itself, where the
// host permits that and has the tools to set it up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "net/linux/linux_io.h"
#include "net/linux/network_watch.h"
#include "net/tested_io_test.h"
#include "platform/own_namespaces_test.h"

namespace wirestamp::net_linux {
namespace {

using packet::Family;
using packet::NetworkChangeKind;
using packet::SendStatus;
using platform::InOwnNamespaces;
using platform::run;

class Tested : public net::TestedIo {
 public:
  explicit Tested(net::KernelFeatures features) : TestedIo(make_linux_io(features), Family::V4) {}
  using TestedIo::io_;
  using TestedIo::open;
  using TestedIo::poll_for;
  using TestedIo::poll_now;
  using TestedIo::poll_until;
  using TestedIo::send;
  using TestedIo::sink_;
};

void alone(const std::function<void()>& body) {
  const InOwnNamespaces outcome = platform::in_own_namespaces([&] {
    body();
    return !::testing::Test::HasFailure();
  });
  // ThreadSanitizer has a thread of its own, and a process with threads gets no user namespace.
  if (outcome == InOwnNamespaces::Forbidden)
    GTEST_SKIP() << "no network of our own is to be had, or `ip` or `nft` is missing";
  EXPECT_EQ(outcome, InOwnNamespaces::Passed) << "see the failures above";
}

// A refusal in the middle of a batch is not told when the datagram leaves at the second try, but
// the kernel's counter went on by two.
TEST(OwnNetwork, ADatagramRefusedAtTheFirstTryOnlyDoesNotShiftTheStamps) {
  for (const auto features : {net::KernelFeatures::Debian12, net::KernelFeatures::Full}) {
    alone([&] {
      run({"ip", "link", "set", "lo", "up"});
      Tested tested(features);
      const net::PortId a = tested.open(), b = tested.open();
      run({"nft",
           "add table ip t; add chain ip t out { type filter hook output priority 0; };"
           "add rule ip t out meta length 72 numgen inc mod 5 == 3 drop"});
      std::vector<std::vector<std::byte>> octets;
      std::vector<packet::OutgoingDatagram> batch;
      for (packet::Token token = 0; token < 32; ++token) {
        octets.emplace_back(44, static_cast<std::byte>(token));
        batch.push_back({.payload = octets.back(),
                         .destination = tested.io_->local_endpoint(b),
                         .token = token});
      }
      std::array<packet::SendResult, 32> results;
      tested.io_->send(a, batch, results, tested.sink_);
      tested.poll_until([&] { return tested.sink_.arrived.size() >= 32; });
      ASSERT_EQ(tested.sink_.arrived.size(), 32U);
      for (const net::Arrived& one : tested.sink_.arrived) {
        const auto token = static_cast<packet::Token>(one.payload[0]);
        EXPECT_EQ(results[token].status, SendStatus::Accepted);
        ASSERT_TRUE(tested.sink_.stamps.contains(token)) << token;
        const Timestamp left = tested.sink_.stamps.at(token);
        EXPECT_LE(left.wall, one.datagram.arrival.wall) << token;
        if (token > 0 && tested.sink_.stamps.contains(token - 1)) {
          EXPECT_GE(left.wall, tested.sink_.arrived[token - 1].datagram.arrival.wall) << token;
        }
      }
    });
  }
}

//= RFC8085:no-fragments
TEST(OwnNetwork, TooBigForTheRouteSaysWhatItTakes) {
  alone([] {
    run({"ip", "link", "set", "lo", "up"});
    run({"ip", "route", "add", "192.0.2.0/24", "dev", "lo", "mtu", "1300"});
    Tested tested(net::KernelFeatures::Full);
    net::PortOptions options;
    const net::PortId port = net::must(tested.io_->open(options));
    const packet::Endpoint there{packet::IpAddress::parse("192.0.2.1").value(), 9, 0};
    const packet::SendResult result = tested.send(port, there, 1'300, 1);
    EXPECT_EQ(result.status, SendStatus::TooBig);
    EXPECT_EQ(result.mtu, 1'300U);
  });
}

// `va` with an address and a route to 198.51.100.1 by it; `vb` is its other end.
void add_link() {
  run({"ip", "link", "add", "va", "type", "veth", "peer", "name", "vb"});
  run({"ip", "link", "set", "vb", "up"});
  run({"ip", "link", "set", "va", "up"});
  run({"ip", "address", "add", "192.0.2.1/24", "dev", "va"});
  run({"ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.2"});
}
packet::Endpoint behind_the_link() {
  return {packet::IpAddress::parse("198.51.100.1").value(), 9, 0};
}

TEST(OwnNetwork, AnInterfaceThatCameBackIsTheOneThatCounts) {
  alone([] {
    add_link();
    Tested tested(net::KernelFeatures::Full);
    const net::PortId port = net::must(tested.io_->open({}));
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 1).status, SendStatus::Accepted);
    run({"ip", "link", "del", "va"});
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 2).status, SendStatus::InterfaceDown);
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 3).status, SendStatus::InterfaceDown);
    add_link();
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 4).status, SendStatus::Accepted);
    run({"ip", "route", "del", "198.51.100.0/24"});
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 5).status, SendStatus::NoRoute);
    run({"ip", "link", "set", "va", "down"});
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 6).status, SendStatus::InterfaceDown);
  });
}

// Hears of stamps and datagrams in their order.
class InTurn final : public net::PacketSink {
 public:
  void on_datagram(net::PortId, const packet::ReceivedDatagram&) override { heard.push_back('d'); }
  void on_transmit_stamp(net::PortId, const packet::TransmitStamp&) override {
    heard.push_back('s');
  }
  void on_path_error(net::PortId, const packet::PathError&) override {}
  void on_stamps_unreliable(net::PortId) override {}
  void on_receive_dropped(net::PortId, std::uint64_t) override {}
  void on_network_change(const packet::NetworkChange&) override {}

  std::string heard;
};

// What waited for its neighbour gets its stamp when nobody looks, and the reply is there as soon.
// Each of both has a socket of its own.
TEST(OwnNetwork, TheStampOfARequestIsReadBeforeItsReply) {
  for (const auto features : {net::KernelFeatures::Debian12, net::KernelFeatures::Full}) {
    alone([&] {
      run({"ip", "link", "set", "lo", "up"});
      add_link();
      Tested tested(features);
      net::PortOptions options;
      options.separate_transmit = true;
      const net::PortId pair = net::must(tested.io_->open(options)), other = tested.open();
      EXPECT_EQ(tested.send(pair, behind_the_link(), 44, 1).status, SendStatus::Accepted);
      // It stands for the reply.
      const packet::Endpoint here{packet::IpAddress::loopback(Family::V4),
                                  tested.io_->local_endpoint(pair).port, 0};
      EXPECT_EQ(tested.send(other, here, 44, 2).status, SendStatus::Accepted);
      EXPECT_FALSE(tested.sink_.stamps.contains(1)) << "it did not wait: the test proves nothing";
      run({"ip", "neighbour", "replace", "192.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "va"});
      InTurn sink;
      net::must(tested.io_->poll(tested.io_->clock().mono_now(), sink));
      EXPECT_EQ(sink.heard, "sd");
    });
  }
}

TEST(OwnNetwork, APortOfAnInterfaceFollowsItsName) {
  alone([] {
    add_link();
    Tested tested(net::KernelFeatures::Full);
    net::PortOptions options{.device = "va"};
    const net::PortId any = net::must(tested.io_->open(options));
    options.address = packet::IpAddress::parse("192.0.2.1").value();
    options.separate_transmit = true;
    const net::PortId bound = net::must(tested.io_->open(options));
    const std::array ports{any, bound};
    std::array<packet::Endpoint, 2> before;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      before[i] = tested.io_->local_endpoint(ports[i]);
      EXPECT_EQ(tested.send(ports[i], behind_the_link(), 44, i).status, SendStatus::Accepted);
    }
    run({"ip", "link", "del", "va"});
    tested.poll_for(Duration::milliseconds(10));
    EXPECT_NE(tested.send(any, behind_the_link(), 44, 2).status, SendStatus::Accepted);
    add_link();
    for (std::size_t i = 0; i < ports.size(); ++i) {
      packet::SendResult result;
      for (int tries = 0; tries < 1'000 && result.status != SendStatus::Accepted; ++tries) {
        tested.poll_for(Duration::milliseconds(1));
        result = tested.send(ports[i], behind_the_link(), 44, 3 + i);
      }
      EXPECT_EQ(result.status, SendStatus::Accepted);
      EXPECT_EQ(tested.io_->local_endpoint(ports[i]), before[i]) << "the port is the same";
    }
  });
}

TEST(OwnNetwork, WithoutDescriptorsLeftNoInterfaceIsAccused) {
  alone([] {
    add_link();
    Tested tested(net::KernelFeatures::Full);
    const net::PortId port = net::must(tested.io_->open({}));
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 1).status, SendStatus::Accepted);
    run({"ip", "route", "del", "198.51.100.0/24"});
    run({"ip", "route", "add", "unreachable", "198.51.100.0/24"});
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_EQ(tested.send(port, behind_the_link(), 44, 2).status, SendStatus::NoRoute);
    const auto another = tested.io_->open({});
    // The sanitizers need one to look at what the next lines make.
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    ASSERT_FALSE(another.has_value());
    EXPECT_THAT(another.error().text, ::testing::HasSubstr("ulimit -n"));
  });
}

std::vector<packet::NetworkChange> news_of(NetworkWatch& watch) {
  net::Recorder sink;
  watch.read();
  watch.tell(sink);
  return sink.changes;
}

std::size_t count(const std::vector<packet::NetworkChange>& changes, NetworkChangeKind kind,
                  const std::string& address) {
  return static_cast<std::size_t>(std::ranges::count_if(changes, [&](const auto& change) {
    return change.kind == kind && change.address && packet::to_string(*change.address) == address;
  }));
}

// More than the socket of the watch holds, so that what comes behind it is lost.
void add_a_thousand_addresses() {
  std::ofstream commands("/run/addresses");
  for (int i = 0; i < 1'000; ++i)
    commands << "address add 10.8." << i / 250 << "." << i % 250 + 1 << "/32 dev lo\n";
  commands.close();
  run({"ip", "-batch", "/run/addresses"});
}

TEST(OwnNetwork, WhatWentWhileTooMuchHappenedIsNewsWhenItComesBack) {
  alone([] {
    run({"ip", "address", "add", "10.9.9.9/32", "dev", "lo"});
    NetworkWatch watch;
    add_a_thousand_addresses();
    run({"ip", "address", "del", "10.9.9.9/32", "dev", "lo"});
    EXPECT_EQ(news_of(watch).at(0).kind, NetworkChangeKind::Unknown);
    run({"ip", "address", "add", "10.9.9.9/32", "dev", "lo"});
    EXPECT_EQ(count(news_of(watch), NetworkChangeKind::AddressAdded, "10.9.9.9"), 1U);
  });
}

TEST(OwnNetwork, WhatIsOlderThanTheLossIsNoNews) {
  alone([] {
    run({"ip", "address", "add", "10.9.9.9/32", "dev", "lo"});
    NetworkWatch watch;
    run({"ip", "address", "del", "10.9.9.9/32", "dev", "lo"});
    add_a_thousand_addresses();
    run({"ip", "address", "add", "10.9.9.9/32", "dev", "lo"});
    EXPECT_EQ(news_of(watch), std::vector{packet::NetworkChange{}}) << "it is there";
    run({"ip", "address", "del", "10.9.9.9/32", "dev", "lo"});
    EXPECT_EQ(count(news_of(watch), NetworkChangeKind::AddressRemoved, "10.9.9.9"), 1U);
  });
}

}  // namespace
}  // namespace wirestamp::net_linux
