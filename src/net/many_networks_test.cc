// SPDX-License-Identifier: Apache-2.0
//
// Several interfaces and several network namespaces in one process (S9), on every backend: in a
// child with networks to itself, where the host permits that and has `ip` to set them up.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "net/tested_io_test.h"
#include "platform/network_namespace.h"
#include "platform/own_namespaces_test.h"
#include "platform/route.h"

namespace wirestamp::net {
namespace {

using packet::Endpoint;
using packet::Family;
using packet::IpAddress;
using packet::SendStatus;
using platform::InOwnNamespaces;
using platform::run;

class Tested : public TestedIo {
 public:
  explicit Tested(const Backend& backend)
      : TestedIo(make_packet_io(backend.options), backend.family) {}
  using TestedIo::io_;
  using TestedIo::poll_now;
  using TestedIo::poll_until;
  using TestedIo::send;
  using TestedIo::sink_;
};

constexpr const char* kHere = "/proc/thread-self/ns/net";

std::uint32_t index_of(const std::string& name) {
  return platform::interface_by_name(name).value().index;
}

void enter(const char* name) { must(must(platform::NetworkNamespace::open(name)).enter()); }

class ManyNetworks : public ::testing::TestWithParam<Backend> {
 protected:
  static bool v4() { return GetParam().family == Family::V4; }
  static IpAddress address(const char* v4_text, const char* v6_text) {
    return IpAddress::parse(v4() ? v4_text : v6_text).value();
  }
  static IpAddress near() { return address("192.0.2.1", "2001:db8::1"); }
  static IpAddress far() { return address("192.0.2.2", "2001:db8::2"); }

  static void alone(const std::function<void()>& body) {
    const InOwnNamespaces outcome = platform::in_own_namespaces([&] {
      body();
      return !::testing::Test::HasFailure();
    });
    // ThreadSanitizer has a thread of its own, and a process with threads gets no user namespace.
    if (outcome == InOwnNamespaces::Forbidden)
      GTEST_SKIP() << "no network of our own is to be had, or `ip` is missing";
    EXPECT_EQ(outcome, InOwnNamespaces::Passed) << "see the failures above";
  }

