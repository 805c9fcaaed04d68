// SPDX-License-Identifier: Apache-2.0
#include "publish/window_document.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>

#include "publish/document.h"
#include "publish/schema.h"

namespace wirestamp::publish {

namespace {

constexpr std::string_view kAnyValue = "with at least one value";

// Values of one kind, and which of their percentiles are told.
struct ValuesView {
  const measure::Values* values = nullptr;  // null: there are none
  std::span<const Percentile> percentiles;

  std::uint64_t count() const { return values == nullptr ? 0 : values->count(); }
};

using measure::ClassedValues;
using measure::Window;

ValuesView view(const ClassedValues& of, const WindowView& window) {
  const auto* fullest = of.fullest();
  return {.values = fullest == nullptr ? nullptr : &fullest->values,
          .percentiles = window.percentiles};
}

std::optional<StampSource> class_of(const ClassedValues& of) {
  const auto* fullest = of.fullest();
  if (fullest == nullptr) return std::nullopt;
  return fullest->stamps;
}

constexpr const Window& figures(const WindowView& view) { return view.timed.window; }

template <measure::UnsentCause Cause>
constexpr auto unsent(std::string_view path, std::string_view meaning) {
  return row<[](const WindowView& of) {
    return figures(of).unsent_by_cause[static_cast<std::size_t>(Cause)];
  }>(path, kAlways, meaning);
}
template <auto Member>
constexpr auto count(std::string_view path, std::string_view meaning) {
  return row<[](const WindowView& of) { return std::invoke(Member, figures(of)); }>(path, kAlways,
                                                                                    meaning);
}
template <auto Member>
constexpr auto figure(std::string_view path, std::string_view presence, std::string_view meaning) {
  return row<[](const WindowView& of) { return std::invoke(Member, figures(of)); }>(path, presence,
                                                                                    meaning);
}
template <auto Member>
constexpr auto values(std::string_view path, std::string_view meaning) {
  return row<[](const WindowView& of) {
    return ValuesView{&std::invoke(Member, figures(of)), of.percentiles};
  }>(path, kAlways, meaning);
}
template <auto Member>
constexpr auto classed(std::string_view path, std::string_view meaning) {
  return row<[](const WindowView& of) { return view(std::invoke(Member, figures(of)), of); }>(
      path, kAlways, meaning);
}
template <auto Member>
constexpr auto stamps_of(std::string_view path) {
  return row<[](const WindowView& of) { return class_of(std::invoke(Member, figures(of))); }>(
      path, kAnyValue, "weakest stamp in each of these");
}
template <auto Member>
constexpr auto others(std::string_view path) {
  return row<[](const WindowView& of) { return std::invoke(Member, figures(of)).others(); }>(
      path, kAlways, "values with other stamps, not in these");
}

// Those of the class whose values are told too.
struct HistogramView {
  const measure::Histogram* histogram;  // null: there are no values
};
template <auto Member, auto Asked>
constexpr auto histogram(std::string_view path) {
  return row<[](const WindowView& of) -> std::optional<HistogramView> {
    if (!(of.histograms.*Asked)) return std::nullopt;
    const auto* fullest = std::invoke(Member, figures(of)).fullest();
    return HistogramView{fullest == nullptr ? nullptr : &fullest->values.histogram};
  }>(path, "where asked for", "all of these values, to be merged with those of other windows");
}

void write_side(JsonWriter& json, std::string_view key, const HistogramView& of, int wanted) {
  json.begin_array(key);
  if (of.histogram != nullptr)
    of.histogram->for_each_bucket([&](int sign, int bucket, std::uint64_t times) {
      if (sign != wanted) return;
      json.begin_row();
      json.element(bucket - measure::Histogram::kOneSecond);
      json.element(times);
      json.end_array();
    });
  json.end_array();
}
template <int Sign>
constexpr Row<HistogramView> side(std::string_view path, std::string_view meaning) {
  return {path, kAlways, meaning,
          [](JsonWriter& json, std::string_view key, const HistogramView& of) {
            write_side(json, key, of, Sign);
          },
          [](const DocumentField& here, std::vector<DocumentField>& fields) {
            fields.push_back(here);
            fields.back().path += "[]";
            fields.back().type = "bucket";
          }};
}

// The object of a shape that another file tells.
template <auto Get>
constexpr Row<WindowView> stamps_row(std::string_view path, std::string_view meaning) {
  return {path, kAlways, meaning,
          [](JsonWriter& json, std::string_view key, const WindowView& of) {
            write_stamps(json, key, std::invoke(Get, figures(of)));
          },
          [](const DocumentField& here, std::vector<DocumentField>& fields) {
            fields.push_back(here);
            fields.back().type = "stamps";
          }};
}

}  // namespace

template <>
struct Shape<ValuesView> {
  using T = ValuesView;
  static constexpr std::string_view kName = "values",
                                    kMeaning =
                                        "Of durations, in nanoseconds. Percentiles are "
                                        "those of a histogram: at most 1.1 % wrong.";
  static std::optional<Duration> of(const T& view,
                                    std::optional<Duration> (measure::Values::*get)() const) {
    if (view.values == nullptr) return std::nullopt;
    return (view.values->*get)();
  }
  static std::optional<Named<Duration>> percentiles(const T& view) {
    if (view.count() == 0) return std::nullopt;
    Named<Duration> named;
    for (const Percentile& wanted : view.percentiles)
      named.emplace_back(wanted.name, *view.values->percentile(wanted.ppm));
    return named;
  }
  static constexpr std::array kRows{
      row<[](const T& view) { return view.count(); }>("count", kAlways, "number of values"),
      row<[](const T& view) { return of(view, &measure::Values::smallest); }>("min", kAnyValue,
                                                                              "smallest"),
      row<[](const T& view) { return of(view, &measure::Values::largest); }>("max", kAnyValue,
                                                                             "largest"),
      row<[](const T& view) { return of(view, &measure::Values::mean); }>("mean", kAnyValue,
                                                                          "arithmetic mean"),
      row<[](const T& view) { return percentiles(view); }>(
          "percentiles", kAnyValue, "those asked for, by name: `p50`, `p99.9`"),
  };
};

template <>
struct Shape<HistogramView> {
  using T = HistogramView;
  static constexpr std::string_view kName = "histogram",
                                    kMeaning =
                                        "Numbers of values by size; two are merged by adding them. "
                                        "Bucket n holds what is above 2^((n-1)/32) s, up to "
                                        "2^(n/32) s.";
  static constexpr std::array kRows{
      row<[](const T&) { return measure::Histogram::kSchema; }>(
          "schema", kAlways, "5: 2^5 buckets for each factor of two, as in Prometheus"),
      side<-1>("negative", "values below 0, by their magnitude"),
      row<[](const T& of) { return of.histogram == nullptr ? 0 : of.histogram->zero(); }>(
          "zero", kAlways, "number of values that are 0"),
      side<1>("positive", "values above 0"),
  };
};

template <>
struct Shape<WindowView> {
  using T = WindowView;
  static constexpr std::string_view kName = "window",
                                    kMeaning = "What is kept of a stretch of time.";
  static constexpr std::string_view kSent = "when anything was sent";
  static constexpr std::string_view kJudged = "when anything was to be judged";
  static constexpr std::string_view kWorst = "of a window that was made of finer ones";
  static constexpr std::string_view kSeen = "where it was seen";

