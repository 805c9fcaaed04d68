// SPDX-License-Identifier: Apache-2.0
//
// Messages of TWAMP-Control (RFC 5357 3, RFC 4656 3; RFC 5938, 6038), in the clear: in
// authenticated, encrypted and mixed mode a ControlStream (wire/twamp_keys.h) goes over them. A
// message's last 16 octets are its HMAC, which encoders leave zero and decoders do not read.
// Encoders write exactly kSize octets, decoders are given as many; what must be zero is written so
// and not read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "packet/address.h"
#include "wire/twamp_keys.h"

namespace wirestamp::wire {

enum class TwampCommand : std::uint8_t {
  StartSessions = 2,
  StopSessions = 3,
  RequestSession = 5,
  StartNSessions = 7,
  StartNAck = 8,
  StopNSessions = 9,
  StopNAck = 10,
};

// RFC 4656 3.3; RFC 7717 for 6. Others are read as Failure.
enum class Accept : std::uint8_t {
  Ok = 0,
  Failure = 1,
  InternalError = 2,
  NotSupported = 3,
  PermanentLimit = 4,
  TemporaryLimit = 5,
  NoSecurityAssociation = 6,
};
Accept accept_from(std::byte octet);

struct ServerGreeting {
  static constexpr std::size_t kSize = 64;
  std::uint32_t modes = 0;  // offered; 0: not willing
  Block16 challenge{}, salt{};
  std::uint32_t count = 1024;  // of PBKDF2: a power of 2, at least 1,024

  void encode(base::MutableBytes out) const;
  static ServerGreeting decode(base::Bytes octets);
  bool operator==(const ServerGreeting&) const = default;
};

struct SetUpResponse {
  static constexpr std::size_t kSize = 164, kMostKeyId = 80;
  std::uint32_t mode = 0;  // one of the security modes and features; 0: the client gives up
  std::string key_id;      // at most 80 octets of UTF-8
  Token token{};
  Block16 client_iv{};

  void encode(base::MutableBytes out) const;
  static SetUpResponse decode(base::Bytes octets);
  bool operator==(const SetUpResponse&) const = default;
};
// What an honest client may choose of what was offered: exactly one security mode, nothing else.
bool valid_choice(std::uint32_t chosen, std::uint32_t offered);

struct ServerStart {
  static constexpr std::size_t kSize = 48;
  static constexpr std::size_t kSealed = 32;  // from here on the server's stream goes over it
  Accept accept = Accept::Ok;
  Block16 server_iv{};
  std::uint64_t start_time = 0;  // raw NTP: when the server process began; 0: refused

  void encode(base::MutableBytes out) const;
  static ServerStart decode(base::Bytes octets);
  bool operator==(const ServerStart&) const = default;
};

struct RequestSession {
  static constexpr std::size_t kSize = 112;
  std::uint8_t ip_version = 4;
  // RFC 5357 3.5 wants zero in all of these; a server answers others with NotSupported.
  std::uint8_t conf_sender = 0, conf_receiver = 0;
  std::uint32_t schedule_slots = 0, packets = 0;
  std::uint16_t sender_port = 0, receiver_port = 0;
  // Absent: all zero, the ends of the control connection.
  std::optional<packet::IpAddress> sender, receiver;
  SessionId sid{};
  std::uint32_t padding_length = 0;
  std::uint64_t start_time = 0;       // raw NTP
  std::uint64_t timeout = 0;          // NTP interval: seconds and fraction
  std::uint32_t type_p = 0;           // see dscp_of()
  std::uint16_t reflect_octets = 0;   // RFC 6038: what the server copies into its answer
  std::uint16_t reflect_padding = 0;  // RFC 6038: length of the padding to reflect

