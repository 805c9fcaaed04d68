// SPDX-License-Identifier: Apache-2.0
//
// One request, one reply, as octets (RFC 8762 4.3, RFC 8972 4): what the reflector knows goes in as
// plain values, and what is left to do with the reply comes out. The transmit stamp is not among
// them: stamp_reply() writes it last, so that it is read as late as possible.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "wire/reflect.h"
#include "wire/stamp.h"
#include "wire/stamp_auth.h"

namespace wirestamp::wire {

// The session of the request, as far as its packets depend on it.
struct ReflectMode {
  Mode mode = Mode::Open;
  const crypto::Hmac* key = nullptr;  // the caller's; Authenticated has one. Open: the HMAC TLV's
  bool hmac_required = false;         // Open: TLVs without an HMAC TLV are refused (I)
  // False: a peer of TWAMP Light, or policy: all behind the base packet is returned as it came.
  bool extensions = true;
  bool error_estimate_needed = false;  // RFC 4656 4.1.2: drop requests whose Multiplier is 0
};

enum class RequestVerdict : std::uint8_t {
  Good,
  TooShort,         // below 14 octets, or below 112 authenticated
  AuthFailed,       // RFC 8762 4.4.1: discarded in silence
  NoErrorEstimate,  // see error_estimate_needed
};

// Takes the request apart, and believes it only when it is authentic. `asked` is what it says when
// it is Good.
struct CheckedRequest {
  RequestVerdict verdict = RequestVerdict::TooShort;
  RequestBase asked;
};
CheckedRequest check_request(base::Bytes request, const ReflectMode& mode);

// What the base packet of the reply tells besides copies of the request.
struct ReplyKnowledge {
  std::uint32_t sequence = 0;           // the session's counter, or the request's own: stateless
  std::uint64_t receive_timestamp = 0;  // T2, raw
  std::uint8_t ttl = 255;               // of the request as received; 255: not known
};

struct ReflectedPacket {
  std::size_t size = 0;  // octets of the reply; 44 for a shorter open request, else the request's
  TlvOutcome tlvs;       // tlvs.silence: why there shall be no reply
};

// Writes everything but the stamp. `checked` is Good and of the same request; of `answers`,
// integrity and both sequence numbers are filled in here. `reply` holds at least packet_room()
// octets and does not overlap the request.
ReflectedPacket reflect_packet(base::Bytes request, const CheckedRequest& checked,
                               const ReflectMode& mode, const ReplyKnowledge& knowledge,
                               TlvAnswers& answers, base::MutableBytes reply);
std::size_t packet_room(std::size_t request_size, const TlvPolicy* policy);

// Makes it a packet: T3, the Error Estimate of T3 and T2, and in authenticated mode the HMAC.
void stamp_reply(base::MutableBytes reply, const ReflectMode& mode, std::uint64_t timestamp,
                 std::uint16_t error_estimate);

// For the further replies of a burst (type 12): another number in the base packet and in the HMAC
// TLV. stamp_reply() follows.
void number_reply(base::MutableBytes reply, const ReflectMode& mode, const TlvOutcome& tlvs,
                  std::uint32_t sequence);

}  // namespace wirestamp::wire
