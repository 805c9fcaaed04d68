// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "base/check.h"
#include "packet/address.h"

// Control messages: what goes with a datagram to the kernel, and what the kernel says with one.
namespace wirestamp::net_linux {

// Appends control messages to a buffer that is aligned for cmsghdr and large enough.
class ControlWriter {
 public:
  explicit ControlWriter(std::span<std::byte> buffer) : buffer_(buffer) {}

  template <typename T>
  void add(int level, int type, const T& value) {
    CHECK(used_ + CMSG_SPACE(sizeof value) <= buffer_.size());
    auto* header = reinterpret_cast<cmsghdr*>(buffer_.data() + used_);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }

  void finish(msghdr& message) const {
    message.msg_control = used_ == 0 ? nullptr : buffer_.data();
    message.msg_controllen = used_;
  }

 private:
  std::span<std::byte> buffer_;
  std::size_t used_ = 0;
};

// An entry of the error queue (struct sock_extended_err) with its offender.
struct ErrorEntry {
  std::uint32_t number = 0;  // errno
  std::uint8_t origin = 0, type = 0, code = 0;
  std::uint32_t info = 0, data = 0;
  std::optional<packet::IpAddress> offender;
};

struct Control {
  std::optional<std::int64_t>
      kernel_ns;  // real time; also on ICMP errors: look at the origin first
  std::optional<packet::IpAddress> destination;  // the local address of a received datagram
  bool to_many = false;                          // that address is a broadcast or multicast one
  std::uint32_t interface = 0;
  std::uint8_t traffic_class = 0;
  std::optional<std::uint8_t> hop_limit;
  std::optional<ErrorEntry> error;
  std::optional<std::uint32_t> dropped;  // SO_RXQ_OVFL
};

Control parse_control(const msghdr& message);

// sockaddr <-> Endpoint.
packet::Endpoint endpoint_of(const sockaddr_storage& address);
socklen_t to_sockaddr(const packet::Endpoint& endpoint, sockaddr_storage& address);

}  // namespace wirestamp::net_linux
