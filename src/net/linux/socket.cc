// SPDX-License-Identifier: Apache-2.0
//
// How a port's sockets are made. The pair: each looped transmit stamp is charged to the receive
// budget of its socket, so a full receive queue pushes stamps out (4 to 42 % lost where measured).
// A second socket on the same address, used for sending only, cures it: both join a reuseport group
// whose one-instruction program sends all input to the first. The first is bound before
// SO_REUSEPORT is set, so that a second program gets EADDRINUSE; the option is never cleared, or
// the first would get nothing.
#include "net/linux/socket.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/linux/control.h"
#include "net/linux/hardware.h"
#include "net/linux/kernel_abi.h"
#include "net/open_advice.h"

namespace wirestamp::net_linux {

namespace {

// As much as the system allows; one stamp costs about 835 octets of it.
constexpr int kReceiveBuffer = 4 << 20;
// What waits for ARP or NDP is charged to the socket for three seconds: 256 datagrams for each
// address where nobody answers, and with the default buffer the first such address stops the
// socket for everybody.
constexpr int kSendBuffer = 4 << 20;

template <typename T>
bool set(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool set_on(int fd, int level, int option) { return set(fd, level, option, 1); }

void set_ipv4(int fd) {
  set_on(fd, SOL_IP, IP_PKTINFO);
  set_on(fd, SOL_IP, IP_RECVTTL);
  set_on(fd, SOL_IP, IP_RECVTOS);
  set_on(fd, SOL_IP, IP_RECVERR);
  //= RFC8085:no-fragments
  set(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
}

void set_ipv6(int fd) {
  set_on(fd, SOL_IPV6, IPV6_V6ONLY);
  set_on(fd, SOL_IPV6, IPV6_RECVPKTINFO);
  set_on(fd, SOL_IPV6, IPV6_RECVHOPLIMIT);
  set_on(fd, SOL_IPV6, IPV6_RECVTCLASS);
  set_on(fd, SOL_IPV6, IPV6_RECVERR);
  //= RFC8085:no-fragments
  set(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
}

Result<Descriptor> make_socket(const net::PortOptions& options) {
  const bool v4 = options.family == packet::Family::V4;
  const bool echo = options.protocol == net::Protocol::IcmpEcho;
  const int protocol = !echo ? 0 : v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  Descriptor socket(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!socket) {
    const int error = errno;
    return fail(net::socket_advice(error, options), error);
  }
  if (v4) {
    set_ipv4(socket.get());
  } else {
    set_ipv6(socket.get());
  }
  set(socket.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  set(socket.get(), SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  set_on(socket.get(), SOL_SOCKET, SO_RXQ_OVFL);
  if (!options.device.empty()) {
    const auto size = static_cast<socklen_t>(options.device.size());
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, options.device.data(), size) != 0) {
      const int error = errno;
      return fail(net::device_advice(error, options), error);
    }
  }
  return socket;
}

Result<void> bind_to(int fd, const packet::Endpoint& local) {
  sockaddr_storage address{};
  const socklen_t size = to_sockaddr(local, address);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return {};
  const int error = errno;
  return fail(net::bind_advice(error, local), error);
}

packet::Endpoint bound_endpoint(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return endpoint_of(address);
}

std::uint32_t bound_device(int fd) {
  int index = 0;
  socklen_t size = sizeof index;
  const bool told = ::getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &size) == 0;
  return told ? static_cast<std::uint32_t>(index) : 0;
}

// Every datagram of the group goes to the socket that was bound first.
bool select_first(int fd) {
  std::array<sock_filter, 1> code{{BPF_STMT(BPF_RET | BPF_K, 0)}};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  return set(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program);
}

// Multicasts and broadcasts are copied to every socket of a port, past the selector. Nobody reads
// data here, so they would take the budget of the stamps, for good. Stamps and ICMP errors do not
// go through the filter.
bool receive_nothing(int fd) {
  std::array<sock_filter, 1> code{{BPF_STMT(BPF_RET | BPF_K, 0)}};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  return set(fd, SOL_SOCKET, SO_ATTACH_FILTER, program);
}

Result<void> add_transmit_socket(const net::PortOptions& options, Sockets& sockets) {
  Descriptor transmit = TRY(make_socket(options));
  const bool shared = set_on(sockets.receive.get(), SOL_SOCKET, SO_REUSEPORT) &&
                      set_on(transmit.get(), SOL_SOCKET, SO_REUSEPORT);
  if (!shared) return fail("cannot share the port between two sockets", errno);
  if (!receive_nothing(transmit.get()))
    return fail("cannot keep received data out of a socket that only sends", errno);
  TRY_VOID(bind_to(transmit.get(), sockets.local));
  if (!select_first(sockets.receive.get()))
    return fail("cannot steer a shared port's input to one socket", errno);
  sockets.transmit = std::move(transmit);
  return {};
}

void ask_for_stamps(const net::PortOptions& options, const Features& features, Sockets& sockets) {
  if (options.stamps == net::StampChoice::User) {
    sockets.stamping.reason = "user stamps were asked for";
    return;
  }
  if (!features.receive_stamps || !features.transmit_stamps)
    sockets.stamping.reason = "this kernel gives no software stamps to this program";
  else
    sockets.stamping.reason = features.untested;
  std::uint32_t receive = abi::kSoftware | abi::kRxSoftware;
  std::uint32_t transmit = abi::kSoftware | abi::kOptId | abi::kOptTsOnly;
  if (features.receive_filter) {
    receive |= abi::kOptRxFilter;
    transmit |= abi::kOptRxFilter;
  }
  if (!sockets.transmit) {
    transmit = receive |= transmit;
  } else if (!set(sockets.transmit.get(), SOL_SOCKET, SO_TIMESTAMPING, transmit)) {
    return;
  }
  if (!set(sockets.receive.get(), SOL_SOCKET, SO_TIMESTAMPING, receive)) return;
  sockets.stamps_asked = true;
  sockets.transmit_stamping = transmit;
  if (features.receive_stamps) sockets.stamping.receive = StampSource::Kernel;
  if (features.transmit_stamps) sockets.stamping.transmit = StampSource::Kernel;
  sockets.stamping.own_ids = features.own_ids;
}

}  // namespace

Result<Sockets> open_sockets(const net::PortOptions& options, const Features& features) {
  if (options.stamps == net::StampChoice::Hardware)
    return fail(no_hardware_stamps(options.device) + "; use --stamps kernel");
  Sockets sockets;
  sockets.receive = TRY(make_socket(options));
  const packet::Endpoint wanted{options.address.value_or(packet::IpAddress::any(options.family)),
                                options.port, options.interface};
  TRY_VOID(bind_to(sockets.receive.get(), wanted));
  sockets.local = bound_endpoint(sockets.receive.get());
  sockets.device = bound_device(sockets.receive.get());
  if (options.separate_transmit && options.protocol == net::Protocol::Udp)
    TRY_VOID(add_transmit_socket(options, sockets));
  ask_for_stamps(options, features, sockets);
  if (options.stamps == net::StampChoice::Kernel &&
      (sockets.stamping.transmit < StampSource::Kernel ||
       sockets.stamping.receive < StampSource::Kernel))
    return fail(
        fmt::format("--stamps kernel: {}; use --stamps auto or user", sockets.stamping.reason));
  return sockets;
}

}  // namespace wirestamp::net_linux
