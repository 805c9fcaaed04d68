// SPDX-License-Identifier: Apache-2.0
#include "wire/reflect.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/random.h"
#include "wire/tlv_drafts.h"

namespace wirestamp::wire {

namespace {

enum class Handling : std::uint8_t { Done, Unrecognised, Malformed, Unfulfilled };

// RFC 8972 4: a Session-Sender sets U in every TLV. What else is in the flags is not for us to
// read.
bool speaks_tlvs(base::Bytes request) {
  return (request[0] & std::byte{kUnrecognised}) != std::byte{};
}

packet::Prefix whole(const packet::IpAddress& address) {
  return {.address = address,
          .length = static_cast<std::uint8_t>(8 * address_length(address.family()))};
}

// What the padding of a request tells (draft-gandhi-ippm-stamp-ber).
struct BitPattern {
  bool usable = false;
  std::size_t padding = 0;  // offset of its header
  BitErrors errors;
};

// One request being answered. What a TLV says of another (Return Path of type 12, the bit pattern
// of the padding) is kept here.
class Reflection {
 public:
  Reflection(base::Bytes request, const TlvAnswers& answers, base::MutableBytes reply,
             TlvOutcome& outcome)
      : request_(request), answers_(answers), reply_(reply), outcome_(outcome) {}

  void run();

 private:
  bool permitted(std::uint8_t dscp) const;
  Handling class_of_service(const Tlv& tlv, base::MutableBytes value);
  Handling wstp(const Tlv& tlv, base::MutableBytes value);
  Handling follow_up(const Tlv& tlv, base::MutableBytes value);
  Handling direct(const Tlv& tlv, base::MutableBytes value);
  Handling access_report(const Tlv& tlv, base::MutableBytes value);
  Handling destination_node(const Tlv& tlv);
  Handling return_path(const Tlv& tlv, base::MutableBytes value);
  Handling micro_session(const Tlv& tlv, base::MutableBytes value);
  Handling control(const Tlv& tlv, base::MutableBytes value);
  Handling draft(const Tlv& tlv, base::MutableBytes value);
  const BitPattern& bit_pattern();
  Handling handle(const Tlv& tlv, base::MutableBytes value);
  void copy_behind(const Tlv& tlv);
  bool process(const Tlv& tlv);
  void refuse_integrity();
  void settle();
  void reshape(std::size_t wanted);

