// SPDX-License-Identifier: Apache-2.0
#include "wire/reply_tlvs.h"

#include "wire/tlv.h"

namespace wirestamp::wire {

namespace {

// Whether the value has a length that its type can have. A type not known here is left alone.
//= RFC8972:sender-checks-lengths
bool valid_length(const Tlv& tlv) {
  const std::size_t size = tlv.value.size();
  switch (tlv.type) {
    case kLocation:
      return size >= kLocationShortest;
    case kTimestampInformation:
      return size >= TimestampInformation::kShortest;
    case kClassOfService:
    case kAccessReport:
    case kMicroSession:
    case kBitErrors:
    case kErrorBurst:
      return size == 4;
    case kDirectMeasurement:
      return size == DirectMeasurement::kLength;
    case kFollowUpTelemetry:
      return size == FollowUpTelemetry::kLength;
    case kDestinationNode:
      return size == 4 || size == 16;
    case kReturnPath:
      return size >= kTlvHeader;
    case kWstp:
      return !Wstp::ours(tlv.value) || Wstp::valid_length(size);
    default:
      return true;
  }
}

void add(std::uint64_t (&types)[4], std::uint8_t type) {
  types[type / 64] |= std::uint64_t{1} << (type % 64);
}

template <typename T>
void take(std::optional<T>& into, base::Bytes value) {
  if (!into) into = T::decode(value);
}

void take_draft(const Tlv& tlv, ReplyTlvs& told) {
  auto& into = tlv.type == kBitErrors ? told.bit_errors : told.error_burst;
  if (!into) into = base::load_be<std::uint32_t>(tlv.value, 0);
}

void take(const Tlv& tlv, ReplyTlvs& told) {
  switch (tlv.type) {
    case kLocation:
      if (!told.location) told.location = decode_location(tlv.value);
      break;
    case kTimestampInformation:
      take(told.timestamp_information, tlv.value);
      break;
    case kClassOfService:
      take(told.class_of_service, tlv.value);
      break;
    case kDirectMeasurement:
      take(told.direct, tlv.value);
      break;
    case kAccessReport:
      if (AccessReport::decode(tlv.value).valid()) take(told.access_report, tlv.value);
      break;
    case kFollowUpTelemetry:
      take(told.follow_up, tlv.value);
      break;
    case kDestinationNode:
      if (!told.destination_node) told.destination_node = decode_address(tlv.value);
      break;
    case kReturnPath:
      told.return_path = true;
      break;
    case kMicroSession:
      take(told.micro_session, tlv.value);
      break;
    case kReflectedControl:
      told.reflected_control = true;
      break;
    case kBitErrors:
    case kErrorBurst:
      take_draft(tlv, told);
      break;
    case kWstp:
      if (Wstp::ours(tlv.value)) take(told.wstp, tlv.value);
      break;
    default:
      break;
  }
}

// RFC 8972 4: I in any of them means that the HMAC over all of them did not verify.
bool says_integrity(base::Bytes area) {
  TlvReader reader(area);
  while (const auto tlv = reader.next())
    if ((tlv->flags & kIntegrity) != 0) return true;
  return reader.end() == TlvReader::End::Overrun &&
         (area[reader.position()] & std::byte{kIntegrity}) != std::byte{};
}

}  // namespace

ReplyTlvs read_reply_tlvs(base::Bytes area, std::uint32_t sequence, const TlvIntegrity& integrity) {
  ReplyTlvs told;
  //= RFC8972:hmac-tlv-first
  const auto verdict = check_integrity(area, sequence, integrity).verdict;
  //= RFC8972:sender-discards-at-i
  if (verdict == IntegrityVerdict::Failed || says_integrity(area)) {
    told.integrity_failed = true;
    return told;
  }
  told.verified = verdict == IntegrityVerdict::Verified;
  TlvReader reader(area);
  while (const auto tlv = reader.next()) {
    if ((tlv->flags & kUnrecognised) != 0) {
      //= RFC8972:sender-skips-u
      ++told.unrecognised;
      add(told.unrecognised_types, tlv->type);
      continue;
    }
    if ((tlv->flags & kMalformed) != 0 || !valid_length(*tlv)) {
      told.malformed = true;
      //= RFC8972:sender-stops-at-m
      told.malformed_type = tlv->type;
      return told;
    }
    if ((tlv->flags & kConformance) != 0) {
      ++told.unfulfilled;
      add(told.unfulfilled_types, tlv->type);
      continue;
    }
    add(told.answered_types, tlv->type);
    take(*tlv, told);
  }
  told.malformed = reader.end() == TlvReader::End::Overrun;
  return told;
}

}  // namespace wirestamp::wire
