// SPDX-License-Identifier: Apache-2.0
//
// The way out: a batch is one sendmmsg. Before it both error queues are drained and the pending
// error is cleared, because a pending ICMP error fails the next send on the socket to anyone, and
// that packet does not leave. An error may still come in between; then the queues are drained again
// and the datagram is sent again. Only an error that stays is the datagram's own.
#include "net/linux/port.h"

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <cerrno>

#include "net/linux/control.h"
#include "net/linux/kernel_abi.h"
#include "platform/route.h"

namespace wirestamp::net_linux {

namespace {

constexpr int kResends = 4;
constexpr int kReceiveBatches = 2;
// The stamping is 5 us from the wire at most for a software stamp of an idle driver.
constexpr Duration kKernelStampError = Duration::microseconds(5);

bool counts_id(int error) { return error == EPERM || error == ENOBUFS; }

packet::PathErrorKind kind_v4(const ErrorEntry& entry, bool own_host) {
  using packet::PathErrorKind;
  if (entry.type == ICMP_TIME_EXCEEDED) return PathErrorKind::TimeExceeded;
  if (entry.type != ICMP_DEST_UNREACH) return PathErrorKind::Other;
  switch (entry.code) {
    case ICMP_HOST_UNREACH:
      return own_host ? PathErrorKind::NeighbourUnresolved : PathErrorKind::HostUnreachable;
    case ICMP_PORT_UNREACH:
    case ICMP_PROT_UNREACH:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::PortUnreachable;
    case ICMP_FRAG_NEEDED:
      return PathErrorKind::TooBig;
    case ICMP_NET_UNREACH:
    case ICMP_NET_UNKNOWN:
      return PathErrorKind::NetworkUnreachable;
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::Prohibited;
    default:
      return PathErrorKind::HostUnreachable;
  }
}

packet::PathErrorKind kind_v6(const ErrorEntry& entry, bool own_host) {
  using packet::PathErrorKind;
  if (entry.type == ICMP6_TIME_EXCEEDED) return PathErrorKind::TimeExceeded;
  if (entry.type == ICMP6_PACKET_TOO_BIG) return PathErrorKind::TooBig;
  if (entry.type != ICMP6_DST_UNREACH) return PathErrorKind::Other;
  switch (entry.code) {
    case ICMP6_DST_UNREACH_ADDR:
      return own_host ? PathErrorKind::NeighbourUnresolved : PathErrorKind::HostUnreachable;
    case ICMP6_DST_UNREACH_NOPORT:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::PortUnreachable;
    case ICMP6_DST_UNREACH_ADMIN:
      return own_host ? PathErrorKind::RejectedLocally : PathErrorKind::Prohibited;
    case ICMP6_DST_UNREACH_NOROUTE:
      return PathErrorKind::NetworkUnreachable;
    default:
      return PathErrorKind::HostUnreachable;
  }
}

bool is_own_address(const std::optional<packet::IpAddress>& offender,
                    const packet::IpAddress& destination) {
  if (!offender) return true;  // our own kernel names nobody for IPv6
  // To ourselves everything is our own address: then the peer's port is meant.
  if (*offender == destination) return false;
  const auto local = platform::local_addresses();
  if (!local) return false;
  return std::ranges::any_of(
      *local, [&](const platform::LocalAddress& one) { return one.address == *offender; });
}

}  // namespace

BatchBuffers::BatchBuffers()
    : payloads_(new std::byte[kPayload * packet::kMaxBatch]),
      controls_(new std::byte[kControl * packet::kMaxBatch]) {}

void BatchBuffers::prepare_receive(std::size_t room) {
  for (std::size_t i = 0; i < packet::kMaxBatch; ++i) {
    vectors[i] = {payload(i).data(), room};
    msghdr& message = messages[i].msg_hdr;
    message.msg_name = &addresses[i];
    message.msg_namelen = sizeof addresses[i];
    message.msg_iov = &vectors[i];
    message.msg_iovlen = 1;
    message.msg_control = control(i).data();
    message.msg_controllen = kControl;
    message.msg_flags = 0;
  }
}

Port::Port(net::PortId id, const net::PortOptions& options, Sockets sockets)
    : id_(id), options_(options), sockets_(std::move(sockets)) {
  if (sockets_.stamps_asked) transmit_flags_ = abi::kTxSoftware;
}

void Port::use_scheduler_stamps() {
  if (sockets_.stamps_asked) transmit_flags_ |= abi::kTxSched;
}

// --- out
// -----------------------------------------------------------------------------------------------

void Port::write_control(const packet::OutgoingDatagram& datagram, std::size_t i,
                         BatchBuffers& buffers, std::uint32_t id) {
  ControlWriter writer(buffers.control(i));
  if (options_.family == packet::Family::V4) {
    writer.add(SOL_IP, IP_TOS, int{datagram.traffic_class});
    writer.add(SOL_IP, IP_TTL, int{datagram.hop_limit});
    if (datagram.source || datagram.interface != 0) {
      in_pktinfo info{};
      info.ipi_ifindex = static_cast<int>(datagram.interface);
      if (datagram.source) info.ipi_spec_dst.s_addr = htonl(datagram.source->to_v4());
      writer.add(SOL_IP, IP_PKTINFO, info);
    }
  } else {
    writer.add(SOL_IPV6, IPV6_TCLASS, int{datagram.traffic_class});
    writer.add(SOL_IPV6, IPV6_HOPLIMIT, int{datagram.hop_limit});
    if (datagram.source || datagram.interface != 0) {
      in6_pktinfo info{};
      info.ipi6_ifindex = datagram.interface;
      if (datagram.source)
        std::memcpy(&info.ipi6_addr, datagram.source->octets().data(), sizeof info.ipi6_addr);
      writer.add(SOL_IPV6, IPV6_PKTINFO, info);
    }
  }
  if (transmit_flags_ != 0) {
    writer.add(SOL_SOCKET, SO_TIMESTAMPING, transmit_flags_);
    if (sockets_.stamping.own_ids) writer.add(SOL_SOCKET, abi::kScmTsOptId, id);
  }
  writer.finish(buffers.messages[i].msg_hdr);
}

void Port::prepare_send(std::span<const packet::OutgoingDatagram> batch, BatchBuffers& buffers,
                        std::size_t first) {
  for (std::size_t i = first; i < batch.size(); ++i) {
    const packet::OutgoingDatagram& datagram = batch[i];
    msghdr& message = buffers.messages[i].msg_hdr;
    message.msg_name = &buffers.addresses[i];
    message.msg_namelen = to_sockaddr(datagram.destination, buffers.addresses[i]);
    buffers.vectors[i] = {const_cast<std::byte*>(datagram.payload.data()), datagram.payload.size()};
    message.msg_iov = &buffers.vectors[i];
    message.msg_iovlen = 1;
    message.msg_flags = 0;
    write_control(datagram, i, buffers, ids_.next() + static_cast<std::uint32_t>(i - first));
  }
}

void Port::clear_pending_error() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(transmit_fd(), SOL_SOCKET, SO_ERROR, &error, &size);
}

