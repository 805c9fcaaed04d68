// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "packet/network_change.h"

namespace wirestamp::net_linux {

// Understands rtnetlink. The kernel tells about links and addresses whenever anything about them is
// set, also when nothing we care for changed (each router advertisement repeats the addresses), so
// the last state is remembered and only differences are reported. No I/O.
class NetworkState {
 public:
  // Appends what the messages in `octets` change. Rubbish and unknown kinds are skipped.
  void read(base::Bytes octets, std::vector<packet::NetworkChange>& changes);

  // Whether read() saw the end of a dump since the last call.
  bool take_done() { return std::exchange(done_, false); }

 private:
  struct Link {
    std::string name;
    bool set_up = false, running = false;
  };
  struct Address {
    packet::Prefix network;
    bool temporary = false, deprecated = false, tentative = false;
    bool operator==(const Address&) const = default;
  };
  using AddressKey = std::pair<std::uint32_t, packet::IpAddress>;

  std::optional<packet::NetworkChange> link(base::Bytes body, bool gone);
  std::optional<packet::NetworkChange> address(base::Bytes body, bool removed);
  std::optional<packet::NetworkChange> route(base::Bytes body, bool removed) const;
  std::optional<packet::NetworkChange> neighbour(base::Bytes body) const;
  std::string name_of(std::uint32_t interface) const;

  std::map<std::uint32_t, Link> links_;
  std::map<AddressKey, Address> addresses_;
  bool done_ = false;
};

}  // namespace wirestamp::net_linux
