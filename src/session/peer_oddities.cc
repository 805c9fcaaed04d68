// SPDX-License-Identifier: Apache-2.0
#include "session/peer_oddities.h"

#include <fmt/format.h>

#include "wire/stamp.h"

namespace wirestamp::session {

namespace {

constexpr Duration kUtcMargin = Duration::seconds(1);
constexpr Duration kFarApart = Duration::hours(1);

Duration magnitude(Duration time) { return time < Duration() ? Duration() - time : time; }

}  // namespace

bool PeerOddities::first(Kind kind) {
  return !std::exchange(told_[static_cast<std::size_t>(kind)], true);
}

void PeerOddities::refuse_zero_ssid() {
  if (first(Kind::Refused))
    notes_.emplace_back(
        "the peer answers without our SSID, so it knows no extensions of STAMP, and its replies "
        "are refused: --peer auto takes them");
}

void PeerOddities::look(const OddReply& odd) {
  const Reply& reply = odd.reply;
  if (reply.ssid == 0 && first(Kind::NoSsid))
    notes_.emplace_back(
        "the peer answers without our SSID: it speaks TWAMP Light, or STAMP without extensions; "
        "nothing behind the base packet is read");
  if (!reply.error_estimated && first(Kind::NoErrorEstimate))
    notes_.emplace_back(
        "the peer tells no error of its stamps (multiplier 0): delays of one direction have no "
        "bound");
  if (reply.swapped && first(Kind::Swapped))
    notes_.emplace_back(
        "the peer has our stamp where its own belongs, and the other way round: its stamps are "
        "not used, round trips include its own time");
  look_at_size(odd);
  look_at_clock(odd);
}

void PeerOddities::look_at_size(const OddReply& odd) {
  const std::size_t size = odd.reply.size;
  if (size < wire::kShortestReply) {
    if (first(Kind::NoTtl))
      notes_.push_back(fmt::format(
          "replies have {} octets and no TTL: hops on the way there are not known", size));
  } else if (size < odd.request_size) {
    if (first(Kind::Cut))
      notes_.push_back(
          fmt::format("replies are cut: {} of {} octets come back", size, odd.request_size));
  } else if (size > odd.request_size && size > wire::kBaseSize && !odd.larger_asked) {
    if (first(Kind::Longer))
      notes_.push_back(
          fmt::format("replies are longer than probes: {} octets for {}", size, odd.request_size));
  }
}

// UTC instead of TAI stands in a PTP stamp 37 s too early; in the other direction it is our side.
void PeerOddities::look_at_clock(const OddReply& odd) {
  if (!odd.ahead) return;
  const bool ptp = odd.reply.format == wire::TimeFormat::Ptp || odd.ours == wire::TimeFormat::Ptp;
  const Duration apart = magnitude(*odd.ahead);
  const bool by_leap_seconds = magnitude(apart - odd.reply.tai_minus_utc) < kUtcMargin;
  if (ptp && by_leap_seconds && odd.reply.tai_minus_utc > Duration()) {
    if (first(Kind::UtcInPtp))
      notes_.push_back(fmt::format(
          "the peer's clock seems {} s off, as if it had UTC in the PTP format: --ptp-scale utc "
          "reads it so; round trips are right either way",
          odd.reply.tai_minus_utc / Duration::seconds(1)));
  } else if (apart >= kFarApart && first(Kind::HoursApart)) {
    notes_.push_back(
        fmt::format("the clocks of both ends are {} h apart: delays of one direction mean nothing, "
                    "round trips are right",
                    apart / Duration::hours(1)));
  }
}

}  // namespace wirestamp::session
