// SPDX-License-Identifier: Apache-2.0
#include "agent/flow_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "wire/request_layout.h"

namespace wirestamp::agent {
namespace {

class Silent final : public session::SessionOutput {
 public:
  Result<session::OpenedPort> open_flow(session::FlowId /*flow*/,
                                        const session::FlowPort& /*port*/) override {
    return session::OpenedPort{};
  }
  void close_flow(session::FlowId /*flow*/) override {}
  std::optional<session::Egress> egress() override { return std::nullopt; }
  void send(session::FlowId /*flow*/, const packet::OutgoingDatagram& /*datagram*/) override {}
  void on_sample(const measure::Sample& /*sample*/) override {}
  void on_reply(const measure::Sample& /*provisional*/) override {}
  void on_unknown_resolved(session::FlowId /*flow*/, std::uint64_t /*forward*/,
                           std::uint64_t /*backward*/) override {}
  void on_note(const std::string& /*note*/) override {}
  void on_event(const measure::Event& /*event*/) override {}
  void on_scheduler_stamps(session::FlowId /*flow*/) override {}
};

packet::Endpoint peer(std::uint8_t host, std::uint16_t port) {
  return {.address = packet::IpAddress::v4(0xC0000200U | host), .port = port};
}

class FlowTables : public testing::Test {
 protected:
  session::Session& session_to(const packet::Endpoint& remote) {
    session::SessionOptions options;
    options.flow.remote = remote;
    sessions_.push_back(std::make_unique<session::Session>(
        options, wire::plan_request(std::nullopt).value(), output_, budget_));
    return *sessions_.back();
  }

  Silent output_;
  session::PortBudget budget_;
  std::vector<std::unique_ptr<session::Session>> sessions_;
  FlowTable table_;
};

TEST_F(FlowTables, find_by_token_what_was_added_and_not_what_came_after_it) {
  session::Session& session = session_to(peer(1, 862));
  const FlowTable::Index first = table_.add(session, 7, 40, 3);
  const packet::Token token = table_.token_of(first, 1'234);
  EXPECT_TRUE(FlowTable::names_a_flow(token));
  EXPECT_FALSE(FlowTable::names_a_flow(1'234));
  EXPECT_EQ(FlowTable::within(token), 1'234U);
  ASSERT_NE(table_.find(token), nullptr);
  EXPECT_EQ(table_.find(token)->owner, 7U);
  EXPECT_EQ(table_.find(token)->id, 40U);
  EXPECT_EQ(table_.find(1'234), nullptr);
  EXPECT_EQ(table_.find(token + (packet::Token{1} << 60U)), nullptr);
  table_.remove(first);
  EXPECT_EQ(table_.find(token), nullptr);
  // The place is taken again: what the flow before sent is not this one's.
  const FlowTable::Index again = table_.add(session, 8, 41, 3);
  EXPECT_EQ(again, first);
  EXPECT_EQ(table_.find(token), nullptr);
  EXPECT_EQ(table_.find(table_.token_of(again, 0))->id, 41U);
}

TEST_F(FlowTables, end_at_what_a_token_can_name) {
  session::Session& session = session_to(peer(1, 862));
  std::vector<FlowTable::Index> all;
  while (!table_.full())
    all.push_back(table_.add(session, 0, static_cast<session::FlowId>(all.size()), 1));
  EXPECT_EQ(all.size(), 65'535U);
  const packet::Token last = table_.token_of(all.back(), FlowTable::within(~packet::Token{0}));
  ASSERT_NE(table_.find(last), nullptr);
  EXPECT_EQ(table_.find(last)->id, all.size() - 1);
  table_.remove(all.front());
  EXPECT_FALSE(table_.full());
}

TEST_F(FlowTables, know_who_sends_from_a_port_to_whom) {
  session::Session& one = session_to(peer(1, 862));
  session::Session& other = session_to(peer(1, 862));
  session::Session& near = session_to(peer(1, 863));
  EXPECT_FALSE(table_.any_on(5));
  const FlowTable::Index index = table_.add(one, 0, 1, 5);
  EXPECT_TRUE(table_.any_on(5));
  EXPECT_TRUE(table_.taken(5, other));
  EXPECT_FALSE(table_.taken(5, one));
  EXPECT_FALSE(table_.taken(5, near));
  EXPECT_FALSE(table_.taken(6, other));
  table_.remove(index);
  EXPECT_FALSE(table_.taken(5, other));
  EXPECT_FALSE(table_.any_on(5));
}

// What a list of all flows would say, whatever comes and goes.
TEST_F(FlowTables, list_what_a_search_through_all_would) {
  base::Random random(11);
  for (std::uint8_t host = 1; host <= 5; ++host)
    for (std::uint16_t port = 1; port <= 2; ++port) (void)session_to(peer(host, port));
  std::set<FlowTable::Index> there;
  for (int step = 0; step < 5'000; ++step) {
    if (there.empty() || random.chance(0.55)) {
      const session::Session& session = *sessions_[random.below(sessions_.size())];
      const net::PortId port = static_cast<net::PortId>(random.below(4));
      EXPECT_TRUE(
          there.insert(table_.add(session, 0, static_cast<session::FlowId>(step), port)).second);
    } else {
      const auto gone = std::next(there.begin(), static_cast<int>(random.below(there.size())));
      table_.remove(*gone);
      there.erase(gone);
    }
    const net::PortId port = static_cast<net::PortId>(random.below(4));
    const packet::IpAddress remote =
        peer(static_cast<std::uint8_t>(1 + random.below(5)), 1).address;
    std::set<session::FlowId> on, to, listed_on, listed_to;
    for (const FlowTable::Index index : there) {
      const FlowTable::Flow& flow = table_.at(index);
      if (flow.port != port) continue;
      on.insert(flow.id);
      if (flow.session->options().flow.remote.address == remote) to.insert(flow.id);
    }
    for (const FlowTable::Flow& flow : table_.on(port)) listed_on.insert(flow.id);
    for (const FlowTable::Flow& flow : table_.to(port, remote)) listed_to.insert(flow.id);
    ASSERT_EQ(listed_on, on);
    ASSERT_EQ(listed_to, to);
  }
}

TEST_F(FlowTables, give_a_reply_to_the_flow_of_its_far_end_before_another) {
  session::Session& far = session_to(peer(1, 862));
  session::Session& near = session_to(peer(2, 862));
  table_.add(far, 0, 1, 5);
  table_.add(near, 1, 2, 5);
  // Neither has begun, so that both have SSID 0.
  EXPECT_EQ(table_.awaiting(5, peer(2, 862), 0, {})->id, 2U);
  EXPECT_EQ(table_.awaiting(5, peer(1, 862), 0, {})->id, 1U);
  EXPECT_NE(table_.awaiting(5, peer(3, 9), 0, {}), nullptr);  // for its session to count
  EXPECT_EQ(table_.awaiting(6, peer(1, 862), 0, {}), nullptr);
}

}  // namespace
}  // namespace wirestamp::agent
