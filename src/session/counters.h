// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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
  std::uint64_t other_token = 0;      // the session's state, but not its token: not believed
  std::uint64_t mismatched_echo = 0;  // echoed timestamp or error estimate is not what was sent
  std::uint64_t bad_reflector_stamps = 0;    // T3 before T2
  std::uint64_t bad_timestamp = 0;           // not a legal instant in its format
  std::uint64_t error_estimate_missing = 0;  // multiplier 0
  std::uint64_t tlv_unrecognised = 0, tlv_malformed = 0, tlv_integrity = 0;
  std::uint64_t auth_failed = 0;      // the HMAC of the reply is wrong
  std::uint64_t other_mode = 0;       // the peer's replies are open and ours authenticated, or so
  std::uint64_t swapped_stamps = 0;   // T1 and T3 in each other's place: not used
  std::uint64_t further_replies = 0;  // beyond the first, where type 12 asked for several
  std::uint64_t wrong_link = 0;       // RFC 9534: an ID in the reply is not ours, or not the peer's
  std::uint64_t follow_up_rejected =
      0;  // not within 0-1 s after the reply's T3, or of another epoch
  std::uint64_t path_errors = 0, foreign_path_errors = 0;
  std::uint64_t reflector_restarts = 0;
  std::uint64_t requests_refused_by_peer = 0;  // told by the WSTP TLV
  std::uint64_t receive_buffer_full = 0;       // to our port, and found no room in its socket
  std::uint64_t late_bursts = 0;               // not sent: this host was late
  std::uint64_t unmeasured = 0;                // extra probes that fetch the last stamps
};

struct ReflectorCounters {
  std::uint64_t requests = 0;                          // recognised as requests
  std::uint64_t octets_received = 0, octets_sent = 0;  // of UDP payload; requests and replies
  std::uint64_t replies = 0;                           // handed to the system
  std::uint64_t send_failed = 0;
  std::uint64_t send_buffer_full = 0;     // of those: too much waits for unresolved neighbours
  std::uint64_t replies_dropped = 0;      // no room in the queue
  std::uint64_t receive_buffer_full = 0;  // requests that found no room in a socket of ours
  std::uint64_t path_errors = 0;          // ICMP errors about replies: never acted on
  std::uint64_t stamps = 0;               // true transmit stamps obtained
  std::uint64_t too_short = 0;            // under 14 octets
  std::uint64_t short_unlisted = 0;       // 14 to 43 octets from an unlisted source
  std::uint64_t replies_ignored = 0;      // replies of other reflectors: never reflected
  std::uint64_t refused_prefix = 0;
  std::uint64_t refused_unauthenticated = 0;
  std::uint64_t refused_rate_source = 0, refused_rate_network = 0, refused_rate_total = 0;
  std::uint64_t refused_destination = 0;  // multicast or broadcast
  std::uint64_t refused_source = 0;       // port 0, multicast, broadcast or our own port
  std::uint64_t refused_loop = 0;         // it brings back a stamp of our own
  std::uint64_t truncated = 0;
  std::uint64_t tlv_unrecognised = 0, tlv_malformed = 0;
  std::uint64_t tlv_integrity = 0;  // the HMAC over the TLVs is wrong (I)
  std::uint64_t dscp_refused = 0;
  // Where a key is configured (session/authenticator.h).
  std::uint64_t auth_verified = 0;    // authentic
  std::uint64_t auth_failed = 0;      // the HMAC is wrong
  std::uint64_t auth_missing = 0;     // in the open mode, from a peer that a key is for
  std::uint64_t auth_no_key = 0;      // authenticated, it seems, from a peer that no key is for
  std::uint64_t auth_replayed = 0;    // seen before, or so old that nobody can tell
  std::uint64_t tlv_unfulfilled = 0;  // understood, and policy or this system cannot (C)
  std::uint64_t reply_unwanted = 0;   // RFC 9503: the request asked for no reply
  std::uint64_t wrong_link = 0;       // RFC 9534: a request for another member link
  std::uint64_t access_reports = 0;   // requests with one (RFC 8972 4.6)
  std::uint64_t further_replies = 0;  // type 12: beyond the first one of a request
  // Answers to the question what became of a session.
  std::uint64_t accounts_told = 0, unknown_tokens = 0;
  std::uint64_t sessions_created = 0, sessions_evicted = 0, stateless_replies = 0;
};

