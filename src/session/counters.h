// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Everything that can happen to a packet has a counter; nothing is dropped without one.
namespace wirestamp::session {

struct SenderCounters {
  std::uint64_t replies = 0;          // accepted, duplicates included
  std::uint64_t malformed = 0;        // shorter than a reply can be
  std::uint64_t other_address = 0;    // right port, wrong source address or port
  std::uint64_t other_ssid = 0;       // a non-zero SSID that is not ours
  std::uint64_t zero_ssid = 0;        // a reflector without RFC 8972; accepted
  std::uint64_t future_sequence = 0;  // answers a probe that was not sent yet
  std::uint64_t expired = 0;          // answers a probe forgotten long ago (replay, or very late)
  std::uint64_t mismatched_echo = 0;  // echoed timestamp or error estimate is not what was sent
  std::uint64_t bad_reflector_stamps = 0;    // T3 before T2
  std::uint64_t bad_timestamp = 0;           // not a legal instant in its format
  std::uint64_t error_estimate_missing = 0;  // multiplier 0
  std::uint64_t tlv_unrecognised = 0, tlv_malformed = 0, tlv_integrity = 0;
  std::uint64_t follow_up_rejected =
      0;  // not within 0-1 s after the reply's T3, or of another epoch
  std::uint64_t path_errors = 0, foreign_path_errors = 0;
  std::uint64_t reflector_restarts = 0;
  std::uint64_t requests_refused_by_peer = 0;  // told by the WSTP TLV
  std::uint64_t late_bursts = 0;               // not sent: this host was late
  std::uint64_t unmeasured = 0;                // extra probes that fetch the last stamps
};

struct ReflectorCounters {
  std::uint64_t requests = 0;  // recognised as requests
  std::uint64_t replies = 0;   // handed to the system
  std::uint64_t send_failed = 0;
  std::uint64_t send_buffer_full = 0;  // of those: too much waits for unresolved neighbours
  std::uint64_t stamps = 0;            // true transmit stamps obtained
  std::uint64_t too_short = 0;         // under 14 octets
  std::uint64_t short_unlisted = 0;    // 14 to 43 octets from an unlisted source
  std::uint64_t replies_ignored = 0;   // replies of other reflectors: never reflected
  std::uint64_t refused_prefix = 0;
  std::uint64_t refused_rate_source = 0, refused_rate_total = 0;
  std::uint64_t refused_destination = 0;  // multicast or broadcast
  std::uint64_t refused_source = 0;       // port 0, multicast, broadcast or our own port
  std::uint64_t truncated = 0;
  std::uint64_t tlv_unrecognised = 0, tlv_malformed = 0;
  std::uint64_t dscp_refused = 0;
  std::uint64_t sessions_created = 0, sessions_evicted = 0, stateless_replies = 0;
};

inline SenderCounters operator+(const SenderCounters& a, const SenderCounters& b) {
  using Values = std::array<std::uint64_t, sizeof(SenderCounters) / sizeof(std::uint64_t)>;
  const auto left = std::bit_cast<Values>(a), right = std::bit_cast<Values>(b);
  Values sum{};
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = left[i] + right[i];
  return std::bit_cast<SenderCounters>(sum);
}

// visit(name, value) for each counter.
template <typename Visit>
void for_each(const SenderCounters& counters, Visit&& visit) {
  visit(std::string_view("replies"), counters.replies);
  visit(std::string_view("malformed"), counters.malformed);
  visit(std::string_view("other_address"), counters.other_address);
  visit(std::string_view("other_ssid"), counters.other_ssid);
  visit(std::string_view("zero_ssid"), counters.zero_ssid);
  visit(std::string_view("future_sequence"), counters.future_sequence);
  visit(std::string_view("expired"), counters.expired);
  visit(std::string_view("mismatched_echo"), counters.mismatched_echo);
  visit(std::string_view("bad_reflector_stamps"), counters.bad_reflector_stamps);
  visit(std::string_view("bad_timestamp"), counters.bad_timestamp);
  visit(std::string_view("error_estimate_missing"), counters.error_estimate_missing);
  visit(std::string_view("tlv_unrecognised"), counters.tlv_unrecognised);
  visit(std::string_view("tlv_malformed"), counters.tlv_malformed);
  visit(std::string_view("tlv_integrity"), counters.tlv_integrity);
  visit(std::string_view("follow_up_rejected"), counters.follow_up_rejected);
  visit(std::string_view("path_errors"), counters.path_errors);
  visit(std::string_view("foreign_path_errors"), counters.foreign_path_errors);
  visit(std::string_view("reflector_restarts"), counters.reflector_restarts);
  visit(std::string_view("requests_refused_by_peer"), counters.requests_refused_by_peer);
  visit(std::string_view("late_bursts"), counters.late_bursts);
  visit(std::string_view("unmeasured"), counters.unmeasured);
}

template <typename Visit>
void for_each(const ReflectorCounters& counters, Visit&& visit) {
  visit(std::string_view("requests"), counters.requests);
  visit(std::string_view("replies"), counters.replies);
  visit(std::string_view("send_failed"), counters.send_failed);
  visit(std::string_view("send_buffer_full"), counters.send_buffer_full);
  visit(std::string_view("stamps"), counters.stamps);
  visit(std::string_view("too_short"), counters.too_short);
  visit(std::string_view("short_unlisted"), counters.short_unlisted);
  visit(std::string_view("replies_ignored"), counters.replies_ignored);
  visit(std::string_view("refused_prefix"), counters.refused_prefix);
  visit(std::string_view("refused_rate_source"), counters.refused_rate_source);
  visit(std::string_view("refused_rate_total"), counters.refused_rate_total);
  visit(std::string_view("refused_destination"), counters.refused_destination);
  visit(std::string_view("refused_source"), counters.refused_source);
  visit(std::string_view("truncated"), counters.truncated);
  visit(std::string_view("tlv_unrecognised"), counters.tlv_unrecognised);
  visit(std::string_view("tlv_malformed"), counters.tlv_malformed);
  visit(std::string_view("dscp_refused"), counters.dscp_refused);
  visit(std::string_view("sessions_created"), counters.sessions_created);
  visit(std::string_view("sessions_evicted"), counters.sessions_evicted);
  visit(std::string_view("stateless_replies"), counters.stateless_replies);
}

}  // namespace wirestamp::session
