// SPDX-License-Identifier: Apache-2.0
//
// The WSTP TLV, experimental type 251: what a Wirestamp reflector knows and no standard TLV
// carries. Value:
//
//    0  "WSTP"                        4  version = 1       5  flags
//    6  class of T2 (4 bits), of T3 (4)                    7  number of entries
//    8  error of T2's stamping       10  error of T3's     12 requests dropped by policy
//   16  session token (16)           32  session epoch (8)
//   40  error of the stamps below    42  zero             44  their classes, 8 x 4 bits
//   48  k entries, newest first:
//       sender sequence (4) | reflector sequence (4) | true transmit stamp (8)
//
// Length = 48 + 16 k with k = 0..8, chosen by the request and kept by the reply. In the request all
// behind the version is zero, unless it asks what became of another session of the same reflector:
// then it has the flag "asking" and that session's token. The reply that answers it has the flag
// "told" and in its last two places, in place of entries, the account:
//
//    0  requests seen                 4  replies sent       8  last sender sequence seen
//   12  port of their source         14  zero              16  its address, IPv4 mapped into IPv6
//
// docs/wstp.md is the specification.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "packet/address.h"
#include "time/timestamp.h"

namespace wirestamp::wire {

struct WstpEntry {
  std::uint32_t sender_sequence = 0, reflector_sequence = 0;
  std::uint64_t transmit_timestamp = 0;  // raw, format of this reply's Error Estimate; 0: not known
  StampSource source = StampSource::Unknown;
  bool operator==(const WstpEntry&) const = default;
};

// Names one state of one session, and is known only to who saw a reply of it.
using WstpToken = std::array<std::byte, 16>;

// What became of a session as its reflector saw it, when the question came.
struct WstpAccount {
  std::uint32_t requests_seen = 0;  // since the epoch began, those that policy dropped among them
  std::uint32_t replies_sent = 0;   // their numbers were 0 to replies_sent - 1
  std::uint32_t last_sender_sequence = 0;  // the latest of all requests seen (RFC 1982)
  packet::Endpoint source;                 // of the requests; `interface` is not on the wire
  bool operator==(const WstpAccount&) const = default;
};

struct Wstp {
  static constexpr std::size_t kHeader = 48, kEntry = 16, kMostEntries = 8;
  static constexpr std::uint32_t kMagic = 0x5753'5450;  // "WSTP"
  static constexpr std::uint8_t kVersion = 1;
  static constexpr std::uint8_t kStopping = 0x01, kStateless = 0x02;
  // Asking stands in requests only. It is not one of the two answers, so that a peer that copies
  // what it gets has not answered.
  static constexpr std::uint8_t kAsking = 0x04, kTold = 0x08, kUnknownToken = 0x10;
  static constexpr std::size_t kAccountPlaces = 2;  // the fewest that a question has

  bool stopping = false, stateless = false;
  StampSource received_by = StampSource::Unknown, transmitted_by = StampSource::Unknown;
  std::uint16_t receive_error = 0, transmit_error = 0;  // Error Estimate encoding
  std::uint32_t dropped_by_policy = 0;
  WstpToken token{};
  std::uint64_t epoch = 0;
  std::uint16_t entries_error = 0;
  std::size_t entry_count = 0;
  std::array<WstpEntry, kMostEntries> entries{};
  // The answer to a question: one of the two, or neither where none was asked or none is answered.
  std::optional<WstpAccount> account;
  bool unknown_token = false;

  static constexpr std::size_t length_for(std::size_t entry_places) {
    return kHeader + kEntry * entry_places;
  }
  static constexpr bool valid_length(std::size_t length) {
    return length >= kHeader && length <= length_for(kMostEntries) &&
           (length - kHeader) % kEntry == 0;
  }
  // A value that is ours: magic and version. Anything else of type 251 is somebody else's
  // experiment.
  static bool ours(base::Bytes value) {
    return value.size() >= 5 && base::load_be<std::uint32_t>(value, 0) == kMagic &&
           value[4] == std::byte{kVersion};
  }

  // `value` is ours and of a valid length.
  static Wstp decode(base::Bytes value);
  // Writes value.size() octets: the account if there are two places, then as many entries as fit.
  void encode(base::MutableBytes value) const;

  // What a request carries.
  static void encode_request(base::MutableBytes value);
  // Makes it a question about the session named `asked`. `value` is what encode_request wrote, with
  // at least kAccountPlaces.
  static void encode_question(base::MutableBytes value, const WstpToken& asked);
  // The token that a request asks about, if it asks and has room for the answer. `value` is ours
  // and of a valid length.
  static std::optional<WstpToken> question(base::Bytes value);

  bool operator==(const Wstp&) const = default;
};

}  // namespace wirestamp::wire
