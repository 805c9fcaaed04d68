// SPDX-License-Identifier: Apache-2.0
//
// Prints what the packet I/O tells of changes around this host, one JSON line each, until it is
// stopped. `ready` comes first.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "net/packet_io.h"

namespace wirestamp {
namespace {

class Printer final : public net::PacketSink {
 public:
  void on_datagram(net::PortId, const packet::ReceivedDatagram&) override {}
  void on_transmit_stamp(net::PortId, const packet::TransmitStamp&) override {}
  void on_path_error(net::PortId, const packet::PathError&) override {}
  void on_stamps_unreliable(net::PortId) override {}
  void on_network_change(const packet::NetworkChange& change) override {
    fmt::print("{{\"kind\":\"{}\",\"interface\":\"{}\"", name(change.kind), change.interface_name);
    if (change.address) fmt::print(",\"address\":\"{}\"", packet::to_string(*change.address));
    if (change.network) fmt::print(",\"network\":\"{}\"", packet::to_string(*change.network));
    const auto flag = [](const char* text, bool set) {
      if (set) fmt::print(",\"{}\":true", text);
    };
    flag("set_down", change.set_down);
    flag("removed", change.removed);
    flag("temporary", change.temporary);
    flag("deprecated", change.deprecated);
    flag("tentative", change.tentative);
    fmt::print("}}\n");
    std::fflush(stdout);
  }
};

Result<void> run() {
  const auto io = TRY(net::make_packet_io({}));
  Printer printer;
  fmt::print("ready\n");
  std::fflush(stdout);
  while (true) TRY_VOID(io->poll(std::nullopt, printer));
}

}  // namespace
}  // namespace wirestamp

int main() {
  const auto result = wirestamp::run();
  fmt::print(stderr, "{}\n", result.error().text);
  return 1;
}