  static constexpr std::array kRows{
      row<[](const T& of) { return rfc3339(of.timed.begin); }>(
          "begin", kAlways, "start, RFC 3339, UTC; probes count where they were due"),
      row<[](const T& of) { return rfc3339(of.timed.end()); }>("end", kAlways,
                                                               "its end, which is not in it"),
      row<[](const T& of) { return of.timed.length; }>("length_ns", kAlways, "end - begin"),
      row<[](const T& of) { return of.timed.epoch; }>(
          "epoch", kAlways, "counts up when the wall clock was set: two windows may begin alike"),
      row<[](const T& of) { return of.timed.part; }>("part", kAlways,
                                                     "the session was not there for all of it"),
      count<&Window::scheduled>("scheduled", "probes that were due; bursts not counted"),
      count<&Window::sent>("sent", "probes that left this host, or may have"),
      row<[](const T& of) { return figures(of).delivered + figures(of).late; }>(
          "received", kAlways, "probes with a reply, late ones included"),
      count<&Window::delivered>("delivered", "probes with a reply in time"),
      count<&Window::late>("late", "probes whose reply came after the loss threshold"),
      count<&Window::duplicates_forward>("duplicates.forward",
                                         "extra copies of probes that the reflector answered"),
      count<&Window::duplicates_backward>("duplicates.backward", "extra copies of replies"),
      count<&Window::duplicates_unknown>("duplicates.unknown",
                                         "extra replies of a reflector that does not number them"),
      count<&Window::lost_total>("lost.total",
                                 "forward + backward + unknown + peer_closed + too_big + late: "
                                 "what network_loss_ratio counts"),
      row<[](const T& of) { return figures(of).lost.forward; }>("lost.forward", kAlways,
                                                                "lost on the way there"),
      row<[](const T& of) { return figures(of).lost.backward; }>("lost.backward", kAlways,
                                                                 "lost on the way back"),
      row<[](const T& of) { return figures(of).lost.unknown; }>("lost.unknown", kAlways,
                                                                "lost, direction not known"),
      count<&Window::peer_closed>("lost_by_cause.peer_closed",
                                  "the host is up, nothing listens on the port"),
      count<&Window::too_big>("lost_by_cause.too_big", "larger than the path or interface takes"),
      count<&Window::unsent_total>("unsent.total", "probes that never left this host"),
      unsent<measure::UnsentCause::NeighbourUnresolved>(
          "unsent.by_cause.neighbour_unresolved",
          "the neighbour or gateway does not answer ARP or NDP"),
      unsent<measure::UnsentCause::NoRoute>("unsent.by_cause.no_route", "no route to the host"),
      unsent<measure::UnsentCause::InterfaceDown>("unsent.by_cause.interface_down",
                                                  "the interface is down"),
      unsent<measure::UnsentCause::AddressGone>("unsent.by_cause.address_gone",
                                                "the source address is no longer there"),
      unsent<measure::UnsentCause::RefusedLocally>("unsent.by_cause.refused_locally",
                                                   "a firewall or policy of this host"),
      unsent<measure::UnsentCause::DroppedLocally>(
          "unsent.by_cause.dropped_locally",
          "a full queue, a lost carrier, or no stamp and no error for 4 s"),
      count<&Window::refused_by_peer>(
          "refused_by_peer",
          "the reflector says that its policy dropped it: neither lost nor delivered"),
      count<&Window::withheld>("withheld",
                               "not judged: healing pause, back-off, suspended host, or "
                               "interrupted run"),
      count<&Window::late_schedule>("late_schedule", "not sent: this host was too late"),
      count<&Window::departure_unconfirmed>("departure_unconfirmed",
                                            "of lost.unknown: those that may never have left"),
      figure<&Window::loss_ratio>(
          "loss_ratio", kJudged,
          "(lost.total + neighbour unresolved) / (sent + neighbour unresolved)"),
      figure<&Window::network_loss_ratio>("network_loss_ratio", kSent, "lost.total / sent"),
      figure<&Window::unreachable_ratio>("unreachable_ratio", kJudged,
                                         "1 - delivered / (scheduled - withheld - late_schedule)"),
      figure<&Window::forward_loss_ratio>("forward_loss_ratio", kSent,
                                          "share of what was sent that is known to be lost on the "
                                          "way there"),
      figure<&Window::backward_loss_ratio>("backward_loss_ratio", kSent,
                                           "the same on the way back"),
      count<&Window::burst_sent>("burst.sent", "extra probes of the bursts"),
      count<&Window::burst_received>("burst.received", "those answered in time"),
      count<&Window::burst_lost>("burst.lost", "those lost, late ones included"),
      count<&Window::arrived>("arrived", "first replies, bursts included"),
      count<&Window::reordered>("reordered", "those that a later probe overtook (RFC 4737 3)"),
      classed<&Window::rtt>("rtt_ns", "round trip net of the reflector"),
      stamps_of<&Window::rtt>("rtt_class"),
      others<&Window::rtt>("rtt_other_class"),
      figure<&Window::rtt_error_max>("rtt_error_ns.max", kAnyValue,
                                     "largest bound of the error of a round trip"),
      count<&Window::negative_rtt>("negative_rtt",
                                   "net round trips below 0: T2 or T3 is wrong; they are kept"),
      classed<&Window::forward_delay>("forward_ns",
                                      "T2 - T1, raw: contains the difference of both clocks"),
      stamps_of<&Window::forward_delay>("forward_class"),
      others<&Window::forward_delay>("forward_other_class"),
      classed<&Window::backward_delay>("backward_ns", "T4 - T3, raw"),
      stamps_of<&Window::backward_delay>("backward_class"),
      others<&Window::backward_delay>("backward_other_class"),
      figure<&Window::one_way_error_max>("one_way_error_ns", "when both clocks told their error",
                                         "largest bound of the error of a one-way delay"),
      classed<&Window::ipdv>("ipdv_ns",
                             "absolute difference of the round trips of consecutive probes of a "
                             "flow (RFC 3393): jitter"),
      values<&Window::schedule_error>("schedule_error_ns", "sent minus scheduled"),
      values<&Window::residence>("reflector_residence_ns", "T3 - T2, time in the reflector"),
      stamps_row<&Window::sender_tx>("stamps.sender_tx", "T1"),
      stamps_row<&Window::reflector_rx>("stamps.reflector_rx", "T2"),
      stamps_row<&Window::reflector_tx>("stamps.reflector_tx", "T3"),
      stamps_row<&Window::sender_rx>("stamps.sender_rx", "T4"),
      count<&Window::clock_step_samples>("clock_step_samples",
                                         "probes across a step of the clock or a suspend"),
      count<&Window::bad_reflector_stamps>("bad_reflector_stamps",
                                           "replies with T3 before T2, or one of them no instant"),
      count<&Window::forward_marks_known>("marks.forward.known",
                                          "probes whose marks the reflector told"),
      count<&Window::forward_remarked>("marks.forward.remarked",
                                       "those of them that arrived otherwise than sent"),
      figure<&Window::forward_traffic_class>("marks.forward.traffic_class", kSeen,
                                             "traffic class octet seen last"),
      figure<&Window::forward_hop_limit>("marks.forward.hop_limit", kSeen, "hop limit seen last"),
      count<&Window::backward_marks_known>("marks.backward.known",
                                           "replies whose marks are known here"),
      count<&Window::backward_remarked>("marks.backward.remarked",
                                        "those of them that came otherwise than the reflector sent "
                                        "them, where it tells what it saw"),
      figure<&Window::backward_traffic_class>("marks.backward.traffic_class", kSeen,
                                              "traffic class octet seen last"),
      figure<&Window::backward_hop_limit>("marks.backward.hop_limit", kSeen, "hop limit seen last"),
      row<[](const T& of) {
        const auto& worst = figures(of).worst;
        return worst ? std::optional(worst->loss_ratio) : std::nullopt;
      }>("worst_loss_ratio", kWorst, "the largest loss_ratio of these"),
      row<[](const T& of) {
        const auto& worst = figures(of).worst;
        return worst ? std::optional(rfc3339(worst->loss_at)) : std::nullopt;
      }>("worst_loss_at", kWorst, "begin of that one"),
      row<[](const T& of) {
        const auto& worst = figures(of).worst;
        return worst ? worst->rtt_p99 : std::nullopt;
      }>("worst_rtt_p99_ns", kWorst, "the largest p99 of the round trip of these"),
      row<[](const T& of) {
        const auto& worst = figures(of).worst;
        return worst && worst->rtt_p99 ? std::optional(rfc3339(worst->rtt_p99_at)) : std::nullopt;
      }>("worst_rtt_p99_at", kWorst, "begin of that one"),
      histogram<&Window::rtt, &WindowHistograms::rtt>("rtt_histogram"),
      histogram<&Window::forward_delay, &WindowHistograms::forward>("forward_histogram"),
      histogram<&Window::backward_delay, &WindowHistograms::backward>("backward_histogram"),
      histogram<&Window::ipdv, &WindowHistograms::ipdv>("ipdv_histogram"),
  };

