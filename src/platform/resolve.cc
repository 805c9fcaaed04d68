// SPDX-License-Identifier: Apache-2.0
#include "platform/resolve.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace wirestamp::platform {

namespace {

packet::Endpoint endpoint_from(const sockaddr* address, std::uint16_t port) {
  packet::Endpoint endpoint;
  endpoint.port = port;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::array<std::byte, 4> octets{};
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    endpoint.address = packet::IpAddress::v4(octets);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::byte, 16> octets{};
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    endpoint.address = packet::IpAddress::v6(octets);
    endpoint.interface = v6.sin6_scope_id;
  }
  return endpoint;
}

bool takes_zone(const packet::IpAddress& address) {
  return address.family() == packet::Family::V6 && address.is_link_local();
}

bool lacks_interface(const packet::Endpoint& at) {
  return takes_zone(at.address) && at.interface == 0;
}

std::string reason(int error, std::optional<packet::Family> family) {
  switch (error) {
    case EAI_NONAME:
      return "no such host name";
    case EAI_AGAIN:
      return "the name server did not answer; try again, or give an IP address";
    case EAI_ADDRFAMILY:
    case EAI_NODATA:
      return family ? "it has no address of the wanted family; try without -4 or -6"
                    : "the name has neither an IPv4 nor an IPv6 address";
    case EAI_SYSTEM:
      return std::generic_category().message(errno);
    default:
      return ::gai_strerror(error);
  }
}

}  // namespace

Result<std::vector<packet::Endpoint>> resolve(const std::string& host, std::uint16_t port,
                                              std::optional<packet::Family> family) {
  if (const std::size_t zone = host.find('%'); zone != std::string::npos) {
    const auto address = packet::IpAddress::parse(host.substr(0, zone));
    if (!address || !takes_zone(*address))
      return fail(
          fmt::format("cannot reach '{}': only a link-local IPv6 address has a zone; leave "
                      "out '{}'",
                      host, host.substr(zone)));
    const std::string name = host.substr(zone + 1);
    const bool number =
        !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (!number && ::if_nametoindex(name.c_str()) == 0)
      return fail(fmt::format("cannot reach '{}': there is no interface '{}'", host, name));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_family = !family ? AF_UNSPEC : *family == packet::Family::V4 ? AF_INET : AF_INET6;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) return fail(fmt::format("cannot resolve '{}': {}", host, reason(error, family)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, &::freeaddrinfo);
  std::vector<packet::Endpoint> found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    const packet::Endpoint endpoint = endpoint_from(entry->ai_addr, port);
    if (std::ranges::find(found, endpoint) != found.end()) continue;
    found.push_back(endpoint);
  }
  return reachable(std::move(found));
}

Result<std::vector<packet::Endpoint>> reachable(std::vector<packet::Endpoint> found) {
  const auto first = std::ranges::find_if(found, lacks_interface);
  if (first == found.end()) return found;
  const std::string address = packet::to_string(first->address);
  std::erase_if(found, lacks_interface);
  if (!found.empty()) return found;
  return fail(
      fmt::format("{0} is a link-local address: name the interface, as in {0}%eth0", address));
}

}  // namespace wirestamp::platform
