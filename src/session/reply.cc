// SPDX-License-Identifier: Apache-2.0
#include "session/reply.h"

#include <algorithm>

#include "wire/stamp.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

namespace wirestamp::session {

namespace {

struct Context {
  WallTime now;
  int tai_minus_utc_s;
  wire::TimeFormat format;  // of this reply's own stamps: the first Error Estimate governs them
};

constexpr std::size_t kEndOfEcho = 38;  // behind the Session-Sender Error Estimate

// What hardware is allowed by itself where a peer tells the method but no error.
constexpr Duration kHardwareError = Duration::microseconds(1);

// Without an error a stamp is of no class: nothing is known of how it was taken.
std::optional<Timestamp> stamp_at(std::uint64_t raw, const Context& context,
                                  StampSource source = StampSource::Unknown,
                                  std::optional<Duration> error = std::nullopt) {
  //= RFC5905:era
  const auto wall = wire::decode_time(raw, context.format, context.now, context.tai_minus_utc_s);
  //= RFC5905:zero
  if (!wall) return std::nullopt;
  return Timestamp{.wall = *wall,
                   .mono = std::nullopt,
                   .error = error.value_or(Duration()),
                   .source = error ? source : StampSource::Unknown};
}

void take_follow_up(const wire::FollowUpTelemetry& told, const Context& context, Reply& reply) {
  //= RFC8972:follow-up-format
  const bool hardware = told.method == static_cast<std::uint8_t>(wire::StampMethod::HwAssist);
  reply.true_transmits[reply.true_transmit_count++] = {
      .reflector_sequence = told.sequence,
      .sender_sequence = std::nullopt,
      .departed = hardware
                      ? stamp_at(told.timestamp, context, StampSource::Hardware, kHardwareError)
                      : stamp_at(told.timestamp, context)};
  reply.follow_up_capable |= told.timestamp != 0;
}

// The TLV tells of a stamp what the base packet cannot.
void classify(std::optional<Timestamp>& stamp, StampSource source, std::uint16_t raw_error) {
  const auto error = wire::decode_error_estimate(raw_error).error;
  if (!stamp || !error) return;
  stamp->source = source;
  stamp->error = *error;
}

void take_wstp(const wire::Wstp& told, const Context& context, Reply& reply) {
  reply.state = ReflectorState{.epoch = told.epoch,
                               .token = told.token,
                               .dropped_by_policy = told.dropped_by_policy,
                               .stopping = told.stopping,
                               .stateless = told.stateless};
  reply.account = told.account;
  classify(reply.received, told.received_by, told.receive_error);
  classify(reply.transmitted, told.transmitted_by, told.transmit_error);
  const auto entries_error = wire::decode_error_estimate(told.entries_error).error;
  for (std::size_t i = 0; i < told.entry_count; ++i) {
    const wire::WstpEntry& entry = told.entries[i];
    reply.true_transmits[reply.true_transmit_count++] = {
        .reflector_sequence = entry.reflector_sequence,
        .sender_sequence = entry.sender_sequence,
        .departed = entry.source == StampSource::Unknown
                        ? std::nullopt
                        : stamp_at(entry.transmit_timestamp, context, entry.source, entries_error)};
  }
  reply.follow_up_capable |= !told.stateless;
}

void take_tlvs(const Context& context, Reply& reply, SenderCounters& counters) {
  const wire::ReplyTlvs& told = reply.tlvs;
  counters.tlv_integrity += told.integrity_failed ? 1 : 0;
  counters.tlv_unrecognised += told.unrecognised;
  counters.tlv_malformed += told.malformed ? 1 : 0;
  if (told.class_of_service) {
    const wire::ClassOfService& cos = *told.class_of_service;
    reply.request_traffic_class =
        static_cast<std::uint8_t>((cos.received_dscp << 2U) | cos.received_ecn);
    //= RFC8972:cos-evaluated
    reply.class_refused = cos.refused != 0;
  }
  // WSTP tells the same with the class of each stamp; Follow-Up is for peers that do not speak it.
  if (told.wstp) return take_wstp(*told.wstp, context, reply);
  if (told.follow_up) take_follow_up(*told.follow_up, context, reply);
}

// RFC 5357 asks for 41 octets, and some peers send less.
std::optional<wire::ReplyBase> decode(base::Bytes octets) {
  //= RFC8762:light-41-octets
  if (octets.size() >= wire::kShortestReply) return wire::decode_reply(octets);
  if (octets.size() < kShortestTolerated) return std::nullopt;
  std::array<std::byte, wire::kShortestReply> whole{};
  std::ranges::copy(octets, whole.begin());
  return wire::decode_reply(whole);
}

}  // namespace

std::optional<Reply> parse_reply(base::Bytes octets, WallTime now, int tai_minus_utc_s,
                                 SenderCounters& counters, const ReplyMode& mode) {
  const bool authenticated = mode.mode == wire::Mode::Authenticated;
  //= RFC8762:mbz-ignored
  const auto base_packet = authenticated ? wire::decode_auth_reply(octets) : decode(octets);
  if (!base_packet) {
    ++counters.malformed;
    return std::nullopt;
  }
  //= RFC4656:error-estimate
  const auto estimate = wire::decode_error_estimate(base_packet->error_estimate);
  if (!estimate.error) ++counters.error_estimate_missing;
  //= RFC8186:own-z
  const Context context{.now = now, .tai_minus_utc_s = tai_minus_utc_s, .format = estimate.format};
  Reply reply;
  reply.reflector_sequence = base_packet->sequence;
  reply.sender_sequence = base_packet->sender_sequence;
  reply.ssid = base_packet->ssid;
  reply.echoed_timestamp = base_packet->sender_timestamp;
  reply.echoed_error_estimate = base_packet->sender_error_estimate;
  reply.error_estimate_echoed = octets.size() >= kEndOfEcho;
  reply.raw_transmitted = base_packet->timestamp;
  reply.format = estimate.format;
  reply.error_estimated = estimate.error.has_value();
  reply.tai_minus_utc = Duration::seconds(tai_minus_utc_s);
  reply.size = octets.size();
  reply.received = stamp_at(base_packet->receive_timestamp, context);
  reply.transmitted = stamp_at(base_packet->timestamp, context);
  //= RFC8186:no-instant
  if (!reply.received || !reply.transmitted) ++counters.bad_timestamp;
  // An Error Estimate tells the distance from UTC only of a clock that follows it.
  //= RFC7679:sync-told
  if (estimate.synchronised) reply.clock_error = estimate.error;
  // 0 is no TTL of a packet that arrived.
  if (base_packet->sender_ttl != 0) reply.request_hop_limit = base_packet->sender_ttl;
  // RFC 8762 4.6: behind the header a TWAMP Light reflector sends padding. A reply that carries our
  // SSID comes from a reflector that knows RFC 8972.
  //= RFC8762:light-nothing-behind
  if (octets.size() <= wire::base_size(mode.mode) || base_packet->ssid == 0) return reply;
  const base::Bytes area = octets.subspan(wire::base_size(mode.mode));
  reply.tlvs =
      wire::read_reply_tlvs(area, base_packet->sequence,
                            {.key = mode.key, .mode = mode.mode, .required = mode.hmac_required});
  reply.tlvs_read = true;
  //= RFC8972:base-stays-usable
  take_tlvs(context, reply, counters);
  return reply;
}

}  // namespace wirestamp::session
