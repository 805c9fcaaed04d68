// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Everything that can happen to a control connection, to a session and to a test packet has a
// counter, and each a row here with its words: what --stats, the API, its description, the metrics
// and docs/reflector.md show.
namespace wirestamp::twamp {

// Why a connection ended; each has a counter.
enum class Ending : std::uint8_t {
  Client,    // it closed, or the connection broke
  GivenUp,   // it found none of the modes offered to its liking
  Limit,     // too many connections
  Share,     // its address or network has as many as one may have
  Wait,      // SERVWAIT, or half a message
  GivenWay,  // it was not set up, or ran nothing, when others wanted its place
  BadMode,   // chose what was not offered
  BadKey,    // unknown KeyID, or another passphrase
  BadHmac,
  BadCommand,  // one that is not known, or not now
};
inline constexpr std::size_t kEndings = 10;

struct ServerCounters {
  std::uint64_t connections = 0;      // that were greeted, be it to say that there is no room
  std::uint64_t refused_clients = 0;  // not answered by the policy: disconnected without a word
  std::uint64_t keys_only = 0;        // greeted with the modes that want a key, no other place left
  std::array<std::uint64_t, kEndings> endings{};
  std::uint64_t requests = 0, accepted = 0, refused = 0;  // Request-TW-Session
  std::uint64_t refused_limit = 0;                        // of `refused`: for a limit
  std::uint64_t started = 0;                              // sessions
  std::uint64_t wrong_stop_counts = 0;  // Stop-Sessions with another number of sessions: tolerated

