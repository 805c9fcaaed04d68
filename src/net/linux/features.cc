// SPDX-License-Identifier: Apache-2.0
#include "net/linux/features.h"

#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/linux/control.h"
#include "net/linux/kernel_abi.h"

namespace wirestamp::net_linux {

namespace {

// The first socket that asks for receive stamps makes the kernel patch its own code, in work that
// it defers: 2 ms on an idle machine, tens of them on a busy one. After this time there are none to
// be had.
constexpr int kSettleTries = 12;
constexpr int kLongestPauseMs = 50;

bool set_stamping(int fd, std::uint32_t flags) {
  return ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

bool send_to_self(int fd, bool own_id) {
  sockaddr_in self{};
  socklen_t size = sizeof self;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&self), &size) != 0) return false;
  char octet = 0;
  iovec data{&octet, 1};
  alignas(cmsghdr) std::array<std::byte, 128> control{};
  msghdr message{};
  message.msg_name = &self;
  message.msg_namelen = size;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  ControlWriter writer(control);
  writer.add(SOL_SOCKET, SO_TIMESTAMPING, abi::kTxSoftware);
  if (own_id) writer.add(SOL_SOCKET, abi::kScmTsOptId, std::uint32_t{7});
  writer.finish(message);
  return ::sendmsg(fd, &message, MSG_DONTWAIT) == 1;
}

// Reads what is there; tells whether it carried a stamp.
bool take_stamped(int fd, int flags) {
  std::array<std::byte, 64> octets{};
  iovec data{octets.data(), octets.size()};
  alignas(cmsghdr) std::array<std::byte, 512> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(fd, &message, flags | MSG_DONTWAIT) < 0) return false;
  return parse_control(message).kernel_ns.has_value();
}

}  // namespace

int open_keeper() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    ::close(fd);
    return -1;
  }
  set_stamping(fd, abi::kSoftware | abi::kRxSoftware);
  return fd;
}

Features probe_features(int keeper_fd, net::KernelFeatures narrow) {
  Features features;
  if (keeper_fd < 0) return features;
  const bool full = narrow == net::KernelFeatures::Full;
  const std::uint32_t base = abi::kSoftware | abi::kRxSoftware | abi::kOptId | abi::kOptTsOnly;
  if (!set_stamping(keeper_fd, base)) return features;
  // An unknown bit makes the whole call fail, so each is tried by itself.
  features.receive_filter = full && set_stamping(keeper_fd, base | abi::kOptRxFilter);
  features.own_ids = full && send_to_self(keeper_fd, true);
  for (int i = 0; i < kSettleTries && !features.receive_stamps; ++i) {
    if (i > 0) ::poll(nullptr, 0, std::min(1 << (i - 1), kLongestPauseMs));
    if (!send_to_self(keeper_fd, false)) break;
    pollfd ready{.fd = keeper_fd, .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 1);
    while (take_stamped(keeper_fd, MSG_ERRQUEUE)) features.transmit_stamps = true;
    features.receive_stamps = take_stamped(keeper_fd, 0);
  }
  while (take_stamped(keeper_fd, MSG_ERRQUEUE)) features.transmit_stamps = true;
  while (take_stamped(keeper_fd, 0)) {
  }
  return features;
}

}  // namespace wirestamp::net_linux
