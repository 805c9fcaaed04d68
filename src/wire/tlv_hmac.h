// SPDX-License-Identifier: Apache-2.0
//
// The HMAC TLV (RFC 8972 4.8): HMAC-SHA-256 over the Sequence Number of the packet and all TLVs
// before it, cut to 16 octets. Only Extra Padding may follow it. The base packet has its own HMAC
// in authenticated mode, and in the open mode none.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "wire/stamp_auth.h"

namespace wirestamp::wire {

inline constexpr std::size_t kHmacLength = crypto::kTagSize;

// RFC 8972 4.8: in authenticated mode TLVs other than Extra Padding need it. A session of the open
// mode may be configured to need it too.
struct TlvIntegrity {
  const crypto::Hmac* key = nullptr;  // the caller's; null: no HMAC TLV is understood
  Mode mode = Mode::Open;
  bool required = false;  // in the open mode
};

enum class IntegrityVerdict : std::uint8_t {
  Unprotected,  // no HMAC TLV, and none needed
  Verified,
  Failed,  // wrong, misplaced, twice, of a wrong length, or missing where it is needed
};

struct CheckedIntegrity {
  IntegrityVerdict verdict = IntegrityVerdict::Unprotected;
  std::optional<std::size_t> offset;  // of the header of the HMAC TLV in the area, when verified
};

// To be asked before any value of a TLV is believed. `sequence` is the number in octets 0 to 3 of
// the packet that `area` comes from.
CheckedIntegrity check_integrity(base::Bytes area, std::uint32_t sequence,
                                 const TlvIntegrity& integrity);

// Writes the value of the HMAC TLV whose header is at `offset`, over what stands before it now.
void seal_tlvs(base::MutableBytes area, std::size_t offset, std::uint32_t sequence,
               const crypto::Hmac& key);

}  // namespace wirestamp::wire
