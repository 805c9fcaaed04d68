// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "time/duration.h"

// Every bound of a TWAMP server and client in one place (RFC 4656 6: limits are a must).
namespace wirestamp::twamp {

struct Limits {
  std::size_t connections = 64;
  std::size_t connections_per_address = 8;  // IPv6: per /64
  std::size_t sessions_per_connection = 32;
  std::size_t sessions = 512;  // those that were stopped and still reflect included
  // Of strangers: clients that are not listed and have not proved a key. What is left of all is for
  // the others. A network is an IPv4 /24 or an IPv6 /48.
  std::size_t strangers = 48;
  std::size_t strangers_per_network = 24;
  std::size_t stranger_sessions = 384;
  std::size_t stranger_sessions_per_network = 192;
  std::size_t stranger_sessions_per_address = 128;
  std::uint32_t padding = 9'000 - 28 - 48;
  std::uint32_t packets_per_second = 1'000;  // of one session; above they are dropped and counted
  Duration timeout = Duration::seconds(60);  // what a client may ask for
  Duration server_wait = Duration::seconds(900);   // SERVWAIT: a connection without any message
  Duration reflect_wait = Duration::seconds(900);  // REFWAIT: a session without any packet
  Duration message_wait = Duration::seconds(30);   // a message that began and does not end
  // When all places are taken, a stranger that is not set up after the first of these gives way to
  // a newcomer, and one that is, but runs no session, that long after it last said something. When
  // an address has its share, anybody's there gives way so to a newcomer of the same address.
  Duration set_up_grace = Duration::seconds(2), idle_grace = Duration::seconds(60);
};

// What a server may ask of a client's processor: rounds of PBKDF2 (RFC 4656 6.4).
inline constexpr std::uint32_t kMostRounds = 32'768;
inline constexpr std::uint32_t kRounds = 1'024;  // what ours asks

}  // namespace wirestamp::twamp
