// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "packet/address.h"
#include "packet/datagram.h"
#include "session/session_table.h"
#include "time/clock.h"
#include "wire/reflect.h"

// What a reflector tells and does in TLVs (RFC 8972, 9503, 9534), with what is true here behind
// each: addresses as received, the clock, the counters of the session, the addresses of this host.
namespace wirestamp::session {

// The operator's choices.
struct TlvOptions {
  // RFC 8972 4.2.1: a Location TLV is answered with zeros.
  bool hide_location = false;
  // RFC 9503 4.1.2: replies may be sent to addresses in these networks instead of to the source of
  // the request. Empty: nowhere else.
  std::vector<packet::Prefix> return_to;
  // RFC 9534: of the link that requests arrive by. Absent: the TLV is not understood.
  std::optional<std::uint16_t> micro_session;
  // Type 12, for listed sources. Absent: one reply for each request.
  std::optional<wire::ControlPolicy> control;
  bool drafts = false;  // types 240 to 247, and ECN in Class of Service
  // What disciplines this host's clock while it is disciplined.
  wire::SyncSource clock_source = wire::SyncSource::Ntp;
  std::vector<packet::IpAddress> own;  // the addresses of this host
};

class ReflectorTlvs {
 public:
  explicit ReflectorTlvs(TlvOptions options);
  // The policy points to this object.
  ReflectorTlvs(const ReflectorTlvs&) = delete;
  ReflectorTlvs& operator=(const ReflectorTlvs&) = delete;

  void set_own(std::vector<packet::IpAddress> own) { options_.own = std::move(own); }
  const TlvOptions& options() const { return options_; }

  // The most octets of a reply to a request of that size.
  std::size_t room(std::size_t request_size) const;
  // Adds what a TLV may ask for; `session` may be null. `may_burst`: type 12 may be done for this
  // request. Both are the caller's until the request is answered.
  void prepare(const packet::ReceivedDatagram& request, const ReflectorSession* session,
               const ClockState& clock, bool may_burst, wire::TlvAnswers& answers);
  // Where and how the reply goes.
  void direct(const wire::TlvOutcome& outcome, const packet::ReceivedDatagram& request,
              packet::OutgoingDatagram& reply) const;

  // Of the clock, as Timestamp Information tells it.
  std::uint8_t sync_source(const ClockState& clock) const {
    return static_cast<std::uint8_t>(clock.synchronised ? options_.clock_source
                                                        : wire::SyncSource::FreeRunning);
  }

 private:
  bool is_own(const packet::Prefix& prefix) const;
  bool may_answer(const packet::IpAddress& address) const;

  TlvOptions options_;
  wire::TlvPolicy policy_, without_bursts_;
  const packet::ReceivedDatagram* request_ = nullptr;  // that is being answered
};

}  // namespace wirestamp::session