void Port::send(std::span<const packet::OutgoingDatagram> batch,
                std::span<packet::SendResult> results, BatchBuffers& buffers,
                platform::SystemClock& clock, net::PacketSink& sink) {
  CHECK(batch.size() <= packet::kMaxBatch && results.size() >= batch.size());
  drain_errors(buffers, clock, sink);
  clear_pending_error();
  const bool one_by_one = transmit_flags_ == 0;  // then the user clock is the stamp
  int resends = 0;
  prepare_send(batch, buffers, 0);
  for (std::size_t next = 0; next < batch.size();) {
    const Timestamp before = clock.now();
    const unsigned count = one_by_one ? 1 : static_cast<unsigned>(batch.size() - next);
    const int sent = ::sendmmsg(transmit_fd(), &buffers.messages[next], count, MSG_DONTWAIT);
    if (sent > 0) {
      for (const std::size_t end = next + static_cast<std::size_t>(sent); next < end; ++next) {
        results[next] = packet::SendResult{};
        results[next].handed_over = before;
        ids_.used(batch[next].token);
      }
      resends = 0;
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (resends++ < kResends && error != EAGAIN && error != EMSGSIZE && !counts_id(error)) {
      drain_errors(buffers, clock, sink);  // it may be somebody else's
      clear_pending_error();
      prepare_send(batch, buffers, next);
      continue;
    }
    results[next] = diagnosis_.failed(error, batch[next], options_);
    results[next].handed_over = before;
    const bool counted = !sockets_.stamping.own_ids && counts_id(error) && transmit_flags_ != 0;
    // With our own ids the refused datagram's id may come back with a stamp, too.
    if (counted || (sockets_.stamping.own_ids && counts_id(error)))
      ids_.consumed(batch[next].token);
    ++next;
    resends = 0;
    if (next < batch.size()) prepare_send(batch, buffers, next);
  }
  drain_errors(buffers, clock, sink);
  if (!options_.separate_transmit && !batch.empty() &&
      results[0].status == packet::SendStatus::Accepted)
    diagnosis_.succeeded(batch[0], options_);
}

// --- in
// ------------------------------------------------------------------------------------------------

bool Port::receive(BatchBuffers& buffers, platform::SystemClock& clock, net::PacketSink& sink) {
  for (int n = 0; n < kReceiveBatches; ++n) {
    buffers.prepare_receive(BatchBuffers::kPayload);
    const int count = ::recvmmsg(sockets_.receive.get(), buffers.messages.data(), packet::kMaxBatch,
                                 MSG_DONTWAIT, nullptr);
    if (count <= 0) return false;
    clock.refresh();
    const Timestamp read = clock.now();
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const msghdr& message = buffers.messages[i].msg_hdr;
      const Control control = parse_control(message);
      packet::ReceivedDatagram datagram;
      datagram.payload = buffers.payload(i).first(buffers.messages[i].msg_len);
      datagram.source = endpoint_of(buffers.addresses[i]);
      datagram.destination = {control.destination.value_or(sockets_.local.address),
                              sockets_.local.port, 0};
      datagram.interface = control.interface;
      datagram.traffic_class = control.traffic_class;
      datagram.hop_limit = control.hop_limit;
      // A stamp may come unasked when somebody else on the host wants them.
      const bool kernel = control.kernel_ns && sockets_.stamps_asked;
      datagram.arrival = kernel ? clock.tie(WallTime::from_ns(*control.kernel_ns),
                                            kKernelStampError, StampSource::Kernel)
                                : read;
      datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
      sink.on_datagram(id_, datagram);
    }
    if (static_cast<std::size_t>(count) < packet::kMaxBatch) return false;
  }
  return true;
}

