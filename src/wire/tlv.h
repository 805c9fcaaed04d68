// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

// The TLV framework of RFC 8972 4: Flags(1) Type(1) Length(2) Value(Length), no alignment, behind
// the base packet.
namespace wirestamp::wire {

inline constexpr std::size_t kTlvHeader = 4;

enum TlvFlags : std::uint8_t {
  kUnrecognised = 0x80,  // U: set by the sender in every TLV, cleared by who understood it
  kMalformed = 0x40,     // M
  kIntegrity = 0x20,     // I
  // C of draft-ietf-ippm-asymmetrical-pkts: recognised, but the request could not be fulfilled.
  kConformance = 0x10,
};

// IANA "STAMP TLV Types"; the ones this program understands.
enum TlvType : std::uint8_t {
  kExtraPadding = 1,
  kLocation = 2,
  kTimestampInformation = 3,
  kClassOfService = 4,
  kDirectMeasurement = 5,
  kAccessReport = 6,
  kFollowUpTelemetry = 7,
  kHmac = 8,
  kDestinationNode = 9,    // RFC 9503
  kReturnPath = 10,        // RFC 9503
  kMicroSession = 11,      // RFC 9534
  kReflectedControl = 12,  // draft-ietf-ippm-asymmetrical-pkts
  // Experimental range. 240 to 242: draft-gandhi-ippm-stamp-ber; 246 and 247:
  // draft-ietf-ippm-stamp-ext-hdr; 251: wire/wstp.h.
  kBitPattern = 240,
  kBitErrors = 241,
  kErrorBurst = 242,
  kExtensionHeader = 246,
  kFixedHeader = 247,
  kWstp = 251,
};

struct Tlv {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  base::Bytes value;
  std::size_t offset = 0;  // of the header within the TLV area
};

// Walks the TLVs of a packet without ever reading outside. Ends at the first malformed one.
class TlvReader {
 public:
  enum class End : std::uint8_t { NotYet, Complete, ShortTail, Overrun };

  explicit TlvReader(base::Bytes area) : area_(area) {}

  std::optional<Tlv> next() {
    const std::size_t left = area_.size() - position_;
    if (left == 0) return finish(End::Complete);
    if (left < kTlvHeader) return finish(End::ShortTail);
    const std::size_t length = base::load_be<std::uint16_t>(area_, position_ + 2);
    if (kTlvHeader + length > left) return finish(End::Overrun);
    const Tlv tlv{.flags = static_cast<std::uint8_t>(area_[position_]),
                  .type = static_cast<std::uint8_t>(area_[position_ + 1]),
                  .value = area_.subspan(position_ + kTlvHeader, length),
                  .offset = position_};
    position_ += kTlvHeader + length;
    return tlv;
  }

  End end() const { return end_; }
  std::size_t position() const { return position_; }  // of what next() would read

 private:
  std::optional<Tlv> finish(End end) {
    end_ = end;
    return std::nullopt;
  }
  base::Bytes area_;
  std::size_t position_ = 0;
  End end_ = End::NotYet;
};

// Writes a header at `offset`; the caller has checked that it fits.
inline void write_tlv_header(base::MutableBytes area, std::size_t offset, std::uint8_t flags,
                             std::uint8_t type, std::uint16_t length) {
  area[offset] = std::byte{flags};
  area[offset + 1] = std::byte{type};
  base::store_be(area, offset + 2, length);
}

}  // namespace wirestamp::wire
