// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "session/counters.h"

// What each counter of the reflector counts, for people: --stats, the API's description and
// docs/reflector.md show these words.
namespace wirestamp::session {

struct CounterWords {
  std::string_view name, meaning;
};

inline constexpr auto kReflectorCounterWords = std::to_array<CounterWords>({
    {"requests", "requests that came in, answered or not"},
    {"octets_received", "octets of UDP payload that came in as requests"},
    {"octets_sent", "octets of UDP payload in replies"},
    {"replies", "replies handed to the system"},
    {"send_failed", "replies that the system did not take"},
    {"send_buffer_full", "of those: too much waits for neighbours that do not answer"},
    {"replies_dropped", "replies for which there was no room in the queue"},
    {"receive_buffer_full",
     "packets that found no room in the socket: lost in this host, not on the way"},
    {"path_errors", "ICMP errors about replies: counted, never acted on"},
    {"stamps", "replies whose true transmit stamp became known"},
    {"too_short", "packets under 14 octets"},
    {"short_unlisted", "requests of 14 to 43 octets from sources that are not listed"},
    {"replies_ignored", "replies of reflectors that nobody here asked for: never reflected"},
    {"refused_prefix", "requests from networks that are not answered"},
    {"refused_unauthenticated", "requests that prove no key where one is wanted"},
    {"refused_rate_source", "requests above the rate of one address"},
    {"refused_rate_network", "requests above the rate of one network"},
    {"refused_rate_total", "requests above the rate of all together"},
    {"refused_destination", "requests to a multicast or broadcast address"},
    {"refused_source", "requests from port 0, a group, a broadcast address or a port of our own"},
    {"refused_loop",
     "packets that bring back a stamp of our own: another reflector's answer to a reply"},
    {"truncated", "packets longer than is read"},
    {"tlv_unrecognised", "TLVs of a type that is not understood"},
    {"tlv_malformed", "replies with a TLV of a length that it cannot have"},
    {"tlv_integrity", "requests whose TLVs have no HMAC that is right, where one is needed"},
    {"dscp_refused", "replies without the DSCP that was asked for"},
    {"auth_verified", "requests whose HMAC is right"},
    {"auth_failed", "requests whose HMAC is wrong, where a key is configured for their source"},
    {"auth_missing", "requests in the open mode, where a key is configured for their source"},
    {"auth_no_key", "requests that seem authenticated, where no key is: answered in the open mode"},
    {"auth_replayed", "authentic requests that were seen before, or are too old to tell"},
    {"tlv_unfulfilled", "TLVs that are understood, and policy or this system cannot do"},
    {"reply_unwanted", "requests that asked for no reply"},
    {"wrong_link", "requests for another member link than the one that they came by"},
    {"access_reports", "requests with a report of an access network"},
    {"further_replies", "replies beyond the first one of a request that asked for several"},
    {"accounts_told", "questions what became of a session that were answered"},
    {"unknown_tokens", "such questions about a session that there is not"},
    {"sessions_created", "sessions that began"},
    {"sessions_evicted", "sessions that were forgotten for others"},
    {"stateless_replies", "replies without a session: there was no room for it"},
});

// Empty when there are none.
constexpr std::string_view reflector_counter_words(std::string_view counter) {
  const auto* const found = std::ranges::find(kReflectorCounterWords, counter, &CounterWords::name);
  return found == kReflectorCounterWords.end() ? std::string_view() : found->meaning;
}

static_assert(std::ranges::none_of(kReflectorCounters,
                                   [](const Counter<ReflectorCounters>& counter) {
                                     return reflector_counter_words(counter.name).empty();
                                   }),
              "a counter of the reflector has no words here");
static_assert(kReflectorCounterWords.size() == kReflectorCounters.size(),
              "there are words for a counter that does not exist, or twice");

}  // namespace wirestamp::session
