// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/linux/control.h"
#include "packet/datagram.h"

namespace wirestamp::net_linux {

// What an ICMP error says. `own_host`: our own kernel sent it (its offender is an address of ours,
// or nobody).
packet::PathErrorKind kind_of(const ErrorEntry& entry, bool own_host);

}  // namespace wirestamp::net_linux
