// SPDX-License-Identifier: Apache-2.0
#include "platform/listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "platform/socket_address.h"

namespace wirestamp::platform {

namespace {

constexpr int kBacklog = 1'024;
constexpr std::uint16_t kFirstFree = 1'024;

std::string listen_advice(int error, const packet::Endpoint& at) {
  switch (error) {
    case EADDRINUSE:
      return ": another program listens there, choose another port";
    case EADDRNOTAVAIL:
      return at.interface == 0 ? ": it is no address of this host"
                               : ": it is no address of that interface";
    case EACCES:
      return at.port < kFirstFree ? ": ports below 1024 need a privilege, choose another one"
                                  : ": a policy of this host forbids it, choose another port";
    case EINVAL:
      if (at.address.is_link_local() && at.interface == 0)
        return fmt::format(": it is link-local, name its interface as in [{}%eth0]:{}",
                           packet::to_string(at.address), at.port);
      return "";
    default:
      return "";
  }
}

std::unexpected<Error> refused(const packet::Endpoint& at) {
  const int error = errno;
  return fail(fmt::format("cannot listen on {}: {}{}", packet::to_string(at),
                          std::generic_category().message(error), listen_advice(error, at)),
              error);
}

}  // namespace

Result<Listener> listen_tcp(const packet::Endpoint& at, Families families) {
  sockaddr_storage storage;
  socklen_t length = to_sockaddr(at, storage);
  Descriptor socket(
      ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  const bool both =
      families == Families::Both && at.address == packet::IpAddress::any(packet::Family::V6);
  if (!socket && both && errno == EAFNOSUPPORT)
    return listen_tcp({packet::IpAddress::any(packet::Family::V4), at.port, 0});
  if (!socket) return refused(at);
  const int on = 1, off = 0;
  // Connections of an earlier run that still close do not keep its port.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (storage.ss_family == AF_INET6)
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, both ? &off : &on, sizeof on);
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(socket.get(), address, length) != 0 || ::listen(socket.get(), kBacklog) != 0 ||
      ::getsockname(socket.get(), address, &(length = sizeof storage)) != 0)
    return refused(at);
  return Listener{.socket = std::move(socket), .at = endpoint_of(address)};
}

packet::Endpoint endpoint_of(const sockaddr* address) {
  packet::Endpoint endpoint;
  if (address == nullptr) return endpoint;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    endpoint.address = packet::IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    endpoint.port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::byte, 16> octets;
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    endpoint.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      std::array<std::byte, 4> last;
      std::copy_n(octets.begin() + 12, last.size(), last.begin());
      endpoint.address = packet::IpAddress::v4(last);
    } else {
      endpoint.address = packet::IpAddress::v6(octets);
      endpoint.interface = v6.sin6_scope_id;
    }
  }
  return endpoint;
}

void shut_down(int socket) { ::shutdown(socket, SHUT_RDWR); }

std::size_t permit_descriptors(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted) {
    rlimit more = limit;
    more.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) limit = more;
  }
  return limit.rlim_cur;
}

}  // namespace wirestamp::platform
