// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "net/linux/control.h"
#include "net/linux/own_addresses.h"
#include "net/linux/send_status.h"
#include "net/linux/socket.h"
#include "net/linux/stamp_ids.h"
#include "net/packet_io.h"
#include "platform/system_clock.h"

namespace wirestamp::net_linux {

// Buffers of one batch, shared by all ports of a thread. Pages that no datagram needed are never
// touched.
class BatchBuffers {
 public:
  static constexpr std::size_t kPayload = 65'536, kControl = 512, kQuoted = 512;

  BatchBuffers();

  std::array<mmsghdr, packet::kMaxBatch> messages{};
  std::array<iovec, packet::kMaxBatch> vectors{};
  std::array<sockaddr_storage, packet::kMaxBatch> addresses{};

  std::span<std::byte> payload(std::size_t i) { return {&payloads_[i * kPayload], kPayload}; }
  std::span<std::byte> control(std::size_t i) { return {&controls_[i * kControl], kControl}; }
  // Every message ready to receive, `room` octets of payload each.
  void prepare_receive(std::size_t room);

 private:
  std::unique_ptr<std::byte[]> payloads_;
  std::unique_ptr<std::byte[]> controls_;
};

// What the ports of a thread share, and whom they tell.
struct PortContext {
  BatchBuffers& buffers;
  platform::SystemClock& clock;
  OwnAddresses& own;
  net::PacketSink& sink;
};

// One port: its sockets, its stamp ids, and the ways in and out. Knows its own id only to tell the
// sink.
class Port {
 public:
  Port(net::PortId id, const net::PortOptions& options, Sockets sockets);

  const packet::Endpoint& local() const { return sockets_.local; }
  const net::PortStamping& stamping() const { return sockets_.stamping; }
  int receive_fd() const { return sockets_.receive.get(); }
  int transmit_fd() const {
    return sockets_.transmit ? sockets_.transmit.get() : sockets_.receive.get();
  }
  const net::PortOptions& options() const { return options_; }
  std::uint32_t device() const { return sockets_.device; }
  bool has_pair() const { return static_cast<bool>(sockets_.transmit); }
  void use_scheduler_stamps();
  bool uses_scheduler_stamps() const;

  void send(std::span<const packet::OutgoingDatagram> batch, std::span<packet::SendResult> results,
            const PortContext& context);
  // At most two batches per call; true when more may be there.
  bool receive(const PortContext& context);
  // Both error queues: transmit stamps and ICMP errors. Then the pending error of both sockets is
  // cleared: one without an entry (the queue had no room) would fail the next send to anyone, and
  // keep the poll awake.
  void drain_errors(const PortContext& context);

 private:
  void prepare_send(std::span<const packet::OutgoingDatagram> batch, BatchBuffers& buffers,
                    std::size_t first);
  void write_control(const packet::OutgoingDatagram& datagram, std::size_t i, BatchBuffers& buffers,
                     std::uint32_t id);
  bool counts_by_itself() const { return transmit_flags_ != 0 && !sockets_.stamping.own_ids; }
  void restart_counter(const PortContext& context);
  void drain(int fd, const PortContext& context);
  bool drain_batch(int fd, const PortContext& context);
  void deliver_datagram(std::size_t i, const Timestamp& read, const PortContext& context);
  void deliver_entry(std::size_t i, const PortContext& context);
  void deliver_stamp(const ErrorEntry& entry, WallTime stamp, const PortContext& context);
  void watch_budget(net::PacketSink& sink);
  void watch_drops(std::uint32_t dropped, net::PacketSink& sink);

  net::PortId id_;
  net::PortOptions options_;
  Sockets sockets_;
  StampIds ids_;
  SendDiagnosis diagnosis_;
  std::uint32_t transmit_flags_ = 0;
  std::uint64_t path_errors_ = 0;  // ICMP errors read so far
  std::uint32_t dropped_ = 0;      // datagrams, as the kernel counts them
  bool counter_is_off_ = false;    // for a moment: an id of 0 may mean "none"
};

}  // namespace wirestamp::net_linux
