// SPDX-License-Identifier: Apache-2.0
#include "wire/reflect.h"

#include <algorithm>
#include <cstring>

namespace wirestamp::wire {

namespace {

enum class Handling : std::uint8_t { Done, Unrecognised, Malformed };

Handling class_of_service(const Tlv& tlv, const TlvAnswers& answers, base::MutableBytes value,
                          TlvOutcome& outcome) {
  if (tlv.value.size() != ClassOfService::kLength) return Handling::Malformed;
  ClassOfService cos = ClassOfService::decode(tlv.value);
  cos.received_dscp = static_cast<std::uint8_t>(answers.received_traffic_class >> 2U);
  cos.received_ecn = answers.received_traffic_class & 3U;
  cos.refused = cos.wanted_dscp > answers.highest_dscp ? 1 : 0;
  outcome.dscp_refused = cos.refused != 0;
  // RFC 8972 4.4: refused, the reply carries the received DSCP; that one is subject to policy too.
  const std::uint8_t received =
      cos.received_dscp > answers.highest_dscp ? std::uint8_t{0} : cos.received_dscp;
  outcome.dscp = cos.refused != 0 ? received : cos.wanted_dscp;
  cos.encode(value);
  return Handling::Done;
}

Handling wstp(const Tlv& tlv, const TlvAnswers& answers, base::MutableBytes value,
              TlvOutcome& outcome) {
  if (!answers.wstp || !Wstp::ours(tlv.value)) return Handling::Unrecognised;
  if (!Wstp::valid_length(tlv.value.size())) return Handling::Malformed;
  std::optional<WstpToken> asked;
  // The first question only: a long request with hundreds of them is no use to anyone but somebody
  // who guesses tokens.
  if (answers.account_of && !outcome.asked) asked = Wstp::question(tlv.value);
  if (!asked) {
    answers.wstp->encode(value);
    return Handling::Done;
  }
  Wstp answer = *answers.wstp;
  answer.account = answers.account_of(*asked);
  answer.unknown_token = !answer.account;
  answer.encode(value);
  outcome.asked = true;
  outcome.told = answer.account.has_value();
  return Handling::Done;
}

Handling handle(const Tlv& tlv, const TlvAnswers& answers, base::MutableBytes value,
                TlvOutcome& outcome) {
  switch (tlv.type) {
    case kExtraPadding:
      return Handling::Done;
    case kTimestampInformation:
      if (tlv.value.size() < TimestampInformation::kShortest) return Handling::Malformed;
      answers.timestamp_information.encode(value);
      return Handling::Done;
    case kClassOfService:
      return class_of_service(tlv, answers, value, outcome);
    case kFollowUpTelemetry:
      if (tlv.value.size() != FollowUpTelemetry::kLength) {
        // RFC 8972 4.7: both fields are zeroed when the Length is wrong (erratum 8339).
        std::fill_n(value.begin(), std::min<std::size_t>(value.size(), 12), std::byte{});
        return Handling::Malformed;
      }
      answers.follow_up.value_or(FollowUpTelemetry{}).encode(value);
      return Handling::Done;
    case kWstp:
      return wstp(tlv, answers, value, outcome);
    default:
      return Handling::Unrecognised;
  }
}

// RFC 8972 4: a Session-Sender sets U and clears M and I in every TLV. Other flags are padding's.
bool speaks_tlvs(base::Bytes request) {
  constexpr std::byte kDefined{kUnrecognised | kMalformed | kIntegrity};
  return (request[0] & kDefined) == std::byte{kUnrecognised};
}

}  // namespace

TlvOutcome reflect_tlvs(base::Bytes request, const TlvAnswers& answers, base::MutableBytes reply) {
  TlvOutcome outcome;
  outcome.dscp = static_cast<std::uint8_t>(answers.received_traffic_class >> 2U);
  if (outcome.dscp > answers.highest_dscp) outcome.dscp = 0;
  if (request.empty()) return outcome;
  // Not std::ranges::copy: of that g++ 12 makes a loop over octets, the most of our time here.
  std::memcpy(reply.data(), request.data(), request.size());
  if (!speaks_tlvs(request)) return outcome;

  TlvReader reader(request);
  while (const auto tlv = reader.next()) {
    const base::MutableBytes value = reply.subspan(tlv->offset + kTlvHeader, tlv->value.size());
    switch (handle(*tlv, answers, value, outcome)) {
      case Handling::Done:
        reply[tlv->offset] = std::byte{};
        break;
      case Handling::Unrecognised:
        reply[tlv->offset] = std::byte{kUnrecognised};
        ++outcome.unrecognised;
        break;
      case Handling::Malformed:
        reply[tlv->offset] = std::byte{kMalformed};
        outcome.malformed = true;
        return outcome;  // the rest stays as it came
    }
  }
  if (reader.end() == TlvReader::End::Overrun) {
    reply[reader.position()] = std::byte{kMalformed};
    outcome.malformed = true;
  }
  return outcome;
}

}  // namespace wirestamp::wire
