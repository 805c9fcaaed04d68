// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Everything that can happen to a packet has a counter; nothing is dropped without one.
namespace wirestamp::session {

struct SenderCounters {
  std::uint64_t replies = 0;            // accepted, duplicates included
  std::uint64_t malformed = 0;          // shorter than a reply can be
  std::uint64_t other_address = 0;      // right port, wrong source address or port
  std::uint64_t other_ssid = 0;         // a non-zero SSID that is not ours
  std::uint64_t zero_ssid = 0;          // a reflector without RFC 8972; accepted
  std::uint64_t future_sequence = 0;    // answers a probe that was not sent yet
  std::uint64_t expired = 0;            // answers a probe forgotten long ago (replay, or very late)
  std::uint64_t mismatched_echo = 0;    // echoed timestamp or error estimate is not what was sent
  std::uint64_t bad_reflector_stamps = 0;  // T3 before T2
  std::uint64_t bad_timestamp = 0;      // not a legal instant in its format
  std::uint64_t error_estimate_missing = 0;  // multiplier 0
  std::uint64_t tlv_unrecognised = 0, tlv_malformed = 0, tlv_integrity = 0;
  std::uint64_t follow_up_rejected = 0;  // not within 0-1 s after the reply's T3, or of another epoch
  std::uint64_t path_errors = 0, foreign_path_errors = 0;
  std::uint64_t reflector_restarts = 0;
  std::uint64_t requests_refused_by_peer = 0;  // told by the WSTP TLV
  std::uint64_t unmeasured = 0;          // extra probes that fetch the last stamps
};

struct ReflectorCounters {
  std::uint64_t requests = 0;            // recognised as requests
  std::uint64_t replies = 0;             // handed to the system
  std::uint64_t send_failed = 0;
  std::uint64_t stamps = 0;              // true transmit stamps obtained
  std::uint64_t too_short = 0;           // under 14 octets
  std::uint64_t short_unlisted = 0;      // 14 to 43 octets from an unlisted source
  std::uint64_t replies_ignored = 0;     // replies of other reflectors: never reflected
  std::uint64_t refused_prefix = 0;
  std::uint64_t refused_rate_source = 0, refused_rate_total = 0;
  std::uint64_t refused_destination = 0;  // multicast or broadcast
  std::uint64_t refused_source = 0;       // port 0, multicast or our own port
  std::uint64_t truncated = 0;
  std::uint64_t tlv_unrecognised = 0, tlv_malformed = 0;
  std::uint64_t dscp_refused = 0;
  std::uint64_t sessions_created = 0, sessions_evicted = 0, stateless_replies = 0;
};

}  // namespace wirestamp::session