void Port::drain_errors(BatchBuffers& buffers, platform::SystemClock& clock,
                        net::PacketSink& sink) {
  // Bounded: what comes while we read waits for the next turn.
  for (int n = 0; n < 64 && drain_one(transmit_fd(), buffers, clock, sink); ++n) {
  }
  if (!has_pair()) return;
  for (int n = 0; n < 64 && drain_one(sockets_.receive.get(), buffers, clock, sink); ++n) {
  }
}

bool Port::drain_one(int fd, BatchBuffers& buffers, platform::SystemClock& clock,
                     net::PacketSink& sink) {
  buffers.prepare_receive(BatchBuffers::kQuoted);
  const int count = ::recvmmsg(fd, buffers.messages.data(), packet::kMaxBatch,
                               MSG_ERRQUEUE | MSG_DONTWAIT, nullptr);
  if (count <= 0) return false;
  clock.refresh();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    deliver_error(buffers.messages[i].msg_hdr, buffers.messages[i].msg_len, buffers, i, clock,
                  sink);
  if (static_cast<std::size_t>(count) < packet::kMaxBatch) return false;
  watch_budget(fd, sink);
  return true;
}

void Port::watch_budget(int fd, net::PacketSink& sink) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return;
  if (memory[SK_MEMINFO_RMEM_ALLOC] > memory[SK_MEMINFO_RCVBUF] / 4 * 3)
    sink.on_stamps_unreliable(id_);
}

void Port::deliver_error(const msghdr& message, std::size_t size, BatchBuffers& buffers,
                         std::size_t i, platform::SystemClock& clock, net::PacketSink& sink) {
  const Control control = parse_control(message);
  if (!control.error) return;
  const ErrorEntry& entry = *control.error;
  if (entry.origin == SO_EE_ORIGIN_TIMESTAMPING) {
    if (!control.kernel_ns) return;
    const bool scheduler = entry.info == SCM_TSTAMP_SCHED;
    if (!scheduler && entry.info != SCM_TSTAMP_SND) return;
    const auto token = scheduler ? ids_.scheduler(entry.data) : ids_.software(entry.data);
    if (!token) return;
    sink.on_transmit_stamp(
        id_, {.token = *token,
              .stamp = clock.tie(WallTime::from_ns(*control.kernel_ns), kKernelStampError,
                                 scheduler ? StampSource::Scheduler : StampSource::Kernel)});
    return;
  }
  packet::PathError error;
  error.destination = endpoint_of(buffers.addresses[i]);
  error.offender = entry.offender;
  error.interface = control.interface;
  error.quoted = buffers.payload(i).first(std::min(size, BatchBuffers::kQuoted));
  error.noticed = clock.mono_now();
  error.icmp_type = entry.type;
  error.icmp_code = entry.code;
  if (entry.origin == SO_EE_ORIGIN_LOCAL) {
    if (entry.number != EMSGSIZE) return;
    error.kind = packet::PathErrorKind::TooBig;
  } else {
    const bool own = is_own_address(entry.offender, error.destination.address);
    error.kind = entry.origin == SO_EE_ORIGIN_ICMP6 ? kind_v6(entry, own) : kind_v4(entry, own);
  }
  if (error.kind == packet::PathErrorKind::TooBig) error.mtu = entry.info;
  sink.on_path_error(id_, error);
}

}  // namespace wirestamp::net_linux
