// SPDX-License-Identifier: Apache-2.0
#include "platform/route.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <system_error>

#include "platform/descriptor.h"

namespace wirestamp::platform {

namespace {

std::size_t octets_of(packet::Family family) { return family == packet::Family::V4 ? 4 : 16; }

packet::IpAddress address_from(const void* octets, packet::Family family) {
  if (family == packet::Family::V4) {
    std::array<std::byte, 4> v4{};
    std::memcpy(v4.data(), octets, v4.size());
    return packet::IpAddress::v4(v4);
  }
  std::array<std::byte, 16> v6{};
  std::memcpy(v6.data(), octets, v6.size());
  return packet::IpAddress::v6(v6);
}

// One RTM_GETROUTE request with room for a few attributes.
struct RouteRequest {
  nlmsghdr header{};
  rtmsg route{};
  std::array<std::byte, 128> attributes{};
  std::size_t used = 0;

  void add(std::uint16_t type, const void* data, std::size_t size) {
    rtattr attribute{};
    attribute.rta_type = type;
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    std::memcpy(attributes.data() + used, &attribute, sizeof attribute);
    std::memcpy(attributes.data() + used + RTA_LENGTH(0), data, size);
    used += RTA_ALIGN(attribute.rta_len);
  }
};

template <typename Visit>
void for_each_attribute(const std::byte* octets, std::size_t size, Visit&& visit) {
  for (std::size_t at = 0; at + sizeof(rtattr) <= size;) {
    rtattr attribute{};
    std::memcpy(&attribute, octets + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > size - at) break;
    visit(attribute.rta_type, octets + at + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0));
    at += RTA_ALIGN(attribute.rta_len);
  }
}

void read_attribute(unsigned type, const std::byte* data, std::size_t size, packet::Family family,
                    Route& route) {
  switch (type) {
    case RTA_OIF:
      std::memcpy(&route.interface, data, sizeof route.interface);
      break;
    case RTA_PREFSRC:
      route.source = address_from(data, family);
      break;
    case RTA_GATEWAY:
      route.gateway = address_from(data, family);
      break;
    case RTA_METRICS:
      // What the path told is there, too.
      for_each_attribute(data, size, [&](unsigned metric, const std::byte* value, std::size_t) {
        if (metric == RTAX_MTU) std::memcpy(&route.mtu, value, sizeof route.mtu);
      });
      break;
    default:
      break;
  }
}

std::optional<Interface> describe(std::uint32_t index, const char* name) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return std::nullopt;
  ifreq request{};
  std::memcpy(request.ifr_name, name, ::strnlen(name, IFNAMSIZ - 1));
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return std::nullopt;
  const auto flags = static_cast<unsigned>(request.ifr_flags);
  Interface interface{.index = index,
                      .name = name,
                      .up = (flags & IFF_UP) != 0,
                      .running = (flags & IFF_RUNNING) != 0,
                      .mtu = 0};
  if (::ioctl(socket.get(), SIOCGIFMTU, &request) == 0)
    interface.mtu = static_cast<std::uint32_t>(request.ifr_mtu);
  return interface;
}

}  // namespace

