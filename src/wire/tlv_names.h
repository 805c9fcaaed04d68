// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/tlv.h"

// What the TLVs are called: `name` by programs and by who asks for one, `title` in sentences.
namespace wirestamp::wire {

struct TlvName {
  std::uint8_t type;
  std::string_view name, title;
};

inline constexpr std::array kTlvNames{
    TlvName{kExtraPadding, "extra-padding", "Extra Padding"},
    TlvName{kLocation, "location", "Location"},
    TlvName{kTimestampInformation, "timestamp-information", "Timestamp Information"},
    TlvName{kClassOfService, "class-of-service", "Class of Service"},
    TlvName{kDirectMeasurement, "direct-measurement", "Direct Measurement"},
    TlvName{kAccessReport, "access-report", "Access Report"},
    TlvName{kFollowUpTelemetry, "follow-up-telemetry", "Follow-Up Telemetry"},
    TlvName{kHmac, "hmac", "HMAC"},
    TlvName{kDestinationNode, "destination-node", "Destination Node Address"},
    TlvName{kReturnPath, "return-path", "Return Path"},
    TlvName{kMicroSession, "micro-session", "Micro-session ID"},
    TlvName{kReflectedControl, "reply-control", "Reflected Test Packet Control"},
    TlvName{kBitPattern, "bit-pattern", "Bit Pattern"},
    TlvName{kBitErrors, "bit-errors", "Bit Error Count"},
    TlvName{kErrorBurst, "error-burst", "Bit Error Burst"},
    TlvName{kExtensionHeader, "extension-header", "Reflected IPv6 Extension Header"},
    TlvName{kFixedHeader, "ip-header", "Reflected Fixed Header"},
    TlvName{kWstp, "wstp", "WSTP"},
};

constexpr const TlvName* tlv_name(std::uint8_t type) {
  for (const TlvName& one : kTlvNames)
    if (one.type == type) return &one;
  return nullptr;
}

constexpr std::optional<std::uint8_t> tlv_type(std::string_view name) {
  for (const TlvName& one : kTlvNames)
    if (one.name == name) return one.type;
  return std::nullopt;
}

}  // namespace wirestamp::wire
