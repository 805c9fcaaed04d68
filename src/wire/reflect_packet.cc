// SPDX-License-Identifier: Apache-2.0
#include "wire/reflect_packet.h"

#include <algorithm>
#include <cstring>

namespace wirestamp::wire {

namespace {

// RFC 8762 4.6: what a TWAMP Light sender pads with comes back as it is. A STAMP sender writes
// zeros in octets 16 to 43 (RFC 8762 4.2.1), which tells it from the one whose padding is random:
// the flag U alone would take half of all such padding for TLVs. Where this is zero, U decides.
//= RFC8762:light-padding-copied
bool is_light_padding(base::Bytes request, const ReflectMode& mode) {
  return mode.mode == Mode::Open && !zero_behind_header(request);
}

}  // namespace

CheckedRequest check_request(base::Bytes request, const ReflectMode& mode) {
  const bool authenticated = mode.mode == Mode::Authenticated;
  if (request.size() < (authenticated ? kAuthBaseSize : kShortestRequest))
    return {.verdict = RequestVerdict::TooShort, .asked = {}};
  //= RFC8762:hmac-failed
  if (authenticated && (mode.key == nullptr || !authentic(request, *mode.key)))
    return {.verdict = RequestVerdict::AuthFailed, .asked = {}};
  //= RFC8762:mbz-ignored
  const RequestBase asked =
      authenticated ? *decode_auth_request(request) : *decode_request(request);
  const bool no_estimate = (asked.error_estimate & 0xffU) == 0;
  if (mode.error_estimate_needed && no_estimate)
    return {.verdict = RequestVerdict::NoErrorEstimate, .asked = {}};
  return {.verdict = RequestVerdict::Good, .asked = asked};
}

std::size_t packet_room(std::size_t request_size, const TlvPolicy* policy) {
  return std::max(kBaseSize, reply_room(request_size, policy));
}

ReflectedPacket reflect_packet(base::Bytes request, const CheckedRequest& checked,
                               const ReflectMode& mode, const ReplyKnowledge& knowledge,
                               TlvAnswers& answers, base::MutableBytes reply) {
  const RequestBase& asked = checked.asked;
  const ReplyBase written{.sequence = knowledge.sequence,
                          .timestamp = 0,
                          .error_estimate = 0,
                          //= RFC8972:ssid-copied
                          .ssid = asked.ssid,
                          .receive_timestamp = knowledge.receive_timestamp,
                          //= RFC8762:fields-copied
                          .sender_sequence = asked.sequence,
                          .sender_timestamp = asked.timestamp,
                          .sender_error_estimate = asked.error_estimate,
                          .sender_ttl = knowledge.ttl};
  if (mode.mode == Mode::Authenticated)
    encode_auth_reply(reply, written);
  else
    //= RFC8762:reflector-layout-open
    encode_reply(reply, written);

  const std::size_t base = base_size(mode.mode);
  //= RFC8762:light-short-request
  const base::Bytes behind = request.size() > base ? request.subspan(base) : base::Bytes();
  const base::MutableBytes area = reply.subspan(base);
  //= RFC8972:without-extensions
  if (!mode.extensions || is_light_padding(request, mode)) {
    if (!behind.empty()) std::memcpy(area.data(), behind.data(), behind.size());
    TlvOutcome outcome = reflect_tlvs({}, answers, area);
    outcome.size = behind.size();
    return {.size = base + behind.size(), .tlvs = outcome};
  }
  answers.integrity = {.key = mode.key, .mode = mode.mode, .required = mode.hmac_required};
  answers.request_sequence = asked.sequence;
  answers.reply_sequence = knowledge.sequence;
  TlvOutcome outcome = reflect_tlvs(behind, answers, area);
  //= RFC8762:symmetrical-size
  return {.size = base + outcome.size, .tlvs = outcome};
}

//= RFC8762:stamp-before-hmac
void stamp_reply(base::MutableBytes reply, const ReflectMode& mode, std::uint64_t timestamp,
                 std::uint16_t error_estimate) {
  const bool authenticated = mode.mode == Mode::Authenticated;
  base::store_be(reply, authenticated ? 16 : 4, timestamp);
  base::store_be(reply, authenticated ? 24 : 12, error_estimate);
  if (authenticated) seal(reply, *mode.key);
}

void number_reply(base::MutableBytes reply, const ReflectMode& mode, const TlvOutcome& tlvs,
                  std::uint32_t sequence) {
  base::store_be(reply, 0, sequence);
  if (tlvs.hmac)
    seal_tlvs(reply.subspan(base_size(mode.mode)).first(tlvs.size), *tlvs.hmac, sequence,
              *mode.key);
}

}  // namespace wirestamp::wire