  static bool tells(const T& of, std::size_t row) {
    return of.fields == nullptr || of.fields->tells(row);
  }
};
static_assert(std::size(Shape<WindowView>::kRows) <= WindowFields::kMostRows);

template <>
struct Shape<measure::RecordedEvent> {
  using T = measure::RecordedEvent;
  static constexpr std::string_view kName = "recorded_event",
                                    kMeaning = "An event as it is kept and told.";
  static constexpr Row<T> kEvent{
      "event", kAlways, "what happened",
      [](JsonWriter& json, std::string_view key, const T& of) { write_event(json, key, of.event); },
      [](const DocumentField& here, std::vector<DocumentField>& fields) {
        fields.push_back(here);
        fields.back().type = "event";
      }};
  static constexpr std::array kRows{
      row<&T::id>("id", kAlways, "unique in a store, counts up"),
      row<[](const T& of) { return unless_empty(of.session); }>(
          "session", "unless it is of the agent as a whole", "name of the session"),
      row<&T::severity>("severity", kAlways, "info, warning or error"),
      row<[](const T& of) { return of.incident == 0 ? std::nullopt : std::optional(of.incident); }>(
          "incident", "where it belongs to one", "id of the incident"),
      kEvent,
  };
};

template <>
struct Shape<measure::IncidentFigure> {
  using T = measure::IncidentFigure;
  static constexpr std::string_view kName = "incident_figure",
                                    kMeaning = "What crossed its threshold, at one time.";
  static constexpr std::array kRows{
      row<[](const T& of) { return of.crossing.figure; }>("figure", kAlways,
                                                          "loss, latency or jitter"),
      row<[](const T& of) { return of.crossing.error; }>(
          "error", kAlways, "it is above the threshold of an error, else of a warning"),
      row<[](const T& of) { return of.crossing.loss; }>(
          "loss_ratio", "of loss", "lost / sent over the stretch it was judged by"),
      row<[](const T& of) { return of.crossing.loss_threshold; }>("loss_threshold", "of loss",
                                                                  "the threshold"),
      row<[](const T& of) { return of.crossing.delay; }>("delay_ns", "of latency and jitter",
                                                         "median of the windows it was judged by"),
      row<[](const T& of) { return of.crossing.delay_threshold; }>(
          "delay_threshold_ns", "of latency and jitter", "the threshold"),
      row<[](const T& of) { return of.crossing.median; }>("median_ns", "when 24 hours are known",
                                                          "the usual"),
      row<[](const T& of) { return of.direction; }>(
          "direction", "of loss, when nearly all of it is on one way", "forward or backward"),
      row<[](const T& of) { return rfc3339(of.at); }>("at", kAlways,
                                                      "end of that stretch, RFC 3339, UTC"),
  };
};

template <>
struct Shape<measure::Incident> {
  using T = measure::Incident;
  static constexpr std::string_view kName = "incident",
                                    kMeaning = "Events of a session that belong together.";
  static constexpr std::array kRows{
      row<&T::id>("id", kAlways, "unique in a store, counts up"),
      row<&T::session>("session", kAlways, "name of the session"),
      row<&T::severity>("severity", kAlways, "the worst it had: info, warning or error"),
      row<[](const T& of) { return rfc3339(of.opened); }>("opened", kAlways,
                                                          "begin of what opened it"),
      row<[](const T& of) {
        return of.closed ? std::optional(rfc3339(*of.closed)) : std::nullopt;
      }>("closed", "when it is over", "end of the trouble, not of the quiet time after it"),
      row<&T::in_maintenance>("in_maintenance", kAlways,
                              "opened while maintenance was announced: not delivered"),
      row<&T::title>("title", kAlways,
                     "one line for a person: the worst figure, of an outage the verdict"),
      row<&T::opened_as>("opened_as", kAlways, "what the title was when it opened"),
      row<&T::crossed>("crossed", "when a figure crossed a threshold", "the figure then"),
      row<&T::worst>("worst", "when a figure crossed a threshold",
                     "its worst value while the incident was open"),
      row<&T::silent>("silent_ns", "when an outage of it is over",
                      "how long the longest one was, at least"),
      row<&T::events>("events", kAlways, "how many events belong to it"),
  };
};

namespace {

template <typename T>
std::string one_line(const T& of) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_rows(json, of);
  json.end_object();
  return out;
}

template <typename T>
void write_element(JsonWriter& json, const T& of) {
  json.begin_element();
  write_rows(json, of);
  json.end_object();
}

template <typename... T>
std::vector<DocumentShape> shapes_of() {
  std::vector<DocumentShape> shapes{{Shape<T>::kName, Shape<T>::kMeaning, {}}...};
  auto shape = shapes.begin();
  (describe_rows<T>("", kAlways, (shape++)->members), ...);
  return shapes;
}

}  // namespace

