// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "net/packet_io.h"

namespace wirestamp::net_linux {

struct PortContext;

// Names the cause of a refused send. The errno alone does not tell a vanished route from an
// interface that was set down or an address that was removed (all ENETUNREACH), so the system is
// asked; only after errors.
class SendDiagnosis {
 public:
  // A datagram left: remember by which interface, for the day it does not.
  void succeeded(const packet::OutgoingDatagram& datagram, const net::PortOptions& options);
  packet::SendResult failed(int error, const packet::OutgoingDatagram& datagram,
                            const net::PortOptions& options, const PortContext& context);

 private:
  struct Known {
    std::uint32_t interface = 0;  // 0: not known
    bool to_ask = false;          // a send failed: it may leave elsewhere after that
  };

  packet::SendStatus unreachable(const packet::OutgoingDatagram& datagram,
                                 const net::PortOptions& options, const PortContext& context);
  std::map<packet::Endpoint, Known> interface_to_;  // by address and interface
};

}  // namespace wirestamp::net_linux