  std::uint64_t ended(Ending why) const { return endings[static_cast<std::size_t>(why)]; }
};

struct TestCounters {
  std::uint64_t requests = 0;                          // from the agreed sender, in its time
  std::uint64_t octets_received = 0, octets_sent = 0;  // of UDP payload; all that came, and replies
  std::uint64_t replies = 0;                           // handed to the system
  std::uint64_t send_failed = 0;
  std::uint64_t replies_dropped = 0;      // no room in the queue
  std::uint64_t receive_buffer_full = 0;  // found no room in a socket of ours
  std::uint64_t path_errors = 0;          // ICMP errors about replies: never acted on
  std::uint64_t stamps = 0;               // true transmit stamps obtained
  std::uint64_t strangers = 0;            // not from an agreed sender
  std::uint64_t early = 0;                // before Start-Ack
  std::uint64_t over_rate = 0;            // above the packets per second of one session
  std::uint64_t too_short = 0;
  std::uint64_t truncated = 0;
  std::uint64_t wrong_hmac = 0;
  std::uint64_t replies_ignored = 0;        // of another reflector: never reflected
  std::uint64_t sessions = 0, expired = 0;  // of these, REFWAIT ended so many
};

template <typename Counters>
struct Counter {
  std::string_view name;
  std::uint64_t (*value)(const Counters&);
  std::string_view meaning;
};

namespace counter_rows {

template <auto Member>
constexpr auto kOf = [](const auto& counters) { return counters.*Member; };
template <Ending Why>
constexpr auto kEnded = [](const ServerCounters& counters) { return counters.ended(Why); };

}  // namespace counter_rows

inline constexpr auto kServerCounters = [] {
  using counter_rows::kOf, counter_rows::kEnded;
  using Of = ServerCounters;
  return std::to_array<Counter<Of>>({
      {"connections", kOf<&Of::connections>, "control connections that were greeted"},
      {"refused_clients", kOf<&Of::refused_clients>,
       "connections from networks that are not answered: closed without a word"},
      {"keys_only", kOf<&Of::keys_only>,
       "connections that were offered modes with a key alone: the other places are taken"},
      {"closed_by_client", kEnded<Ending::Client>, "connections that the client closed or lost"},
      {"given_up", kEnded<Ending::GivenUp>, "connections whose client liked none of the modes"},
      {"over_limit", kEnded<Ending::Limit>, "connections for which there was no place"},
      {"over_share", kEnded<Ending::Share>,
       "connections of an address or network that has its share of them"},
      {"timed_out", kEnded<Ending::Wait>,
       "connections that said nothing for too long, or half a message"},
      {"gave_way", kEnded<Ending::GivenWay>,
       "connections that were not set up, or ran no session, when others wanted their place"},
      {"wrong_mode", kEnded<Ending::BadMode>, "connections that chose a mode not offered"},
      {"wrong_key", kEnded<Ending::BadKey>,
       "connections with an unknown key id or another passphrase"},
      {"bad_hmac", kEnded<Ending::BadHmac>, "connections with a message that is forged or broken"},
      {"bad_command", kEnded<Ending::BadCommand>,
       "connections with a command that is not known, or not in its place"},
      {"requests", kOf<&Of::requests>, "sessions asked for"},
      {"accepted", kOf<&Of::accepted>, "of those: agreed on"},
      {"refused", kOf<&Of::refused>, "of those: refused"},
      {"refused_limit", kOf<&Of::refused_limit>, "of those: for a limit"},
      {"started", kOf<&Of::started>, "sessions that were started"},
      {"wrong_stop_counts", kOf<&Of::wrong_stop_counts>,
       "stops that named a wrong number of sessions: done all the same"},
  });
}();
static_assert(sizeof(ServerCounters) == kServerCounters.size() * sizeof(std::uint64_t),
              "each is in the table");

inline constexpr auto kTestCounters = [] {
  using counter_rows::kOf;
  using Of = TestCounters;
  return std::to_array<Counter<Of>>({
      {"requests", kOf<&Of::requests>, "test packets of an agreed sender, in its session's time"},
      {"octets_received", kOf<&Of::octets_received>, "octets of UDP payload that came to sessions"},
      {"octets_sent", kOf<&Of::octets_sent>, "octets of UDP payload in replies"},
      {"replies", kOf<&Of::replies>, "replies handed to the system"},
      {"send_failed", kOf<&Of::send_failed>, "replies that the system did not take"},
      {"replies_dropped", kOf<&Of::replies_dropped>,
       "packets for whose reply there was no room in the queue"},
      {"receive_buffer_full", kOf<&Of::receive_buffer_full>,
       "packets that found no room in the socket: lost in this host, not on the way"},
      {"path_errors", kOf<&Of::path_errors>, "ICMP errors about replies: counted, never acted on"},
      {"stamps", kOf<&Of::stamps>, "replies whose true transmit stamp became known"},
      {"strangers", kOf<&Of::strangers>, "packets of others than the agreed sender"},
      {"early", kOf<&Of::early>, "packets before their session was started"},
      {"over_rate", kOf<&Of::over_rate>, "packets above the rate of one session"},
      {"too_short", kOf<&Of::too_short>, "packets shorter than the session's have to be"},
      {"truncated", kOf<&Of::truncated>, "packets longer than is read"},
      {"wrong_hmac", kOf<&Of::wrong_hmac>, "packets whose HMAC is wrong"},
      {"replies_ignored", kOf<&Of::replies_ignored>,
       "replies of another reflector: never reflected"},
      {"sessions", kOf<&Of::sessions>, "sessions that were opened"},
      {"expired", kOf<&Of::expired>, "of those: ended because nothing came for too long"},
  });
}();
static_assert(sizeof(TestCounters) == kTestCounters.size() * sizeof(std::uint64_t),
              "each is in the table");

static_assert(std::ranges::none_of(kServerCounters, &std::string_view::empty,
                                   &Counter<ServerCounters>::meaning) &&
                  std::ranges::none_of(kTestCounters, &std::string_view::empty,
                                       &Counter<TestCounters>::meaning),
              "a counter has no words");

// As its counter is called.
std::string_view name(Ending ending);

}  // namespace wirestamp::twamp
