// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "wire/tlv.h"
#include "wire/tlv_control.h"
#include "wire/tlv_hmac.h"
#include "wire/tlv_location.h"
#include "wire/tlv_return_path.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

// The reflector's answer in TLVs: a pure function of the request, what the reflector knows and its
// policy. wire/reflect_packet.h does the same for whole packets.
namespace wirestamp::wire {

// What holds for all requests of a reflector, or of a session. A TLV that is switched off here is
// answered as a type that is not known (U), but see `control`.
struct TlvPolicy {
  // Whether an address of this host lies in a prefix: Destination Node Address (RFC 9503 3) and
  // Layer 3 groups. Empty: Destination Node Address is not understood.
  std::function<bool(const packet::Prefix&)> own;
  std::optional<ReturnPathPolicy> return_path;  // absent: not understood
  // Type 12. Absent: understood and never done (C), as the draft wants of a default.
  std::optional<ControlPolicy> control;
  // DSCP that a request may ask for, bit n for n; 0 and the request's own always.
  std::uint64_t permitted_dscp = ~std::uint64_t{0};
  bool cos_ecn = false;  // draft-ietf-ippm-stamp-cos-ecn: EC1 is done
  bool drafts = false;   // wire/tlv_drafts.h
};

// RFC 8972 4.5: the packets counted by default are the session's own, this one and its reply
// included.
struct DirectCounters {
  std::uint32_t received = 0, sent = 0;
};

// What a reflector has to say in TLVs.
struct TlvAnswers {
  std::uint8_t received_traffic_class = 0;
  // The largest DSCP that policy lets into the header of the reply.
  std::uint8_t highest_dscp = 63;
  std::uint64_t reply_dscp = ~std::uint64_t{0};  // and which of those, bit n for n; 0 always
  bool may_reply_with(std::uint8_t dscp) const {
    return dscp == 0 || (dscp <= highest_dscp && (reply_dscp >> dscp & 1U) != 0);
  }
  TimestampInformation timestamp_information;
  std::optional<FollowUpTelemetry> follow_up;  // absent: stateless, or nothing to tell yet (zeros)
  std::optional<Wstp> wstp;                    // absent: type 251 is unknown here
  // What became of the session with this token, before this request; nullopt: there is none. Called
  // at most once per request. Empty: questions are not understood here.
  std::function<std::optional<WstpAccount>(const WstpToken&)> account_of;

  // Absent: the TLV is not understood.
  std::optional<LocationAnswer> location;
  std::optional<DirectCounters> direct;
  bool access_reports = false;
  std::optional<std::uint16_t> micro_session;  // of the link or session here

  TlvIntegrity integrity;
  std::uint32_t request_sequence = 0, reply_sequence = 0;  // what the HMAC TLVs cover

  const TlvPolicy* policy = nullptr;  // the caller's; null: types 9, 10, 12 and drafts are unknown
  bool sequence_rose = true;          // against an earlier request; else type 12 is refused (U)
  std::optional<MacAddress> own_mac;  // for Layer 2 groups
  // The IP headers of the request, for the drafts; empty where the system does not tell them.
  std::span<const base::Bytes> extension_headers, fixed_headers;
};

// Why a request gets no reply. It is a wish or a rule of a TLV, no failure.
enum class Silence : std::uint8_t {
  None,
  ReturnPath,    // RFC 9503 4.1.1: no reply asked for
  MicroSession,  // RFC 9534 3: it came over another link than it was sent for
  Control,       // type 12: number 0, or a group that we are not in
};

// Type 12, granted: so many replies, each numbered and stamped for itself.
struct Burst {
  std::uint16_t count = 1;
  Duration interval;
  bool operator==(const Burst&) const = default;
};

struct TlvOutcome {
  std::uint8_t dscp = 0;  // for the header of the reply
  bool dscp_refused = false;
  unsigned unrecognised = 0;
  bool malformed = false;
  bool asked = false;  // a WSTP TLV had a question, and it was answered: with an account if `told`,
  bool told = false;   // else with "unknown token"

  std::size_t size = 0;           // octets of the reply's area; the request's, but for type 12
  std::uint8_t ecn = 0;           // for the header of the reply (cos_ecn)
  bool integrity_failed = false;  // I in all of them, and nothing was done
  unsigned unfulfilled = 0;       // C
  Silence silence = Silence::None;
  std::optional<std::size_t> hmac;  // header of the reply's HMAC TLV in the area, to be renumbered
  std::optional<packet::IpAddress> source;       // RFC 9503 3: of the reply, where it can be had
  std::optional<packet::IpAddress> destination;  // RFC 9503 4.1.2: of the reply
  bool same_link = false;                        // RFC 9503 4.1.1: by the interface it came by
  std::optional<AccessReport> access_report;
  std::optional<Burst> burst;
};

// The most octets that reflect_tlvs() may write for a request's area of that size.
std::size_t reply_room(std::size_t request_size, const TlvPolicy* policy);

// RFC 8972 4: the reply's TLVs from the request's, octet for octet the same length (a granted type
// 12 is the exception). `reply` holds at least reply_room() octets and does not overlap the
// request. Where the first flags are without U, an open request carries the padding of a sender
// that speaks no TLVs (TWAMP Light), which comes back unchanged.
TlvOutcome reflect_tlvs(base::Bytes request, const TlvAnswers& answers, base::MutableBytes reply);

}  // namespace wirestamp::wire
