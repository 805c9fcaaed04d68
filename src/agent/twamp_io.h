// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "net/packet_io.h"
#include "twamp/client.h"
#include "wire/twamp_test_packet.h"

namespace wirestamp::agent {

// Packet I/O on which the probes of one port travel as TWAMP-Test: what a STAMP sender gives is
// written anew as the packet that the session agreed on, of the same size, and what the reflector
// answers is read back as a STAMP reply. All else, stamps above all, passes as it is. So one sender
// measures both.
class TwampIo final : public net::PacketIo {
 public:
  // `session` needs a codec of its own; `port` is one of `io`.
  // `seed` is that of the padding.
  static Result<std::unique_ptr<TwampIo>> make(std::unique_ptr<net::PacketIo> io, net::PortId port,
                                               const twamp::AgreedSession& session,
                                               std::uint64_t seed);

  Result<net::PortId> open(const net::PortOptions& options) override { return io_->open(options); }
  void close(net::PortId port) override { io_->close(port); }
  packet::Endpoint local_endpoint(net::PortId port) const override {
    return io_->local_endpoint(port);
  }
  net::PortStamping stamping(net::PortId port) const override { return io_->stamping(port); }
  void use_scheduler_stamps(net::PortId port) override { io_->use_scheduler_stamps(port); }
  void send(net::PortId port, std::span<const packet::OutgoingDatagram> batch,
            std::span<packet::SendResult> results, net::PacketSink& sink) override;
  Result<void> poll(std::optional<MonoTime> deadline, net::PacketSink& sink) override;
  void wake() noexcept override { io_->wake(); }
  Clock& clock() override { return io_->clock(); }

  std::uint64_t wrong_hmacs() const { return wrong_hmacs_; }

 private:
  class Reader;

  void fill_padding(std::size_t size);

  TwampIo(std::unique_ptr<net::PacketIo> io, net::PortId port, wire::TwampTestCodec codec,
          std::uint64_t seed)
      : io_(std::move(io)), port_(port), codec_(std::move(codec)), random_(seed) {}

  std::unique_ptr<net::PacketIo> io_;
  net::PortId port_;
  wire::TwampTestCodec codec_;
  std::uint16_t ssid_ = 0;  // of the newest probe: TWAMP has none
  std::uint64_t wrong_hmacs_ = 0;
  base::Random random_;
  std::vector<std::byte> padding_;               // what stands behind the header of each packet
  std::vector<std::vector<std::byte>> packets_;  // of the batch being sent
  std::vector<packet::OutgoingDatagram> batch_;
};

}  // namespace wirestamp::agent
