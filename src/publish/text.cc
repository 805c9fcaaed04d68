// SPDX-License-Identifier: Apache-2.0
#include "publish/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>

#include "measure/delay.h"
#include "publish/document.h"
#include "publish/text_lines.h"

namespace wirestamp::publish {

namespace {

using measure::Summary;
using measure::UnsentCause;

std::string human(std::optional<Duration> duration) {
  return duration ? publish::human(*duration) : std::string("-");
}

std::string probes(std::uint64_t count) {
  return fmt::format("{} probe{}", count, count == 1 ? "" : "s");
}

void append_counts(std::string& out, const Summary& s) {
  line(out, "sent", "{}, received {}, late {}, duplicates {}, reordered {}", s.sent, s.received,
       s.late, s.duplicates_forward + s.duplicates_backward + s.duplicates_unknown,
       s.round_trip_order.reordered);
  const std::uint64_t lost = measure::lost_total(s);
  std::string text = fmt::format("{}", lost);
  if (s.network_loss_ratio) text += fmt::format(" ({})", human_percent(*s.network_loss_ratio));
  if (lost > 0) {
    text += fmt::format(": on the way there {}, on the way back {}, direction unknown {}",
                        s.lost.forward, s.lost.backward, s.lost.unknown);
    if (s.late > 0) text += fmt::format(", late {}", s.late);
    if (s.peer_closed > 0) text += fmt::format(", peer closed {}", s.peer_closed);
    if (s.too_big > 0) text += fmt::format(", too big {}", s.too_big);
  }
  line(out, "lost", "{}", text);
  text = fmt::format("{}", s.unsent_total);
  const char* separator = ": ";
  for (std::size_t i = 1; i < s.unsent_by_cause.size(); ++i) {
    if (s.unsent_by_cause[i] == 0) continue;
    text += fmt::format("{}{} {}", separator, words(name(static_cast<UnsentCause>(i))),
                        s.unsent_by_cause[i]);
    separator = ", ";
  }
  line(out, "unsent", "{}", text);
  if (s.refused_by_peer > 0)
    line(out, "refused", "{} by the reflector's policy: not lost", s.refused_by_peer);
  if (s.withheld > 0) line(out, "withheld", "{} {}", s.withheld, kWithheld);
  if (s.late_schedule > 0)
    line(out, "not sent", "{}: this host was too late to send them", s.late_schedule);
  if (s.loss_ratio && s.loss_ratio != s.network_loss_ratio)
    line(out, "loss", "{} with the probes that found no neighbour", human_percent(*s.loss_ratio));
  if (s.departure_unconfirmed > 0)
    line(out, "unconfirmed", "{} of the lost may never have left this host",
         s.departure_unconfirmed);
  if (s.loss_periods > 0)
    line(out, "loss periods", "{}, the longest of {}", s.loss_periods,
         probes(s.longest_loss_period));
  if (s.burst_sent > 0)
    line(out, "bursts", "{} extra probes, {} answered", s.burst_sent, s.burst_received);
}

void append_one_way(std::string& out, const Summary& s) {
  if (s.forward_delay.count == 0 && s.backward_delay.count == 0) return;
  if (!s.one_way_error || *s.one_way_error > measure::kUselessClock)
    return line(out, "one way", "not told: the clocks of both ends are not known to agree");
  line(out, "one way", "there p50 {}, back p50 {}, both +-{} (error of clocks and stamps)",
       human(s.forward_delay.p50), human(s.backward_delay.p50), human(s.one_way_error));
}

// Where the reflector's stamps are not to be believed.
void append_gross(std::string& out, const Summary& s) {
  if (s.gross_rtt.count == 0) return;
  line(out, "round trip", "of {} probes with the reflector's time in it: min {}, p50 {}, max {}",
       s.gross_rtt.count, human(s.gross_rtt.min), human(s.gross_rtt.p50), human(s.gross_rtt.max));
}

void append_delays(std::string& out, const Summary& s) {
  if (s.rtt.count == 0) return;
  line(out, "round trip", "min {}, p50 {}, p90 {}, p99 {}, max {}", human(s.rtt.min),
       human(s.rtt.p50), human(s.rtt.p90), human(s.rtt.p99), human(s.rtt.max));
  std::string note = "net of the reflector";
  if (s.reflector_residence.count > 0)
    note += fmt::format(" (p50 {})", human(s.reflector_residence.p50));
  if (s.rtt_error_max)
    note += fmt::format(", error of the stamps at most {}", human(s.rtt_error_max));
  line(out, "", "{}", note);
  if (s.rtt_other_class > 0)
    line(out, "", "{} more with other stamps than these, not mixed in", s.rtt_other_class);
  if (s.negative_rtt > 0)
    line(out, "", "{} below 0: the reflector's stamps are wrong by more than that", s.negative_rtt);
  if (s.jitter_consecutive)
    line(out, "jitter", "{} between neighbours, {} by RFC 3550", human(s.jitter_consecutive),
         human(s.jitter_rfc3550));
  if (s.rtt_variation.pdv_p95) {
    std::string text = fmt::format("95 % within {} of the minimum", human(s.rtt_variation.pdv_p95));
    if (s.forward_variation.pdv_p95 && s.backward_variation.pdv_p95)
      text += fmt::format("; there {}, back {}", human(s.forward_variation.pdv_p95),
                          human(s.backward_variation.pdv_p95));
    line(out, "variation", "{}", text);
  }
  append_one_way(out, s);
  if (s.mos)
    line(out, "speech", "MOS {:.2f} (R {:.1f}), {}", s.mos->value, s.mos->r,
         s.mos->alike              ? "the same both ways"
         : s.mos->forward_is_worse ? "there the worse way"
                                   : "back the worse way");
}

std::string dscp_list(const std::array<std::uint64_t, 256>& traffic_classes) {
  std::array<std::uint64_t, 64> dscp{};
  for (std::size_t value = 0; value < traffic_classes.size(); ++value)
    dscp[value >> 2U] += traffic_classes[value];
  std::string text;
  for (std::size_t value = 0; value < dscp.size(); ++value)
    if (dscp[value] > 0)
      text += fmt::format("{}{} ({} times)", text.empty() ? "" : ", ", value, dscp[value]);
  return text.empty() ? "not known" : text;
}

void append_packets(std::string& out, const Report& report) {
  const Summary& s = report.summary;
  if (s.received > 0)
    line(out, "DSCP", "sent {}; seen there {}; on the replies {}", report.dscp,
         dscp_list(s.forward_traffic_class), dscp_list(s.backward_traffic_class));
  line(out, "stamps", "T1 here {}; T2 there {};", stamp_list(s.sender_tx),
       stamp_list(s.reflector_rx));
  line(out, "", "T3 there {}; T4 here {}", stamp_list(s.reflector_tx), stamp_list(s.sender_rx));
  if (s.clock_step_samples > 0)
    line(out, "clock", "{} probes across a step of the clock: no one-way values",
         s.clock_step_samples);
  if (s.bad_reflector_stamps > 0)
    line(out, "reflector", "{} replies with T3 before T2, or a T2 or T3 that is no instant",
         s.bad_reflector_stamps);
}

std::string optional_percent(const std::optional<double>& ratio) {
  return ratio ? human_percent(*ratio) : std::string("-");
}

void append_flows(std::string& out, const Report& report) {
  if (report.flows.empty()) return;
  out += '\n';
  const auto table = [&](std::string_view name, std::string_view tuple, std::string_view sent,
                         std::string_view lost, std::string_view p50, std::string_view p99) {
    long_line(out, name,
              fmt::format("{:<44} {:>8} {:>9} {:>10} {:>10}", tuple, sent, lost, p50, p99));
  };
  table("flows", "", "sent", "lost", "p50", "p99");
  std::size_t number = 0;
  for (const Report::Flow& flow : report.flows) {
    const Summary& s = flow.summary;
    table(fmt::format("{:>5}", number++), flow.tuple, fmt::format("{}", s.sent),
          optional_percent(s.network_loss_ratio), human(s.rtt.p50), human(s.rtt.p99));
  }
}

// Beside the probes, never among them.
void append_echo(std::string& out, const Report& report) {
  if (!report.echo) return;
  const measure::EchoSummary& echo = report.echo->summary;
  line(out, "ICMP echo", "no direction, round trip includes the peer's kernel; {}",
       report.echo->reason);
  std::string text = fmt::format("sent {}, received {}, late {}, duplicates {}, lost {}", echo.sent,
                                 echo.received, echo.late, echo.duplicates, echo.lost);
  if (echo.loss_ratio) text += fmt::format(" ({})", human_percent(*echo.loss_ratio));
  if (echo.unsent > 0) text += fmt::format(", unsent {}", echo.unsent);
  if (echo.withheld > 0) text += fmt::format(", withheld {}", echo.withheld);
  line(out, "", "{}", text);
  if (echo.rtt.count == 0) return;
  line(out, "", "min {}, p50 {}, p90 {}, p99 {}, max {} by {} stamps", human(echo.rtt.min),
       human(echo.rtt.p50), human(echo.rtt.p90), human(echo.rtt.p99), human(echo.rtt.max),
       name(*echo.rtt_class));
  if (echo.rtt_other_class > 0)
    line(out, "", "{} more with other stamps than these, not mixed in", echo.rtt_other_class);
}

// What was asked for with --tlv.
void append_tlvs(std::string& out, const Report& report) {
  bool first = true;
  for (const Report::Tlv& tlv : report.tlvs) {
    if (!tlv.asked || tlv.text.empty()) continue;
    if (first) out += '\n';
    long_line(out, first ? "tlvs" : "", tlv.text);
    first = false;
  }
}

void append_events(std::string& out, const Report& report) {
  constexpr std::size_t kShown = 40;  // the document has them all
  if (report.events.empty()) return;
  out += '\n';
  const std::size_t first = report.events.size() - std::min(kShown, report.events.size());
  if (first > 0) line(out, "events", "{} earlier ones are left out here", first);
  for (std::size_t i = first; i < report.events.size(); ++i)
    long_line(out, i == 0 ? "events" : "", event_line(report.events[i]));
}

std::string live_text(const LiveState& state) {
  const Summary& s = *state.summary;
  std::string text =
      fmt::format("{} sent, {} received, {} lost", s.sent, s.received, measure::lost_total(s));
  if (s.unsent_total > 0) text += fmt::format(", {} unsent", s.unsent_total);
  // The newest reply says by the user clock when it was sent, until a later one tells better: such
  // a figure does not belong beside those of kernel stamps.
  if (state.last != nullptr &&
      (!s.rtt_class || measure::round_trip_class(*state.last) == *s.rtt_class))
    text += fmt::format(" | now {}", human(measure::round_trip(*state.last)));
  if (s.rtt.count > 0)
    text += fmt::format(" | p50 {} p99 {} max {}", human(s.rtt.p50), human(s.rtt.p99),
                        human(s.rtt.max));
  if (s.rtt_class) text += fmt::format(" | {}", name(*s.rtt_class));
  if (const measure::EchoSummary* echo = state.echo) {
    text += fmt::format(" | ICMP echo, no direction: {} of {}", echo->received, echo->sent);
    if (echo->rtt.count > 0)
      text += fmt::format(", p50 {} max {}", human(echo->rtt.p50), human(echo->rtt.max));
  }
  return text;
}

// "wan0: 12 of 20, p50 1.20 ms".
std::string short_text(const LiveState& state) {
  const Summary& s = *state.summary;
  std::string text = fmt::format("{}: {} of {}", state.label, s.received, s.scheduled);
  if (s.rtt.count > 0) text += fmt::format(", p50 {}", human(s.rtt.p50));
  return text;
}

}  // namespace

std::string event_line(const measure::Event& event) {
  // The time of day to the millisecond.
  return fmt::format("{} {}", rfc3339(event.wall).substr(11, 12), event.text);
}

std::string human(Duration duration) {
  const double ns = static_cast<double>(duration.ns());
  const double size = std::fabs(ns);
  struct Unit {
    double ns;
    std::string_view name;
  };
  constexpr std::array<Unit, 4> kUnits{{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}}};
  for (const Unit& unit : kUnits) {
    // 999.5 us would round to 1000 us: that is the next unit's.
    if (size < unit.ns * 0.9995 && unit.ns > 1) continue;
    const double value = ns / unit.ns;
    if (unit.ns == 1) return fmt::format("{} ns", duration.ns());
    const int digits = std::fabs(value) < 9.995 ? 2 : std::fabs(value) < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, digits, unit.name);
  }
  return "0 ns";
}