  base::Bytes request_;
  const TlvAnswers& answers_;
  base::MutableBytes reply_;
  TlvOutcome& outcome_;
  std::optional<std::size_t> return_path_, control_;  // offsets of the headers that counted
  std::optional<std::size_t> wanted_;                 // octets of the reply's area, for type 12
  bool no_reply_ = false, control_silent_ = false;    // what they ask for
  std::optional<BitPattern> bit_pattern_;
};

bool Reflection::permitted(std::uint8_t dscp) const {
  if (!answers_.may_reply_with(dscp)) return false;
  return answers_.policy == nullptr || dscp == 0 || dscp == answers_.received_traffic_class >> 2U ||
         (answers_.policy->permitted_dscp >> dscp & 1U) != 0;
}

// RFC 8972 4.4.
Handling Reflection::class_of_service(const Tlv& tlv, base::MutableBytes value) {
  if (tlv.value.size() != ClassOfService::kLength) return Handling::Malformed;
  ClassOfService cos = ClassOfService::decode(tlv.value);
  //= RFC8972:cos-received
  cos.received_dscp = static_cast<std::uint8_t>(answers_.received_traffic_class >> 2U);
  cos.received_ecn = answers_.received_traffic_class & 3U;
  //= RFC8972:cos-permitted
  cos.refused = permitted(cos.wanted_dscp) ? 0 : 1;
  outcome_.dscp_refused = cos.refused != 0;
  // Refused, the reply carries the received DSCP; that one is subject to policy too.
  const std::uint8_t received =
      answers_.may_reply_with(cos.received_dscp) ? cos.received_dscp : std::uint8_t{0};
  //= RFC8972:cos-refused
  outcome_.dscp = cos.refused != 0 ? received : cos.wanted_dscp;
  if (answers_.policy != nullptr && answers_.policy->cos_ecn) {
    //= draft-stamp-cos-ecn:ecn-done
    outcome_.ecn = cos.wanted_ecn;
    cos.ecn_result = ClassOfService::kEcnDone;
  } else {
    cos.wanted_ecn = cos.ecn_result = 0;  // reserved bits
  }
  cos.encode(value);
  return Handling::Done;
}

Handling Reflection::wstp(const Tlv& tlv, base::MutableBytes value) {
  if (!answers_.wstp || !Wstp::ours(tlv.value)) return Handling::Unrecognised;
  if (!Wstp::valid_length(tlv.value.size())) return Handling::Malformed;
  std::optional<WstpToken> asked;
  // The first question only: a long request with hundreds of them is no use to anyone but somebody
  // who guesses tokens.
  if (answers_.account_of && !outcome_.asked) asked = Wstp::question(tlv.value);
  if (!asked) {
    answers_.wstp->encode(value);
    return Handling::Done;
  }
  Wstp answer = *answers_.wstp;
  answer.account = answers_.account_of(*asked);
  answer.unknown_token = !answer.account;
  answer.encode(value);
  outcome_.asked = true;
  outcome_.told = answer.account.has_value();
  return Handling::Done;
}

Handling Reflection::follow_up(const Tlv& tlv, base::MutableBytes value) {
  if (tlv.value.size() != FollowUpTelemetry::kLength) {
    // RFC 8972 4.7: both fields are zeroed when the Length is wrong (erratum 8339).
    //= RFC8972:follow-up-length
    std::fill_n(value.begin(), std::min<std::size_t>(value.size(), 12), std::byte{});
    return Handling::Malformed;
  }
  //= RFC8972:follow-up-stateless
  answers_.follow_up.value_or(FollowUpTelemetry{}).encode(value);
  return Handling::Done;
}

// RFC 8972 4.5.
Handling Reflection::direct(const Tlv& tlv, base::MutableBytes value) {
  if (!answers_.direct) return Handling::Unrecognised;
  if (tlv.value.size() != DirectMeasurement::kLength) return Handling::Malformed;
  DirectMeasurement counters = DirectMeasurement::decode(tlv.value);
  //= RFC8972:direct-reflector
  counters.reflector_received = answers_.direct->received;
  counters.reflector_sent = answers_.direct->sent;
  counters.encode(value);
  return Handling::Done;
}

// RFC 8972 4.6. An ID that is none "MUST be discarded": it is malformed here.
Handling Reflection::access_report(const Tlv& tlv, base::MutableBytes value) {
  if (!answers_.access_reports) return Handling::Unrecognised;
  if (tlv.value.size() != AccessReport::kLength) return Handling::Malformed;
  const AccessReport report = AccessReport::decode(tlv.value);
  //= RFC8972:access-id
  if (!report.valid()) return Handling::Malformed;
  //= RFC8972:access-copied
  report.encode(value);
  outcome_.access_report = report;
  return Handling::Done;
}

// RFC 9503 3: U when we are not the node that is meant. One of them is enough for a packet.
Handling Reflection::destination_node(const Tlv& tlv) {
  if (answers_.policy == nullptr || !answers_.policy->own) return Handling::Unrecognised;
  //= RFC9503:node-length
  const auto address = decode_address(tlv.value);
  if (!address) return Handling::Malformed;
  //= RFC9503:node-not-ours
  if (outcome_.source || !answers_.policy->own(whole(*address))) return Handling::Unrecognised;
  outcome_.source = address;
  return Handling::Done;
}

// RFC 9503 4.1: only the first counts, and the others stay as they came.
Handling Reflection::return_path(const Tlv& tlv, base::MutableBytes value) {
  //= RFC9503:path-first-only
  if (answers_.policy == nullptr || !answers_.policy->return_path || return_path_)
    return Handling::Unrecognised;
  if (value.size() < kTlvHeader) return Handling::Malformed;
  return_path_ = tlv.offset;
  const ReturnPathAnswer answer = answer_return_path(value, *answers_.policy->return_path);
  if (answer.no_reply) {
    no_reply_ = true;
    return Handling::Done;
  }
  outcome_.same_link = answer.same_link;
  outcome_.destination = answer.address;
  //= RFC9503:path-usable
  return answer.usable ? Handling::Done : Handling::Unrecognised;
}

// RFC 9534 3.
Handling Reflection::micro_session(const Tlv& tlv, base::MutableBytes value) {
  if (!answers_.micro_session) return Handling::Unrecognised;
  //= RFC9534:length
  if (tlv.value.size() != MicroSession::kLength) return Handling::Malformed;
  MicroSession ids = MicroSession::decode(tlv.value);
  if (ids.reflector != 0 && ids.reflector != *answers_.micro_session)
    //= RFC9534:other-link-discarded
    outcome_.silence = Silence::MicroSession;
  //= RFC9534:reply-ids
  ids.reflector = *answers_.micro_session;
  ids.encode(value);
  return Handling::Done;
}

// draft-ietf-ippm-asymmetrical-pkts 3.
Handling Reflection::control(const Tlv& tlv, base::MutableBytes value) {
  if (answers_.policy == nullptr) return Handling::Unrecognised;
  //= draft-asymmetrical-pkts:shortest
  if (tlv.value.size() < ReflectedControl::kShortest) return Handling::Malformed;
  if (control_) return Handling::Unfulfilled;
  control_ = tlv.offset;
  //= draft-asymmetrical-pkts:off-by-default
  if (!answers_.policy->control) return Handling::Unfulfilled;
  //= draft-asymmetrical-pkts:numbers-rise
  if (!answers_.sequence_rose) return Handling::Unrecognised;
  const ControlPolicy& policy = *answers_.policy->control;
  const ReflectedControl asked = ReflectedControl::decode(tlv.value);
  const std::size_t base = base_size(answers_.integrity.mode);
  switch (judge_control(value, policy, answers_.policy->own, answers_.own_mac)) {
    case ControlVerdict::Silent:
      control_silent_ = true;
      return Handling::Done;
    case ControlVerdict::Limited:
      // One reply; above what the egress takes, of the largest size that it takes.
      if (asked.rounded_length() > policy.largest && policy.largest <= policy.most_octets)
        wanted_ = std::max<std::size_t>(policy.largest / 4 * std::size_t{4}, base) - base;
      return Handling::Unfulfilled;
    case ControlVerdict::Granted:
      break;
  }
  wanted_ = std::max<std::size_t>(asked.rounded_length(), base) - base;
  outcome_.burst = Burst{.count = asked.count,
                         .interval = Duration::nanoseconds(std::int64_t{asked.interval_ns})};
  return Handling::Done;
}

// Looked for once: the TLVs that ask for it may be many, and the padding long.
const BitPattern& Reflection::bit_pattern() {
  if (bit_pattern_) return *bit_pattern_;
  BitPattern& found = bit_pattern_.emplace();
  base::Bytes pattern = kDefaultPattern, padding;
  bool patterned = false, padded = false;
  TlvReader reader(request_);
  while (const auto tlv = reader.next()) {
    if (tlv->type == kBitPattern && !std::exchange(patterned, true)) pattern = tlv->value;
    if (tlv->type != kExtraPadding || std::exchange(padded, true)) continue;
    padding = tlv->value;
    found.padding = tlv->offset;
  }
  //= draft-stamp-ber:padding-fits
  found.usable = padded && !pattern.empty() && padding.size() % pattern.size() == 0;
  if (!found.usable) return found;
  found.errors = count_bit_errors(padding, pattern);
  repeat_pattern(reply_.subspan(found.padding + kTlvHeader, padding.size()), pattern);
  return found;
}

Handling Reflection::draft(const Tlv& tlv, base::MutableBytes value) {
  if (answers_.policy == nullptr || !answers_.policy->drafts) return Handling::Unrecognised;
  const std::size_t size = value.size();
  if (tlv.type == kExtensionHeader || tlv.type == kFixedHeader) {
    const bool fixed = tlv.type == kFixedHeader;
    if (fixed ? size != 20 && size != 40 : size < kExtensionRequested) return Handling::Malformed;
    const bool told = answer_header(value, fixed ? kFixedRequested : kExtensionRequested,
                                    fixed ? answers_.fixed_headers : answers_.extension_headers);
    return told ? Handling::Done : Handling::Unfulfilled;
  }
  if (tlv.type == kBitPattern) return Handling::Done;
  if (size != 4) return Handling::Malformed;
  const BitPattern& found = bit_pattern();
  if (!found.usable) return Handling::Unfulfilled;
  base::store_be(value, 0, tlv.type == kBitErrors ? found.errors.count : found.errors.longest);
  return Handling::Done;
}

Handling Reflection::handle(const Tlv& tlv, base::MutableBytes value) {
  switch (tlv.type) {
    //= RFC8972:padding-copied
    case kExtraPadding:
      return Handling::Done;
    case kLocation:
      if (!answers_.location) return Handling::Unrecognised;
      if (value.size() < kLocationShortest) return Handling::Malformed;
      answer_location(value, *answers_.location);
      return Handling::Done;
    case kTimestampInformation:
      //= RFC8972:timestamp-information-length
      if (tlv.value.size() < TimestampInformation::kShortest) return Handling::Malformed;
      answers_.timestamp_information.encode(value);
      return Handling::Done;
    case kClassOfService:
      return class_of_service(tlv, value);
    case kDirectMeasurement:
      return direct(tlv, value);
    case kAccessReport:
      return access_report(tlv, value);
    case kFollowUpTelemetry:
      return follow_up(tlv, value);
    case kHmac:  // verified before any of them was handled
      return outcome_.hmac ? Handling::Done : Handling::Unrecognised;
    case kDestinationNode:
      return destination_node(tlv);
    case kReturnPath:
      return return_path(tlv, value);
    case kMicroSession:
      return micro_session(tlv, value);
    case kReflectedControl:
      return control(tlv, value);
    case kBitPattern:
    case kBitErrors:
    case kErrorBurst:
    case kExtensionHeader:
    case kFixedHeader:
      return draft(tlv, value);
    case kWstp:
      return wstp(tlv, value);
    //= RFC8972:never-dropped
    default:
      return Handling::Unrecognised;
  }
}

// The bit pattern may have been restored in a padding that turns out to be behind a malformed TLV.
//= RFC8972:rest-unchanged
void Reflection::copy_behind(const Tlv& tlv) {
  const std::size_t end = tlv.offset + kTlvHeader + tlv.value.size();
  std::memcpy(reply_.data() + end, request_.data() + end, request_.size() - end);
}

// False: the TLV is malformed, and the rest stays as it came.
bool Reflection::process(const Tlv& tlv) {
  std::byte& flags = reply_[tlv.offset];
  switch (handle(tlv, reply_.subspan(tlv.offset + kTlvHeader, tlv.value.size()))) {
    case Handling::Done:
      //= RFC8972:understood-clears
      flags = std::byte{};
      break;
    case Handling::Unrecognised:
      //= RFC8972:unknown-gets-u
      flags = std::byte{kUnrecognised};
      ++outcome_.unrecognised;
      break;
    case Handling::Unfulfilled:
      flags = std::byte{kConformance};
      ++outcome_.unfulfilled;
      break;
    case Handling::Malformed:
      //= RFC8972:bad-length-gets-m
      flags = std::byte{kMalformed};
      outcome_.malformed = true;
      copy_behind(tlv);
      return false;
  }
  return true;
}

// RFC 8972 4.8: I in each TLV; the values stay, the HMAC too.
//= RFC8972:hmac-tlv-failed
void Reflection::refuse_integrity() {
  outcome_.integrity_failed = true;
  TlvReader reader(request_);
  while (const auto tlv = reader.next()) reply_[tlv->offset] = std::byte{kIntegrity};
  if (reader.end() == TlvReader::End::Overrun) reply_[reader.position()] = std::byte{kIntegrity};
}

// What the TLVs say of each other. Type 12 beside a Return Path that wants no reply: the draft
// gives U to both, and one reply.
void Reflection::settle() {
  //= draft-asymmetrical-pkts:beside-no-reply
  if (control_ && no_reply_) {
    for (const std::size_t offset : {*control_, *return_path_}) {
      if (reply_[offset] == std::byte{kConformance}) --outcome_.unfulfilled;
      if (reply_[offset] != std::byte{kUnrecognised}) ++outcome_.unrecognised;
      reply_[offset] = std::byte{kUnrecognised};
    }
    no_reply_ = control_silent_ = false;
    wanted_.reset();
    outcome_.burst.reset();
  }
  if (outcome_.malformed && wanted_) {
    // Nobody can tell what is padding behind a malformed TLV.
    reply_[*control_] = std::byte{kConformance};
    if (outcome_.burst) ++outcome_.unfulfilled;
    wanted_.reset();
    outcome_.burst.reset();
  }
  if (outcome_.silence != Silence::None) return;
  if (no_reply_)
    outcome_.silence = Silence::ReturnPath;
  else if (control_silent_)
    outcome_.silence = Silence::Control;
}

// The padding of the request goes, and as much new padding as the reply needs comes to the end.
//= draft-asymmetrical-pkts:length
void Reflection::reshape(std::size_t wanted) {
  std::size_t end = 0;
  TlvReader reader(reply_.first(request_.size()));
  while (const auto tlv = reader.next()) {
    if (tlv->type == kExtraPadding) continue;
    const std::size_t size = kTlvHeader + tlv->value.size();
    if (outcome_.hmac == tlv->offset) outcome_.hmac = end;
    std::memmove(reply_.data() + end, reply_.data() + tlv->offset, size);
    end += size;
  }
  // A rest of 1 to 3 octets cannot be filled: the reply is longer by what is missing, if it may be.
  const std::size_t shortest = base_size(answers_.integrity.mode) + end + kTlvHeader;
  if (wanted > end && shortest <= answers_.policy->control->largest) {
    const std::size_t length = std::max(wanted - end, kTlvHeader) - kTlvHeader;
    write_tlv_header(reply_, end, 0, kExtraPadding, static_cast<std::uint16_t>(length));
    base::Random random(answers_.reply_sequence);
    for (std::size_t i = 0; i < length; ++i)
      reply_[end + kTlvHeader + i] = static_cast<std::byte>(random.next());
    end += kTlvHeader + length;
  }
  outcome_.size = end;
}

void Reflection::run() {
  //= RFC8972:hmac-tlv-first
  const CheckedIntegrity integrity =
      check_integrity(request_, answers_.request_sequence, answers_.integrity);
  if (integrity.verdict == IntegrityVerdict::Failed) {
    refuse_integrity();
    return;
  }
  // RFC 8972 4.8: made anew, whatever becomes of the others. Behind a malformed one its flags stay
  // as they came; with the old digest, too, the sender could not tell our M from a forgery.
  outcome_.hmac = integrity.offset;
  TlvReader reader(request_);
  bool sound = true;
  while (const auto tlv = reader.next()) {
    //= RFC8972:any-order
    sound = process(*tlv);
    if (!sound) break;
  }
  if (sound && reader.end() == TlvReader::End::Overrun) {
    //= RFC8972:overrun-gets-m
    reply_[reader.position()] = std::byte{kMalformed};
    outcome_.malformed = true;
  }
  if (control_ || no_reply_) settle();
  if (wanted_) reshape(*wanted_);
  if (outcome_.hmac)
    //= RFC8972:hmac-tlv-reply
    seal_tlvs(reply_, *outcome_.hmac, answers_.reply_sequence, *answers_.integrity.key);
}

}  // namespace

std::size_t reply_room(std::size_t request_size, const TlvPolicy* policy) {
  if (policy == nullptr || !policy->control) return request_size;
  // The TLVs without their padding may be longer than what was asked for; and what was asked for is
  // rounded up, once to a multiple of 4 and once to the header of a padding.
  return std::max<std::size_t>(request_size, policy->control->largest) + 2 * kTlvHeader;
}

TlvOutcome reflect_tlvs(base::Bytes request, const TlvAnswers& answers, base::MutableBytes reply) {
  TlvOutcome outcome;
  outcome.dscp = static_cast<std::uint8_t>(answers.received_traffic_class >> 2U);
  if (!answers.may_reply_with(outcome.dscp)) outcome.dscp = 0;
  outcome.size = request.size();
  if (request.empty()) return outcome;
  // Not std::ranges::copy: of that g++ 12 makes a loop over octets, the most of our time here.
  std::memcpy(reply.data(), request.data(), request.size());
  //= RFC8762:light-padding-copied
  if (answers.integrity.mode == Mode::Open && !speaks_tlvs(request)) return outcome;
  Reflection(request, answers, reply, outcome).run();
  return outcome;
}

}  // namespace wirestamp::wire
