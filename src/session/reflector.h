// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "packet/datagram.h"
#include "session/authenticator.h"
#include "session/counters.h"
#include "session/reflector_policy.h"
#include "session/reflector_tlvs.h"
#include "session/reply_bursts.h"
#include "session/session_table.h"
#include "time/clock.h"
#include "wire/stamp.h"
#include "wire/wstp.h"

// The reflecting end (RFC 8762 4.3, RFC 8972): one stateful reflector for all ports of a thread. No
// I/O and no clock. It remembers the true transmit stamps of the last eight replies of each session
// and tells them in later replies (Follow-Up Telemetry and the WSTP TLV).
namespace wirestamp::session {

struct ReflectorOptions {
  PolicyOptions policy;
  // Authentic requests that were seen before are not answered again. Off: duplicates are a metric.
  bool replay_window = false;
  // Keys prove TLVs alone: a peer that has one is answered in the open mode, and nothing is done of
  // its TLVs unless an HMAC TLV is there that is right (RFC 8972 4.8).
  bool tlv_hmac = false;
  std::function<std::uint64_t()> random;  // 64 unpredictable bits per call
  std::function<void(const std::string&)> note;
  // Whether a request proves a key of ours by other means than its HMAC. Asked for each request
  // that may be answered, before rates; empty: none does.
  std::function<bool(const packet::ReceivedDatagram&)> authenticated;
  TlvOptions tlvs;
};

class Reflector {
 public:
  explicit Reflector(const ReflectorOptions& options);

  // The reply to `request`, or nothing (and a counter says why). `now` becomes the Timestamp (T3)
  // of the reply: read it as late as possible. The reply's octets are written to `buffer`, which
  // holds at least room() octets; the reply is never longer than the request, or 44 for a short
  // one, unless TlvOptions::control permits it. The caller has told requests from replies
  // (wire::classify).
  std::optional<packet::OutgoingDatagram> reflect(const packet::ReceivedDatagram& request,
                                                  const Timestamp& now, const ClockState& clock,
                                                  base::MutableBytes buffer,
                                                  std::uint32_t port = 0);

  // Type 12: replies beyond the first one of a request, to be sent by the `port` that was given to
  // reflect(). `now` as there; the octets are valid until the next call. Ask until there is none.
  struct FurtherReply {
    packet::OutgoingDatagram datagram;
    std::uint32_t port = 0;
  };
  std::optional<FurtherReply> further_reply(const Timestamp& now, const ClockState& clock);
  std::optional<MonoTime> next_wake() const { return bursts_.next_wake(); }

  // See reflect(): at least max(request size, 44).
  std::size_t room(std::size_t request_size) const { return tlvs_->room(request_size); }

  // A reply of some other reflector arrived and nobody here asked for it.
  void ignore_reply() { ++counters_.replies_ignored; }
  // A request came for whose reply the caller has no room.
  void drop_request() { ++counters_.replies_dropped; }
  void on_receive_dropped(std::uint64_t count) { counters_.receive_buffer_full += count; }
  // The network says that a reply did not arrive. Whoever can guess a port can make it say so.
  void on_path_error() { ++counters_.path_errors; }

  void on_sent(packet::Token token, const packet::SendResult& result);
  void on_transmit_stamp(packet::Token token, const Timestamp& stamp);

  // From now on each reply says that we are about to stop. Whoever measures us hears of it only if
  // we go on answering for a moment.
  void announce_stop() { stopping_ = true; }

  ReflectorCounters counters() const;

  // From now on requests are verified with these, sessions go on. Null: every one is open.
  void set_keys(KeyringPtr keys) { authenticator_.set_keys(std::move(keys)); }

  // See HostNetworks; the sessions stay.
  void set_networks(HostNetworks networks) {
    tlvs_->set_own(networks.addresses);
    policy_.set_networks(std::move(networks));
  }
  // Hosts that count as listed beside PolicyOptions::allowed, such as those that are measured.
  void set_peers(std::vector<packet::IpAddress> peers) { policy_.set_peers(std::move(peers)); }

 private:
  bool acceptable(const packet::ReceivedDatagram& request, const Timestamp& now,
                  const ClockState& clock);
  bool from_one_other_host(const packet::ReceivedDatagram& request) const;
  bool admitted(const packet::ReceivedDatagram& request, ReflectorSession* session, bool verified);
  bool replayed(ReflectorSession* session, const Authentic& request);
  std::optional<wire::WstpAccount> account_of(const wire::WstpToken& token) const;
  void note_refusal(const packet::IpAddress& source, Admission why);
  void begin_burst(const packet::OutgoingDatagram& reply, const SessionKey& key,
                   const wire::TlvOutcome& outcome, std::uint32_t port, const Timestamp& now);
  bool count_tlvs(const wire::TlvOutcome& outcome, ReflectorSession* session,
                  std::uint32_t sender_sequence);

  ReflectorOptions options_;
  ReflectorPolicy policy_;
  Authenticator authenticator_;
  std::unique_ptr<ReflectorTlvs> tlvs_;  // never null
  SessionTable sessions_;
  ReplyBursts bursts_;
  ReflectorCounters counters_;
  bool stopping_ = false;
  std::set<packet::IpAddress> refused_noted_;
};

}  // namespace wirestamp::session
