// SPDX-License-Identifier: Apache-2.0
#include "net/linux/network_state.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace wirestamp::net_linux {

namespace {

using packet::Family;
using packet::IpAddress;
using packet::NetworkChange;
using packet::NetworkChangeKind;

template <typename T>
std::optional<T> load(base::Bytes octets) {
  if (octets.size() < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, octets.data(), sizeof value);
  return value;
}

// The upper two bits are flags.
constexpr unsigned kTypeMask = 0x3fff;

// visit(type, payload) for each attribute behind a header of `header` octets.
template <typename Visit>
void for_each_attribute(base::Bytes body, std::size_t header, Visit&& visit) {
  std::size_t at = NLMSG_ALIGN(header);
  while (at < body.size()) {
    const auto attribute = load<rtattr>(body.subspan(at));
    if (!attribute || attribute->rta_len < sizeof(rtattr) || attribute->rta_len > body.size() - at)
      return;
    visit(attribute->rta_type & kTypeMask,
          body.subspan(at + RTA_LENGTH(0), attribute->rta_len - RTA_LENGTH(0)));
    at += RTA_ALIGN(attribute->rta_len);
  }
}

std::optional<Family> family_of(unsigned family) {
  if (family == AF_INET) return Family::V4;
  if (family == AF_INET6) return Family::V6;
  return std::nullopt;  // bridges speak of their ports in the same words
}

std::optional<IpAddress> address_from(base::Bytes octets, Family family) {
  std::array<std::byte, 16> v6{};
  const std::size_t size = family == Family::V4 ? 4 : v6.size();
  if (octets.size() != size) return std::nullopt;
  if (family == Family::V4)
    return IpAddress::v4(std::array{octets[0], octets[1], octets[2], octets[3]});
  std::ranges::copy(octets, v6.begin());
  return IpAddress::v6(v6);
}

packet::Prefix network_of(const IpAddress& address, std::uint8_t length) {
  const bool v4 = address.family() == Family::V4;
  auto octets = address.octets();
  for (std::size_t i = 0; i < (v4 ? 4U : 16U); ++i) {
    const int bits = std::clamp(static_cast<int>(length) - static_cast<int>(8 * i), 0, 8);
    octets[i] &= static_cast<std::byte>(0xff00U >> static_cast<unsigned>(bits));
  }
  return {v4 ? IpAddress::v4(std::array{octets[0], octets[1], octets[2], octets[3]})
             : IpAddress::v6(octets),
          std::min<std::uint8_t>(length, v4 ? 32 : 128)};
}

std::uint32_t index_from(base::Bytes octets) { return load<std::uint32_t>(octets).value_or(0); }

std::string text_from(base::Bytes octets) {
  std::string text(octets.size(), '\0');
  std::memcpy(text.data(), octets.data(), octets.size());
  return text.substr(0, text.find('\0'));
}

}  // namespace

std::string NetworkState::name_of(std::uint32_t interface) const {
  const auto found = links_.find(interface);
  return found == links_.end() ? std::string() : found->second.name;
}

std::optional<NetworkChange> NetworkState::link(base::Bytes body, bool gone) {
  const auto header = load<ifinfomsg>(body);
  if (!header || header->ifi_family != AF_UNSPEC || header->ifi_index <= 0) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(header->ifi_index);
  Link now{.name = name_of(index),
           .set_up = (header->ifi_flags & IFF_UP) != 0,
           .running = (header->ifi_flags & IFF_RUNNING) != 0};
  for_each_attribute(body, sizeof *header, [&](unsigned type, base::Bytes value) {
    if (type == IFLA_IFNAME) now.name = text_from(value);
  });
  NetworkChange change{.interface = index, .interface_name = now.name};
  const auto known = links_.find(index);
  const bool was_up = known != links_.end() && known->second.set_up && known->second.running;
  if (gone) {
    links_.erase(index);
    change.kind = NetworkChangeKind::LinkGone;
    return change;
  }
  const bool fresh = known == links_.end();
  const bool is_up = now.set_up && now.running;
  change.set_down = !now.set_up;
  links_[index] = std::move(now);
  if (!fresh && is_up == was_up) return std::nullopt;
  change.kind = is_up ? NetworkChangeKind::LinkUp : NetworkChangeKind::LinkDown;
  if (is_up) change.set_down = false;
  return change;
}

