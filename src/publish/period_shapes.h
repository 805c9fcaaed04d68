// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "measure/incident.h"
#include "measure/window.h"
#include "publish/document_shapes.h"
#include "publish/period_columns.h"
#include "publish/schema.h"

// What the documents of report and evidence tell alike: windows, incidents, events. Each is told
// through a pointer of its own, so that no other document has to tell it in this way; pointers are
// never null, and what they point to belongs to the report.
namespace wirestamp::publish {

struct WindowFigures {
  const measure::Window* window;
};
struct ValueFigures {
  const measure::Values* values;
};
struct DelayFigures {
  const measure::ClassedValues* delays;
};
struct WindowTold {
  const measure::TimedWindow* window;
};
struct IncidentTold {
  const measure::Incident* incident;
};
struct EventTold {
  const measure::RecordedEvent* recorded;
};

template <typename To, typename From>
std::vector<To> each(const std::vector<From>& values) {
  std::vector<To> told;
  for (const From& value : values) told.push_back({&value});
  return told;
}

inline std::optional<std::string> time_text(std::optional<WallTime> time) {
  if (!time) return std::nullopt;
  return rfc3339(*time);
}

template <>
struct Shape<ValueFigures> {
  using T = ValueFigures;
  static constexpr std::string_view kName = "values",
                                    kMeaning = "Of durations, in nanoseconds, by histogram.";
  template <std::uint32_t Ppm>
  static std::optional<Duration> p(const T& told) {
    return told.values->percentile(Ppm);
  }
  static constexpr std::array kRows{
      row<[](const T& told) { return told.values->count(); }>("count", kAlways, "number of values"),
      row<[](const T& told) { return told.values->smallest(); }>("min", kAnyValue,
                                                                 "smallest, exact"),
      row<[](const T& told) { return p<500'000>(told); }>("p50", kAnyValue, "50th percentile"),
      row<[](const T& told) { return p<900'000>(told); }>("p90", kAnyValue, "90th percentile"),
      row<[](const T& told) { return p<990'000>(told); }>("p99", kAnyValue, "99th percentile"),
      row<[](const T& told) { return p<999'000>(told); }>("p999", kAnyValue, "99.9th percentile"),
      row<[](const T& told) { return told.values->largest(); }>("max", kAnyValue, "largest, exact"),
      row<[](const T& told) { return told.values->mean(); }>("mean", kAnyValue, "arithmetic mean"),
  };
};

template <>
struct Shape<DelayFigures> {
  using T = DelayFigures;
  static constexpr std::string_view kName = "delays",
                                    kMeaning = "Delays of the stamp class with most values.";
  static std::optional<StampSource> stamps(const T& told) {
    const auto* fullest = told.delays->fullest();
    if (fullest == nullptr) return std::nullopt;
    return fullest->stamps;
  }
  static std::optional<ValueFigures> values(const T& told) {
    const auto* fullest = told.delays->fullest();
    if (fullest == nullptr) return std::nullopt;
    return ValueFigures{&fullest->values};
  }
  static constexpr std::array kRows{
      row<[](const T& told) { return stamps(told); }>("class", kAnyValue,
                                                      "weakest stamp in each of them"),
      row<[](const T& told) { return values(told); }>("ns", kAnyValue, "their figures"),
      row<[](const T& told) { return told.delays->others(); }>("other_class", kAlways,
                                                               "values with other stamps"),
  };
};

template <>
struct Shape<WindowFigures> {
  using T = WindowFigures;
  static const measure::Window& w(const T& told) { return *told.window; }
  static Named<std::uint64_t> unsent(const T& told) {
    Named<std::uint64_t> named;
    for (std::size_t i = 1; i < w(told).unsent_by_cause.size(); ++i)
      named.emplace_back(name(static_cast<measure::UnsentCause>(i)), w(told).unsent_by_cause[i]);
    return named;
  }
  static std::optional<double> worst_loss(const T& told) {
    if (!w(told).worst) return std::nullopt;
    return w(told).worst->loss_ratio;
  }
  static std::optional<std::string> worst_loss_at(const T& told) {
    if (worst_loss(told).value_or(0) <= 0) return std::nullopt;
    return rfc3339(w(told).worst->loss_at);
  }
  static std::optional<Duration> worst_p99(const T& told) {
    if (!w(told).worst) return std::nullopt;
    return w(told).worst->rtt_p99;
  }
  static std::optional<std::string> worst_p99_at(const T& told) {
    if (!worst_p99(told)) return std::nullopt;
    return rfc3339(w(told).worst->rtt_p99_at);
  }
  static constexpr std::string_view kName = "figures",
                                    kMeaning =
                                        "Of a stretch of time; each is defined in "
                                        "docs/measurement.md under its name.";
  static constexpr std::string_view kHops = "where known";
  static constexpr std::array kRows{
      row<[](const T& t) { return w(t).scheduled; }>("scheduled", kAlways, "probes that were due"),
      row<[](const T& t) { return w(t).sent; }>("sent", kAlways,
                                                "probes that left this host, or may have"),
      row<[](const T& t) { return w(t).delivered; }>("delivered", kAlways, "answered in time"),
      row<[](const T& t) { return w(t).late; }>("late", kAlways,
                                                "answered after the loss threshold"),
      row<[](const T& t) { return w(t).duplicates_forward; }>("duplicates_by_direction.forward",
                                                              kAlways, "extra copies of probes"),
      row<[](const T& t) { return w(t).duplicates_backward; }>("duplicates_by_direction.backward",
                                                               kAlways, "extra copies of replies"),
      row<[](const T& t) { return w(t).duplicates_unknown; }>(
          "duplicates_by_direction.unknown", kAlways, "extra replies, direction not known"),
      row<[](const T& t) { return w(t).reordered; }>(
          "reordered", kAlways, "replies that came after one to a later probe"),
      row<[](const T& t) { return w(t).lost_total(); }>("lost.total", kAlways,
                                                        "all lost ones, late ones too"),
      row<[](const T& t) { return w(t).lost.forward; }>("lost.forward", kAlways,
                                                        "lost on the way there"),
      row<[](const T& t) { return w(t).lost.backward; }>("lost.backward", kAlways,
                                                         "lost on the way back"),
      row<[](const T& t) { return w(t).lost.unknown; }>("lost.unknown", kAlways,
                                                        "lost, direction not known"),
      row<[](const T& t) { return w(t).peer_closed; }>("lost_by_cause.peer_closed", kAlways,
                                                       "the host is up, nothing listens"),
      row<[](const T& t) { return w(t).too_big; }>("lost_by_cause.too_big", kAlways,
                                                   "larger than the path takes"),
      row<[](const T& t) { return w(t).unsent_total(); }>("unsent.total", kAlways,
                                                          "probes that never left this host"),
      row<[](const T& t) { return unsent(t); }>("unsent.by_cause", kAlways, "by cause"),
      row<[](const T& t) { return w(t).refused_by_peer; }>(
          "refused_by_peer", kAlways, "dropped by the reflector's policy: not lost"),
      row<[](const T& t) { return w(t).withheld; }>("withheld", kAlways, "not judged, by rule"),
      row<[](const T& t) { return w(t).late_schedule; }>("late_schedule", kAlways,
                                                         "not sent: this host was too late"),
      row<[](const T& t) { return w(t).departure_unconfirmed; }>(
          "departure_unconfirmed", kAlways, "of lost.unknown: those that may never have left"),
      row<[](const T& t) { return w(t).loss_ratio(); }>(
          "loss_ratio", "when anything was to be judged",
          "(lost.total + neighbour unresolved) / (sent + neighbour unresolved)"),
      row<[](const T& t) { return w(t).network_loss_ratio(); }>(
          "network_loss_ratio", "when anything was sent", "lost.total / sent"),
      row<[](const T& t) { return w(t).unreachable_ratio(); }>(
          "unreachable_ratio", "when anything was to be judged",
          "1 - delivered / (scheduled - withheld - late_schedule)"),
      row<[](const T& t) { return w(t).forward_loss_ratio(); }>(
          "forward_loss_ratio", "when anything was sent", "lost.forward / sent"),
      row<[](const T& t) { return w(t).backward_loss_ratio(); }>(
          "backward_loss_ratio", "when anything was sent", "lost.backward / sent"),
      row<[](const T& t) { return w(t).burst_sent; }>("burst.sent", kAlways,
                                                      "extra probes of the bursts"),
      row<[](const T& t) { return w(t).burst_received; }>("burst.received", kAlways,
                                                          "those answered in time"),
      row<[](const T& t) { return w(t).burst_lost; }>("burst.lost", kAlways, "those lost"),
      row<[](const T& t) { return worst_loss(t); }>(
          "worst.loss_ratio", "of more than one window of a second", "loss of the worst second"),
      row<[](const T& t) { return worst_loss_at(t); }>("worst.loss_at", "with any loss",
                                                       "when that second began"),
      row<[](const T& t) { return worst_p99(t); }>("worst.rtt_ns_p99", kAnyValue,
                                                   "largest p99 of the round trips of a second"),
      row<[](const T& t) { return worst_p99_at(t); }>("worst.rtt_p99_at", kAnyValue,
                                                      "when that second began"),
      row<[](const T& t) { return DelayFigures{&w(t).rtt}; }>("rtt", kAlways,
                                                              "round trip net of the reflector"),
      row<[](const T& t) { return w(t).rtt_error_max; }>("rtt_error_ns_max", kAnyValue,
                                                         "largest bound of their errors"),
      row<[](const T& t) { return w(t).negative_rtt; }>(
          "negative_rtt", kAlways, "round trips below 0: the reflector's stamps are wrong"),
      row<[](const T& t) { return DelayFigures{&w(t).forward_delay}; }>(
          "forward", kAlways, "T2 - T1: contains the difference of both clocks"),
      row<[](const T& t) { return DelayFigures{&w(t).backward_delay}; }>("backward", kAlways,
                                                                         "T4 - T3: the same"),
      row<[](const T& t) { return w(t).one_way_error_max; }>(
          "one_way_error_ns_max", "when both clocks told their error", "largest bound of both"),
      row<[](const T& t) { return DelayFigures{&w(t).ipdv}; }>(
          "jitter", kAlways, "differences of the round trips of consecutive probes, without sign"),
      row<[](const T& t) { return ValueFigures{&w(t).residence}; }>(
          "reflector_residence_ns", kAlways, "T3 - T2: the time in the reflector"),
      row<[](const T& t) { return ValueFigures{&w(t).schedule_error}; }>(
          "schedule_error_ns", kAlways, "sent minus due: how late this host was"),
      row<[](const T& t) { return w(t).sender_tx; }>("stamps.sender_tx", kAlways, "T1"),
      row<[](const T& t) { return w(t).reflector_rx; }>("stamps.reflector_rx", kAlways, "T2"),
      row<[](const T& t) { return w(t).reflector_tx; }>("stamps.reflector_tx", kAlways, "T3"),
      row<[](const T& t) { return w(t).sender_rx; }>("stamps.sender_rx", kAlways, "T4"),
      row<[](const T& t) { return w(t).clock_step_samples; }>("clock_step_samples", kAlways,
                                                              "probes across a step of the clock"),
      row<[](const T& t) { return w(t).bad_reflector_stamps; }>("bad_reflector_stamps", kAlways,
                                                                "replies whose stamps cannot be"),
      row<[](const T& t) { return w(t).forward_marks_known; }>(
          "marks.forward.known", kAlways, "probes whose marks the reflector told"),
      row<[](const T& t) { return w(t).forward_remarked; }>(
          "marks.forward.remarked", kAlways, "those that arrived with others than sent"),
      row<[](const T& t) { return w(t).forward_traffic_class; }>(
          "marks.forward.traffic_class", kHops, "seen last: DSCP << 2 | ECN"),
      row<[](const T& t) { return w(t).forward_hop_limit; }>("marks.forward.hop_limit", kHops,
                                                             "TTL seen last"),
      row<[](const T& t) { return w(t).backward_marks_known; }>("marks.backward.known", kAlways,
                                                                "replies whose marks are known"),
      row<[](const T& t) { return w(t).backward_remarked; }>(
          "marks.backward.remarked", kAlways, "those with another DSCP than asked for"),
      row<[](const T& t) { return w(t).backward_traffic_class; }>("marks.backward.traffic_class",
                                                                  kHops, "seen last"),
      row<[](const T& t) { return w(t).backward_hop_limit; }>("marks.backward.hop_limit", kHops,
                                                              "TTL seen last"),
  };
};

// Its rows are those of window_columns().
template <>
struct Shape<WindowTold> {
  using T = WindowTold;
  static constexpr std::string_view kName = "window", kMeaning = "A line of the CSV.";
  static constexpr std::array<Row<T>, 0> kRows{};
};

inline void write_window(JsonWriter& json, const measure::TimedWindow& window) {
  json.begin_element();
  for (const WindowColumn& column : window_columns())
    std::visit(
        [&]<typename V>(const V& value) {
          if constexpr (!std::same_as<V, std::monostate>) json.member(column.name, value);
        },
        column.get(window));
  json.end_object();
}

// A better match than that of any vector.
inline void write_value(JsonWriter& json, std::string_view key,
                        const std::vector<WindowTold>& windows) {
  json.begin_array(key);
  for (const WindowTold& told : windows) write_window(json, *told.window);
  json.end_array();
}

template <>
struct Shape<IncidentTold> {
  using T = IncidentTold;
  static constexpr std::string_view kName = "incident", kMeaning = "Events that belong together.";
  static constexpr std::array kRows{
      row<[](const T& t) { return t.incident->id; }>("id", kAlways, "its number"),
      row<[](const T& t) { return t.incident->session; }>("session", kAlways, "its session"),
      row<[](const T& t) { return t.incident->severity; }>("severity", kAlways,
                                                           "info, warning or error: the worst"),
      row<[](const T& t) { return rfc3339(t.incident->opened); }>("opened", kAlways,
                                                                  "when it began"),
      row<[](const T& t) { return time_text(t.incident->closed); }>("closed", "when it is over",
                                                                    "end of the trouble"),
      row<[](const T& t) { return t.incident->in_maintenance; }>("in_maintenance", kAlways,
                                                                 "opened in announced maintenance"),
      row<[](const T& t) { return t.incident->title; }>("title", kAlways, "one line"),
      row<[](const T& t) { return t.incident->events; }>("events", kAlways, "number of its events"),
  };
};

template <>
struct Shape<EventTold> {
  using T = EventTold;
  static constexpr std::string_view kName = "recorded",
                                    kMeaning = "An event with its place in the store.";
  static constexpr std::array kRows{
      row<[](const T& t) { return t.recorded->id; }>("id", kAlways, "its number"),
      row<[](const T& t) { return t.recorded->session; }>("session", kAlways,
                                                          "its session; empty: the agent"),
      row<[](const T& t) { return t.recorded->severity; }>("severity", kAlways,
                                                           "info, warning or error"),
      row<[](const T& t) { return t.recorded->incident; }>("incident", kAlways,
                                                           "its incident; 0: none"),
      row<[](const T& t) { return &t.recorded->event; }>("event", kAlways,
                                                         "as in docs/reference/output.md"),
  };
};

}  // namespace wirestamp::publish
