// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hmac.h"
#include "wire/stamp_auth.h"
#include "wire/wstp.h"

// What stands where in a probe: planned once per session, so that writing a probe touches few
// octets.
namespace wirestamp::wire {

struct RequestLayout {
  std::size_t size = 0;                                                   // octets of UDP payload
  std::optional<std::size_t> class_of_service, follow_up, wstp, padding;  // offsets of the headers
  std::size_t wstp_entries = 0;
  Mode mode = Mode::Open;
  std::optional<std::size_t> direct, hmac;  // offsets of the headers
  std::vector<std::string> notes;           // what had no room, for the user
  std::vector<std::byte> octets;            // a complete probe with zero base fields

  // Whether a probe can carry a question about another session: the answer takes two places.
  bool can_ask() const { return wstp && wstp_entries >= Wstp::kAccountPlaces; }
};

// For a payload of `size` octets, or of the natural size (252: base, Class of Service, Follow-Up
// Telemetry, WSTP with eight entries). A smaller size leaves out from the end; a larger one is
// filled with Extra Padding of pseudo-random content (RFC 8972 4.1). Refuses sizes that no STAMP
// packet can have.
Result<RequestLayout> plan_request(std::optional<std::uint32_t> size);
RequestLayout bare_layout();  // 44 octets

// A TLV that a probe shall carry besides, with the value that its encoder wrote (wire/tlv_*.h).
struct AskedTlv {
  std::uint8_t type = 0;
  std::vector<std::byte> value;
  bool operator==(const AskedTlv&) const = default;
};

struct RequestPlan {
  std::optional<std::uint32_t> size;  // octets of UDP payload; absent: the natural one
  Mode mode = Mode::Open;
  // The HMAC TLV. Authenticated probes have it wherever they have TLVs to protect (RFC 8972 4.8).
  bool hmac = false;
  std::vector<AskedTlv> asked;  // in this order, before all others; refused where they do not fit
  bool usual = true;  // Class of Service, Follow-Up Telemetry and WSTP, as far as they fit
  // Octets of the Extra Padding, repeated; empty: pseudo-random (RFC 8972 4.1).
  std::vector<std::byte> padding_pattern;
};

// The natural size is that of all that is asked for: 252 octets by default, 340 authenticated.
Result<RequestLayout> plan_request(const RequestPlan& plan);

struct ProbeFields {
  std::uint32_t sequence = 0;
  std::uint64_t timestamp = 0;       // raw
  std::uint16_t error_estimate = 0;  // raw
  std::uint16_t ssid = 0;
  std::uint8_t dscp = 0;           // wanted in the reply
  std::optional<WstpToken> asked;  // what became of the session with this token?
  std::uint32_t sent = 0;          // S_TxC of Direct Measurement, this probe included
};

// Writes layout.size octets. The question is left out where the layout cannot ask. `key` is that of
// the session, where the layout has an HMAC of any kind.
void encode_probe(const RequestLayout& layout, const ProbeFields& fields, base::MutableBytes out,
                  const crypto::Hmac* key = nullptr);

}  // namespace wirestamp::wire
