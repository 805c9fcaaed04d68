// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "net/linux/network_state.h"
#include "net/packet_io.h"
#include "platform/descriptor.h"

namespace wirestamp::net_linux {

// One rtnetlink socket that hears of links, addresses, routes and neighbours; no privilege needed.
// Without one (a sandbox) there are no changes to tell, and `heard()` is false.
class NetworkWatch {
 public:
  NetworkWatch();

  int fd() const { return socket_.get(); }
  bool heard() const { return static_cast<bool>(socket_); }

  // Reads what is there, bounded, without telling anybody yet. Cheap when there is nothing. Whoever
  // asks after an error whether an address is still ours calls it first: the news is in the socket
  // before the send that it makes fail.
  void read();
  // Counts changes of this host's addresses, as read so far.
  std::uint64_t address_changes() const { return address_changes_; }

  bool has_news() const { return !news_.empty(); }
  // Among the news: an interface came, or got an address that can be bound now.
  bool has_new_device() const;
  void tell(net::PacketSink& sink);

 private:
  void overrun();
  void learn_present();

  platform::Descriptor socket_;
  NetworkState state_;
  std::vector<packet::NetworkChange> news_;
  std::vector<std::byte> octets_;
  std::uint64_t address_changes_ = 0;
};

}  // namespace wirestamp::net_linux
