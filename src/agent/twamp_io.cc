// SPDX-License-Identifier: Apache-2.0
#include "agent/twamp_io.h"

#include <algorithm>
#include <array>

#include "wire/stamp.h"
#include "wire/tlv.h"
#include "wire/tlv_values.h"

namespace wirestamp::agent {

namespace {

constexpr std::size_t kClassSize = wire::kTlvHeader + wire::ClassOfService::kLength;

// The reply as a STAMP reflector would have sent it; what it saw of the traffic class is a TLV
// there.
std::size_t write_stamp_reply(const wire::TwampReply& reply, std::uint16_t ssid,
                              base::MutableBytes out) {
  wire::ReplyBase base = reply.base;
  base.ssid = ssid;
  wire::encode_reply(out, base);
  if (!reply.traffic_class) return wire::kBaseSize;
  wire::write_tlv_header(out, wire::kBaseSize, 0, wire::kClassOfService,
                         wire::ClassOfService::kLength);
  wire::ClassOfService{.received_dscp = static_cast<std::uint8_t>(*reply.traffic_class >> 2U),
                       .received_ecn = static_cast<std::uint8_t>(*reply.traffic_class & 3U)}
      .encode(out.subspan(wire::kBaseSize + wire::kTlvHeader, wire::ClassOfService::kLength));
  return wire::kBaseSize + kClassSize;
}

}  // namespace

// Between the backend and whoever takes what it delivers.
class TwampIo::Reader final : public net::PacketSink {
 public:
  Reader(TwampIo& io, net::PacketSink& to) : io_(io), to_(to) {}

  void on_datagram(net::PortId port, const packet::ReceivedDatagram& datagram) override {
    if (port != io_.port_) return to_.on_datagram(port, datagram);
    const auto reply = io_.codec_.decode_reply(datagram.payload);
    if (!reply && !io_.codec_.authentic()) {
      ++io_.wrong_hmacs_;
      return;
    }
    if (!reply) return to_.on_datagram(port, datagram);  // too short: the sender counts it
    std::array<std::byte, wire::kBaseSize + kClassSize> octets;
    packet::ReceivedDatagram read = datagram;
    read.payload = base::Bytes(octets).first(write_stamp_reply(*reply, io_.ssid_, octets));
    to_.on_datagram(port, read);
  }
  void on_transmit_stamp(net::PortId port, const packet::TransmitStamp& stamp) override {
    to_.on_transmit_stamp(port, stamp);
  }
  // The probe that an error quotes, as the sender wrote it. Few who send errors quote enough of an
  // encrypted one to tell which it is.
  void on_path_error(net::PortId port, const packet::PathError& error) override {
    if (port != io_.port_) return to_.on_path_error(port, error);
    packet::PathError read = error;
    std::array<std::byte, wire::kBaseSize> octets;
    const auto request = io_.codec_.decode_request(error.quoted);
    if (request) {
      wire::RequestBase written = *request;
      written.ssid = io_.ssid_;
      wire::encode_request(octets, written);
    }
    read.quoted = request ? base::Bytes(octets) : base::Bytes();
    to_.on_path_error(port, read);
  }
  void on_stamps_unreliable(net::PortId port) override { to_.on_stamps_unreliable(port); }
  void on_receive_dropped(net::PortId port, std::uint64_t count) override {
    to_.on_receive_dropped(port, count);
  }
  void on_network_change(const packet::NetworkChange& change) override {
    to_.on_network_change(change);
  }

 private:
  TwampIo& io_;
  net::PacketSink& to_;
};

Result<std::unique_ptr<TwampIo>> TwampIo::make(std::unique_ptr<net::PacketIo> io, net::PortId port,
                                               const twamp::AgreedSession& session,
                                               std::uint64_t seed) {
  auto codec =
      TRY(wire::TwampTestCodec::make(session.layout, session.keys ? &*session.keys : nullptr));
  return std::unique_ptr<TwampIo>(new TwampIo(std::move(io), port, std::move(codec), seed));
}

void TwampIo::send(net::PortId port, std::span<const packet::OutgoingDatagram> batch,
                   std::span<packet::SendResult> results, net::PacketSink& sink) {
  Reader reader(*this, sink);
  if (port != port_) return io_->send(port, batch, results, reader);
  if (packets_.size() < batch.size()) packets_.resize(batch.size());
  batch_.assign(batch.begin(), batch.end());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto request = wire::decode_request(batch[i].payload);
    if (!request) continue;
    ssid_ = request->ssid;
    std::vector<std::byte>& packet = packets_[i];
    packet.resize(batch[i].payload.size());
    fill_padding(packet.size());
    //= RFC5357:padding-random
    std::copy_n(padding_.begin(), packet.size(), packet.begin());
    codec_.encode_request(packets_[i], *request);
    batch_[i].payload = packets_[i];
  }
  io_->send(port, batch_, results, reader);
}

// One size for all probes of a session, so this is drawn once.
void TwampIo::fill_padding(std::size_t size) {
  while (padding_.size() < size) padding_.push_back(static_cast<std::byte>(random_.next()));
}

Result<void> TwampIo::poll(std::optional<MonoTime> deadline, net::PacketSink& sink) {
  Reader reader(*this, sink);
  return io_->poll(deadline, reader);
}

}  // namespace wirestamp::agent
