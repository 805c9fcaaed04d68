// SPDX-License-Identifier: Apache-2.0
#include "publish/metrics_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "measure/sample.h"
#include "time/timestamp.h"

namespace wirestamp::publish {

namespace {

using Agent = const AgentMetrics&;
using Session = const SessionMetrics&;
using Points = MetricPoints&;
using measure::UnsentCause;
using measure::Window;

constexpr std::array<std::string_view, 4> kStates{"waiting", "up", "silent", "stopped"};

// Rows of the table. Of the agent; of a session; of what a session's window since the begin has; of
// its newest minute.
template <auto Get>
constexpr auto kAgent =
    [](Agent agent, std::size_t, Points points) { points.add({}, std::invoke(Get, agent)); };

template <auto Get>
constexpr auto kSession =
    [](Session session, Points points) { points.add({}, std::invoke(Get, session)); };

template <auto Member>
constexpr auto kTotal = [](Session session, Points points) {
  if (session.total != nullptr) points.add({}, session.total->*Member);
};

template <auto Member>
constexpr auto kDelays = [](Session session, Points points) {
  if (session.total != nullptr) points.add(session.total->*Member);
};

template <auto Get>
constexpr auto kMinute = [](Session session, Points points) {
  if (session.last_minute == nullptr) return;
  if (const auto value = std::invoke(Get, session.last_minute->window)) points.add({}, *value);
};

template <std::uint32_t Ppm>
constexpr auto kRoundTrip = [](const Window& minute) -> std::optional<Duration> {
  const auto* fullest = minute.rtt.fullest();
  return fullest == nullptr ? std::nullopt : fullest->values.percentile(Ppm);
};

void probes_by_outcome(Session session, Points points) {
  if (session.total == nullptr) return;
  const Window& w = *session.total;
  points.add({{"outcome", "delivered"}}, w.delivered);
  points.add({{"outcome", "late"}}, w.late);
  points.add({{"outcome", "lost"}, {"direction", "forward"}}, w.lost.forward);
  points.add({{"outcome", "lost"}, {"direction", "backward"}}, w.lost.backward);
  points.add({{"outcome", "lost"}, {"direction", "unknown"}}, w.lost.unknown);
  for (std::size_t i = 1; i < w.unsent_by_cause.size(); ++i)
    points.add({{"outcome", "unsent"}, {"cause", name(static_cast<UnsentCause>(i))}},
               w.unsent_by_cause[i]);
  points.add({{"outcome", "withheld"}}, w.withheld);
  points.add({{"outcome", "late_schedule"}}, w.late_schedule);
  points.add({{"outcome", "peer_closed"}}, w.peer_closed);
  points.add({{"outcome", "too_big"}}, w.too_big);
  points.add({{"outcome", "refused_by_peer"}}, w.refused_by_peer);
}

void duplicates(Session session, Points points) {
  if (session.total == nullptr) return;
  points.add({{"direction", "forward"}}, session.total->duplicates_forward);
  points.add({{"direction", "backward"}}, session.total->duplicates_backward);
  points.add({{"direction", "unknown"}}, session.total->duplicates_unknown);
}

template <auto Forward, auto Backward>
constexpr auto kDirections = [](Session session, Points points) {
  if (session.total == nullptr) return;
  points.add({{"direction", "forward"}}, session.total->*Forward);
  points.add({{"direction", "backward"}}, session.total->*Backward);
};

void hop_limits(Session session, Points points) {
  if (session.total == nullptr) return;
  if (const auto seen = session.total->forward_hop_limit)
    points.add({{"direction", "forward"}}, std::uint64_t{*seen});
  if (const auto seen = session.total->backward_hop_limit)
    points.add({{"direction", "backward"}}, std::uint64_t{*seen});
}

void stamps(Session session, Points points) {
  if (session.total == nullptr) return;
  const Window& w = *session.total;
  for (const auto& [place, counts] :
       {std::pair{"sender_tx", &w.sender_tx}, std::pair{"reflector_rx", &w.reflector_rx},
        std::pair{"reflector_tx", &w.reflector_tx}, std::pair{"sender_rx", &w.sender_rx}})
    for (std::size_t i = 0; i < counts->by_source.size(); ++i)
      points.add({{"place", place}, {"source", name(static_cast<StampSource>(i))}},
                 counts->by_source[i]);
}

void states(Session session, Points points) {
  for (const std::string_view state : kStates)
    points.add({{"state", state}}, session.state == state);
}

constexpr auto kCounter = MetricType::Counter;
constexpr auto kGauge = MetricType::Gauge;
constexpr auto kHistogram = MetricType::Histogram;

constexpr std::array kMetrics{
    Metric{"wirestamp_build_info", kGauge, "", "version", "The program that tells this; always 1.",
           [](Agent agent, std::size_t, Points points) {
             points.add({{"version", agent.version}}, true);
           },
           nullptr},
    Metric{"wirestamp_start_time_seconds", kGauge, "seconds", "",
           "When the agent began, seconds since 1970 (UTC).",
           kAgent<[](Agent agent) { return agent.began - WallTime(); }>, nullptr},
    Metric{"wirestamp_measuring", kGauge, "", "", "1 while the measuring thread runs, else 0.",
           kAgent<&AgentMetrics::measuring>, nullptr},
    Metric{
        "wirestamp_sessions", kGauge, "", "", "Sessions that are configured.",
        [](Agent, std::size_t sessions, Points points) { points.add({}, std::uint64_t{sessions}); },
        nullptr},
    Metric{"wirestamp_configuration_last_reload_successful", kGauge, "", "",
           "0 when the last reload was refused and the configuration before it is in force.",
           kAgent<&AgentMetrics::configuration_well>, nullptr},
    Metric{"wirestamp_store_writable", kGauge, "", "",
           "1 when the last commit to the store succeeded, else 0.",
           kAgent<&AgentMetrics::store_well>, nullptr},
    Metric{"wirestamp_store_size_bytes", kGauge, "bytes", "",
           "Size of the store's file and its log.", kAgent<&AgentMetrics::store_octets>, nullptr},
    Metric{"wirestamp_store_dropped_total", kCounter, "", "",
           "Records that were not stored because too many waited.",
           kAgent<&AgentMetrics::store_dropped>, nullptr},
    Metric{"wirestamp_samples_dropped_total", kCounter, "", "",
           "Single samples that found their queue full; no window misses them.",
           kAgent<&AgentMetrics::samples_dropped>, nullptr},
    Metric{"wirestamp_reflector_events_total", kCounter, "", "event",
           "What happened to packets at the reflector, by the names of its counters.",
           [](Agent agent, std::size_t, Points points) {
             for (const auto& [event, count] : agent.reflector)
               points.add({{"event", event}}, count);
           },
           nullptr},

    Metric{"wirestamp_session_info", kGauge, "", "host", "What the session measures; always 1.",
           nullptr,
           [](Session session, Points points) { points.add({{"host", session.host}}, true); }},
    Metric{"wirestamp_up", kGauge, "", "", "1 while the session is answered, else 0.", nullptr,
           kSession<&SessionMetrics::up>},
    Metric{"wirestamp_session_state", kGauge, "", "state",
           "1 for the state that the session is in, 0 for the others.", nullptr, states},
    Metric{"wirestamp_session_interval_seconds", kGauge, "seconds", "",
           "Time from one probe to the next, as configured.", nullptr,
           kSession<&SessionMetrics::interval>},
    Metric{"wirestamp_incident_open", kGauge, "", "",
           "1 while an incident of the session is open, else 0.", nullptr,
           kSession<[](Session session) { return session.incident != 0; }>},

    Metric{"wirestamp_probes_scheduled_total", kCounter, "", "",
           "Probes that were due, bursts not among them.", nullptr, kTotal<&Window::scheduled>},
    Metric{"wirestamp_probes_sent_total", kCounter, "", "",
           "Probes that left this host, or may have.", nullptr, kTotal<&Window::sent>},
    Metric{"wirestamp_probes_received_total", kCounter, "", "",
           "Probes that were answered, late ones among them.", nullptr,
           kSession<[](Session session) {
             return session.total == nullptr ? std::uint64_t{0}
                                             : session.total->delivered + session.total->late;
           }>},
    Metric{"wirestamp_probes_total", kCounter, "", "outcome, direction, cause",
           "Scheduled probes by what became of them; direction of lost ones, cause of unsent ones.",
           nullptr, probes_by_outcome},
    Metric{"wirestamp_probes_unconfirmed_total", kCounter, "", "",
           "Lost probes that may never have left this host.", nullptr,
           kTotal<&Window::departure_unconfirmed>},
    Metric{"wirestamp_duplicates_total", kCounter, "", "direction",
           "Extra copies, by the direction they were made in.", nullptr, duplicates},
    Metric{"wirestamp_arrivals_total", kCounter, "", "",
           "First replies whose order was judged, bursts among them.", nullptr,
           kTotal<&Window::arrived>},
    Metric{"wirestamp_reordered_total", kCounter, "", "",
           "Arrivals that a later probe overtook (RFC 4737).", nullptr, kTotal<&Window::reordered>},
    Metric{"wirestamp_burst_probes_sent_total", kCounter, "", "",
           "Extra probes of bursts that left this host.", nullptr, kTotal<&Window::burst_sent>},
    Metric{"wirestamp_burst_probes_received_total", kCounter, "", "",
           "Extra probes of bursts that were answered in time.", nullptr,
           kTotal<&Window::burst_received>},
    Metric{"wirestamp_burst_probes_lost_total", kCounter, "", "",
           "Extra probes of bursts that were lost.", nullptr, kTotal<&Window::burst_lost>},

    Metric{"wirestamp_round_trip_time_seconds", kHistogram, "seconds", "stamps",
           "Round trips net of the reflector, by the weakest stamp in each.", nullptr,
           kDelays<&Window::rtt>, Ladder::Fine},
    Metric{"wirestamp_forward_delay_seconds", kHistogram, "seconds", "stamps",
           "Delay on the way there, with the difference of both clocks: may be negative.", nullptr,
           kDelays<&Window::forward_delay>, Ladder::Signed},
    Metric{"wirestamp_backward_delay_seconds", kHistogram, "seconds", "stamps",
           "Delay on the way back, with the difference of both clocks: may be negative.", nullptr,
           kDelays<&Window::backward_delay>, Ladder::Signed},
    Metric{"wirestamp_delay_variation_seconds", kHistogram, "seconds", "stamps",
           "Difference of the round trips of consecutive probes (RFC 3393), without its sign.",
           nullptr, kDelays<&Window::ipdv>, Ladder::Fine},
    Metric{"wirestamp_reflector_residence_seconds", kHistogram, "seconds", "",
           "Time of a probe in the reflector.", nullptr, kTotal<&Window::residence>,
           Ladder::Coarse},
    Metric{"wirestamp_schedule_error_seconds", kHistogram, "seconds", "",
           "How much later than scheduled this host sent.", nullptr,
           kTotal<&Window::schedule_error>, Ladder::Coarse},

    Metric{"wirestamp_stamps_total", kCounter, "", "place, source",
           "Stamps by the packet they are of and where they were taken.", nullptr, stamps},
    Metric{"wirestamp_marks_known_total", kCounter, "", "direction",
           "Packets of which DSCP and ECN on arrival are known.", nullptr,
           kDirections<&Window::forward_marks_known, &Window::backward_marks_known>},
    Metric{"wirestamp_remarked_total", kCounter, "", "direction",
           "Packets that arrived with other marks than they were sent with.", nullptr,
           kDirections<&Window::forward_remarked, &Window::backward_remarked>},
    Metric{"wirestamp_hop_limit", kGauge, "", "direction",
           "Time to live or hop limit on arrival, of the newest packet.", nullptr, hop_limits},
    Metric{"wirestamp_negative_round_trips_total", kCounter, "", "",
           "Round trips below zero: a stamp of the reflector is wrong by more than that.", nullptr,
           kTotal<&Window::negative_rtt>},
    Metric{"wirestamp_clock_step_samples_total", kCounter, "", "",
           "Probes without one-way values because a clock was set meanwhile.", nullptr,
           kTotal<&Window::clock_step_samples>},
    Metric{"wirestamp_bad_reflector_stamps_total", kCounter, "", "",
           "Replies whose reflector stamps cannot be true and are not used.", nullptr,
           kTotal<&Window::bad_reflector_stamps>},

    Metric{"wirestamp_minute_end_timestamp_seconds", kGauge, "seconds", "",
           "End of the newest minute whose probes are all decided, seconds since 1970 (UTC).",
           nullptr,
           [](Session session, Points points) {
             if (session.last_minute != nullptr)
               points.add({}, session.last_minute->end() - WallTime());
           }},
    Metric{"wirestamp_minute_loss_ratio", kGauge, "ratio", "",
           "Loss of that minute, unresolved neighbours among it, as a share of 1.", nullptr,
           kMinute<&Window::loss_ratio>},
    Metric{"wirestamp_minute_unreachable_ratio", kGauge, "ratio", "",
           "Share of that minute's probes that were not delivered, whatever the cause.", nullptr,
           kMinute<&Window::unreachable_ratio>},
    Metric{"wirestamp_minute_round_trip_p50_seconds", kGauge, "seconds", "",
           "Median round trip of that minute, of the stamps that most values have.", nullptr,
           kMinute<kRoundTrip<500'000>>},
    Metric{"wirestamp_minute_round_trip_p99_seconds", kGauge, "seconds", "",
           "The 99th percentile of the same.", nullptr, kMinute<kRoundTrip<990'000>>},
    Metric{"wirestamp_minute_round_trip_error_seconds", kGauge, "seconds", "",
           "Largest bound of the error of that minute's round trips.", nullptr,
           kMinute<[](const Window& minute) { return minute.rtt_error_max; }>},
    Metric{"wirestamp_minute_one_way_error_seconds", kGauge, "seconds", "",
           "Largest bound of the error of that minute's one-way delays, clocks included.", nullptr,
           kMinute<[](const Window& minute) { return minute.one_way_error_max; }>},
};

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

std::size_t MetricPoints::join(std::initializer_list<MetricLabel> labels,
                               std::span<MetricLabel> into) const {
  std::size_t count = 0;
  if (!session_.empty()) into[count++] = {.name = "session", .value = session_};
  for (const MetricLabel& label : labels)
    if (!label.value.empty()) into[count++] = label;
  return count;
}

void MetricPoints::add(std::initializer_list<MetricLabel> labels, double value) {
  std::array<MetricLabel, kMostLabels> all;
  writer_.number(std::span(all).first(join(labels, all)), value);
}

void MetricPoints::add(std::initializer_list<MetricLabel> labels, const measure::Values& values) {
  std::array<MetricLabel, kMostLabels> all;
  writer_.histogram(std::span(all).first(join(labels, all)), values);
}

void MetricPoints::add(const measure::ClassedValues& values) {
  for (const auto& of_class : values.classes)
    add({{"stamps", name(of_class.stamps)}}, of_class.values);
}

}  // namespace wirestamp::publish
