// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "net/linux/features.h"
#include "net/packet_io.h"

namespace wirestamp::net_linux {

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// The sockets of one port. `transmit` is empty when one socket does both.
struct Sockets {
  Descriptor receive, transmit;
  packet::Endpoint local;
  net::PortStamping stamping;
  bool stamps_asked = false;            // the kernel is asked for stamps at all
  std::uint32_t transmit_stamping = 0;  // SO_TIMESTAMPING of the socket that sends
};

Result<Sockets> open_sockets(const net::PortOptions& options, const Features& features);

}  // namespace wirestamp::net_linux
