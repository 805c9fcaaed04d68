// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "packet/address.h"
#include "wire/tlv_drafts.h"
#include "wire/tlv_hmac.h"
#include "wire/tlv_location.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

// The TLVs of a reply as the sender may believe them (RFC 8972 4): nothing of a packet whose HMAC
// is wrong or that says I, nothing behind an M, nothing that says U.
namespace wirestamp::wire {

struct ReplyTlvs {
  // Of each type the first one that is understood.
  std::optional<Location> location;
  std::optional<TimestampInformation> timestamp_information;
  std::optional<ClassOfService> class_of_service;
  std::optional<DirectMeasurement> direct;
  std::optional<AccessReport> access_report;
  std::optional<FollowUpTelemetry> follow_up;
  std::optional<packet::IpAddress> destination_node;  // that node it was
  bool return_path = false;                           // it is done, or not refused at least
  std::optional<MicroSession> micro_session;
  std::optional<Wstp> wstp;
  std::optional<std::uint32_t> bit_errors, error_burst;
  bool reflected_control = false;  // type 12 came back without C

  // Of each of these bit n % 64 of n / 64. A type may be there several times.
  std::uint64_t unrecognised_types[4] = {};    // came back with U
  std::uint64_t unfulfilled_types[4] = {};     // with C
  std::uint64_t answered_types[4] = {};        // with neither, and of a valid length
  std::optional<std::uint8_t> malformed_type;  // the first one with M, or of no valid length
  unsigned unrecognised = 0;
  unsigned unfulfilled = 0;  // C
  bool malformed = false;    // M, or a length that is none
  // I in one of them, or the HMAC TLV is wrong, or missing where it is needed: all above is absent.
  bool integrity_failed = false;
  bool verified = false;  // by an HMAC TLV

  bool refused(std::uint8_t type) const { return has(unrecognised_types, type); }
  bool could_not(std::uint8_t type) const { return has(unfulfilled_types, type); }
  bool answered(std::uint8_t type) const { return has(answered_types, type); }

 private:
  static bool has(const std::uint64_t (&types)[4], std::uint8_t type) {
    return (types[type / 64] >> (type % 64) & 1U) != 0;
  }
};

// `sequence` is the reflector's number in octets 0 to 3 of the reply. In authenticated mode the
// caller has asked authentic() before.
ReplyTlvs read_reply_tlvs(base::Bytes area, std::uint32_t sequence, const TlvIntegrity& integrity);

}  // namespace wirestamp::wire
