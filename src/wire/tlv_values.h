// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "packet/address.h"
#include "time/timestamp.h"

// Values of the TLVs that have no parts of their own (RFC 8972, 9503, 9534). Encoders write exactly
// kLength octets; decoders are given a value of a valid length.
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

// RFC 8972 4.4 (with erratum 8199): DSCP1(6) DSCP2(6) ECN(2) RP(2) Reserved(16). Of the reserved
// bits draft-ietf-ippm-stamp-cos-ecn uses the first four: EC1(2) RPE(2).
struct ClassOfService {
  static constexpr std::size_t kLength = 4;
  std::uint8_t wanted_dscp = 0;    // DSCP1: asked for in the reply's header
  std::uint8_t received_dscp = 0;  // DSCP2: of the request as received
  std::uint8_t received_ecn = 0;
  std::uint8_t refused = 0;  // RP: 1 when policy refused DSCP1
  // The draft: ECN asked for in the reply's header, and what became of that. 0 to both from a peer
  // that does not know it.
  static constexpr std::uint8_t kEcnRefused = 2, kEcnDone = 3;
  std::uint8_t wanted_ecn = 0, ecn_result = 0;

  static ClassOfService decode(base::Bytes value) {
    const auto bits = base::load_be<std::uint32_t>(value, 0);
    return {static_cast<std::uint8_t>(bits >> 26U),
            static_cast<std::uint8_t>((bits >> 20U) & 63U),
            static_cast<std::uint8_t>((bits >> 18U) & 3U),
            static_cast<std::uint8_t>((bits >> 16U) & 3U),
            static_cast<std::uint8_t>((bits >> 14U) & 3U),
            static_cast<std::uint8_t>((bits >> 12U) & 3U)};
  }
  void encode(base::MutableBytes value) const {
    base::store_be(value, 0,
                   (std::uint32_t{wanted_dscp} << 26U) | (std::uint32_t{received_dscp} << 20U) |
                       (std::uint32_t{received_ecn} << 18U) | (std::uint32_t{refused} << 16U) |
                       (std::uint32_t{wanted_ecn} << 14U) | (std::uint32_t{ecn_result} << 12U));
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

// RFC 8972 4.5: packets of one kind, counted at both ends, modulo 2^32.
struct DirectMeasurement {
  static constexpr std::size_t kLength = 12;
  std::uint32_t sender_sent = 0;         // S_TxC
  std::uint32_t reflector_received = 0;  // R_RxC; 0 in the request
  std::uint32_t reflector_sent = 0;      // R_TxC; 0 in the request

  static DirectMeasurement decode(base::Bytes value) {
    return {base::load_be<std::uint32_t>(value, 0), base::load_be<std::uint32_t>(value, 4),
            base::load_be<std::uint32_t>(value, 8)};
  }
  void encode(base::MutableBytes value) const {
    base::store_be(value, 0, sender_sent);
    base::store_be(value, 4, reflector_received);
    base::store_be(value, 8, reflector_sent);
  }
  bool operator==(const DirectMeasurement&) const = default;
};

// RFC 8972 4.6: what the sender tells of an access network; the reply with it is the receipt.
struct AccessReport {
  static constexpr std::size_t kLength = 4;
  static constexpr std::uint8_t k3gpp = 1, kNon3gpp = 2;
  static constexpr std::uint8_t kAvailable = 1, kUnavailable = 2;
  std::uint8_t access = 0;       // ID: one of the first two
  std::uint8_t return_code = 0;  // one of the other two

  static AccessReport decode(base::Bytes value) {
    return {static_cast<std::uint8_t>(static_cast<unsigned>(value[0]) >> 4U),
            static_cast<std::uint8_t>(value[1])};
  }
  void encode(base::MutableBytes value) const {
    base::store_be(value, 0, (std::uint32_t{access} << 28U) | (std::uint32_t{return_code} << 16U));
  }
  bool valid() const { return access == k3gpp || access == kNon3gpp; }
  bool operator==(const AccessReport&) const = default;
};

// RFC 9534: which member links of an aggregate a packet left and arrived by.
struct MicroSession {
  static constexpr std::size_t kLength = 4;
  std::uint16_t sender = 0;
  std::uint16_t reflector = 0;  // 0 in a request: not known yet

  static MicroSession decode(base::Bytes value) {
    return {base::load_be<std::uint16_t>(value, 0), base::load_be<std::uint16_t>(value, 2)};
  }
  void encode(base::MutableBytes value) const {
    base::store_be(value, 0, sender);
    base::store_be(value, 2, reflector);
  }
  bool operator==(const MicroSession&) const = default;
};

// An address as the value of a TLV: 4 or 16 octets and nothing else (RFC 9503 3 and 4.1.2).
inline std::optional<packet::IpAddress> decode_address(base::Bytes value) {
  if (value.size() == 4) return packet::IpAddress::v4(base::load_be<std::uint32_t>(value, 0));
  if (value.size() != 16) return std::nullopt;
  std::array<std::byte, 16> octets{};
  std::memcpy(octets.data(), value.data(), octets.size());
  return packet::IpAddress::v6(octets);
}
constexpr std::size_t address_length(packet::Family family) {
  return family == packet::Family::V4 ? 4 : 16;
}
// Writes as many octets as its family has.
inline void encode_address(base::MutableBytes value, const packet::IpAddress& address) {
  std::memcpy(value.data(), address.octets().data(), address_length(address.family()));
}

}  // namespace wirestamp::wire
