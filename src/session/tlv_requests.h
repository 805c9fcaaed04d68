// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "packet/address.h"
#include "time/duration.h"
#include "wire/request_layout.h"
#include "wire/tlv_values.h"

namespace wirestamp::session {

// RFC 8972 4.6: how often an Access Report is sent again that no reply brought back.
struct ReportOptions {
  Duration after = Duration::seconds(3);
  unsigned times = 4;
  bool operator==(const ReportOptions&) const = default;
};

// The TLVs that a user asks for, in each probe.
struct TlvRequests {
  std::vector<wire::AskedTlv> tlvs;
  std::vector<std::byte> padding_pattern;  // empty: pseudo-random padding
  ReportOptions report;
  std::optional<packet::IpAddress> answers_from;    // Destination Node Address
  std::optional<wire::MicroSession> micro_session;  // as sent
  bool no_reply = false;                            // Return Path wants none
  bool reply_elsewhere = false;                     // Return Path names another address
  bool operator==(const TlvRequests&) const = default;

  bool asks(std::uint8_t type) const {
    return std::ranges::any_of(tlvs, [type](const auto& one) { return one.type == type; });
  }
};

// The retransmission timer of an Access Report.
class ReportTimer {
 public:
  explicit ReportTimer(const ReportOptions& options) : options_(options) {}

  // It went out. Only the first time and repetitions arm the timer: other probes carry it too, but
  // not because it was not answered.
  void on_send(MonoTime now) {
    if (received_ || due_ || repeated_ > options_.times) return;
    due_ = now + options_.after;
  }
  void on_receipt() {
    received_ = true;
    due_.reset();
  }
  // Absent: it is received, or was repeated often enough.
  std::optional<MonoTime> due() const { return due_; }
  // True when it is to be sent again now.
  bool take_due(MonoTime now) {
    if (!due_ || *due_ > now) return false;
    due_.reset();
    return ++repeated_ <= options_.times;
  }

 private:
  ReportOptions options_;
  std::optional<MonoTime> due_;
  unsigned repeated_ = 0;
  bool received_ = false;
};

}  // namespace wirestamp::session
