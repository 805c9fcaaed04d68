// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "session/counters.h"
#include "time/duration.h"
#include "time/timestamp.h"
#include "wire/reply_tlvs.h"
#include "wire/stamp_auth.h"
#include "wire/time_format.h"
#include "wire/wstp.h"

// A reply, taken apart: what the sender believes of its octets. Knows no state.
namespace wirestamp::session {

// One earlier reply and when it truly left.
struct TrueTransmit {
  std::uint32_t reflector_sequence = 0;
  std::optional<std::uint32_t> sender_sequence;  // the Follow-Up TLV does not say
  std::optional<Timestamp> departed;             // absent: the reflector got no stamp for it
};

// The WSTP TLV (wire/wstp.h).
struct ReflectorState {
  std::uint64_t epoch = 0;
  std::array<std::byte, 16> token{};
  std::uint32_t dropped_by_policy = 0;
  bool stopping = false;
  bool stateless = false;
};

struct Reply {
  std::uint32_t reflector_sequence = 0;
  std::uint32_t sender_sequence = 0;
  std::uint16_t ssid = 0;
  std::uint64_t echoed_timestamp = 0;               // raw, as on the wire
  std::uint16_t echoed_error_estimate = 0;          // raw
  bool error_estimate_echoed = true;                // false: the reply is too short for it
  std::uint64_t raw_transmitted = 0;                // the Timestamp (T3), as on the wire
  bool error_estimated = true;                      // false: its multiplier is 0
  Duration tai_minus_utc;                           // that PTP stamps were read with
  bool swapped = false;                             // T1 and T3 stand in each other's place
  wire::TimeFormat format = wire::TimeFormat::Ntp;  // of T2 and T3
  std::size_t size = 0;                             // octets of UDP payload
  // T2 and T3; absent: no legal instant. Their error is known when their source is.
  std::optional<Timestamp> received, transmitted;
  std::optional<Duration> clock_error;  // of the reflector's clock, when it is synchronised
  // Session-Sender TTL; absent in replies below 41 octets.
  std::optional<std::uint8_t> request_hop_limit;
  std::optional<std::uint8_t> request_traffic_class;  // Class of Service TLV
  bool class_refused = false;  // its RP: the reply does not have the DSCP that was asked for
  std::optional<ReflectorState> state;
  std::optional<wire::WstpAccount> account;  // the answer to a question in the request
  std::array<TrueTransmit, 9>
      true_transmits;  // Follow-Up first where present, then WSTP, newest first
  std::size_t true_transmit_count = 0;
  bool follow_up_capable = false;  // the peer understood Follow-Up or WSTP and keeps state
  // All of them. Nothing is read where there is no SSID: that peer knows no RFC 8972.
  bool tlvs_read = false;
  wire::ReplyTlvs tlvs;
};

// Replies of some TWAMP Light reflectors end behind the Session-Sender Timestamp.
inline constexpr std::size_t kShortestTolerated = 36;

// Counts what is odd in `counters`; absent when it is no reply at all. `now` resolves the era of
// the wire timestamps, `tai_minus_utc_s` the PTP ones. `mode` is the session's; of an authenticated
// one the caller has asked wire::authentic(), and has the key.
struct ReplyMode {
  wire::Mode mode = wire::Mode::Open;
  const crypto::Hmac* key = nullptr;
  bool hmac_required = false;  // Open: no TLV is believed without an HMAC TLV
};
std::optional<Reply> parse_reply(base::Bytes octets, WallTime now, int tai_minus_utc_s,
                                 SenderCounters& counters, const ReplyMode& mode = {});

}  // namespace wirestamp::session
