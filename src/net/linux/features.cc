// SPDX-License-Identifier: Apache-2.0
#include "net/linux/features.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/linux/control.h"
#include "net/linux/kernel_abi.h"

namespace wirestamp::net_linux {

namespace {

// The first socket that asks for receive stamps makes the kernel patch its own code, in work that
// it defers: 2 ms on an idle machine, tens of them on a busy one. After this time there are none to
// be had.
constexpr int kSettleTries = 12;
constexpr int kLongestPauseMs = 50;
// What is sent over loopback is there at once, or never.
constexpr int kCarriesTries = 5;

bool set_stamping(int fd, std::uint32_t flags) {
  return ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

// 0 or the errno. From a socket that is not bound: to the discard port.
int send_to_self(int fd, bool own_id) {
  sockaddr_in self{};
  socklen_t size = sizeof self;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&self), &size) != 0) return errno;
  if (self.sin_port == 0) {
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self.sin_port = htons(9);
  }
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
  return ::sendmsg(fd, &message, MSG_DONTWAIT) == 1 ? 0 : errno;
}

enum class Taken { Nothing, Plain, Stamped };

// Reads what is there; tells whether it carried a stamp.
Taken take(int fd, int flags) {
  std::array<std::byte, 64> octets{};
  iovec data{octets.data(), octets.size()};
  alignas(cmsghdr) std::array<std::byte, 512> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(fd, &message, flags | MSG_DONTWAIT) < 0) return Taken::Nothing;
  return parse_control(message).kernel_ns ? Taken::Stamped : Taken::Plain;
}

struct Loopback {
  bool arrived = false, transmit_stamps = false, receive_stamps = false;
};

Loopback try_over_loopback(int fd) {
  Loopback found;
  for (int i = 0; i < kSettleTries && !found.receive_stamps; ++i) {
    if (i >= kCarriesTries && !found.arrived) break;
    if (i > 0) ::poll(nullptr, 0, std::min(1 << (i - 1), kLongestPauseMs));
    if (send_to_self(fd, false) != 0) break;
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 1);
    while (take(fd, MSG_ERRQUEUE) == Taken::Stamped) found.transmit_stamps = true;
    for (Taken taken = take(fd, 0); taken != Taken::Nothing; taken = take(fd, 0)) {
      found.arrived = true;
      found.receive_stamps |= taken == Taken::Stamped;
    }
  }
  while (take(fd, MSG_ERRQUEUE) == Taken::Stamped) found.transmit_stamps = true;
  while (take(fd, 0) != Taken::Nothing) {
  }
  return found;
}

}  // namespace

int open_keeper() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Without loopback (a new namespace has it down) it keeps the stamping on all the same.
  [[maybe_unused]] const int bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any);
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
  // The kernel looks at what comes with a datagram before it looks for a route.
  const int plain = send_to_self(keeper_fd, false);
  const int with_id = full ? send_to_self(keeper_fd, true) : EINVAL;
  features.own_ids = plain != EINVAL && with_id != EINVAL;
  const Loopback found = plain == 0 ? try_over_loopback(keeper_fd) : Loopback{};
  features.transmit_stamps = found.transmit_stamps;
  features.receive_stamps = found.receive_stamps;
  if (plain == 0 && found.arrived) return features;
  features.untested =
      plain == 0 ? "stamps could not be tried, loopback carries nothing (see `ip link show lo`)"
                 : fmt::format(
                       "stamps could not be tried, sending over loopback failed: {} (see "
                       "`ip link show lo`)",
                       std::generic_category().message(plain));
  features.receive_stamps = features.transmit_stamps = true;
  return features;
}

}  // namespace wirestamp::net_linux
