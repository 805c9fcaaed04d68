// SPDX-License-Identifier: Apache-2.0
#include "packet_port.h"

// Before the kernel's own, which need its types.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

// Which stamp belongs to which frame: the socket counts the frames it asks stamps for (OPT_ID). A
// frame that the device or a filter refuses (ENOBUFS, EPERM) still takes a number, other failures
// come before the numbering.
namespace wirestamp::emulator {
namespace {

constexpr int kReceiveBuffer = 8 << 20;
// Merging and segmentation first: they depend on the checksums.
constexpr std::array<std::uint32_t, 5> kOffloads = {ETHTOOL_SGRO, ETHTOOL_SGSO, ETHTOOL_STSO,
                                                    ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM};

std::unexpected<Error> os_fail(std::string what) {
  const int error = errno;
  return fail(fmt::format("{}: {}", what, std::generic_category().message(error)), error);
}

WallTime to_wall(const timespec& time) {
  return WallTime::from_ns(std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
}

template <typename T>
Result<void> set_option(int descriptor, int level, int option, const T& value, const char* name) {
  if (setsockopt(descriptor, level, option, &value, sizeof value) != 0)
    return os_fail(fmt::format("cannot set {} on a packet socket", name));
  return {};
}

Result<void> configure(int descriptor, Use use) {
  const int recording = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
  const int sending =
      SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
  const int stamps = use == Use::Record ? recording : recording | sending;
  TRY_VOID(set_option(descriptor, SOL_SOCKET, SO_TIMESTAMPING, stamps, "SO_TIMESTAMPING"));
  TRY_VOID(set_option(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, use == Use::Relay ? 1 : 0,
                      "PACKET_IGNORE_OUTGOING"));
  TRY_VOID(set_option(descriptor, SOL_PACKET, PACKET_AUXDATA, 1, "PACKET_AUXDATA"));
  // As much as allowed: it holds both frames and stamps.
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) !=
      0)
    TRY_VOID(set_option(descriptor, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "SO_RCVBUF"));
  return {};
}

Result<void> bind_to(int descriptor, const std::string& device) {
  const unsigned index = if_nametoindex(device.c_str());
  if (index == 0) return os_fail(fmt::format("there is no device \"{}\" here", device));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);

  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return os_fail(fmt::format("cannot read from device \"{}\"", device));
  // The frames are addressed to others.
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = address.sll_ifindex;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  return set_option(descriptor, SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous, "promiscuous mode");
}

// One received message with room for its control data.
struct Message {
  explicit Message(base::MutableBytes frame) : part{frame.data(), frame.size()} {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    header.msg_name = &address;
    header.msg_namelen = sizeof address;
  }

  template <typename T>
  std::optional<T> find(int level, int type) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != level || c->cmsg_type != type) continue;
      if (c->cmsg_len < CMSG_LEN(sizeof(T))) continue;
      T value;
      std::memcpy(&value, CMSG_DATA(c), sizeof value);
      return value;
    }
    return std::nullopt;
  }

  std::optional<WallTime> stamp() {
    const auto stamps = find<scm_timestamping>(SOL_SOCKET, SCM_TIMESTAMPING);
    if (!stamps || (stamps->ts[0].tv_sec == 0 && stamps->ts[0].tv_nsec == 0)) return std::nullopt;
    return to_wall(stamps->ts[0]);
  }

  iovec part;
  sockaddr_ll address{};
  msghdr header{};
  alignas(cmsghdr) std::array<std::byte, 512> control;
};

WallTime now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return to_wall(time);
}

}  // namespace

Result<PacketPort> PacketPort::open(const std::string& device, Use use) {
  // Protocol 0: nothing comes in before the socket is configured and bound to its device.
  PacketPort port(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (port.descriptor_ < 0)
    return os_fail(
        "cannot open a packet socket (it needs CAP_NET_RAW; in a user namespace root has it)");
  TRY_VOID(configure(port.descriptor_, use));
  TRY_VOID(bind_to(port.descriptor_, device));
  return port;
}

PacketPort::PacketPort(PacketPort&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      next_id_(other.next_id_),
      missed_(other.missed_) {}

PacketPort::~PacketPort() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<Arrival> PacketPort::receive(base::MutableBytes frame) {
  Message message(frame);
  const ssize_t size = recvmsg(descriptor_, &message.header, MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  Arrival arrival{.size = static_cast<std::size_t>(size)};
  const auto stamp = message.stamp();
  arrival.by_kernel = stamp.has_value();
  arrival.entry = stamp ? *stamp : now();
  arrival.outgoing = message.address.sll_pkttype == PACKET_OUTGOING;
  const auto data = message.find<tpacket_auxdata>(SOL_PACKET, PACKET_AUXDATA);
  arrival.partial_checksum = data && (data->tp_status & TP_STATUS_CSUMNOTREADY) != 0;
  return arrival;
}

std::optional<Departure> PacketPort::departure() {
  std::array<std::byte, 1> nothing{};
  Message message(nothing);
  // Entries that are no transmit stamp do not occur on a packet socket; they would be skipped.
  while (true) {
    message.header.msg_controllen = message.control.size();
    if (recvmsg(descriptor_, &message.header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
    const auto error = message.find<sock_extended_err>(SOL_PACKET, PACKET_TX_TIMESTAMP);
    const auto stamp = message.stamp();
    if (error && stamp && error->ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
      return Departure{.id = error->ee_data, .exit = *stamp};
  }
}

Sent PacketPort::send(base::Bytes frame) {
  Sent sent;
  if (::send(descriptor_, frame.data(), frame.size(), MSG_DONTWAIT) < 0) sent.os_error = errno;
  const bool numbered = sent.os_error == 0 || sent.os_error == ENOBUFS || sent.os_error == EPERM;
  if (numbered) {
    const std::uint32_t id = next_id_++;
    // A stamp may come for a refused frame (veth without carrier); it is no departure.
    if (sent.os_error == 0) sent.id = id;
  }
  return sent;
}

std::uint64_t PacketPort::missed() {
  tpacket_stats stats{};
  socklen_t size = sizeof stats;
  // Reading resets the kernel's counter.
  if (getsockopt(descriptor_, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
    missed_ += stats.tp_drops;
  return missed_;
}

Result<void> switch_off_offloads(const std::string& device) {
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return os_fail("cannot open a socket");
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name) {
    close(descriptor);
    return fail(fmt::format("\"{}\" is too long for a device's name", device));
  }
  std::memcpy(request.ifr_name, device.data(), device.size());
  Result<void> result;
  for (const std::uint32_t command : kOffloads) {
    ethtool_value value{.cmd = command, .data = 0};
    request.ifr_data = reinterpret_cast<char*>(&value);
    // A driver that does not have a feature need not switch it off.
    if (ioctl(descriptor, SIOCETHTOOL, &request) != 0 && errno != EOPNOTSUPP)
      result = os_fail(fmt::format("cannot switch off offload {:#x} of \"{}\"", command, device));
  }
  close(descriptor);
  return result;
}

}  // namespace wirestamp::emulator
