// SPDX-License-Identifier: Apache-2.0
#include "session/reflector.h"

#include <fmt/format.h>

#include <algorithm>

#include "session/limits.h"
#include "wire/reflect_packet.h"

namespace wirestamp::session {

namespace {

// Where a reply has the stamp of its request, and how long ago we may have written that one.
constexpr std::size_t kEchoedStampAt = 28, kAuthEchoedStampAt = 64;
constexpr std::uint64_t kOurStampLasts = std::uint64_t{10} << 32U;  // NTP format: 10 s
// The token of a reply nobody will ask for.
constexpr packet::Token kNoReply = (packet::Token{1} << 44U) - 1;

// An answer to a reply of ours: what stands there is the stamp that we wrote a moment ago. Those of
// honest reflectors are told apart before (wire::classify), but there are others, and two that
// answer each other never stop. Random padding looks so once in 2^28 packets.
bool echoes_our_stamp(base::Bytes request, const Timestamp& now, const ClockState& clock) {
  if (request.size() < wire::kShortestReply || wire::zero_behind_header(request)) return false;
  const auto ours = wire::encode_time(now.wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s);
  const bool authenticated = wire::likely_mode(request) == wire::Mode::Authenticated;
  const std::size_t at = authenticated ? kAuthEchoedStampAt : kEchoedStampAt;
  return ours - base::load_be<std::uint64_t>(request, at) < kOurStampLasts;
}

wire::Wstp describe(const ReflectorSession* session, const packet::ReceivedDatagram& request,
                    const Timestamp& now, const ClockState& clock) {
  const auto estimate = [&](Duration error) {
    return wire::encode_error_estimate(clock.synchronised, wire::TimeFormat::Ntp, error);
  };
  wire::Wstp wstp;
  wstp.received_by = request.arrival.source;
  wstp.transmitted_by = now.source;
  wstp.receive_error = estimate(request.arrival.error);
  wstp.transmit_error = estimate(now.error);
  if (session == nullptr) {
    wstp.stateless = true;
    return wstp;
  }
  wstp.token = session->token;
  wstp.epoch = session->epoch;
  wstp.dropped_by_policy = session->dropped_by_policy;
  Duration worst;
  while (const SentReply* reply = session->newest(wstp.entry_count)) {
    wire::WstpEntry& entry = wstp.entries[wstp.entry_count++];
    entry.sender_sequence = reply->sender_sequence;
    entry.reflector_sequence = reply->reflector_sequence;
    if (!reply->departed) continue;
    entry.source = reply->departed->source;
    entry.transmit_timestamp =
        wire::encode_time(reply->departed->wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s);
    worst = std::max(worst, reply->departed->error);
  }
  wstp.entries_error = estimate(worst);
  return wstp;
}

// RFC 8972 4.7: of the previous reply, and nothing of an earlier one where its stamp is not known
// yet: others do not look which one it is.
//= RFC8972:follow-up
std::optional<wire::FollowUpTelemetry> follow_up(const ReflectorSession* session,
                                                 const ClockState& clock) {
  if (session == nullptr) return std::nullopt;
  const SentReply* reply = session->newest(0);
  if (reply == nullptr || !reply->departed) return std::nullopt;
  return wire::FollowUpTelemetry{
      .sequence = reply->reflector_sequence,
      .timestamp =
          wire::encode_time(reply->departed->wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s),
      .method = static_cast<std::uint8_t>(wire::method_of(reply->departed->source))};
}

}  // namespace

Reflector::Reflector(const ReflectorOptions& options)
    : options_(options),
      policy_(options.policy, base::KeyedHash<>(options.random(), options.random())),
      authenticator_(options.note, options.tlv_hmac),
      tlvs_(std::make_unique<ReflectorTlvs>(options.tlvs)),
      sessions_(options.random) {
  if (!options.policy.addresses.empty()) tlvs_->set_own(options.policy.addresses);
}

bool Reflector::from_one_other_host(const packet::ReceivedDatagram& request) const {
  const packet::Endpoint& from = request.source;
  const packet::IpAddress& to = request.destination.address;
  const bool ourselves = from.address == to && from.port == request.destination.port;
  return from.port != 0 && !from.address.is_any() && !policy_.is_group(from.address) &&
         !ourselves && !policy_.is_own(from);
}

bool Reflector::acceptable(const packet::ReceivedDatagram& request, const Timestamp& now,
                           const ClockState& clock) {
  const auto refuse = [](std::uint64_t& counter) {
    ++counter;
    return false;
  };
  if (request.truncated) return refuse(counters_.truncated);
  if (request.payload.size() < wire::kShortestRequest) return refuse(counters_.too_short);
  ++counters_.requests;
  if (request.to_many || policy_.is_group(request.destination.address))
    return refuse(counters_.refused_destination);
  if (!from_one_other_host(request)) return refuse(counters_.refused_source);
  if (echoes_our_stamp(request.payload, now, clock)) return refuse(counters_.refused_loop);
  return true;
}

bool Reflector::admitted(const packet::ReceivedDatagram& request, ReflectorSession* session,
                         bool verified) {
  const packet::IpAddress& source = request.source.address;
  const auto refused = [&](std::uint64_t& counter) {
    ++counter;
    if (session != nullptr) {
      ++session->dropped_by_policy;
      session->see(base::load_be<std::uint32_t>(request.payload, 0));
    }
    return false;
  };
  Credentials credentials;
  credentials.authenticated =
      verified || (options_.authenticated && options_.authenticated(request));
  if (credentials.authenticated || (session != nullptr && session->established))
    credentials.standing = Standing::Established;
  const Admission admission = policy_.admit(source, credentials, *request.arrival.mono);
  switch (admission) {
    case Admission::Answer:
      break;
    case Admission::RefusedPrefix:
      note_refusal(source, admission);
      return refused(counters_.refused_prefix);
    case Admission::RefusedUnauthenticated:
      note_refusal(source, admission);
      return refused(counters_.refused_unauthenticated);
    case Admission::RefusedRateSource:
      return refused(counters_.refused_rate_source);
    case Admission::RefusedRateNetwork:
      return refused(counters_.refused_rate_network);
    case Admission::RefusedRateTotal:
      return refused(counters_.refused_rate_total);
  }
  if (request.payload.size() < wire::kBaseSize && !policy_.listed(source))
    return refused(counters_.short_unlisted);
  return true;
}

// Where no state is left for its session nobody can tell, so it is not answered either.
bool Reflector::replayed(ReflectorSession* session, const Authentic& request) {
  if (!options_.replay_window || !request.verified()) return false;
  const wire::RequestBase& asked = request.checked.asked;
  if (session != nullptr && session->replays.accept(asked.sequence, asked.timestamp)) return false;
  ++counters_.auth_replayed;
  return true;
}

// What became of another session, told to who knows its token. Looking does not count as use.
std::optional<wire::WstpAccount> Reflector::account_of(const wire::WstpToken& token) const {
  const ReflectorSession* session = sessions_.find_token(token);
  if (session == nullptr) return std::nullopt;
  const auto sent = static_cast<std::uint32_t>(session->replies_sent);
  return wire::WstpAccount{.requests_seen = session->requests_received(),
                           .replies_sent = sent,
                           .last_sender_sequence = session->last_sender_sequence,
                           .source = session->key.remote};
}

void Reflector::note_refusal(const packet::IpAddress& source, Admission why) {
  const packet::IpAddress key = rate_key(source);
  if (refused_noted_.size() >= kMaxRefusalNotes || !refused_noted_.insert(key).second) return;
  const bool v4 = source.family() == packet::Family::V4;
  options_.note(why == Admission::RefusedPrefix
                    ? fmt::format("refused {}: to answer it, add  --allow {}/{}",
                                  packet::to_string(source), packet::to_string(v4 ? source : key),
                                  v4 ? 32 : 64)
                    : fmt::format("refused {}: it proves no key, and  --answer authenticated  "
                                  "wants one",
                                  packet::to_string(source)));
}

// False: the request wants no reply, or is not for this end.
bool Reflector::count_tlvs(const wire::TlvOutcome& outcome, ReflectorSession* session,
                           std::uint32_t sender_sequence) {
  counters_.tlv_unrecognised += outcome.unrecognised;
  counters_.tlv_malformed += outcome.malformed ? 1 : 0;
  counters_.tlv_integrity += outcome.integrity_failed ? 1 : 0;
  counters_.tlv_unfulfilled += outcome.unfulfilled;
  counters_.dscp_refused += outcome.dscp_refused ? 1 : 0;
  counters_.access_reports += outcome.access_report ? 1U : 0U;
  if (outcome.asked) ++(outcome.told ? counters_.accounts_told : counters_.unknown_tokens);
  if (outcome.silence == wire::Silence::None) return true;
  ++(outcome.silence == wire::Silence::MicroSession ? counters_.wrong_link
                                                    : counters_.reply_unwanted);
  if (session == nullptr) return false;
  ++session->unanswered;
  session->see(sender_sequence);
  return false;
}

//= RFC6673:responder
std::optional<packet::OutgoingDatagram> Reflector::reflect(const packet::ReceivedDatagram& request,
                                                           const Timestamp& now,
                                                           const ClockState& clock,
                                                           base::MutableBytes buffer,
                                                           std::uint32_t port) {
  counters_.octets_received += request.payload.size();
  if (!acceptable(request, now, clock)) return std::nullopt;
  const auto authentic = authenticator_.check(request, counters_);
  if (!authentic) return std::nullopt;
  const wire::RequestBase& asked = authentic->checked.asked;
  //= RFC8972:ssid-identifies
  const SessionKey key{request.source, request.destination, authentic->ssid};
  ReflectorSession* session = sessions_.find(key);
  // A replay costs its source nothing: whoever recorded a packet could else use up its rate.
  if (session != nullptr && replayed(session, *authentic)) return std::nullopt;
  if (!admitted(request, session, authentic->verified())) return std::nullopt;
  if (session != nullptr) {
    sessions_.use(*session, *request.arrival.mono);
  } else {
    session = sessions_.find_or_create(key, *request.arrival.mono);
    if (replayed(session, *authentic)) return std::nullopt;
  }
  if (session == nullptr) ++counters_.stateless_replies;

  //= RFC8762:error-of-both
  const Duration stamp_error = std::max(request.arrival.error, now.error);
  //= RFC8762:stateless-number
  const std::uint32_t sequence = session != nullptr ? session->next_sequence : asked.sequence;
  wire::TlvAnswers answers;
  answers.received_traffic_class = request.traffic_class;
  answers.reply_dscp = policy_.permitted_dscp(request.source.address);
  //= RFC8972:timestamp-information
  answers.timestamp_information.method_in =
      static_cast<std::uint8_t>(wire::method_of(request.arrival.source));
  answers.timestamp_information.method_out = static_cast<std::uint8_t>(wire::method_of(now.source));
  // The key of an authenticated one may be gone before its last reply.
  const bool may_burst = session != nullptr && authentic->mode.key == nullptr &&
                         policy_.listed(request.source.address) &&
                         bursts_.has_room(request.source.address);
  tlvs_->prepare(request, session, clock, may_burst, answers);
  answers.follow_up = follow_up(session, clock);
  if (request.payload.size() > wire::base_size(authentic->mode.mode)) {
    answers.wstp = describe(session, request, now, clock);
    answers.wstp->stopping = stopping_ && session != nullptr;
    answers.account_of = [this](const wire::WstpToken& token) { return account_of(token); };
  }
  const wire::ReflectedPacket packet =
      wire::reflect_packet(request.payload, authentic->checked, authentic->mode,
                           //= RFC8762:receive-timestamp
                           {.sequence = sequence,
                            .receive_timestamp = wire::encode_time(
                                request.arrival.wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s),
                            //= RFC8762:ttl-copied
                            .ttl = request.hop_limit.value_or(255)},
                           answers, buffer);
  const wire::TlvOutcome& outcome = packet.tlvs;
  //= RFC8762:light-ntp-reflector RFC5905:ntp-format
  wire::stamp_reply(buffer, authentic->mode,
                    wire::encode_time(now.wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s),
                    wire::encode_error_estimate(clock.synchronised, wire::TimeFormat::Ntp,
                                                clock.error + stamp_error));
  if (!count_tlvs(outcome, session, asked.sequence)) return std::nullopt;

  packet::OutgoingDatagram reply;
  reply.payload = buffer.first(packet.size);
  counters_.octets_sent += packet.size;
  //= RFC8762:reply-to-source
  reply.destination = request.source;
  reply.source = request.destination.address;
  // A link-local address is only there on the interface the request came by.
  if (request.source.address.is_link_local() || request.destination.address.is_link_local())
    reply.interface = request.interface;
  tlvs_->direct(outcome, request, reply);
  reply.token = kNoReply;
  if (session != nullptr) {
    session->replies[sequence % ReflectorSession::kRemembered] = {
        .sender_sequence = asked.sequence, .reflector_sequence = sequence, .departed = {}};
    //= RFC8762:stateful-number
    ++session->next_sequence;
    ++session->replies_sent;
    session->see(asked.sequence);
    reply.token = sessions_.name_of(*session, sequence);
    if (outcome.burst && outcome.burst->count > 1) begin_burst(reply, key, outcome, port, now);
  }
  return reply;
}

void Reflector::begin_burst(const packet::OutgoingDatagram& reply, const SessionKey& key,
                            const wire::TlvOutcome& outcome, std::uint32_t port,
                            const Timestamp& now) {
  bursts_.add({.datagram = reply,
               .octets = {reply.payload.begin(), reply.payload.end()},
               .key = key,
               .sender_sequence = base::load_be<std::uint32_t>(reply.payload, 24),
               .tlvs = outcome,
               .port = port,
               .left = static_cast<std::uint16_t>(outcome.burst->count - 1),
               .interval = outcome.burst->interval,
               .next = *now.mono + outcome.burst->interval});
}

//= draft-asymmetrical-pkts:number
std::optional<Reflector::FurtherReply> Reflector::further_reply(const Timestamp& now,
                                                                const ClockState& clock) {
  ReplyBurst* burst = bursts_.take_due(*now.mono);
  if (burst == nullptr) return std::nullopt;
  ReflectorSession* session = sessions_.find(burst->key);
  if (session == nullptr) {  // pushed out meanwhile
    burst->left = 0;
    return further_reply(now, clock);
  }
  const std::uint32_t sequence = session->next_sequence++;
  wire::number_reply(burst->octets, {}, burst->tlvs, sequence);
  wire::stamp_reply(burst->octets, {},
                    wire::encode_time(now.wall, wire::TimeFormat::Ntp, clock.tai_minus_utc_s),
                    wire::encode_error_estimate(clock.synchronised, wire::TimeFormat::Ntp,
                                                clock.error + now.error));
  session->replies[sequence % ReflectorSession::kRemembered] = {
      .sender_sequence = burst->sender_sequence, .reflector_sequence = sequence, .departed = {}};
  ++counters_.further_replies;
  counters_.octets_sent += burst->octets.size();
  burst->datagram.payload = burst->octets;
  burst->datagram.token = sessions_.name_of(*session, sequence);
  return FurtherReply{.datagram = burst->datagram, .port = burst->port};
}

void Reflector::on_sent(packet::Token token, const packet::SendResult& result) {
  ++(result.status == packet::SendStatus::Accepted ? counters_.replies : counters_.send_failed);
  if (result.buffer_full) ++counters_.send_buffer_full;
  if (result.status == packet::SendStatus::Accepted || token == kNoReply) return;
  if (ReflectorSession* session = sessions_.session_of(token)) ++session->send_failed;
}

void Reflector::on_transmit_stamp(packet::Token token, const Timestamp& stamp) {
  if (token == kNoReply) return;
  SentReply* reply = sessions_.find_reply(token);
  if (reply == nullptr) {
    ++counters_.stamps;  // more than eight replies ago: nobody asks for it any more
    return;
  }
  if (!packet::replaces(stamp, reply->departed)) return;
  if (!reply->departed) ++counters_.stamps;
  reply->departed = stamp;
}

ReflectorCounters Reflector::counters() const {
  ReflectorCounters counters = counters_;
  counters.sessions_created = sessions_.created();
  counters.sessions_evicted = sessions_.evicted();
  return counters;
}

}  // namespace wirestamp::session
