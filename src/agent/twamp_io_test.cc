// SPDX-License-Identifier: Apache-2.0
//
// What a probe is on the wire of a TWAMP session.
#include "agent/twamp_io.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "platform/system_clock.h"
#include "wire/request_layout.h"

namespace wirestamp::agent {
namespace {

using Octets = std::vector<std::byte>;

// Keeps what is sent.
class KeptIo final : public net::PacketIo {
 public:
  explicit KeptIo(std::vector<Octets>& sent) : sent_(sent) {}

  Result<net::PortId> open(const net::PortOptions&) override { return net::PortId{1}; }
  void close(net::PortId) override {}
  packet::Endpoint local_endpoint(net::PortId) const override { return {}; }
  net::PortStamping stamping(net::PortId) const override { return {}; }
  void use_scheduler_stamps(net::PortId) override {}
  void send(net::PortId, std::span<const packet::OutgoingDatagram> batch,
            std::span<packet::SendResult>, net::PacketSink&) override {
    for (const auto& one : batch) sent_.emplace_back(one.payload.begin(), one.payload.end());
  }
  Result<void> poll(std::optional<MonoTime>, net::PacketSink&) override { return {}; }
  void wake() noexcept override {}
  Clock& clock() override { return clock_; }

 private:
  std::vector<Octets>& sent_;
  platform::SystemClock clock_;
};

class NoSink final : public net::PacketSink {
  void on_datagram(net::PortId, const packet::ReceivedDatagram&) override {}
  void on_transmit_stamp(net::PortId, const packet::TransmitStamp&) override {}
  void on_path_error(net::PortId, const packet::PathError&) override {}
  void on_stamps_unreliable(net::PortId) override {}
  void on_network_change(const packet::NetworkChange&) override {}
};

// Two probes of one session.
std::vector<Octets> sent_in(std::uint32_t mode, std::uint32_t size, std::uint64_t seed) {
  constexpr net::PortId kPort = 1;
  std::vector<Octets> sent;
  twamp::AgreedSession agreed;
  agreed.layout.modes = mode;
  if (agreed.layout.keyed()) agreed.keys.emplace();
  auto io = TwampIo::make(std::make_unique<KeptIo>(sent), kPort, agreed, seed);
  EXPECT_TRUE(io);
  wire::RequestPlan plan;
  plan.size = size;
  plan.usual = false;
  const wire::RequestLayout layout = *wire::plan_request(plan);
  NoSink sink;
  for (std::uint32_t n = 0; n < 2; ++n) {
    Octets probe(layout.size);
    wire::encode_probe(layout, {.sequence = n, .timestamp = 7, .error_estimate = 1}, probe);
    packet::OutgoingDatagram datagram;
    datagram.payload = probe;
    packet::SendResult result;
    (*io)->send(kPort, std::span(&datagram, 1), std::span(&result, 1), sink);
  }
  return sent;
}

std::size_t values(const Octets& octets, std::size_t from) {
  return std::set<std::byte>{octets.begin() + static_cast<std::ptrdiff_t>(from), octets.end()}
      .size();
}

// RFC 5357 4.1.2: all of it, so that nothing on the way makes the packet smaller.
//= RFC5357:padding-random
TEST(TwampIo, the_padding_of_a_probe_is_pseudo_random_from_its_first_octet_on) {
  for (const auto& [mode, header] :
       {std::pair{std::uint32_t{wire::kTwampOpen}, std::size_t{14}},
        std::pair{wire::kTwampOpen | wire::kTwampDscpEcn, std::size_t{14}},
        std::pair{std::uint32_t{wire::kTwampEncrypted}, std::size_t{48}}}) {
    const auto sent = sent_in(mode, 300, 1);
    ASSERT_EQ(sent.size(), 2U);
    for (const Octets& one : sent) {
      ASSERT_EQ(one.size(), 300U);
      EXPECT_GT(values(one, header), 100U);
      const Octets first(one.begin() + static_cast<std::ptrdiff_t>(header),
                         one.begin() + static_cast<std::ptrdiff_t>(header) + 28);
      EXPECT_GT(values(first, 0), 20U) << "where STAMP has zeros";
    }
    const auto other = sent_in(mode, 300, 2);
    EXPECT_FALSE(std::equal(sent[0].begin() + 48, sent[0].end(), other[0].begin() + 48));
  }
}

//= RFC6038:symmetrical
TEST(TwampIo, the_octets_that_must_be_zero_are) {
  for (const Octets& one : sent_in(wire::kTwampOpen | wire::kTwampSymmetricalSize, 300, 1)) {
    EXPECT_EQ(values({one.begin() + 14, one.begin() + 41}, 0), 1U);
    EXPECT_EQ(one[14], std::byte{});
    EXPECT_GT(values(one, 41), 100U);
  }
}

}  // namespace
}  // namespace wirestamp::agent