// Three digits, and as many more as it takes not to round to 100: a single reply in 10,000 probes
// is no dead path.
std::string human_percent(double ratio) {
  const double percent = ratio * 100;
  if (percent > 0 && percent < 1e-4)
    return fmt::format("{:.{}f} %", percent, 2 - static_cast<int>(std::floor(std::log10(percent))));
  int digits = 3;
  std::string text = fmt::format("{:.{}g}", percent, digits);
  while (percent < 100 && text == "100" && digits < 17)
    text = fmt::format("{:.{}g}", percent, ++digits);
  return text + " %";
}

//= RFC8762:load-estimated
std::string load_text(std::uint32_t size, packet::Family family, Duration interval,
                      unsigned lanes) {
  const unsigned headers = family == packet::Family::V4 ? 28 : 48;
  const double bits = 8.0 * (size + headers) * lanes / interval.to_seconds();
  if (bits < 999.5) return fmt::format("{:.3g} bit/s each way", bits);
  if (bits < 999.5e3) return fmt::format("{:.3g} kbit/s each way", bits / 1e3);
  return fmt::format("{:.{}f} Mbit/s each way", bits / 1e6,
                     bits < 9.995e6   ? 2
                     : bits < 99.95e6 ? 1
                                      : 0);
}

std::string headline(const Report& start) {
  std::string text = fmt::format("{}{}measuring {}", start.label, start.label.empty() ? "" : ": ",
                                 packet::to_string(start.remote));
  if (start.host != packet::to_string(start.remote.address))
    text += fmt::format(" ({})", start.host);
  text += fmt::format(" from {}", packet::to_string(start.local));
  if (!start.interface_name.empty()) text += fmt::format(" on {}", start.interface_name);
  text +=
      fmt::format(": {} octets every {}, {}, stamps here: {} when sent, {} when received",
                  start.size, human(start.interval),
                  load_text(start.size, start.remote.address.family(), start.interval, start.lanes),
                  name(start.transmit), name(start.receive));
  if (!start.stamping_reason.empty()) text += fmt::format(" ({})", start.stamping_reason);
  if (!start.key_id.empty())
    text += fmt::format(", {}authenticated with key {} ({})", start.tlv_hmac ? "TLVs " : "",
                        start.key_id, start.key_fingerprint);
  std::string out;
  append_wrapped(out, text, 0, 2);
  return out;
}

