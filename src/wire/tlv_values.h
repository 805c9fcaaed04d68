// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "time/timestamp.h"

// Values of the TLVs of RFC 8972 that are implemented. Encoders write exactly kLength octets.
namespace wirestamp::wire {

// IANA "Synchronization Sources".
enum class SyncSource : std::uint8_t { Ntp = 1, Ptp = 2, Ssu = 3, Gnss = 4, FreeRunning = 5 };
// IANA "STAMP Timestamping Methods". Kernel and user stamps are both "SW Local".
enum class StampMethod : std::uint8_t { Unknown = 0, HwAssist = 1, SwLocal = 2, ControlPlane = 3 };

constexpr StampMethod method_of(StampSource source) {
  return source == StampSource::Hardware ? StampMethod::HwAssist : StampMethod::SwLocal;
}

// RFC 8972 4.3; the sender writes zeros.
struct TimestampInformation {
  static constexpr std::size_t kShortest = 4;
  std::uint8_t sync_in = 0, method_in = 0, sync_out = 0, method_out = 0;

  static TimestampInformation decode(base::Bytes value) {
    return {static_cast<std::uint8_t>(value[0]), static_cast<std::uint8_t>(value[1]),
            static_cast<std::uint8_t>(value[2]), static_cast<std::uint8_t>(value[3])};
  }
  void encode(base::MutableBytes value) const {
    value[0] = std::byte{sync_in};
    value[1] = std::byte{method_in};
    value[2] = std::byte{sync_out};
    value[3] = std::byte{method_out};
  }
  bool operator==(const TimestampInformation&) const = default;
};

// RFC 8972 4.4 (with erratum 8199): DSCP1(6) DSCP2(6) ECN(2) RP(2) Reserved(16).
struct ClassOfService {
  static constexpr std::size_t kLength = 4;
  std::uint8_t wanted_dscp = 0;    // DSCP1: asked for in the reply's header
  std::uint8_t received_dscp = 0;  // DSCP2: of the request as received
  std::uint8_t received_ecn = 0;
  std::uint8_t refused = 0;  // RP: 1 when policy refused DSCP1

  static ClassOfService decode(base::Bytes value) {
    const auto bits = base::load_be<std::uint32_t>(value, 0);
    return {static_cast<std::uint8_t>(bits >> 26U), static_cast<std::uint8_t>((bits >> 20U) & 63U),
            static_cast<std::uint8_t>((bits >> 18U) & 3U),
            static_cast<std::uint8_t>((bits >> 16U) & 3U)};
  }
  void encode(base::MutableBytes value) const {
    base::store_be(value, 0,
                   (std::uint32_t{wanted_dscp} << 26U) | (std::uint32_t{received_dscp} << 20U) |
                       (std::uint32_t{received_ecn} << 18U) | (std::uint32_t{refused} << 16U));
  }
  bool operator==(const ClassOfService&) const = default;
};

// RFC 8972 4.7 (with erratum 8339): an earlier reply and when it truly left.
struct FollowUpTelemetry {
  static constexpr std::size_t kLength = 16;
  std::uint32_t sequence = 0;   // of the reflector
  std::uint64_t timestamp = 0;  // raw, in the format of this reply's Error Estimate; 0: not known
  std::uint8_t method = 0;

  static FollowUpTelemetry decode(base::Bytes value) {
    return {base::load_be<std::uint32_t>(value, 0), base::load_be<std::uint64_t>(value, 4),
            static_cast<std::uint8_t>(value[12])};
  }
  void encode(base::MutableBytes value) const {
    base::store_be(value, 0, sequence);
    base::store_be(value, 4, timestamp);
    base::store_be(value, 12, std::uint32_t{method} << 24U);
  }
  bool operator==(const FollowUpTelemetry&) const = default;
};

}  // namespace wirestamp::wire
