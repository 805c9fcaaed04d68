// SPDX-License-Identifier: Apache-2.0
//
// The ways in: data, and the error queue with stamps and ICMP errors. Where one socket does both,
// received data and stamps share one budget, and a stamp that finds no room is gone without a
// trace. So we look how full the budget is before each drain and after each full batch of data, and
// follow the kernel's count of dropped datagrams; a stamp that is missing then is no evidence.
#include <linux/sock_diag.h>

#include <algorithm>
#include <cerrno>

#include "net/linux/kernel_abi.h"
#include "net/linux/path_errors.h"
#include "net/linux/port.h"

namespace wirestamp::net_linux {

namespace {

constexpr int kReceiveBatches = 2;
constexpr int kDrainBatches = 64;  // what comes while we read waits for the next turn
// The stamping is 5 us from the wire at most for a software stamp of an idle driver.
constexpr Duration kKernelStampError = Duration::microseconds(5);

bool own_host(const ErrorEntry& entry, const packet::IpAddress& destination,
              const PortContext& context, MonoTime now) {
  if (!entry.offender) return true;  // our own kernel names nobody for IPv6
  // To ourselves everything is our own address: then the peer's port is meant.
  if (*entry.offender == destination) return false;
  return context.own.contains(*entry.offender, now).value_or(false);
}

void clear_pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

}  // namespace

bool Port::receive(const PortContext& context) {
  for (int n = 0; n < kReceiveBatches; ++n) {
    context.buffers.prepare_receive(BatchBuffers::kPayload);
    const int count = ::recvmmsg(receive_fd(), context.buffers.messages.data(), packet::kMaxBatch,
                                 MSG_DONTWAIT, nullptr);
    // A pending error is told in place of the data behind it.
    if (count < 0 && errno != EAGAIN) continue;
    if (count <= 0) return false;
    context.clock.refresh();
    const Timestamp read = user_stamp(context.clock.now());
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      deliver_datagram(i, read, context);
    if (static_cast<std::size_t>(count) < packet::kMaxBatch) return false;
    if (!has_pair()) watch_budget(context.sink);
  }
  return true;
}

void Port::deliver_datagram(std::size_t i, const Timestamp& read, const PortContext& context) {
  BatchBuffers& buffers = context.buffers;
  const msghdr& message = buffers.messages[i].msg_hdr;
  const Control control = parse_control(message);
  if (control.dropped) watch_drops(*control.dropped, context.sink);
  packet::ReceivedDatagram datagram;
  datagram.payload = buffers.payload(i).first(buffers.messages[i].msg_len);
  datagram.source = endpoint_of(buffers.addresses[i]);
  datagram.destination = {control.destination.value_or(sockets_.local.address), sockets_.local.port,
                          0};
  datagram.to_many = control.to_many;
  datagram.interface = control.interface;
  if (datagram.destination.address.family() == packet::Family::V6 &&
      datagram.destination.address.is_link_local())
    datagram.destination.interface = control.interface;
  datagram.traffic_class = control.traffic_class;
  datagram.hop_limit = control.hop_limit;
  // A stamp may come unasked when somebody else on the host wants them.
  const bool kernel = control.kernel_ns && sockets_.stamps_asked;
  datagram.arrival = kernel ? context.clock.tie(WallTime::from_ns(*control.kernel_ns),
                                                kKernelStampError, StampSource::Kernel)
                            : read;
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  context.sink.on_datagram(id_, datagram);
}

void Port::drain_errors(const PortContext& context) {
  watch_budget(context.sink);
  drain(transmit_fd(), context);
  clear_pending_error(transmit_fd());
  if (!has_pair()) return;
  drain(receive_fd(), context);
  clear_pending_error(receive_fd());
}

void Port::drain(int fd, const PortContext& context) {
  for (int n = 0; n < kDrainBatches && drain_batch(fd, context); ++n) {
  }
}

bool Port::drain_batch(int fd, const PortContext& context) {
  context.buffers.prepare_receive(BatchBuffers::kQuoted);
  const int count = ::recvmmsg(fd, context.buffers.messages.data(), packet::kMaxBatch,
                               MSG_ERRQUEUE | MSG_DONTWAIT, nullptr);
  if (count <= 0) return false;
  context.clock.refresh();
  ids_.forget(context.clock.mono_now());
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) deliver_entry(i, context);
  return static_cast<std::size_t>(count) == packet::kMaxBatch;
}

// Of the socket that stamps come to.
void Port::watch_budget(net::PacketSink& sink) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (::getsockopt(transmit_fd(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return;
  if (memory[SK_MEMINFO_RMEM_ALLOC] > memory[SK_MEMINFO_RCVBUF] / 4 * 3)
    sink.on_stamps_unreliable(id_);
}

// The budget was full between two looks.
void Port::watch_drops(std::uint32_t dropped, net::PacketSink& sink) {
  if (dropped == dropped_) return;
  sink.on_receive_dropped(id_, static_cast<std::uint32_t>(dropped - dropped_));  // it may wrap
  dropped_ = dropped;
  if (!has_pair()) sink.on_stamps_unreliable(id_);
}

void Port::deliver_stamp(const ErrorEntry& entry, WallTime stamp, const PortContext& context) {
  const bool scheduler = entry.info == SCM_TSTAMP_SCHED;
  if (!scheduler && entry.info != SCM_TSTAMP_SND) return;
  if (counter_is_off_ && entry.data == 0) return;
  if (ids_.ambiguous(entry.data)) return context.sink.on_stamps_unreliable(id_);
  const auto token = scheduler ? ids_.scheduler(entry.data) : ids_.software(entry.data);
  if (!token) return;
  context.sink.on_transmit_stamp(
      id_, {.token = *token,
            .stamp = context.clock.tie(stamp, kKernelStampError,
                                       scheduler ? StampSource::Scheduler : StampSource::Kernel)});
}

void Port::deliver_entry(std::size_t i, const PortContext& context) {
  BatchBuffers& buffers = context.buffers;
  const Control control = parse_control(buffers.messages[i].msg_hdr);
  if (!control.error) return;
  const ErrorEntry& entry = *control.error;
  if (entry.origin == SO_EE_ORIGIN_TIMESTAMPING) {
    if (control.kernel_ns) deliver_stamp(entry, WallTime::from_ns(*control.kernel_ns), context);
    return;
  }
  if (entry.origin != SO_EE_ORIGIN_LOCAL) ++path_errors_;
  const std::size_t size = buffers.messages[i].msg_len;
  packet::PathError error;
  error.destination = endpoint_of(buffers.addresses[i]);
  error.offender = entry.offender;
  error.interface = control.interface;
  error.quoted = buffers.payload(i).first(std::min(size, BatchBuffers::kQuoted));
  error.noticed = context.clock.mono_now();
  error.icmp_type = entry.type;
  error.icmp_code = entry.code;
  if (entry.origin == SO_EE_ORIGIN_LOCAL) {
    if (entry.number != EMSGSIZE) return;
    error.kind = packet::PathErrorKind::TooBig;
  } else {
    error.kind = kind_of(entry, own_host(entry, error.destination.address, context, error.noticed));
  }
  if (error.kind == packet::PathErrorKind::TooBig) error.mtu = entry.info;
  context.sink.on_path_error(id_, error);
}

}  // namespace wirestamp::net_linux
