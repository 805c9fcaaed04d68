// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "net/packet_io.h"
#include "packet/datagram.h"
#include "session/session.h"

namespace wirestamp::agent {

// The flows of all sessions, found by what names them: the token of a datagram that they sent, or
// the port and the far end of one that came. A token holds the flow (0: none, it is the
// reflector's) above kTokenBits, and below it what the flow itself put there. Sessions outlive
// their flows here. One thread.
class FlowTable {
 public:
  using Index = std::uint32_t;
  static constexpr unsigned kTokenBits = 44;  // of the flow's own

  struct Flow {
    const session::Session* session = nullptr;  // null: the place is free
    std::uint32_t owner = 0;                    // the number that the session was added with
    session::FlowId id = 0;
    net::PortId port = 0;
    std::uint8_t generation = 0;  // so that a token of the flow before is not taken for one of this
  };

 private:
  static constexpr unsigned kGenerationBits = 4;
  static constexpr std::size_t kMost = (std::size_t{1} << 16U) - 1;
  static constexpr packet::Token kWithin = (packet::Token{1} << kTokenBits) - 1;
  using OfPort = std::set<std::pair<packet::IpAddress, Index>>;

  const OfPort& on_port(net::PortId port) const;
  template <typename Range>
  auto flows_in(Range range) const {
    return std::views::transform(
        range, [this](const std::pair<packet::IpAddress, Index>& one) -> const Flow& {
          return flows_[one.second];
        });
  }

 public:
  bool full() const { return flows_.size() - free_.size() >= kMost; }
  // Not when it is full().
  Index add(const session::Session& session, std::uint32_t owner, session::FlowId id,
            net::PortId port);
  void remove(Index index);
  const Flow& at(Index index) const { return flows_[index]; }  // stays where it is

  packet::Token token_of(Index index, packet::Token within) const {
    const packet::Token flow =
        (packet::Token{index + 1} << kGenerationBits) | flows_[index].generation;
    return (flow << kTokenBits) | within;
  }
  static bool names_a_flow(packet::Token token) { return (token >> kTokenBits) != 0; }
  static packet::Token within(packet::Token token) { return token & kWithin; }
  // Null when the flow that sent it is gone.
  const Flow* find(packet::Token token) const;

  bool any_on(net::PortId port) const { return !on_port(port).empty(); }
  // Those that share a port.
  auto on(net::PortId port) const { return flows_in(std::ranges::subrange(on_port(port))); }
  // Those of them whose far end has this address: few, where a port serves thousands.
  auto to(net::PortId port, const packet::IpAddress& remote) const {
    constexpr Index kLast = ~Index{0};
    const OfPort& all = on_port(port);
    return flows_in(
        std::ranges::subrange(all.lower_bound({remote, 0}), all.upper_bound({remote, kLast})));
  }
  // One 5-tuple is one flow's: whether another session than this sends from the port to its far
  // end.
  bool taken(net::PortId port, const session::Session& asking) const;
  // The flow that a reply belongs to: by far end and SSID; where the peer sends no SSID, by the
  // probe that it answers; then by far end or SSID, so that its session can count what is wrong
  // with it. Null when no flow of the port awaits any.
  const Flow* awaiting(net::PortId port, const packet::Endpoint& source, std::uint16_t ssid,
                       base::Bytes octets) const;
  // Nothing is known of the port any more.
  void forget(net::PortId port) { of_port_.erase(port); }

 private:
  std::deque<Flow> flows_;
  std::vector<Index> free_;
  std::map<net::PortId, OfPort> of_port_;
};

}  // namespace wirestamp::agent
