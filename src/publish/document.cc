// SPDX-License-Identifier: Apache-2.0
#include "publish/document.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "publish/event_json.h"
#include "publish/json_writer.h"

namespace wirestamp::publish {

namespace {

using measure::Distribution;
using measure::Reordering;
using measure::StampCounts;
using measure::Summary;
using measure::UnsentCause;
using measure::Variation;

constexpr std::array kCauses{UnsentCause::NeighbourUnresolved, UnsentCause::NoRoute,
                             UnsentCause::InterfaceDown,       UnsentCause::AddressGone,
                             UnsentCause::RefusedLocally,      UnsentCause::DroppedLocally};

void write_distribution(JsonWriter& json, std::string_view name, const Distribution& values) {
  json.begin_object(name);
  json.member("count", values.count);
  json.member("min", values.min);
  json.member("p10", values.p10);
  json.member("p50", values.p50);
  json.member("p90", values.p90);
  json.member("p95", values.p95);
  json.member("p99", values.p99);
  json.member("max", values.max);
  json.member("mean", values.mean);
  json.member("stddev", values.stddev);
  json.end_object();
}

// Which stamps a distribution is of, and how many values of others are not in it.
void write_class(JsonWriter& json, std::string_view of, std::optional<StampSource> shown,
                 std::uint64_t others) {
  if (shown) json.member(fmt::format("{}_class", of), name(*shown));
  json.member(fmt::format("{}_other_class", of), others);
}

void write_variation(JsonWriter& json, std::string_view name, const Variation& values) {
  json.begin_object(name);
  json.member("pdv_p50", values.pdv_p50);
  json.member("pdv_p95", values.pdv_p95);
  json.member("pdv_p99", values.pdv_p99);
  json.member("pdv_p999", values.pdv_p999);
  json.member("ipdv_p5", values.ipdv_p5);
  json.member("ipdv_p95", values.ipdv_p95);
  json.member("ipdv_mean_abs", values.ipdv_mean_abs);
  json.member("ipdv_count", values.ipdv_count);
  json.member("ipdv_undefined", values.ipdv_undefined);
  json.end_object();
}

void write_order(JsonWriter& json, std::string_view name, const Reordering& order) {
  json.begin_object(name);
  json.member("reordered", order.reordered);
  json.member("received", order.received);
  json.member("ratio", order.ratio);
  json.member("max_extent", order.max_extent);
  json.begin_object("n_reordered");
  for (std::size_t n = 1; n < order.n_reordered.size(); ++n) {
    if (order.n_reordered[n] == 0) continue;
    const bool last = n + 1 == order.n_reordered.size();
    json.member(last ? std::string("more") : fmt::format("{}", n), order.n_reordered[n]);
  }
  json.end_object();
  json.end_object();
}

void write_stamps(JsonWriter& json, std::string_view stamp, const StampCounts& counts) {
  json.begin_object(stamp);
  if (counts.weakest) json.member("weakest", name(*counts.weakest));
  json.begin_object("counts");
  for (std::size_t i = 0; i < counts.by_source.size(); ++i)
    if (counts.by_source[i] > 0)
      json.member(name(static_cast<StampSource>(i)), counts.by_source[i]);
  json.end_object();
  json.end_object();
}

void write_marks(JsonWriter& json, std::string_view direction, std::uint64_t known,
                 const std::array<std::uint64_t, 256>& traffic_classes) {
  std::array<std::uint64_t, 64> dscp{};
  std::array<std::uint64_t, 4> ecn{};
  for (std::size_t value = 0; value < traffic_classes.size(); ++value) {
    dscp[value >> 2U] += traffic_classes[value];
    ecn[value & 3U] += traffic_classes[value];
  }
  const auto write = [&](std::string_view what, const auto& counts) {
    json.begin_object(what);
    for (std::size_t value = 0; value < counts.size(); ++value)
      if (counts[value] > 0) json.member(fmt::format("{}", value), counts[value]);
    json.end_object();
  };
  json.begin_object(direction);
  json.member("known", known);
  write("dscp", dscp);
  write("ecn", ecn);
  json.end_object();
}

void write_counts(JsonWriter& json, const Summary& s) {
  json.member("scheduled", s.scheduled);
  json.member("sent", s.sent);
  json.member("received", s.received);
  json.member("delivered", s.delivered);
  json.member("late", s.late);
  json.member("duplicates", s.duplicates_forward + s.duplicates_backward + s.duplicates_unknown);
  json.begin_object("duplicates_by_direction");
  json.member("forward", s.duplicates_forward);
  json.member("backward", s.duplicates_backward);
  json.member("unknown", s.duplicates_unknown);
  json.end_object();
  json.member("reordered", s.round_trip_order.reordered);
  json.begin_object("lost");
  json.member("total", measure::lost_total(s));
  json.member("forward", s.lost.forward);
  json.member("backward", s.lost.backward);
  json.member("unknown", s.lost.unknown);
  json.end_object();
  json.begin_object("lost_by_cause");
  json.member("peer_closed", s.peer_closed);
  json.member("too_big", s.too_big);
  json.end_object();
  json.begin_object("unsent");
  json.member("total", s.unsent_total);
  json.begin_object("by_cause");
  for (const UnsentCause cause : kCauses)
    json.member(name(cause), s.unsent_by_cause[static_cast<std::size_t>(cause)]);
  json.end_object();
  json.end_object();
  json.member("refused_by_peer", s.refused_by_peer);
  json.member("withheld", s.withheld);
  json.member("late_schedule", s.late_schedule);
  json.member("departure_unconfirmed", s.departure_unconfirmed);
  json.member("loss_ratio", s.loss_ratio);
  json.member("network_loss_ratio", s.network_loss_ratio);
  json.member("unreachable_ratio", s.unreachable_ratio);
  json.begin_object("loss_periods");
  json.member("count", s.loss_periods);
  json.member("longest", s.longest_loss_period);
  json.end_object();
  json.begin_object("burst");
  json.member("sent", s.burst_sent);
  json.member("received", s.burst_received);
  json.member("lost", s.burst_lost);
  json.member("loss_ratio", s.burst_loss);
  json.end_object();
}

void write_delays(JsonWriter& json, const Report& report) {
  const Summary& s = report.summary;
  write_distribution(json, "rtt_ns", s.rtt);
  write_distribution(json, "gross_rtt_ns", s.gross_rtt);
  write_class(json, "gross_rtt", s.gross_rtt_class, s.gross_rtt_other_class);
  json.begin_object("rtt_error_ns");
  json.member("mean", s.rtt_error_mean);
  json.member("max", s.rtt_error_max);
  json.end_object();
  write_class(json, "rtt", s.rtt_class, s.rtt_other_class);
  json.member("negative_rtt", s.negative_rtt);
  write_distribution(json, "forward_ns", s.forward_delay);
  write_class(json, "forward", s.forward_class, s.forward_other_class);
  json.member("forward_error_ns", s.forward_error);
  write_distribution(json, "backward_ns", s.backward_delay);
  write_class(json, "backward", s.backward_class, s.backward_other_class);
  json.member("backward_error_ns", s.backward_error);
  json.member("one_way_error_ns", s.one_way_error);
  write_distribution(json, "reflector_residence_ns", s.reflector_residence);
  write_class(json, "reflector_residence", s.residence_class, s.residence_other_class);
  write_distribution(json, "schedule_error_ns", s.schedule_error);
  json.begin_object("jitter_ns");
  json.member("rfc3550", s.jitter_rfc3550);
  json.member("consecutive", s.jitter_consecutive);
  json.end_object();
  json.begin_object("variation_ns");
  write_variation(json, "round_trip", s.rtt_variation);
  write_variation(json, "forward", s.forward_variation);
  write_variation(json, "backward", s.backward_variation);
  json.end_object();
  if (!s.mos) return;
  json.begin_object("mos");
  json.member("value", s.mos->value);
  json.member("r", s.mos->r);
  json.member("worse_direction", s.mos->forward_is_worse ? "forward" : "backward");
  json.member("one_way_delay_ns", s.mos->one_way_delay);
  json.end_object();
}

void write_summary(JsonWriter& json, const Report& report) {
  const Summary& s = report.summary;
  json.begin_object("summary");
  write_counts(json, s);
  write_delays(json, report);
  json.begin_object("reordering");
  write_order(json, "round_trip", s.round_trip_order);
  write_order(json, "forward", s.forward_order);
  write_order(json, "backward", s.backward_order);
  json.end_object();
  json.begin_object("stamps");
  write_stamps(json, "sender_tx", s.sender_tx);
  write_stamps(json, "reflector_rx", s.reflector_rx);
  write_stamps(json, "reflector_tx", s.reflector_tx);
  write_stamps(json, "sender_rx", s.sender_rx);
  json.end_object();
  json.member("clock_step_samples", s.clock_step_samples);
  json.member("bad_reflector_stamps", s.bad_reflector_stamps);
  json.begin_object("marks");
  write_marks(json, "forward", s.forward_marks_known, s.forward_traffic_class);
  write_marks(json, "backward", s.backward_marks_known, s.backward_traffic_class);
  json.end_object();
  json.end_object();
}

void write_start(JsonWriter& json, const Report& report) {
  const auto endpoint = [&](std::string_view name, const packet::Endpoint& one) {
    json.begin_object(name);
    json.member("address", packet::to_string(one.address));
    json.member("port", one.port);
    json.end_object();
  };
  json.member("session", report.session);
  json.member("host", report.host);
  endpoint("remote", report.remote);
  endpoint("local", report.local);
  if (!report.interface_name.empty()) json.member("interface", report.interface_name);
  if (!report.network_namespace.empty()) json.member("netns", report.network_namespace);
  json.member("size", report.size);
  json.begin_object("stamping");
  json.member("transmit", name(report.transmit));
  json.member("receive", name(report.receive));
  json.member("own_ids", report.own_ids);
  if (!report.stamping_reason.empty()) json.member("reason", report.stamping_reason);
  json.end_object();
}

void write_flows(JsonWriter& json, const Report& report) {
  if (report.flows.empty()) return;
  json.begin_array("flows");
  for (const Report::Flow& flow : report.flows) {
    json.begin_element();
    json.member("tuple", flow.tuple);
    json.member("sent", flow.summary.sent);
    json.member("received", flow.summary.received);
    json.member("loss_ratio", flow.summary.network_loss_ratio);
    write_distribution(json, "rtt_ns", flow.summary.rtt);
    json.end_object();
  }
  json.end_array();
}

void write_echo(JsonWriter& json, const Report& report) {
  if (!report.echo) return;
  const measure::EchoSummary& echo = report.echo->summary;
  json.begin_object("icmp_echo");
  json.member("reason", report.echo->reason);
  json.member("sent", echo.sent);
  json.member("received", echo.received);
  json.member("late", echo.late);
  json.member("lost", echo.lost);
  json.member("duplicates", echo.duplicates);
  json.member("unsent", echo.unsent);
  json.member("withheld", echo.withheld);
  json.member("loss_ratio", echo.loss_ratio);
  write_distribution(json, "rtt_ns", echo.rtt);
  write_class(json, "rtt", echo.rtt_class, echo.rtt_other_class);
  json.member("rtt_error_ns", echo.rtt_error_max);
  json.begin_object("stamps");
  write_stamps(json, "tx", echo.tx);
  write_stamps(json, "rx", echo.rx);
  json.end_object();
  json.end_object();
}

void write_program(JsonWriter& json, const Report& report) {
  json.member("schema", kSchema);
  json.begin_object("program");
  json.member("name", "wirestamp");
  json.member("version", report.version);
  json.end_object();
}

void write_measurement(JsonWriter& json, const Report& report) {
  write_start(json, report);
  json.member("began", rfc3339(report.began));
  json.member("ended", rfc3339(report.ended));
  json.member("interrupted", report.interrupted);
  json.member("requirement_failed", report.requirement_failed);
  write_summary(json, report);
  write_flows(json, report);
  write_echo(json, report);
  json.begin_array("events");
  for (const measure::Event& event : report.events) {
    json.begin_element();
    write_event(json, event);
    json.end_object();
  }
  json.end_array();
  json.member("events_dropped", report.events_dropped);
  json.begin_object("counters");
  for (const auto& [name, value] : report.counters) json.member(name, value);
  json.end_object();
  json.begin_array("notes");
  for (const std::string& note : report.notes) json.element(note);
  json.end_array();
  json.begin_object("settings");
  for (const Report::Setting& setting : report.settings) {
    json.begin_object(setting.name);
    json.member("value", setting.value);
    json.member("from", setting.origin);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string rfc3339(WallTime time) {
  using std::chrono::days;
  using std::chrono::nanoseconds;
  const std::chrono::sys_time<nanoseconds> instant{nanoseconds(time.ns())};
  const auto midnight = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss<nanoseconds> clock(instant - midnight);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string json_document(const Report& report) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Indented);
  json.begin_object();
  write_program(json, report);
  write_measurement(json, report);
  json.end_object();
  out += '\n';
  return out;
}

std::string json_documents(std::span<const Report> reports) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Indented);
  json.begin_object();
  write_program(json, reports.front());
  json.begin_array("measurements");
  for (const Report& report : reports) {
    json.begin_element();
    write_measurement(json, report);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace wirestamp::publish