template <typename Counters>
struct Counter {
  std::string_view name;
  std::uint64_t Counters::* value;
};

inline constexpr std::array kSenderCounters{
    Counter<SenderCounters>{"replies", &SenderCounters::replies},
    Counter<SenderCounters>{"malformed", &SenderCounters::malformed},
    Counter<SenderCounters>{"other_address", &SenderCounters::other_address},
    Counter<SenderCounters>{"other_ssid", &SenderCounters::other_ssid},
    Counter<SenderCounters>{"zero_ssid", &SenderCounters::zero_ssid},
    Counter<SenderCounters>{"future_sequence", &SenderCounters::future_sequence},
    Counter<SenderCounters>{"expired", &SenderCounters::expired},
    Counter<SenderCounters>{"other_token", &SenderCounters::other_token},
    Counter<SenderCounters>{"mismatched_echo", &SenderCounters::mismatched_echo},
    Counter<SenderCounters>{"bad_reflector_stamps", &SenderCounters::bad_reflector_stamps},
    Counter<SenderCounters>{"bad_timestamp", &SenderCounters::bad_timestamp},
    Counter<SenderCounters>{"error_estimate_missing", &SenderCounters::error_estimate_missing},
    Counter<SenderCounters>{"tlv_unrecognised", &SenderCounters::tlv_unrecognised},
    Counter<SenderCounters>{"tlv_malformed", &SenderCounters::tlv_malformed},
    Counter<SenderCounters>{"tlv_integrity", &SenderCounters::tlv_integrity},
    Counter<SenderCounters>{"auth_failed", &SenderCounters::auth_failed},
    Counter<SenderCounters>{"other_mode", &SenderCounters::other_mode},
    Counter<SenderCounters>{"swapped_stamps", &SenderCounters::swapped_stamps},
    Counter<SenderCounters>{"further_replies", &SenderCounters::further_replies},
    Counter<SenderCounters>{"wrong_link", &SenderCounters::wrong_link},
    Counter<SenderCounters>{"follow_up_rejected", &SenderCounters::follow_up_rejected},
    Counter<SenderCounters>{"path_errors", &SenderCounters::path_errors},
    Counter<SenderCounters>{"foreign_path_errors", &SenderCounters::foreign_path_errors},
    Counter<SenderCounters>{"reflector_restarts", &SenderCounters::reflector_restarts},
    Counter<SenderCounters>{"requests_refused_by_peer", &SenderCounters::requests_refused_by_peer},
    Counter<SenderCounters>{"receive_buffer_full", &SenderCounters::receive_buffer_full},
    Counter<SenderCounters>{"late_bursts", &SenderCounters::late_bursts},
    Counter<SenderCounters>{"unmeasured", &SenderCounters::unmeasured},
};
static_assert(sizeof(SenderCounters) == kSenderCounters.size() * sizeof(std::uint64_t),
              "each is in the table");