  static void add_addresses(const std::string& device, const std::string& last) {
    run({"ip", "address", "add", "192.0.2." + last + "/24", "dev", device});
    for (const std::string network : {"2001:db8::", "fe80::"})
      run({"ip", "address", "add", network + last + "/64", "dev", device, "nodad"});
  }
  // `device` here, with `other` at its far end in a new network of the name `network`. The
  // addresses are the same for each such link.
  static void link_to(const char* network, const char* device, const char* other) {
    const auto here = must(platform::NetworkNamespace::open(kHere));
    run({"ip", "netns", "add", network});
    run({"ip", "link", "add", device, "type", "veth", "peer", "name", other, "netns", network});
    run({"ip", "link", "set", device, "addrgenmode", "none", "up"});
    add_addresses(device, "1");
    Tested near_io(GetParam());
    const std::uint32_t near_index = index_of(device);
    enter(network);
    run({"ip", "link", "set", other, "addrgenmode", "none", "up"});
    add_addresses(other, "2");
    Tested far_io(GetParam());
    const std::uint32_t far_index = index_of(other);
    const PortId far_port = open_on(far_io, other);
    must(here.enter());
    const PortId near_port = open_on(near_io, device);
    // Carrier and addresses are of use some time after they are there.
    for (const bool link_local : {false, true}) {
      if (link_local && v4()) continue;
      const IpAddress one = link_local ? IpAddress::parse("fe80::1").value() : near();
      const IpAddress two = link_local ? IpAddress::parse("fe80::2").value() : far();
      const std::uint16_t at_far = far_io.io_->local_endpoint(far_port).port;
      const std::uint16_t at_near = near_io.io_->local_endpoint(near_port).port;
      greet(near_io, near_port, {two, at_far, link_local ? near_index : 0}, far_io);
      greet(far_io, far_port, {one, at_near, link_local ? far_index : 0}, near_io);
    }
  }
  static PortId open_on(Tested& tested, const char* device) {
    return must(tested.io_->open({.family = GetParam().family, .device = device}));
  }
  static void greet(Tested& from, PortId port, const Endpoint& to, Tested& at) {
    const std::size_t before = at.sink_.arrived.size();
    for (int n = 0; n < 5'000 && at.sink_.arrived.size() == before; ++n) {
      (void)from.send(port, to, 44, 0);
      must(at.io_->poll(at.io_->clock().mono_now() + Duration::milliseconds(1), at.sink_));
    }
    ASSERT_GT(at.sink_.arrived.size(), before) << packet::to_string(to);
  }
};

constexpr packet::Token kWarmUp = 200;

// Two links with the same addresses on them: only the device tells them apart.
TEST_P(ManyNetworks, PortsOnTwoDevicesHearAndStampWhatIsTheirs) {
  alone([] {
    link_to("left", "va", "va1");
    link_to("right", "vc", "vc1");
    const auto here = must(platform::NetworkNamespace::open(kHere));
    Tested near_io(GetParam());
    std::array<PortId, 2> near_ports{};
    for (const std::size_t i : {0U, 1U}) {
      PortOptions options{.family = GetParam().family, .device = i == 0 ? "va" : "vc"};
      near_ports[i] = must(near_io.io_->open(options));
    }
    std::vector<std::unique_ptr<Tested>> far_ios;
    for (const char* network : {"left", "right"}) {
      enter(network);
      far_ios.push_back(std::make_unique<Tested>(GetParam()));
      PortOptions options{.family = GetParam().family, .address = far(), .port = 7'000};
      must(far_ios.back()->io_->open(options));
    }
    must(here.enter());
    // The system stamps arrivals from a moment after the first port that wants it.
    for (int n = 0; n < 5'000 && GetParam().kernel_stamps; ++n) {
      std::vector<Arrived>& arrived = far_ios[0]->sink_.arrived;
      if (!arrived.empty() && arrived.back().datagram.arrival.source == StampSource::Kernel) break;
      (void)near_io.send(near_ports[0], {far(), 7'000, 0}, 44, kWarmUp);
      must(far_ios[0]->io_->poll(near_io.io_->clock().mono_now() + Duration::milliseconds(1),
                                 far_ios[0]->sink_));
    }
    far_ios[0]->poll_now();
    far_ios[0]->sink_.arrived.clear();

    for (const std::size_t i : {0U, 1U}) {
      ASSERT_EQ(near_io.send(near_ports[i], {far(), 7'000, 0}, 44, i).status, SendStatus::Accepted);
      Tested& far_io = *far_ios[i];
      far_io.poll_until([&] { return !far_io.sink_.arrived.empty(); });
      ASSERT_EQ(far_io.sink_.arrived.size(), 1U) << i;
      EXPECT_EQ(far_io.sink_.arrived[0].payload[0], static_cast<std::byte>(i));
      far_io.send(0, far_io.sink_.arrived[0].datagram.source, 44, 10 + i);
    }
    near_io.poll_until([&] { return near_io.sink_.arrived.size() >= 2; });
    ASSERT_EQ(near_io.sink_.arrived.size(), 2U);
    for (const Arrived& one : near_io.sink_.arrived) {
      const std::size_t i = one.port == near_ports[0] ? 0 : 1;
      EXPECT_EQ(one.port, near_ports[i]);
      EXPECT_EQ(one.payload[0], static_cast<std::byte>(10 + i));
      EXPECT_EQ(one.datagram.interface, index_of(i == 0 ? "va" : "vc"));
      EXPECT_EQ(one.datagram.destination.address, near());
      ASSERT_EQ(near_io.sink_.stamps.contains(i), GetParam().kernel_stamps);
      if (!GetParam().kernel_stamps) continue;
      EXPECT_EQ(near_io.sink_.stamped_by[i], near_ports[i]);
      EXPECT_EQ(one.datagram.arrival.source, StampSource::Kernel);
      const WallTime far_rx = far_ios[i]->sink_.arrived[0].datagram.arrival.wall;
      const WallTime far_tx = far_ios[i]->sink_.stamps.at(10 + i).wall;
      EXPECT_LE(near_io.sink_.stamps[i].wall, far_rx);
      EXPECT_LE(far_rx, far_tx);
      EXPECT_LE(far_tx, one.datagram.arrival.wall);
    }
  });
}

// The same link-local address on two links, from one port.
TEST_P(ManyNetworks, OnePortTellsLinkLocalPeersApartByTheirLink) {
  if (v4()) return;  // its link-local addresses have no scope
  alone([] {
    link_to("left", "va", "va1");
    link_to("right", "vc", "vc1");
    const auto here = must(platform::NetworkNamespace::open(kHere));
    Tested near_io(GetParam());
    const PortId port = must(near_io.io_->open({.family = Family::V6}));
    const std::uint16_t number = near_io.io_->local_endpoint(port).port;
    const IpAddress link_local_near = IpAddress::parse("fe80::1").value();
    const IpAddress link_local_far = IpAddress::parse("fe80::2").value();
    std::vector<std::unique_ptr<Tested>> far_ios;
    for (const std::string network : {"left", "right"}) {
      enter(network.c_str());
      far_ios.push_back(std::make_unique<Tested>(GetParam()));
      const std::uint32_t index = index_of(network == "left" ? "va1" : "vc1");
      const PortId far_port = must(far_ios.back()->io_->open(
          {.family = Family::V6, .address = link_local_far, .port = 7'000, .interface = index}));
      EXPECT_EQ(far_ios.back()->io_->local_endpoint(far_port),
                (Endpoint{link_local_far, 7'000, index}));
      const Endpoint back{link_local_near, number, index};
      ASSERT_EQ(far_ios.back()->send(far_port, back, 44, network == "left" ? 1 : 2).status,
                SendStatus::Accepted);
    }
    must(here.enter());
    near_io.poll_until([&] { return near_io.sink_.arrived.size() >= 2; });
    ASSERT_EQ(near_io.sink_.arrived.size(), 2U);
    for (const Arrived& one : near_io.sink_.arrived) {
      const bool left = one.payload[0] == std::byte{1};
      const std::uint32_t index = index_of(left ? "va" : "vc");
      EXPECT_EQ(one.datagram.source, (Endpoint{link_local_far, 7'000, index}));
      EXPECT_EQ(one.datagram.destination, (Endpoint{link_local_near, number, index}));
      EXPECT_EQ(one.datagram.interface, index);
      // And back, as a reflector does it.
      ASSERT_EQ(near_io
                    .send(port, {.payload = one.payload,
                                 .destination = one.datagram.source,
                                 .source = one.datagram.destination.address,
                                 .interface = one.datagram.interface,
                                 .token = 3})
                    .status,
                SendStatus::Accepted);
      Tested& far_io = *far_ios[left ? 0 : 1];
      far_io.poll_until([&] { return !far_io.sink_.arrived.empty(); });
      ASSERT_EQ(far_io.sink_.arrived.size(), 1U);
      EXPECT_EQ(far_io.sink_.arrived[0].payload, one.payload);
      EXPECT_EQ(far_io.sink_.arrived[0].datagram.source.address, link_local_near);
    }
  });
}

// Whatever errno a backend is given for it.
TEST_P(ManyNetworks, ARouteOrDeviceThatIsGoneIsNoMistakeOfOurs) {
  alone([] {
    const char* family = v4() ? "-4" : "-6";
    link_to("left", "va", "va1");
    Tested tested(GetParam());
    const PortId port = must(tested.io_->open({.family = GetParam().family}));
    const PortId on_device = open_on(tested, "va");
    const IpAddress blackhole = address("198.51.100.1", "2001:db8:1::1");
    run({"ip", family, "route", "add", "blackhole", packet::to_string(blackhole)});
    EXPECT_EQ(tested.send(port, {blackhole, 9, 0}, 44, 1).status, SendStatus::NoRoute);
    run({"ip", "link", "del", "va"});
    EXPECT_EQ(tested.send(on_device, {far(), 9, 0}, 44, 2).status, SendStatus::InterfaceDown);
  });
}

// Each thread sees its own: addresses, interfaces, news, and the stamps of what it sends.
TEST_P(ManyNetworks, TwoThreadsMeasureInTwoNetworks) {
  alone([] {
    link_to("left", "va", "va1");
    run({"ip", "link", "add", "only-here", "type", "veth", "peer", "name", "vb"});
    std::latch open(2), sent(1), done(1);
    struct Seen {
      WallTime rx, tx;
      std::uint32_t interface = 0;
      Recorder sink;
    };
    Seen near_seen, far_seen;
    std::jthread far_thread([&] {
      enter("left");
      EXPECT_FALSE(platform::interface_by_name("only-here").has_value());
      Tested tested(GetParam());
      const PortId port =
          must(tested.io_->open({.family = GetParam().family, .address = far(), .port = 7'000}));
      open.arrive_and_wait();
      sent.wait();
      tested.poll_until([&] { return !tested.sink_.arrived.empty(); });
      ASSERT_EQ(tested.sink_.arrived.size(), 1U);
      const packet::ReceivedDatagram& request = tested.sink_.arrived[0].datagram;
      EXPECT_EQ(request.interface, index_of("va1"));
      EXPECT_EQ(request.source.address, near());
      far_seen.rx = request.arrival.wall;
      far_seen.tx = tested.send(port, request.source, 44, 2).handed_over.wall;
      if (GetParam().kernel_stamps) far_seen.tx = tested.sink_.stamps.at(2).wall;
      done.wait();
      tested.poll_now();
      far_seen.sink = tested.sink_;
    });
    std::jthread near_thread([&] {
      EXPECT_FALSE(platform::interface_by_name("va1").has_value());
      Tested tested(GetParam());
      const PortId port = must(tested.io_->open({.family = GetParam().family}));
      open.arrive_and_wait();
      near_seen.tx = tested.send(port, {far(), 7'000, 0}, 44, 1).handed_over.wall;
      sent.count_down();
      tested.poll_until([&] { return !tested.sink_.arrived.empty(); });
      EXPECT_EQ(tested.sink_.arrived.size(), 1U);
      if (tested.sink_.arrived.empty()) return done.count_down();
      if (GetParam().kernel_stamps) near_seen.tx = tested.sink_.stamps.at(1).wall;
      near_seen.rx = tested.sink_.arrived[0].datagram.arrival.wall;
      EXPECT_EQ(tested.sink_.arrived[0].datagram.interface, index_of("va"));
      run({"ip", "address", "add", "198.51.100.1/24", "dev", "va"});
      done.count_down();
      tested.poll_now();
      near_seen.sink = tested.sink_;
    });
    near_thread.join();
    far_thread.join();
    EXPECT_LE(near_seen.tx, far_seen.rx);
    EXPECT_LE(far_seen.rx, far_seen.tx);
    EXPECT_LE(far_seen.tx, near_seen.rx);
    const auto heard = [](const Recorder& sink) {
      return std::ranges::any_of(sink.changes, [](const packet::NetworkChange& change) {
        return change.kind == packet::NetworkChangeKind::AddressAdded;
      });
    };
    EXPECT_EQ(heard(near_seen.sink), !GetParam().options.portable);
    EXPECT_FALSE(heard(far_seen.sink));
  });
}

INSTANTIATE_TEST_SUITE_P(Backends, ManyNetworks, ::testing::ValuesIn(kBackends),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace wirestamp::net