std::optional<NetworkChange> NetworkState::address(base::Bytes body, bool removed) {
  const auto header = load<ifaddrmsg>(body);
  const auto family = header ? family_of(header->ifa_family) : std::nullopt;
  if (!family) return std::nullopt;
  std::optional<IpAddress> own, network;
  std::uint32_t flags = header->ifa_flags;
  for_each_attribute(body, sizeof *header, [&](unsigned type, base::Bytes value) {
    // On a point-to-point link IFA_ADDRESS is the other end.
    if (type == IFA_LOCAL) own = address_from(value, *family);
    if (type == IFA_ADDRESS) network = address_from(value, *family);
    if (type == IFA_FLAGS) flags = index_from(value);
  });
  if (!own) own = network;
  if (!own) return std::nullopt;
  const bool v6 = *family == Family::V6;
  const Address now{.network = network_of(network.value_or(*own), header->ifa_prefixlen),
                    .temporary = v6 && (flags & IFA_F_TEMPORARY) != 0,
                    .deprecated = (flags & IFA_F_DEPRECATED) != 0,
                    .tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0};
  const AddressKey key{header->ifa_index, *own};
  if (removed) {
    addresses_.erase(key);
  } else {
    const auto [known, fresh] = addresses_.try_emplace(key, now);
    if (!fresh && known->second == now) return std::nullopt;
    known->second = now;
  }
  return NetworkChange{
      .kind = removed ? NetworkChangeKind::AddressRemoved : NetworkChangeKind::AddressAdded,
      .interface = header->ifa_index,
      .interface_name = name_of(header->ifa_index),
      .address = own,
      .network = now.network,
      .temporary = now.temporary,
      .deprecated = now.deprecated,
      .tentative = now.tentative};
}

std::optional<NetworkChange> NetworkState::route(base::Bytes body, bool removed) const {
  const auto header = load<rtmsg>(body);
  const auto family = header ? family_of(header->rtm_family) : std::nullopt;
  if (!family || (header->rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  switch (header->rtm_type) {
    case RTN_UNICAST:
    case RTN_BLACKHOLE:
    case RTN_UNREACHABLE:
    case RTN_PROHIBIT:
    case RTN_THROW:
      break;
    default:
      return std::nullopt;  // those that come and go with an address
  }
  NetworkChange change{.kind = NetworkChangeKind::RouteChanged, .removed = removed};
  IpAddress destination = IpAddress::any(*family);
  for_each_attribute(body, sizeof *header, [&](unsigned type, base::Bytes value) {
    if (type == RTA_OIF) change.interface = index_from(value);
    if (type == RTA_GATEWAY) change.address = address_from(value, *family);
    if (type == RTA_DST) destination = address_from(value, *family).value_or(destination);
  });
  change.interface_name = name_of(change.interface);
  change.network = network_of(destination, header->rtm_dst_len);
  return change;
}

std::optional<NetworkChange> NetworkState::neighbour(base::Bytes body) const {
  const auto header = load<ndmsg>(body);
  const auto family = header ? family_of(header->ndm_family) : std::nullopt;
  if (!family || (header->ndm_state & NUD_FAILED) == 0 || header->ndm_ifindex <= 0)
    return std::nullopt;
  NetworkChange change{.kind = NetworkChangeKind::NeighbourFailed,
                       .interface = static_cast<std::uint32_t>(header->ndm_ifindex)};
  change.interface_name = name_of(change.interface);
  for_each_attribute(body, sizeof *header, [&](unsigned type, base::Bytes value) {
    if (type == NDA_DST) change.address = address_from(value, *family);
  });
  return change.address ? std::optional(change) : std::nullopt;
}

void NetworkState::read(base::Bytes octets, std::vector<NetworkChange>& changes) {
  while (const auto header = load<nlmsghdr>(octets)) {
    if (header->nlmsg_len < sizeof *header || header->nlmsg_len > octets.size()) return;
    const base::Bytes body = octets.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
    std::optional<NetworkChange> change;
    switch (header->nlmsg_type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        change = link(body, header->nlmsg_type == RTM_DELLINK);
        break;
      case RTM_NEWADDR:
      case RTM_DELADDR:
        change = address(body, header->nlmsg_type == RTM_DELADDR);
        break;
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        change = route(body, header->nlmsg_type == RTM_DELROUTE);
        break;
      case RTM_NEWNEIGH:
        change = neighbour(body);
        break;
      case NLMSG_DONE:
      case NLMSG_ERROR:
        done_ = true;
        break;
      default:
        break;
    }
    if (change) changes.push_back(std::move(*change));
    octets = octets.subspan(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), octets.size()));
  }
}

}  // namespace wirestamp::net_linux
