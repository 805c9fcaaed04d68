// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "wire/tlv.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

namespace wirestamp::wire {

// What a reflector has to say in TLVs.
struct TlvAnswers {
  std::uint8_t received_traffic_class = 0;
  // The largest DSCP that policy lets into the header of the reply.
  std::uint8_t highest_dscp = 63;
  TimestampInformation timestamp_information;
  std::optional<FollowUpTelemetry> follow_up;  // absent: stateless, or nothing to tell yet (zeros)
  std::optional<Wstp> wstp;                    // absent: type 251 is unknown here
  // What became of the session with this token, before this request; nullopt: there is none. Called
  // at most once per request. Empty: questions are not understood here.
  std::function<std::optional<WstpAccount>(const WstpToken&)> account_of;
};

struct TlvOutcome {
  std::uint8_t dscp = 0;  // for the header of the reply
  bool dscp_refused = false;
  unsigned unrecognised = 0;
  bool malformed = false;
  bool asked = false;  // a WSTP TLV had a question, and it was answered: with an account if `told`,
  bool told = false;   // else with "unknown token"
};

// RFC 8972 4: the reply's TLVs from the request's, octet for octet the same length. `reply` holds
// at least request.size() octets. Where the first flags are not U alone, the request carries the
// padding of a sender that speaks no TLVs (TWAMP Light), which comes back unchanged.
TlvOutcome reflect_tlvs(base::Bytes request, const TlvAnswers& answers, base::MutableBytes reply);

}  // namespace wirestamp::wire
