// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/packet_io.h"

namespace wirestamp::net_linux {

// What this kernel can do, found by trying on a loopback socket.
struct Features {
  bool transmit_stamps = false;  // software transmit stamps by control message
  bool receive_stamps = false;
  bool own_ids = false;         // SCM_TS_OPT_ID
  bool receive_filter = false;  // OPT_RX_FILTER
  std::string untested;         // why nothing could be tried: the rest is then what was promised
};

// Also waits until receive stamping is really on: the kernel's switch is flipped by deferred work,
// and packets of the first millisecond carry no stamp. `keeper_fd` is a socket with receive
// stamping that the caller keeps open.
Features probe_features(int keeper_fd, net::KernelFeatures narrow);

// A socket with receive stamping, on loopback where that is up; -1 when there is none to be had.
int open_keeper();

}  // namespace wirestamp::net_linux
