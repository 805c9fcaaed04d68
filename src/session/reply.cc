// SPDX-License-Identifier: Apache-2.0
#include "session/reply.h"

#include "wire/stamp.h"
#include "wire/tlv.h"
#include "wire/tlv_hmac.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

namespace wirestamp::session {

namespace {

struct Context {
  WallTime now;
  int tai_minus_utc_s;
  wire::TimeFormat format;  // of this reply's own stamps: the first Error Estimate governs them
};

// What hardware is allowed by itself where a peer tells the method but no error.
constexpr Duration kHardwareError = Duration::microseconds(1);

// Without an error a stamp is of no class: nothing is known of how it was taken.
std::optional<Timestamp> stamp_at(std::uint64_t raw, const Context& context,
                                  StampSource source = StampSource::Unknown,
                                  std::optional<Duration> error = std::nullopt) {
  const auto wall = wire::decode_time(raw, context.format, context.now, context.tai_minus_utc_s);
  if (!wall) return std::nullopt;
  return Timestamp{.wall = *wall,
                   .mono = std::nullopt,
                   .error = error.value_or(Duration()),
                   .source = error ? source : StampSource::Unknown};
}

void take_follow_up(const wire::FollowUpTelemetry& told, const Context& context, Reply& reply) {
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

// RFC 8972 4: I in any of them means that the HMAC over all of them did not verify.
bool fails_integrity(base::Bytes area) {
  wire::TlvReader reader(area);
  while (const auto tlv = reader.next())
    if ((tlv->flags & wire::kIntegrity) != 0) return true;
  return false;
}

void take_tlvs(base::Bytes area, const Context& context, Reply& reply, SenderCounters& counters) {
  if (fails_integrity(area)) {
    ++counters.tlv_integrity;
    return;
  }
  wire::TlvReader reader(area);
  std::optional<wire::FollowUpTelemetry> follow_up;
  while (const auto tlv = reader.next()) {
    // RFC 8972 4: U: skip this one; M: stop.
    if ((tlv->flags & wire::kUnrecognised) != 0) {
      ++counters.tlv_unrecognised;
      continue;
    }
    if ((tlv->flags & wire::kMalformed) != 0) {
      ++counters.tlv_malformed;
      break;
    }
    if (tlv->type == wire::kClassOfService) {
      if (tlv->value.size() != wire::ClassOfService::kLength) continue;
      const auto cos = wire::ClassOfService::decode(tlv->value);
      reply.request_traffic_class =
          static_cast<std::uint8_t>((cos.received_dscp << 2U) | cos.received_ecn);
      reply.class_refused = cos.refused != 0;
    } else if (tlv->type == wire::kFollowUpTelemetry) {
      if (tlv->value.size() == wire::FollowUpTelemetry::kLength)
        follow_up = wire::FollowUpTelemetry::decode(tlv->value);
    } else if (tlv->type == wire::kWstp && !reply.state) {
      if (wire::Wstp::ours(tlv->value) && wire::Wstp::valid_length(tlv->value.size()))
        take_wstp(wire::Wstp::decode(tlv->value), context, reply);
    }
  }
  // WSTP tells the same with the class of each stamp; Follow-Up is for peers that do not speak it.
  if (follow_up && !reply.state) take_follow_up(*follow_up, context, reply);
}

}  // namespace

std::optional<Reply> parse_reply(base::Bytes octets, WallTime now, int tai_minus_utc_s,
                                 SenderCounters& counters, const ReplyMode& mode) {
  const bool authenticated = mode.mode == wire::Mode::Authenticated;
  const auto base_packet =
      authenticated ? wire::decode_auth_reply(octets) : wire::decode_reply(octets);
  if (!base_packet) {
    ++counters.malformed;
    return std::nullopt;
  }
  const auto estimate = wire::decode_error_estimate(base_packet->error_estimate);
  if (!estimate.error) ++counters.error_estimate_missing;
  const Context context{.now = now, .tai_minus_utc_s = tai_minus_utc_s, .format = estimate.format};
  Reply reply;
  reply.reflector_sequence = base_packet->sequence;
  reply.sender_sequence = base_packet->sender_sequence;
  reply.ssid = base_packet->ssid;
  reply.echoed_timestamp = base_packet->sender_timestamp;
  reply.echoed_error_estimate = base_packet->sender_error_estimate;
  reply.received = stamp_at(base_packet->receive_timestamp, context);
  reply.transmitted = stamp_at(base_packet->timestamp, context);
  if (!reply.received || !reply.transmitted) ++counters.bad_timestamp;
  // An Error Estimate tells the distance from UTC only of a clock that follows it.
  if (estimate.synchronised) reply.clock_error = estimate.error;
  reply.request_hop_limit = base_packet->sender_ttl;
  // RFC 8762 4.6: behind the header a TWAMP Light reflector sends padding. A reply that carries our
  // SSID comes from a reflector that knows RFC 8972.
  if (octets.size() <= wire::base_size(mode.mode) || base_packet->ssid == 0) return reply;
  const base::Bytes area = octets.subspan(wire::base_size(mode.mode));
  const bool intact =
      wire::check_integrity(area, base_packet->sequence, {.key = mode.key, .mode = mode.mode})
          .verdict != wire::IntegrityVerdict::Failed;
  if (intact)
    take_tlvs(area, context, reply, counters);
  else
    ++counters.tlv_integrity;
  return reply;
}

}  // namespace wirestamp::session