std::string live_line(std::span<const LiveState> states, std::size_t columns) {
  std::string text;
  if (states.size() == 1) {
    text = live_text(states.front());
  } else {
    for (const LiveState& state : states)
      text += fmt::format("{}{}", text.empty() ? "" : " | ", short_text(state));
  }
  if (text.size() > columns) text.resize(columns);
  return text;
}

std::string text_summary(const Report& report) {
  std::string out =
      fmt::format("{}{}{}: {} in {}\n", report.label.empty() ? "" : report.label + ": ",
                  packet::to_string(report.remote), report.interrupted ? " (interrupted)" : "",
                  probes(report.summary.scheduled), human(report.ended - report.began));
  append_counts(out, report.summary);
  append_delays(out, report.summary);
  append_gross(out, report.summary);
  append_packets(out, report);
  append_echo(out, report);
  append_flows(out, report);
  append_tlvs(out, report);
  append_events(out, report);
  return out;
}

std::string comparison(std::span<const Report> reports) {
  std::size_t width = 0;
  for (const Report& report : reports) width = std::max(width, report.label.size());
  std::string out = fmt::format("\n{:<{}} {:>8} {:>8} {:>9} {:>10} {:>10} {:>10}\n", "", width,
                                "sent", "unsent", "loss", "min", "p50", "p99");
  for (const Report& report : reports) {
    const Summary& s = report.summary;
    out += fmt::format("{:<{}} {:>8} {:>8} {:>9} {:>10} {:>10} {:>10}\n", report.label, width,
                       s.sent, s.unsent_total, optional_percent(s.loss_ratio), human(s.rtt.min),
                       human(s.rtt.p50), human(s.rtt.p99));
  }
  return out;
}

}  // namespace wirestamp::publish