std::span<const Percentile> usual_percentiles() {
  static const std::array<Percentile, 3> usual{
      Percentile{"p50", 500'000}, Percentile{"p95", 950'000}, Percentile{"p99", 990'000}};
  return usual;
}

WindowFields::WindowFields(std::span<const std::string> names) {
  std::size_t row = 0;
  for (const Row<WindowView>& one : Shape<WindowView>::kRows) {
    const std::string_view name = one.path.substr(0, one.path.find('.'));
    rows_.set(row++, name == "begin" || std::ranges::find(names, name) != names.end());
  }
}

void write_window(JsonWriter& json, std::string_view key, const WindowView& window) {
  write_value(json, key, window);
}
void write_window(JsonWriter& json, const WindowView& window) { write_element(json, window); }
void write_values(JsonWriter& json, std::string_view key, const measure::Values& values,
                  std::span<const Percentile> percentiles) {
  write_value(json, key, ValuesView{&values, percentiles});
}
void write_recorded_event(JsonWriter& json, const measure::RecordedEvent& event) {
  write_element(json, event);
}
void write_incident(JsonWriter& json, std::string_view key, const measure::Incident& incident) {
  write_value(json, key, incident);
}
void write_incident(JsonWriter& json, const measure::Incident& incident) {
  write_element(json, incident);
}

std::string window_json(const WindowView& window) { return one_line(window); }
std::string recorded_event_json(const measure::RecordedEvent& event) { return one_line(event); }
std::string incident_json(const measure::Incident& incident) { return one_line(incident); }

std::vector<DocumentShape> window_document_shapes() {
  return shapes_of<WindowView, ValuesView, HistogramView, measure::RecordedEvent,
                   measure::IncidentFigure, measure::Incident>();
}

}  // namespace wirestamp::publish
