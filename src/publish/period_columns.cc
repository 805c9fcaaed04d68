// SPDX-License-Identifier: Apache-2.0
#include "publish/period_columns.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>

#include "publish/document.h"
#include "publish/period.h"

namespace wirestamp::publish {

namespace {

using measure::TimedWindow;
using measure::Window;

WindowField field(std::optional<Duration> value) {
  if (!value) return {};
  return value->ns();
}

WindowField field(std::optional<double> value) {
  if (!value) return {};
  return *value;
}

WindowField field(std::optional<std::uint8_t> value) {
  if (!value) return {};
  return std::uint64_t{*value};
}

template <std::uint64_t Window::* Member>
WindowField count(const TimedWindow& w) {
  return w.window.*Member;
}

template <std::optional<double> (Window::*Ratio)() const>
WindowField ratio(const TimedWindow& w) {
  return field((w.window.*Ratio)());
}

template <measure::ClassedValues Window::* Member>
const measure::Values* values(const TimedWindow& w) {
  const auto* fullest = (w.window.*Member).fullest();
  return fullest != nullptr ? &fullest->values : nullptr;
}

template <measure::ClassedValues Window::* Member, std::uint32_t Ppm>
WindowField percentile(const TimedWindow& w) {
  const auto* of = values<Member>(w);
  return of != nullptr ? field(of->percentile(Ppm)) : WindowField();
}

template <measure::ClassedValues Window::* Member,
          std::optional<Duration> (measure::Values::*Get)() const>
WindowField value(const TimedWindow& w) {
  const auto* of = values<Member>(w);
  return of != nullptr ? field((of->*Get)()) : WindowField();
}

using measure::Values;

constexpr std::array kColumns{
    WindowColumn{"begin", "string", "start of the window, RFC 3339, UTC",
                 [](const TimedWindow& w) -> WindowField { return rfc3339(w.begin); }},
    WindowColumn{"end", "string", "its end, which is not in it",
                 [](const TimedWindow& w) -> WindowField { return rfc3339(w.end()); }},
    WindowColumn{"epoch", "integer",
                 "counts up when the wall clock was set: two windows may begin alike",
                 [](const TimedWindow& w) -> WindowField { return std::uint64_t{w.epoch}; }},
    WindowColumn{"part", "boolean", "the session was not there for all of it",
                 [](const TimedWindow& w) -> WindowField { return w.part; }},
    WindowColumn{"scheduled", "integer", "probes that were due", count<&Window::scheduled>},
    WindowColumn{"sent", "integer", "probes that left this host, or may have",
                 count<&Window::sent>},
    WindowColumn{"delivered", "integer", "probes with a reply in time", count<&Window::delivered>},
    WindowColumn{"late", "integer", "probes whose reply came after the loss threshold",
                 count<&Window::late>},
    WindowColumn{"lost", "integer", "all lost ones, late ones too",
                 [](const TimedWindow& w) -> WindowField { return w.window.lost_total(); }},
    WindowColumn{"lost_forward", "integer", "lost on the way there",
                 [](const TimedWindow& w) -> WindowField { return w.window.lost.forward; }},
    WindowColumn{"lost_backward", "integer", "lost on the way back",
                 [](const TimedWindow& w) -> WindowField { return w.window.lost.backward; }},
    WindowColumn{"lost_unknown", "integer", "lost, direction not known",
                 [](const TimedWindow& w) -> WindowField { return w.window.lost.unknown; }},
    WindowColumn{"peer_closed", "integer", "the host is up, nothing listens on the port",
                 count<&Window::peer_closed>},
    WindowColumn{"too_big", "integer", "larger than the path or interface takes",
                 count<&Window::too_big>},
    WindowColumn{"refused_by_peer", "integer", "the reflector's policy dropped them",
                 count<&Window::refused_by_peer>},
    WindowColumn{"unsent", "integer", "probes that never left this host",
                 [](const TimedWindow& w) -> WindowField { return w.window.unsent_total(); }},
    WindowColumn{"withheld", "integer", "not judged, by rule", count<&Window::withheld>},
    WindowColumn{"late_schedule", "integer", "not sent: this host was too late",
                 count<&Window::late_schedule>},
    WindowColumn{"duplicates", "integer", "extra copies, all directions",
                 [](const TimedWindow& w) -> WindowField {
                   return w.window.duplicates_forward + w.window.duplicates_backward +
                          w.window.duplicates_unknown;
                 }},
    WindowColumn{"reordered", "integer", "replies that came after one to a later probe",
                 count<&Window::reordered>},
    WindowColumn{"loss_ratio", "number", "with the probes that found no neighbour",
                 ratio<&Window::loss_ratio>},
    WindowColumn{"network_loss_ratio", "number", "lost / sent", ratio<&Window::network_loss_ratio>},
    WindowColumn{"rtt_class", "string", "weakest stamp of the round trips told here",
                 [](const TimedWindow& w) -> WindowField {
                   const auto* fullest = w.window.rtt.fullest();
                   if (fullest == nullptr) return {};
                   return std::string(name(fullest->stamps));
                 }},
    WindowColumn{"rtt_count", "integer", "their number",
                 [](const TimedWindow& w) -> WindowField {
                   const auto* of = values<&Window::rtt>(w);
                   return of != nullptr ? of->count() : 0;
                 }},
    WindowColumn{"rtt_ns_min", "integer", "smallest round trip, net of the reflector",
                 value<&Window::rtt, &Values::smallest>},
    WindowColumn{"rtt_ns_p50", "integer", "50th percentile", percentile<&Window::rtt, 500'000>},
    WindowColumn{"rtt_ns_p90", "integer", "90th percentile", percentile<&Window::rtt, 900'000>},
    WindowColumn{"rtt_ns_p99", "integer", "99th percentile", percentile<&Window::rtt, 990'000>},
    WindowColumn{"rtt_ns_max", "integer", "largest", value<&Window::rtt, &Values::largest>},
    WindowColumn{"rtt_ns_mean", "integer", "arithmetic mean", value<&Window::rtt, &Values::mean>},
    WindowColumn{"rtt_error_ns_max", "integer", "largest bound of their errors",
                 [](const TimedWindow& w) { return field(w.window.rtt_error_max); }},
    WindowColumn{"jitter_ns_mean", "integer",
                 "mean difference of the round trips of consecutive probes",
                 value<&Window::ipdv, &Values::mean>},
    WindowColumn{"jitter_ns_p99", "integer", "99th percentile of these differences",
                 percentile<&Window::ipdv, 990'000>},
    WindowColumn{"forward_ns_p50", "integer",
                 "one way there: contains the difference of both clocks, may be negative",
                 percentile<&Window::forward_delay, 500'000>},
    WindowColumn{"backward_ns_p50", "integer", "one way back: the same",
                 percentile<&Window::backward_delay, 500'000>},
    WindowColumn{"one_way_error_ns_max", "integer", "largest bound of the errors of both",
                 [](const TimedWindow& w) { return field(w.window.one_way_error_max); }},
    WindowColumn{"forward_hop_limit", "integer", "TTL of probes as last seen there",
                 [](const TimedWindow& w) { return field(w.window.forward_hop_limit); }},
    WindowColumn{"backward_hop_limit", "integer", "TTL of replies as last seen here",
                 [](const TimedWindow& w) { return field(w.window.backward_hop_limit); }},
    WindowColumn{"worst_loss_ratio", "number",
                 "loss of the worst second in it; absent in windows of a second, as all that "
                 "begins with worst_",
                 [](const TimedWindow& w) -> WindowField {
                   if (!w.window.worst) return {};
                   return w.window.worst->loss_ratio;
                 }},
    WindowColumn{"worst_loss_at", "string", "when that was; absent without any loss",
                 [](const TimedWindow& w) -> WindowField {
                   if (!w.window.worst || w.window.worst->loss_ratio <= 0) return {};
                   return rfc3339(w.window.worst->loss_at);
                 }},
    WindowColumn{"worst_rtt_ns_p99", "integer", "largest p99 of a second in it",
                 [](const TimedWindow& w) -> WindowField {
                   if (!w.window.worst) return {};
                   return field(w.window.worst->rtt_p99);
                 }},
    WindowColumn{"worst_rtt_p99_at", "string", "when that was",
                 [](const TimedWindow& w) -> WindowField {
                   if (!w.window.worst || !w.window.worst->rtt_p99) return {};
                   return rfc3339(w.window.worst->rtt_p99_at);
                 }},
};

struct CsvText {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const std::string& value) const { return value; }
  template <typename T>
  std::string operator()(T value) const {
    return fmt::format("{}", value);
  }
};

void append_lines(std::string& out, const Period& period) {
  for (const TimedWindow& window : period.windows) {
    append_csv_field(out, period.session);
    for (const WindowColumn& column : kColumns) {
      out += ',';
      append_csv_field(out, std::visit(CsvText(), column.get(window)));
    }
    out += '\n';
  }
}

std::string csv_header() {
  std::string out = "session";
  for (const WindowColumn& column : kColumns)
    fmt::format_to(std::back_inserter(out), ",{}", column.name);
  return out + '\n';
}

}  // namespace

std::span<const WindowColumn> window_columns() { return kColumns; }

void append_csv_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string period_csv(const PeriodReport& report) {
  std::string out = csv_header();
  if (report.before) append_lines(out, *report.before);
  append_lines(out, report.period);
  return out;
}

std::string overview_csv(const Overview& overview) {
  // One window for each session: the whole of the range.
  std::string out = csv_header();
  for (const Period& period : overview.sessions)
    append_lines(out, {.session = period.session,
                       .windows = {{.begin = overview.from,
                                    .length = overview.to - overview.from,
                                    .epoch = 0,
                                    .part = period.share_with_data() < 1,
                                    .window = period.total}}});
  return out;
}

}  // namespace wirestamp::publish
