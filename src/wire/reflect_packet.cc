// SPDX-License-Identifier: Apache-2.0
#include "wire/reflect_packet.h"

#include <algorithm>
#include <cstring>

namespace wirestamp::wire {

CheckedRequest check_request(base::Bytes request, const ReflectMode& mode) {
  const bool authenticated = mode.mode == Mode::Authenticated;
  if (request.size() < (authenticated ? kAuthBaseSize : kShortestRequest))
    return {.verdict = RequestVerdict::TooShort, .asked = {}};
  if (authenticated && (mode.key == nullptr || !authentic(request, *mode.key)))
    return {.verdict = RequestVerdict::AuthFailed, .asked = {}};
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
                          .ssid = asked.ssid,
                          .receive_timestamp = knowledge.receive_timestamp,
                          .sender_sequence = asked.sequence,
                          .sender_timestamp = asked.timestamp,
                          .sender_error_estimate = asked.error_estimate,
                          .sender_ttl = knowledge.ttl};
  if (mode.mode == Mode::Authenticated)
    encode_auth_reply(reply, written);
  else
    encode_reply(reply, written);

  const std::size_t base = base_size(mode.mode);
  const base::Bytes behind = request.size() > base ? request.subspan(base) : base::Bytes();
  const base::MutableBytes area = reply.subspan(base);
  if (!mode.extensions) {
    if (!behind.empty()) std::memcpy(area.data(), behind.data(), behind.size());
    TlvOutcome outcome = reflect_tlvs({}, answers, area);
    outcome.size = behind.size();
    return {.size = base + behind.size(), .tlvs = outcome};
  }
  answers.integrity = {.key = mode.key, .mode = mode.mode, .required = mode.hmac_required};
  answers.request_sequence = asked.sequence;
  answers.reply_sequence = knowledge.sequence;
  TlvOutcome outcome = reflect_tlvs(behind, answers, area);
  return {.size = base + outcome.size, .tlvs = outcome};
}

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
