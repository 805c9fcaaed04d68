// SPDX-License-Identifier: Apache-2.0
//
// The backend for systems whose kernel stamps nothing for us. Stamps are readings of the user
// clock, just before a send and just after a receive; marks are set by socket option where they
// change. No batches, no error queue: an ICMP error shows as the error of a later call, which names
// no datagram, so all it can say is that the peer of a port with one peer is closed.
#include "net/portable/portable_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <vector>

#include "base/check.h"
#include "net/open_advice.h"
#include "platform/route.h"
#include "platform/system_clock.h"

namespace wirestamp::net_portable {

namespace {

using packet::SendStatus;

constexpr std::size_t kMostPerPoll = 64;

struct Port {
  int fd = -1;
  net::PortOptions options;
  packet::Endpoint local;
  int traffic_class = -1, hop_limit = -1;  // as set on the socket
};

template <typename T>
bool set(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

socklen_t to_sockaddr(const packet::Endpoint& endpoint, sockaddr_storage& address) {
  if (endpoint.address.family() == packet::Family::V4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v4.sin_addr.s_addr = htonl(endpoint.address.to_v4());
    std::memcpy(&address, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  v6.sin6_scope_id = endpoint.interface;
  std::memcpy(&v6.sin6_addr, endpoint.address.octets().data(), 16);
  std::memcpy(&address, &v6, sizeof v6);
  return sizeof v6;
}

packet::Endpoint endpoint_of(const sockaddr_storage& address) {
  packet::Endpoint endpoint;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    endpoint.address = packet::IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    endpoint.port = ntohs(v4.sin_port);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::array<std::byte, 16> octets{};
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    endpoint.address = packet::IpAddress::v6(octets);
    endpoint.port = ntohs(v6.sin6_port);
    if (endpoint.address.is_link_local()) endpoint.interface = v6.sin6_scope_id;
  }
  return endpoint;
}

SendStatus status_of(int error, const std::string& device) {
  switch (error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EINVAL:  // a blackhole route
      return SendStatus::NoRoute;
    case ENODEV:
    case ENXIO:
    case ENETDOWN:
      return SendStatus::InterfaceDown;
    case EADDRNOTAVAIL:  // also when the device went with its addresses
      return !device.empty() && platform::interface_is_up(device) == false
                 ? SendStatus::InterfaceDown
                 : SendStatus::AddressGone;
    case EPERM:
    case EACCES:
      return SendStatus::RefusedLocally;
    case EMSGSIZE:
      return SendStatus::TooBig;
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
      return SendStatus::DroppedLocally;
    default:
      return SendStatus::Invalid;
  }
}

class PortableIo final : public net::PacketIo {
 public:
  PortableIo(int wake_read, int wake_write)
      : wake_read_(wake_read), wake_write_(wake_write), octets_(65'536) {}
  ~PortableIo() override {
    for (auto& [id, port] : ports_) ::close(port.fd);
    ::close(wake_read_);
    ::close(wake_write_);
  }

  Result<net::PortId> open(const net::PortOptions& options) override;
  void close(net::PortId id) override {
    ::close(ports_.at(id).fd);
    ports_.erase(id);
  }
  packet::Endpoint local_endpoint(net::PortId id) const override { return ports_.at(id).local; }
  net::PortStamping stamping(net::PortId) const override {
    return {.transmit = StampSource::User,
            .receive = StampSource::User,
            .own_ids = false,
            .reason = "the portable backend stamps by the user clock"};
  }
  void use_scheduler_stamps(net::PortId) override {}
  void send(net::PortId id, std::span<const packet::OutgoingDatagram> batch,
            std::span<packet::SendResult> results, net::PacketSink& sink) override;
  Result<void> poll(std::optional<MonoTime> deadline, net::PacketSink& sink) override;
  void wake() noexcept override {
    const char octet = 0;
    [[maybe_unused]] const ssize_t written = ::write(wake_write_, &octet, 1);
  }
  Clock& clock() override { return clock_; }

 private:
  packet::SendResult send_one(Port& port, const packet::OutgoingDatagram& datagram);
  void mark(Port& port, const packet::OutgoingDatagram& datagram);
  bool receive_one(net::PortId id, const Port& port, net::PacketSink& sink);

  int wake_read_, wake_write_;
  platform::SystemClock clock_;
  std::map<net::PortId, Port> ports_;
  net::PortId next_port_ = 0;
  std::vector<std::byte> octets_;
};

Result<net::PortId> PortableIo::open(const net::PortOptions& options) {
  if (options.stamps == net::StampChoice::Kernel || options.stamps == net::StampChoice::Hardware)
    return fail("the portable backend has no kernel or hardware stamps; use --stamps user");
  const bool v4 = options.family == packet::Family::V4;
  Port port;
  port.options = options;
  const bool echo = options.protocol == net::Protocol::IcmpEcho;
  const int protocol = !echo ? 0 : v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  port.fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, protocol);
  const auto refuse = [&](std::string text, int error) {
    if (port.fd >= 0) ::close(port.fd);
    return fail(std::move(text), error);
  };
  if (port.fd < 0) {
    const int error = errno;
    return refuse(net::socket_advice(error, options), error);
  }
  ::fcntl(port.fd, F_SETFL, O_NONBLOCK);
  ::fcntl(port.fd, F_SETFD, FD_CLOEXEC);
  if (v4) {
    set(port.fd, IPPROTO_IP, IP_PKTINFO, 1);
    set(port.fd, IPPROTO_IP, IP_RECVTTL, 1);
    set(port.fd, IPPROTO_IP, IP_RECVTOS, 1);
    set(port.fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  } else {
    set(port.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(port.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(port.fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    set(port.fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    set(port.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
  }
  if (!options.device.empty() &&
      ::setsockopt(port.fd, SOL_SOCKET, SO_BINDTODEVICE, options.device.data(),
                   static_cast<socklen_t>(options.device.size())) != 0) {
    const int error = errno;
    return refuse(net::device_advice(error, options), error);
  }
  const packet::Endpoint wanted{options.address.value_or(packet::IpAddress::any(options.family)),
                                options.port, options.interface};
  sockaddr_storage address{};
  socklen_t size = to_sockaddr(wanted, address);
  if (::bind(port.fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    const int error = errno;
    return refuse(net::bind_advice(error, wanted), error);
  }
  size = sizeof address;
  ::getsockname(port.fd, reinterpret_cast<sockaddr*>(&address), &size);
  port.local = endpoint_of(address);
  const net::PortId id = next_port_++;
  ports_.emplace(id, std::move(port));
  return id;
}

void PortableIo::mark(Port& port, const packet::OutgoingDatagram& datagram) {
  const bool v4 = port.options.family == packet::Family::V4;
  if (port.traffic_class != datagram.traffic_class) {
    port.traffic_class = datagram.traffic_class;
    set(port.fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, port.traffic_class);
  }
  if (port.hop_limit != datagram.hop_limit) {
    port.hop_limit = datagram.hop_limit;
    set(port.fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, port.hop_limit);
  }
}

packet::SendResult PortableIo::send_one(Port& port, const packet::OutgoingDatagram& datagram) {
  mark(port, datagram);
  sockaddr_storage address{};
  iovec data{const_cast<std::byte*>(datagram.payload.data()), datagram.payload.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = to_sockaddr(datagram.destination, address);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (datagram.source || datagram.interface != 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (port.options.family == packet::Family::V4) {
      in_pktinfo info{};
      info.ipi_ifindex = static_cast<int>(datagram.interface);
      if (datagram.source) info.ipi_spec_dst.s_addr = htonl(datagram.source->to_v4());
      *header = {
          .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
      std::memcpy(CMSG_DATA(header), &info, sizeof info);
      message.msg_controllen = CMSG_SPACE(sizeof info);
    } else {
      in6_pktinfo info{};
      info.ipi6_ifindex = datagram.interface;
      if (datagram.source) std::memcpy(&info.ipi6_addr, datagram.source->octets().data(), 16);
      *header = {
          .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
      std::memcpy(CMSG_DATA(header), &info, sizeof info);
    }
  }
  packet::SendResult result;
  result.handed_over = user_stamp(clock_.now());
  // An unconnected socket without error reporting has no pending errors, so a failure is this one's
  // own.
  if (::sendmsg(port.fd, &message, 0) >= 0) return result;
  result.os_error = errno;
  result.status = status_of(result.os_error, port.options.device);
  result.buffer_full = result.os_error == EAGAIN;
  return result;
}

void PortableIo::send(net::PortId id, std::span<const packet::OutgoingDatagram> batch,
                      std::span<packet::SendResult> results, net::PacketSink&) {
  CHECK(batch.size() <= packet::kMaxBatch && results.size() >= batch.size());
  Port& port = ports_.at(id);
  for (std::size_t i = 0; i < batch.size(); ++i) results[i] = send_one(port, batch[i]);
}

bool PortableIo::receive_one(net::PortId id, const Port& port, net::PacketSink& sink) {
  sockaddr_storage address{};
  iovec data{octets_.data(), octets_.size()};
  alignas(cmsghdr) std::array<std::byte, 256> control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(port.fd, &message, 0);
  if (size < 0) return false;
  packet::ReceivedDatagram datagram;
  datagram.arrival = user_stamp(clock_.now());
  datagram.payload = base::Bytes(octets_).first(static_cast<std::size_t>(size));
  datagram.source = endpoint_of(address);
  datagram.destination = port.local;
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const unsigned char* value = CMSG_DATA(header);
    int number = 0;
    if (header->cmsg_len >= CMSG_LEN(sizeof number)) std::memcpy(&number, value, sizeof number);
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, value, sizeof info);
      datagram.destination.address = packet::IpAddress::v4(ntohl(info.ipi_addr.s_addr));
      datagram.to_many =
          info.ipi_spec_dst.s_addr != 0 && info.ipi_spec_dst.s_addr != info.ipi_addr.s_addr;
      datagram.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
    } else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TOS) {
      datagram.traffic_class = *value;
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, value, sizeof info);
      std::array<std::byte, 16> octets{};
      std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
      datagram.destination.address = packet::IpAddress::v6(octets);
      datagram.to_many = datagram.destination.address.is_multicast();
      datagram.interface = info.ipi6_ifindex;
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_TCLASS) {
      datagram.traffic_class = static_cast<std::uint8_t>(number);
    } else if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TTL) ||
               (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT)) {
      datagram.hop_limit = static_cast<std::uint8_t>(number);
    }
  }
  datagram.destination.interface = 0;
  if (datagram.destination.address.family() == packet::Family::V6 &&
      datagram.destination.address.is_link_local())
    datagram.destination.interface = datagram.interface;
  sink.on_datagram(id, datagram);
  return true;
}

Result<void> PortableIo::poll(std::optional<MonoTime> deadline, net::PacketSink& sink) {
  std::vector<pollfd> waiting{{.fd = wake_read_, .events = POLLIN, .revents = 0},
                              {.fd = clock_.step_fd(), .events = POLLIN, .revents = 0}};
  std::vector<net::PortId> names(waiting.size());
  for (const auto& [id, port] : ports_) {
    waiting.push_back({.fd = port.fd, .events = POLLIN, .revents = 0});
    names.push_back(id);
  }
  int timeout_ms = -1;
  if (deadline) {
    const std::int64_t left = (*deadline - clock_.mono_now()).ns();
    // Rounded up: never early, at most a millisecond late.
    timeout_ms =
        static_cast<int>(std::clamp<std::int64_t>((left + 999'999) / 1'000'000, 0, 60'000));
  }
  if (::poll(waiting.data(), waiting.size(), timeout_ms) < 0) {
    if (errno == EINTR) return {};
    const int error = errno;
    return fail(
        fmt::format("waiting for packets failed: {}", std::generic_category().message(error)),
        error);
  }
  if (waiting[0].revents != 0) {
    std::array<char, 64> drained{};
    while (::read(wake_read_, drained.data(), drained.size()) > 0) {
    }
  }
  if (waiting[1].revents != 0) clock_.on_step_event();
  for (std::size_t i = 2; i < waiting.size(); ++i) {
    if (waiting[i].revents == 0) continue;
    const auto port = ports_.find(names[i]);
    for (std::size_t n = 0; n < kMostPerPoll && receive_one(names[i], port->second, sink); ++n) {
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<net::PacketIo>> make_portable_io() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return fail("cannot make a pipe to be woken by", errno);
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  return std::make_unique<PortableIo>(ends[0], ends[1]);
}

}  // namespace wirestamp::net_portable