inline constexpr std::array kReflectorCounters{
    Counter<ReflectorCounters>{"requests", &ReflectorCounters::requests},
    Counter<ReflectorCounters>{"octets_received", &ReflectorCounters::octets_received},
    Counter<ReflectorCounters>{"octets_sent", &ReflectorCounters::octets_sent},
    Counter<ReflectorCounters>{"replies", &ReflectorCounters::replies},
    Counter<ReflectorCounters>{"send_failed", &ReflectorCounters::send_failed},
    Counter<ReflectorCounters>{"send_buffer_full", &ReflectorCounters::send_buffer_full},
    Counter<ReflectorCounters>{"replies_dropped", &ReflectorCounters::replies_dropped},
    Counter<ReflectorCounters>{"receive_buffer_full", &ReflectorCounters::receive_buffer_full},
    Counter<ReflectorCounters>{"path_errors", &ReflectorCounters::path_errors},
    Counter<ReflectorCounters>{"stamps", &ReflectorCounters::stamps},
    Counter<ReflectorCounters>{"too_short", &ReflectorCounters::too_short},
    Counter<ReflectorCounters>{"short_unlisted", &ReflectorCounters::short_unlisted},
    Counter<ReflectorCounters>{"replies_ignored", &ReflectorCounters::replies_ignored},
    Counter<ReflectorCounters>{"refused_prefix", &ReflectorCounters::refused_prefix},
    Counter<ReflectorCounters>{"refused_unauthenticated",
                               &ReflectorCounters::refused_unauthenticated},
    Counter<ReflectorCounters>{"refused_rate_source", &ReflectorCounters::refused_rate_source},
    Counter<ReflectorCounters>{"refused_rate_network", &ReflectorCounters::refused_rate_network},
    Counter<ReflectorCounters>{"refused_rate_total", &ReflectorCounters::refused_rate_total},
    Counter<ReflectorCounters>{"refused_destination", &ReflectorCounters::refused_destination},
    Counter<ReflectorCounters>{"refused_source", &ReflectorCounters::refused_source},
    Counter<ReflectorCounters>{"refused_loop", &ReflectorCounters::refused_loop},
    Counter<ReflectorCounters>{"truncated", &ReflectorCounters::truncated},
    Counter<ReflectorCounters>{"tlv_unrecognised", &ReflectorCounters::tlv_unrecognised},
    Counter<ReflectorCounters>{"tlv_malformed", &ReflectorCounters::tlv_malformed},
    Counter<ReflectorCounters>{"tlv_integrity", &ReflectorCounters::tlv_integrity},
    Counter<ReflectorCounters>{"dscp_refused", &ReflectorCounters::dscp_refused},
    Counter<ReflectorCounters>{"auth_verified", &ReflectorCounters::auth_verified},
    Counter<ReflectorCounters>{"auth_failed", &ReflectorCounters::auth_failed},
    Counter<ReflectorCounters>{"auth_missing", &ReflectorCounters::auth_missing},
    Counter<ReflectorCounters>{"auth_no_key", &ReflectorCounters::auth_no_key},
    Counter<ReflectorCounters>{"auth_replayed", &ReflectorCounters::auth_replayed},
    Counter<ReflectorCounters>{"tlv_unfulfilled", &ReflectorCounters::tlv_unfulfilled},
    Counter<ReflectorCounters>{"reply_unwanted", &ReflectorCounters::reply_unwanted},
    Counter<ReflectorCounters>{"wrong_link", &ReflectorCounters::wrong_link},
    Counter<ReflectorCounters>{"access_reports", &ReflectorCounters::access_reports},
    Counter<ReflectorCounters>{"further_replies", &ReflectorCounters::further_replies},
    Counter<ReflectorCounters>{"accounts_told", &ReflectorCounters::accounts_told},
    Counter<ReflectorCounters>{"unknown_tokens", &ReflectorCounters::unknown_tokens},
    Counter<ReflectorCounters>{"sessions_created", &ReflectorCounters::sessions_created},
    Counter<ReflectorCounters>{"sessions_evicted", &ReflectorCounters::sessions_evicted},
    Counter<ReflectorCounters>{"stateless_replies", &ReflectorCounters::stateless_replies},
};
static_assert(sizeof(ReflectorCounters) == kReflectorCounters.size() * sizeof(std::uint64_t),
              "each is in the table");

inline SenderCounters operator+(SenderCounters sum, const SenderCounters& other) {
  for (const auto& counter : kSenderCounters) sum.*counter.value += other.*counter.value;
  return sum;
}

// visit(name, value) for each counter.
template <typename Visit>
void for_each(const SenderCounters& counters, Visit&& visit) {
  for (const auto& counter : kSenderCounters) visit(counter.name, counters.*counter.value);
}

template <typename Visit>
void for_each(const ReflectorCounters& counters, Visit&& visit) {
  for (const auto& counter : kReflectorCounters) visit(counter.name, counters.*counter.value);
}

}  // namespace wirestamp::session