Result<Route> route_to(const RouteQuery& query) {
  const packet::IpAddress& destination = query.destination.address;
  const std::optional<packet::IpAddress>& source = query.source;
  const packet::Family family = destination.family();
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (socket.get() < 0) return fail("cannot ask the kernel for routes", errno);
  RouteRequest request;
  request.route.rtm_family = family == packet::Family::V4 ? AF_INET : AF_INET6;
  request.route.rtm_dst_len = static_cast<unsigned char>(octets_of(family) * 8);
  request.route.rtm_tos = family == packet::Family::V4 ? query.traffic_class & 0x1cU : 0;
  request.add(RTA_DST, destination.octets().data(), octets_of(family));
  if (source && !source->is_any()) request.add(RTA_SRC, source->octets().data(), octets_of(family));
  if (source && !source->is_any())
    request.route.rtm_src_len = static_cast<unsigned char>(octets_of(family) * 8);
  std::uint32_t index = query.destination.interface;
  if (!query.device.empty()) {
    index = ::if_nametoindex(query.device.c_str());
    if (index == 0) return fail(fmt::format("there is no interface '{}'", query.device), errno);
  }
  if (index != 0) request.add(RTA_OIF, &index, sizeof index);
  request.header.nlmsg_type = RTM_GETROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.header.nlmsg_len =
      static_cast<std::uint32_t>(sizeof(nlmsghdr) + sizeof(rtmsg) + request.used);
  if (::send(socket.get(), &request, request.header.nlmsg_len, 0) < 0)
    return fail("cannot ask the kernel for routes", errno);

  alignas(nlmsghdr) std::array<std::byte, 4'096> answer{};
  const ssize_t size = ::recv(socket.get(), answer.data(), answer.size(), 0);
  nlmsghdr header{};
  if (size < static_cast<ssize_t>(sizeof header)) return fail("no answer about the route", errno);
  std::memcpy(&header, answer.data(), sizeof header);
  const std::string target = packet::to_string(destination);
  if (header.nlmsg_type == NLMSG_ERROR) {
    nlmsgerr error{};
    std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
    return fail(
        fmt::format("no route to {}: {}", target, std::generic_category().message(-error.error)),
        -error.error);
  }
  Route route;
  constexpr std::size_t kFirst = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtmsg));
  const std::size_t end = std::min<std::size_t>(static_cast<std::size_t>(size), header.nlmsg_len);
  for_each_attribute(answer.data() + kFirst, end - std::min(end, kFirst),
                     [&](unsigned type, const std::byte* data, std::size_t octets) {
                       read_attribute(type, data, octets, family, route);
                     });
  if (const auto interface = interface_by_index(route.interface)) {
    route.interface_name = interface->name;
    if (route.mtu == 0) route.mtu = interface->mtu;
  }
  return route;
}

std::optional<Interface> interface_by_name(const std::string& name) {
  const std::uint32_t index = ::if_nametoindex(name.c_str());
  if (index == 0) return std::nullopt;
  return describe(index, name.c_str());
}

std::optional<Interface> interface_by_index(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  if (index == 0 || ::if_indextoname(index, name.data()) == nullptr) return std::nullopt;
  return describe(index, name.data());
}

namespace {

std::optional<bool> is_up(const std::optional<Interface>& found, int error) {
  if (found) return found->up;
  return error == ENODEV || error == ENXIO ? std::optional(false) : std::nullopt;
}

}  // namespace

std::optional<bool> interface_is_up(const std::string& name) {
  const auto found = interface_by_name(name);
  return is_up(found, errno);
}

std::optional<bool> interface_is_up(std::uint32_t index) {
  const auto found = interface_by_index(index);
  return is_up(found, index == 0 ? ENXIO : errno);
}

Result<std::vector<LocalAddress>> local_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return fail("cannot list this host's addresses", errno);
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &::freeifaddrs);
  std::vector<LocalAddress> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_netmask == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const bool v4 = family == AF_INET;
    const std::size_t offset =
        v4 ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
    const std::size_t size = v4 ? 4 : 16;
    std::array<unsigned char, 16> octets{}, mask{};
    // NOLINTBEGIN(cppcoreguidelines-pro-bounds-pointer-arithmetic)
    std::memcpy(octets.data(),
                static_cast<const char*>(static_cast<const void*>(entry->ifa_addr)) + offset, size);
    std::memcpy(mask.data(),
                static_cast<const char*>(static_cast<const void*>(entry->ifa_netmask)) + offset,
                size);
    // NOLINTEND(cppcoreguidelines-pro-bounds-pointer-arithmetic)
    LocalAddress local;
    const packet::Family kind = v4 ? packet::Family::V4 : packet::Family::V6;
    local.address = address_from(octets.data(), kind);
    local.interface = ::if_nametoindex(entry->ifa_name);
    unsigned length = 0;
    for (std::size_t i = 0; i < size; ++i) {
      octets[i] &= mask[i];
      length += static_cast<unsigned>(__builtin_popcount(mask[i]));
    }
    local.network = {address_from(octets.data(), kind), static_cast<std::uint8_t>(length)};
    found.push_back(local);
  }
  return found;
}

}  // namespace wirestamp::platform
