// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "time/duration.h"

// One end of the relay: an AF_PACKET socket on one device, with the kernel's stamps both ways.
namespace wirestamp::emulator {

struct Arrival {
  std::size_t size = 0;  // octets of the frame
  WallTime entry = {};
  bool by_kernel = true;  // false: there was no stamp, `entry` is the time of reading
  bool outgoing = false;  // only with Use::Record: on its way out, stamped before the driver
  bool partial_checksum = false;  // the sender's stack left the checksum to an offload
};

struct Departure {
  std::uint32_t id = 0;  // what send() gave
  WallTime exit = {};
};

struct Sent {
  std::optional<std::uint32_t> id;  // of the stamp to come; absent: there will be none
  int os_error = 0;                 // 0: handed to the device
};

enum class Use : std::uint8_t {
  Relay,   // sees every frame that comes in, none that leaves; transmit stamps for send()
  Record,  // sees the frames of both ways
};

class PacketPort {
 public:
  // Needs CAP_NET_RAW.
  static Result<PacketPort> open(const std::string& device, Use use);
  PacketPort(PacketPort&& other) noexcept;
  PacketPort& operator=(PacketPort&&) = delete;
  ~PacketPort();

  int descriptor() const { return descriptor_; }
  // Neither blocks. Absent: nothing there.
  std::optional<Arrival> receive(base::MutableBytes frame);
  std::optional<Departure> departure();
  Sent send(base::Bytes frame);
  // Frames that found the receive queue full, since open().
  std::uint64_t missed();

 private:
  explicit PacketPort(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  std::uint32_t next_id_ = 0;
  std::uint64_t missed_ = 0;
};

// Switches off segmentation, receive merging and checksum offloads of a device. Without this a veth
// hands over frames larger than its MTU and with unfinished checksums.
Result<void> switch_off_offloads(const std::string& device);

}  // namespace wirestamp::emulator
