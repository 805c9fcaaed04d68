// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "session/reply.h"
#include "time/duration.h"
#include "wire/time_format.h"

// What reflectors do otherwise than the standards say and is put up with, so that a router's TWAMP
// Light responder can be measured. Each is told once, in words: what is odd, and what it costs.
namespace wirestamp::session {

// What the far end speaks (RFC 8762 4.6, RFC 8972 3).
enum class PeerKind : std::uint8_t {
  Auto,        // as its replies show: without our SSID nothing behind the base packet is read
  Stamp,       // replies without our SSID are refused
  TwampLight,  // nothing behind the base packet is read, whatever the SSID
};

struct OddReply {
  const Reply& reply;
  std::size_t request_size = 0;
  std::optional<Duration> ahead;  // of the peer's clock before ours, as this exchange shows it
  wire::TimeFormat ours = wire::TimeFormat::Ntp;
  bool larger_asked = false;  // type 12
};

class PeerOddities {
 public:
  void look(const OddReply& odd);
  void refuse_zero_ssid();
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

 private:
  enum class Kind : std::uint8_t {
    NoSsid,
    NoTtl,
    NoErrorEstimate,
    Swapped,
    Cut,
    Longer,
    UtcInPtp,
    HoursApart,
    Refused,
  };
  bool first(Kind kind);  // since the beginning
  void look_at_size(const OddReply& odd);
  void look_at_clock(const OddReply& odd);

  std::array<bool, 9> told_{};
  std::vector<std::string> notes_;
};

}  // namespace wirestamp::session
