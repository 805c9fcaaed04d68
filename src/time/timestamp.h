// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "time/duration.h"

namespace wirestamp {

// Where a stamp was taken, weakest first. The order is meaningful: `a < b` reads "a is weaker".
enum class StampSource : std::uint8_t {
  Unknown,    // a peer that does not say
  User,       // read by the program, before a send call or after a receive call
  Scheduler,  // by the kernel when the packet entered the interface's queue (transmit only)
  Kernel,     // by the kernel: handed to the driver, or taken from the driver
  Hardware,   // by the network interface
};

constexpr std::string_view name(StampSource source) {
  switch (source) {
    case StampSource::User:
      return "user";
    case StampSource::Scheduler:
      return "scheduler";
    case StampSource::Kernel:
      return "kernel";
    case StampSource::Hardware:
      return "hardware";
    case StampSource::Unknown:
      break;
  }
  return "unknown";
}

// An instant, how wrong it may be and where it comes from.
//
// `wall` is the stamp on the host's UTC clock. `mono` is the same instant on this host's raw
// monotonic clock; it is absent for stamps of the other host, which travel as UTC only. `error` is
// the uncertainty of the act of stamping (resolution, distance from the wire, conversion between
// clocks), not the error of the host's clock against UTC: that one is ClockState::error.
// A stamp of an unknown source has an unknown error: `error` means nothing then.
struct Timestamp {
  WallTime wall;
  std::optional<MonoTime> mono;
  Duration error;
  StampSource source = StampSource::Unknown;

  bool operator==(const Timestamp&) const = default;
};

// Between a program reading its clock for a packet and the packet passing the kernel's own stamping
// point lie the system call and whatever the scheduler does: 20 to 50 us on an idle machine.
inline constexpr Duration kUserStampError = Duration::microseconds(50);

// A reading of the user clock as the stamp of a packet; a bare reading has no such error.
constexpr Timestamp user_stamp(Timestamp reading) {
  reading.error += kUserStampError;
  return reading;
}

}  // namespace wirestamp
