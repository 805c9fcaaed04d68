// SPDX-License-Identifier: Apache-2.0
//
// The way out: a batch is one sendmmsg. Before it both error queues are drained and the pending
// error is cleared, because a pending ICMP error fails the next send on the socket to anyone, and
// that packet does not leave. An error may still come in between; then the queues are drained again
// and the datagram is sent again, for as long as errors of others keep coming. Only an error that
// stays is the datagram's own.
#include "net/linux/port.h"

#include <netinet/in.h>

#include <cerrno>

#include "net/linux/kernel_abi.h"

namespace wirestamp::net_linux {

namespace {

// A flood of forged errors may put one before each try.
constexpr int kResends = 64;

bool counts_id(int error) { return error == EPERM || error == ENOBUFS; }

// Not the datagram's own, perhaps: an ICMP error about somebody else's may have come since the
// queues were drained.
bool may_be_pending(int error) { return error != EAGAIN && !counts_id(error); }

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

bool Port::uses_scheduler_stamps() const { return (transmit_flags_ & abi::kTxSched) != 0; }

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

// Which refused datagrams the kernel counted is not always known: kernels before 6.9 count those
// refused for a pending error or a full buffer, and the same errno may come from the route, which
// is not counted. So the counter is set to 0 after each refusal, by switching it off and on.
void Port::restart_counter(const PortContext& context) {
  const std::uint32_t on = sockets_.transmit_stamping;
  const std::uint32_t off = on & ~abi::kOptId;
  drain(transmit_fd(), context);
  ::setsockopt(transmit_fd(), SOL_SOCKET, SO_TIMESTAMPING, &off, sizeof off);
  ::setsockopt(transmit_fd(), SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof on);
  // A stamp that came in between has no id, which looks like 0.
  counter_is_off_ = true;
  drain(transmit_fd(), context);
  counter_is_off_ = false;
  ids_.restart(context.clock.mono_now());
}

void Port::send(std::span<const packet::OutgoingDatagram> batch,
                std::span<packet::SendResult> results, const PortContext& context) {
  CHECK(batch.size() <= packet::kMaxBatch && results.size() >= batch.size());
  drain_errors(context);
  const bool one_by_one = transmit_flags_ == 0;  // then the user clock is the stamp
  int resends = 0;
  prepare_send(batch, context.buffers, 0);
  for (std::size_t next = 0; next < batch.size();) {
    const Timestamp before = user_stamp(context.clock.now());
    const unsigned count = one_by_one ? 1 : static_cast<unsigned>(batch.size() - next);
    const int sent =
        ::sendmmsg(transmit_fd(), &context.buffers.messages[next], count, MSG_DONTWAIT);
    if (sent > 0) {
      for (const std::size_t end = next + static_cast<std::size_t>(sent); next < end; ++next) {
        results[next] = packet::SendResult{};
        results[next].handed_over = before;
        if (transmit_flags_ != 0) ids_.used(batch[next].token, *before.mono);
      }
      resends = 0;
      // What ended the batch early is not told, and may have been counted.
      if (next < batch.size() && counts_by_itself()) {
        restart_counter(context);
        prepare_send(batch, context.buffers, next);
      }
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    const std::uint64_t before_drain = path_errors_;
    if (counts_by_itself()) restart_counter(context);
    if (may_be_pending(error) && resends < kResends) {
      drain_errors(context);
      // Somebody else's has an entry in a queue, unless there was no room for it.
      const bool somebody_elses = path_errors_ != before_drain;
      if (resends++ == 0 || somebody_elses) {
        prepare_send(batch, context.buffers, next);
        continue;
      }
    }
    results[next] = diagnosis_.failed(error, batch[next], options_, context);
    results[next].handed_over = before;
    // With our own ids the refused datagram's id may come back with a stamp, too.
    if (sockets_.stamping.own_ids && counts_id(error)) ids_.used(batch[next].token, *before.mono);
    ++next;
    resends = 0;
    if (next < batch.size()) prepare_send(batch, context.buffers, next);
  }
  drain_errors(context);
  if (!has_pair() && !batch.empty() && results[0].status == packet::SendStatus::Accepted)
    diagnosis_.succeeded(batch[0], options_);
}

}  // namespace wirestamp::net_linux
