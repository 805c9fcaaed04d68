// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_tlvs.h"

#include <algorithm>

#include "wire/reflect_packet.h"

namespace wirestamp::session {

namespace {

bool is_one_host(const packet::IpAddress& address) {
  return !address.is_any() && !address.is_multicast() && !address.is_broadcast();
}

// RFC 1982.
bool is_newer(std::uint32_t number, std::uint32_t than) {
  return static_cast<std::int32_t>(number - than) > 0;
}

}  // namespace

ReflectorTlvs::ReflectorTlvs(TlvOptions options) : options_(std::move(options)) {
  policy_.own = [this](const packet::Prefix& prefix) { return is_own(prefix); };
  policy_.return_path.emplace().may_answer = [this](const packet::IpAddress& address) {
    return may_answer(address);
  };
  policy_.cos_ecn = policy_.drafts = options_.drafts;
  without_bursts_ = policy_;
  policy_.control = options_.control;
}

// The loopback address is this host's for itself alone.
bool ReflectorTlvs::is_own(const packet::Prefix& prefix) const {
  const packet::IpAddress& reached = request_->destination.address;
  if (prefix.contains(reached)) return true;
  return std::ranges::any_of(options_.own, [&](const packet::IpAddress& address) {
    return prefix.contains(address) && address.is_loopback() == reached.is_loopback();
  });
}

// RFC 9503 4.1.2. By another family the reply could not be sent from the port that was asked, and
// one to ourselves would be a request to nobody.
//= RFC9503:path-address-refused
bool ReflectorTlvs::may_answer(const packet::IpAddress& address) const {
  if (address == request_->source.address) return true;
  if (address.family() != request_->source.address.family() || !is_one_host(address)) return false;
  if (std::ranges::find(options_.own, address) != options_.own.end()) return false;
  return std::ranges::any_of(
      options_.return_to, [&](const packet::Prefix& prefix) { return prefix.contains(address); });
}

std::size_t ReflectorTlvs::room(std::size_t request_size) const {
  return wire::packet_room(request_size, &policy_);
}

void ReflectorTlvs::prepare(const packet::ReceivedDatagram& request,
                            const ReflectorSession* session, const ClockState& clock,
                            bool may_burst, wire::TlvAnswers& answers) {
  request_ = &request;
  answers.policy = may_burst ? &policy_ : &without_bursts_;
  //= RFC8972:timestamp-information
  answers.timestamp_information.sync_in = answers.timestamp_information.sync_out =
      sync_source(clock);
  //= RFC8972:location-policy
  const bool tell = !options_.hide_location;
  // A socket does not see from which MAC address a packet came.
  answers.location = wire::LocationAnswer{.destination = request.destination,
                                          .source = request.source,
                                          .source_mac = std::nullopt,
                                          .tell_ports = tell,
                                          .tell_destination = tell,
                                          .tell_source = tell};
  answers.access_reports = true;
  answers.micro_session = options_.micro_session;
  if (session == nullptr) return;
  // RFC 8972 4.5: this packet and its reply are counted too.
  //= RFC8972:direct-reflector
  answers.direct = wire::DirectCounters{.received = session->requests_received() + 1,
                                        .sent = session->packets_sent() + 1};
  const auto sequence = base::load_be<std::uint32_t>(request.payload, 0);
  answers.sequence_rose = !session->seen || is_newer(sequence, session->last_sender_sequence);
}

void ReflectorTlvs::direct(const wire::TlvOutcome& outcome, const packet::ReceivedDatagram& request,
                           packet::OutgoingDatagram& reply) const {
  reply.traffic_class = static_cast<std::uint8_t>(outcome.dscp << 2U | outcome.ecn);
  // RFC 9503 3: it SHOULD be the source. An address of the other family cannot.
  //= RFC9503:node-is-source
  if (outcome.source && outcome.source->family() == reply.destination.address.family())
    reply.source = outcome.source;
  //= RFC9503:path-address
  if (outcome.destination) reply.destination.address = *outcome.destination;
  //= RFC9503:path-same-link
  if (outcome.same_link) reply.interface = request.interface;
}

}  // namespace wirestamp::session
