// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>

#include <cstdint>

// Kernel constants, some newer than the headers of Debian 12 (6.1). Where a header has one, they
// must agree.
namespace wirestamp::net_linux::abi {

inline constexpr std::uint32_t kTxHardware = SOF_TIMESTAMPING_TX_HARDWARE;
inline constexpr std::uint32_t kTxSoftware = SOF_TIMESTAMPING_TX_SOFTWARE;
inline constexpr std::uint32_t kTxSched = SOF_TIMESTAMPING_TX_SCHED;
inline constexpr std::uint32_t kRxSoftware = SOF_TIMESTAMPING_RX_SOFTWARE;
inline constexpr std::uint32_t kSoftware = SOF_TIMESTAMPING_SOFTWARE;
inline constexpr std::uint32_t kOptId = SOF_TIMESTAMPING_OPT_ID;
inline constexpr std::uint32_t kOptTsOnly = SOF_TIMESTAMPING_OPT_TSONLY;
// 6.12: receive stamps only for sockets that asked for them.
inline constexpr std::uint32_t kOptRxFilter = 1U << 17U;
// 6.13: the datagram's stamp id is given with the datagram.
inline constexpr int kScmTsOptId = 81;
#ifdef SCM_TS_OPT_ID
static_assert(kScmTsOptId == SCM_TS_OPT_ID);
#endif

}  // namespace wirestamp::net_linux::abi
