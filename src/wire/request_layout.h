// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/wstp.h"

// What stands where in a probe: planned once per session, so that writing a probe touches few
// octets.
namespace wirestamp::wire {

struct RequestLayout {
  std::size_t size = 0;                                                   // octets of UDP payload
  std::optional<std::size_t> class_of_service, follow_up, wstp, padding;  // offsets of the headers
  std::size_t wstp_entries = 0;
  std::vector<std::string> notes;  // what had no room, for the user
  std::vector<std::byte> octets;   // a complete probe with zero base fields

  // Whether a probe can carry a question about another session: the answer takes two places.
  bool can_ask() const { return wstp && wstp_entries >= Wstp::kAccountPlaces; }
};

// For a payload of `size` octets, or of the natural size (252: base, Class of Service, Follow-Up
// Telemetry, WSTP with eight entries). A smaller size leaves out from the end; a larger one is
// filled with Extra Padding of pseudo-random content (RFC 8972 4.1). Refuses sizes that no STAMP
// packet can have.
Result<RequestLayout> plan_request(std::optional<std::uint32_t> size);
RequestLayout bare_layout();  // 44 octets

struct ProbeFields {
  std::uint32_t sequence = 0;
  std::uint64_t timestamp = 0;       // raw
  std::uint16_t error_estimate = 0;  // raw
  std::uint16_t ssid = 0;
  std::uint8_t dscp = 0;           // wanted in the reply
  std::optional<WstpToken> asked;  // what became of the session with this token?
};

// Writes layout.size octets. The question is left out where the layout cannot ask.
void encode_probe(const RequestLayout& layout, const ProbeFields& fields, base::MutableBytes out);

}  // namespace wirestamp::wire