  void encode(base::MutableBytes out) const;
  static RequestSession decode(base::Bytes octets);
  bool operator==(const RequestSession&) const = default;
};
// RFC 4656 3.5: the DSCP of a Type-P Descriptor; absent for descriptors of other kinds. A PHB
// identification code of RFC 3140 names one as well, if it is a standard one.
std::optional<std::uint8_t> dscp_of(std::uint32_t type_p);
constexpr std::uint32_t type_p_of(std::uint8_t dscp) { return std::uint32_t{dscp} << 24U; }
// RFC 4656 3.5: an interval as seconds and fraction, bounded to what a Duration holds.
Duration interval_of(std::uint64_t raw);
std::uint64_t raw_interval(Duration interval);

struct AcceptSession {
  static constexpr std::size_t kSize = 48;
  Accept accept = Accept::Ok;
  std::uint16_t port = 0;  // where the reflector listens; 0 when refused
  SessionId sid{};
  std::uint16_t reflect_octets = 0, server_octets = 0;  // RFC 6038

  void encode(base::MutableBytes out) const;
  static AcceptSession decode(base::Bytes octets);
  bool operator==(const AcceptSession&) const = default;
};

inline constexpr std::size_t kShortMessage = 32;  // the three that follow
void encode_start_sessions(base::MutableBytes out);
void encode_start_ack(base::MutableBytes out, Accept accept);
Accept decode_start_ack(base::Bytes octets);

struct StopSessions {
  static constexpr std::size_t kSize = kShortMessage;
  Accept accept = Accept::Ok;
  std::uint32_t sessions = 0;  // started and not yet stopped

  void encode(base::MutableBytes out) const;
  static StopSessions decode(base::Bytes octets);
  bool operator==(const StopSessions&) const = default;
};

// RFC 5938: start, stop and their acknowledgements for named sessions.
struct SessionList {
  static constexpr std::size_t kHeader = 16;
  TwampCommand command = TwampCommand::StartNSessions;
  Accept accept = Accept::Ok;  // of the two acknowledgements
  std::vector<SessionId> sids;

  static constexpr std::size_t size_for(std::size_t sessions) {
    return kHeader + 16 * sessions + crypto::kTagSize;
  }
  std::size_t size() const { return size_for(sids.size()); }
  void encode(base::MutableBytes out) const;
  // Absent: another command, or a number that is not that of the SIDs.
  static std::optional<SessionList> decode(base::Bytes octets);
  bool operator==(const SessionList&) const = default;
};

// Octets of the message that begins with `block` (16 octets in the clear), the HMAC included, from
// a client or, of a session list, from either. Absent: no command that is known, so that nobody can
// tell where the next one begins; or a list of more sessions than that.
std::optional<std::size_t> command_size(base::Bytes block, std::size_t most_sessions);

// Takes a stream of octets from a client apart into commands, each decrypted and verified. Holds
// one command at a time, of a size that is bounded by the number of sessions.
class CommandReader {
 public:
  enum class State : std::uint8_t {
    Incomplete,  // more octets are needed
    Complete,    // message() is a command; next() before more octets
    Unknown,     // a command that is not known (its number is in message()[0]): close
    BadHmac,     // close at once (RFC 4656 3.1)
  };

  // Without a stream the octets are in the clear and have no HMAC to verify.
  CommandReader(std::optional<ControlStream> stream, std::size_t most_sessions);

  // Takes octets from the front of `octets`, no more than the command needs; tells how many.
  std::size_t take(base::Bytes octets);
  State state() const { return state_; }
  base::Bytes message() const { return base::Bytes(buffer_).first(filled_); }
  bool begun() const { return filled_ > 0; }  // a command that has begun may not last for ever
  void next();

 private:
  void on_block();

  std::optional<ControlStream> stream_;
  std::size_t most_sessions_;
  std::vector<std::byte> buffer_;
  std::size_t filled_ = 0;
  std::size_t wanted_ = 0;  // of the whole command; 0: the first block is not there yet
  State state_ = State::Incomplete;
};

}  // namespace wirestamp::wire
