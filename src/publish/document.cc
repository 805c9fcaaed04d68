// SPDX-License-Identifier: Apache-2.0
#include "publish/document.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "publish/agent_lines.h"
#include "publish/document_reference.h"
#include "publish/document_shapes.h"

namespace wirestamp::publish {

namespace {

using measure::EchoSummary;
using measure::UnsentCause;

constexpr std::string_view kClocksTold = "when both clocks told their error for each value";

template <UnsentCause Cause>
constexpr auto kUnsentBy =
    [](const measure::Summary& s) { return s.unsent_by_cause[static_cast<std::size_t>(Cause)]; };

Named<Report::Setting> settings_of(const Report& report) {
  Named<Report::Setting> named;
  for (const Report::Setting& setting : report.settings) named.emplace_back(setting.name, setting);
  return named;
}

}  // namespace

template <>
struct Shape<measure::Mos> {
  using T = measure::Mos;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::value>("value", kAlways, "speech quality (E-model), 1 to 4.5"),
      row<&T::r>("r", kAlways, "its rating R"),
      row<[](const T& mos) { return mos.forward_is_worse ? "forward" : "backward"; }>(
          "worse_direction", kAlways, "`forward` or `backward`: the one these figures are of"),
      row<&T::one_way_delay>("one_way_delay_ns", kAlways,
                             "half the p50 of rtt_ns: assumed, not measured"),
  };
};

template <>
struct Shape<measure::Summary> {
  using T = measure::Summary;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::scheduled>("scheduled", kAlways, "probes that were due; bursts not counted"),
      row<&T::sent>("sent", kAlways, "probes that left this host, or may have"),
      row<&T::received>("received", kAlways, "probes with a reply, late ones included"),
      row<&T::delivered>("delivered", kAlways, "probes with a reply in time"),
      row<&T::late>("late", kAlways, "probes whose reply came after the loss threshold"),
      row<[](const T& s) {
        return s.duplicates_forward + s.duplicates_backward + s.duplicates_unknown;
      }>("duplicates", kAlways, "extra copies, all directions"),
      row<&T::duplicates_forward>("duplicates_by_direction.forward", kAlways,
                                  "extra copies of probes that the reflector answered"),
      row<&T::duplicates_backward>("duplicates_by_direction.backward", kAlways,
                                   "extra copies of replies"),
      row<&T::duplicates_unknown>("duplicates_by_direction.unknown", kAlways,
                                  "extra replies of a reflector that does not number them"),
      row<&T::round_trip_order, &measure::Reordering::reordered>(
          "reordered", kAlways,
          "replies that came after one to a later probe; the same as "
          "reordering.round_trip.reordered"),
      row<[](const T& s) { return measure::lost_total(s); }>(
          "lost.total", kAlways,
          "forward + backward + unknown + peer_closed + too_big + late: what network_loss_ratio "
          "counts"),
      row<&T::lost, &measure::LossSums::forward>("lost.forward", kAlways, "lost on the way there"),
      row<&T::lost, &measure::LossSums::backward>("lost.backward", kAlways, "lost on the way back"),
      row<&T::lost, &measure::LossSums::unknown>("lost.unknown", kAlways,
                                                 "lost, direction not known"),
      row<&T::peer_closed>("lost_by_cause.peer_closed", kAlways,
                           "the host is up, nothing listens on the port"),
      row<&T::too_big>("lost_by_cause.too_big", kAlways, "larger than the path or interface takes"),
      row<&T::unsent_total>("unsent.total", kAlways, "probes that never left this host"),
      row<kUnsentBy<UnsentCause::NeighbourUnresolved>>(
          "unsent.by_cause.neighbour_unresolved", kAlways,
          "the neighbour or gateway does not answer ARP or NDP"),
      row<kUnsentBy<UnsentCause::NoRoute>>("unsent.by_cause.no_route", kAlways,
                                           "no route to the host"),
      row<kUnsentBy<UnsentCause::InterfaceDown>>("unsent.by_cause.interface_down", kAlways,
                                                 "the interface is down"),
      row<kUnsentBy<UnsentCause::AddressGone>>("unsent.by_cause.address_gone", kAlways,
                                               "the source address is no longer there"),
      row<kUnsentBy<UnsentCause::RefusedLocally>>("unsent.by_cause.refused_locally", kAlways,
                                                  "a firewall or policy of this host"),
      row<kUnsentBy<UnsentCause::DroppedLocally>>(
          "unsent.by_cause.dropped_locally", kAlways,
          "a full queue, a lost carrier, or no stamp and no error for 4 s"),
      row<&T::refused_by_peer>(
          "refused_by_peer", kAlways,
          "the reflector says that its policy dropped it: neither lost nor delivered"),
      row<&T::withheld>("withheld", kAlways,
                        "not judged: healing pause, back-off, suspended host, or interrupted run"),
      row<&T::late_schedule>("late_schedule", kAlways, "not sent: this host was too late"),
      row<&T::departure_unconfirmed>("departure_unconfirmed", kAlways,
                                     "of lost.unknown: those that may never have left"),
      row<&T::loss_ratio>("loss_ratio", "when anything was to be judged",
                          "(lost.total + neighbour unresolved) / (sent + neighbour unresolved)"),
      row<&T::network_loss_ratio>("network_loss_ratio", "when anything was sent",
                                  "lost.total / sent"),
      row<&T::unreachable_ratio>("unreachable_ratio", "when anything was to be judged",
                                 "1 - delivered / (scheduled - withheld - late_schedule)"),
      row<&T::loss_periods>("loss_periods.count", kAlways, "runs of lost probes (RFC 3357)"),
      row<&T::longest_loss_period>("loss_periods.longest", kAlways,
                                   "probes in the longest of them"),
      row<&T::burst_sent>("burst.sent", kAlways, "extra probes of the bursts"),
      row<&T::burst_received>("burst.received", kAlways, "those answered in time"),
      row<&T::burst_lost>("burst.lost", kAlways, "those lost, late ones included"),
      row<&T::burst_loss>("burst.loss_ratio", "when bursts were sent", "lost / sent"),
      row<&T::rtt>("rtt_ns", kAlways,
                   "round trip net of the reflector, of the samples of rtt_class"),
      row<&T::rtt_error_mean>("rtt_error_ns.mean", kAnyValue,
                              "mean bound of the error of those in rtt_ns"),
      row<&T::rtt_error_max>("rtt_error_ns.max", kAnyValue, "largest of these bounds"),
      row<&T::rtt_class>("rtt_class", kAnyValue, "weakest stamp in each sample of rtt_ns"),
      row<&T::rtt_other_class>("rtt_other_class", kAlways,
                               "round trips with other stamps, not in rtt_ns"),
      row<&T::negative_rtt>(
          "negative_rtt", kAlways,
          "net round trips below 0, of all classes: T2 or T3 is wrong; they are kept as they are"),
      row<&T::gross_rtt>(
          "gross_rtt_ns", kAlways,
          "T4 - T1 of the replies counted in bad_reflector_stamps: the reflector's time is in it"),
      row<&T::gross_rtt_class>("gross_rtt_class", kAnyValue,
                               "weaker of T1 and T4 in each of these"),
      row<&T::gross_rtt_other_class>("gross_rtt_other_class", kAlways,
                                     "values with other stamps, not in gross_rtt_ns"),
      row<&T::forward_delay>(
          "forward_ns", kAlways,
          "T2 - T1, raw: contains the difference of both clocks, may be negative"),
      row<&T::forward_class>("forward_class", kAnyValue, "weaker of T1 and T2 in each of these"),
      row<&T::forward_other_class>("forward_other_class", kAlways,
                                   "values with other stamps, not in forward_ns"),
      row<&T::forward_error>(
          "forward_error_ns", kClocksTold,
          "largest sum of the error bounds of both clocks, T1 and T2, of the values in forward_ns"),
      row<&T::backward_delay>("backward_ns", kAlways, "T4 - T3, raw"),
      row<&T::backward_class>("backward_class", kAnyValue, "weaker of T3 and T4 in each of these"),
      row<&T::backward_other_class>("backward_other_class", kAlways,
                                    "values with other stamps, not in backward_ns"),
      row<&T::backward_error>("backward_error_ns", kClocksTold,
                              "largest sum of the error bounds of both clocks, T3 and T4, of the "
                              "values in backward_ns"),
      row<&T::one_way_error>("one_way_error_ns", kClocksTold, "the larger of both"),
      row<&T::reflector_residence>("reflector_residence_ns", kAlways,
                                   "T3 - T2, time in the reflector, of reflector_residence_class"),
      row<&T::residence_class>("reflector_residence_class", kAnyValue,
                               "weaker stamp in each of these"),
      row<&T::residence_other_class>("reflector_residence_other_class", kAlways,
                                     "values with other stamps, not in reflector_residence_ns"),
      row<&T::schedule_error>("schedule_error_ns", kAlways, "sent minus scheduled"),
      row<&T::jitter_rfc3550>(
          "jitter_ns.rfc3550", "from two values on",
          "interarrival jitter (RFC 3550 6.4.1) of the round trip at the end of the run"),
      row<&T::jitter_consecutive>("jitter_ns.consecutive", "from two values on",
                                  "mean absolute difference of neighbours' round trips"),
      row<&T::rtt_variation>("variation_ns.round_trip", kAlways, "of the round trip"),
      row<&T::forward_variation>("variation_ns.forward", kAlways, "of forward_ns"),
      row<&T::backward_variation>("variation_ns.backward", kAlways, "of backward_ns"),
      row<&T::mos>("mos", "from 50 probes on", "speech quality"),
      row<&T::round_trip_order>("reordering.round_trip", kAlways, "of replies, by probe"),
      row<&T::forward_order>("reordering.forward", kAlways, "of probes, by the reply numbers"),
      row<&T::backward_order>("reordering.backward", kAlways, "of replies, by their numbers"),
      row<&T::sender_tx>("stamps.sender_tx", kAlways, "T1"),
      row<&T::reflector_rx>("stamps.reflector_rx", kAlways, "T2"),
      row<&T::reflector_tx>("stamps.reflector_tx", kAlways, "T3"),
      row<&T::sender_rx>("stamps.sender_rx", kAlways, "T4"),
      row<&T::clock_step_samples>(
          "clock_step_samples", kAlways,
          "probes across a step of the clock or a suspend: no one-way values"),
      row<&T::bad_reflector_stamps>(
          "bad_reflector_stamps", kAlways,
          "replies with T3 before T2, or with a T2 or T3 that is no instant; see gross_rtt_ns"),
      row<[](const T& s) { return MarkCounts(s.forward_marks_known, s.forward_traffic_class); }>(
          "marks.forward", kAlways, "of probes as the reflector saw them"),
      row<[](const T& s) { return MarkCounts(s.backward_marks_known, s.backward_traffic_class); }>(
          "marks.backward", kAlways, "of replies as they came back"),
  };
};

template <>
struct Shape<Report::Flow> {
  using T = Report::Flow;
  static constexpr std::string_view kName = "flow",
                                    kMeaning = "One of several flows in parallel (`--flows`).";
  static constexpr std::array kRows{
      row<&T::tuple>("tuple", kAlways, "5-tuple: source > destination"),
      row<&T::summary, &measure::Summary::sent>("sent", kAlways,
                                                "probes that left this host over it"),
      row<&T::summary, &measure::Summary::received>("received", kAlways, "those with a reply"),
      row<&T::summary, &measure::Summary::network_loss_ratio>(
          "loss_ratio", "when anything was sent", "as summary.network_loss_ratio"),
      row<&T::summary, &measure::Summary::rtt>("rtt_ns", kAlways,
                                               "round trips, of the class they have most of"),
  };
};

template <>
struct Shape<Report::Echo> {
  using T = Report::Echo;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::reason>("reason", kAlways, "why: the silence, or the answer of the peer's host"),
      row<&T::summary, &EchoSummary::sent>("sent", kAlways, "echo requests that left this host"),
      row<&T::summary, &EchoSummary::received>("received", kAlways,
                                               "those with a reply, late ones included"),
      row<&T::summary, &EchoSummary::late>("late", kAlways,
                                           "those whose reply came after the loss threshold"),
      row<&T::summary, &EchoSummary::lost>("lost", kAlways,
                                           "those without a reply in time: direction not known"),
      row<&T::summary, &EchoSummary::duplicates>("duplicates", kAlways, "further replies"),
      row<&T::summary, &EchoSummary::unsent>("unsent", kAlways,
                                             "echo requests that never left this host"),
      row<&T::summary, &EchoSummary::withheld>("withheld", kAlways,
                                               "in flight at the end or a suspend: not judged"),
      row<&T::summary, &EchoSummary::loss_ratio>("loss_ratio", "when any was sent", "lost / sent"),
      row<&T::summary, &EchoSummary::rtt>(
          "rtt_ns", kAlways,
          "round trip, the time in the peer's kernel included, of the echoes of rtt_class"),
      row<&T::summary, &EchoSummary::rtt_class>("rtt_class", kAnyValue,
                                                "weaker stamp in each of these"),
      row<&T::summary, &EchoSummary::rtt_other_class>("rtt_other_class", kAlways,
                                                      "round trips with other stamps"),
      row<&T::summary, &EchoSummary::rtt_error_max>("rtt_error_ns", kAnyValue,
                                                    "largest bound of the error of these"),
      row<&T::summary, &EchoSummary::tx>("stamps.tx", kAlways, "the request leaves this host"),
      row<&T::summary, &EchoSummary::rx>("stamps.rx", kAlways, "the reply arrives"),
  };
};

template <>
struct Shape<Report::Tlv> {
  using T = Report::Tlv;
  static constexpr std::string_view kName = "tlv",
                                    kMeaning = "An extension (RFC 8972 4) that the probes carry.";
  static constexpr std::array kRows{
      row<&T::type>("type", kAlways, "its number"),
      row<&T::name>("name", kAlways, "its name, as `--tlv` takes it; else the number"),
      row<&T::asked>("asked", kAlways, "with `--tlv`; the others are what the figures need"),
      row<&T::answer>("answer", kAlways,
                      "`answered`, `not_understood` (U), `malformed` (M), `integrity_failed` (I), "
                      "`not_fulfilled` (C), or `none`: no reply brought it back"),
      row<[](const T& tlv) { return unless_empty(tlv.text); }>(
          "text", "when there was a reply", "what the last reply tells, in words"),
  };
};

template <>
struct Shape<Report::Setting> {
  using T = Report::Setting;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::value>("value", kAlways, "value of each option in force"),
      row<&T::origin>("from", kAlways, "flag, variable or default that it comes from"),
  };
};

template <>
struct Shape<Report> {
  using T = Report;
  static constexpr std::array kRows{
      row<[](const T&) { return kSchema; }>(
          "schema", kAlways,
          "counts up when a field changes its meaning or goes; new fields do not count"),
      row<[](const T&) { return "wirestamp"; }>("program.name", kAlways, "`wirestamp`"),
      row<&T::version>("program.version", kAlways, "its version"),
      row<&T::session>("session", kAlways, "number of the measurement within its run, from 0"),
      row<&T::host>("host", kAlways, "the host as the user named it"),
      row<&T::remote>("remote", kAlways, "where the probes were sent"),
      row<&T::local>("local", kAlways, "where they were sent from"),
      row<[](const T& report) { return unless_empty(report.interface_name); }>(
          "interface", "when the system tells", "interface that the route leaves by"),
      row<[](const T& report) { return unless_empty(report.network_namespace); }>(
          "netns", "with `--netns`", "network namespace it was made in"),
      //= RFC2330:type-p
      row<&T::size>("size", kAlways, "octets of UDP payload of a probe"),
      row<[](const T& report) {
        return report.key_id.empty() || report.tlv_hmac ? "open" : "authenticated";
      }>("mode", kAlways, "`open` or `authenticated` (RFC 8762 4.2)"),
      row<[](const T& report) { return unless_empty(report.key_id); }>(
          "key.id", "in the authenticated mode, and with --tlv-hmac",
          "id of the key that the probes began with"),
      row<[](const T& report) { return unless_empty(report.key_fingerprint); }>(
          "key.fingerprint", "in the authenticated mode, and with --tlv-hmac",
          "tells whether two hosts have the same key, and nothing of it"),
      row<&T::transmit>("stamping.transmit", kAlways,
                        "source of transmit stamps that this host offers"),
      row<&T::receive>("stamping.receive", kAlways, "the same of receive stamps"),
      row<&T::own_ids>("stamping.own_ids", kAlways,
                       "the kernel takes our own number for a transmit stamp (Linux 6.13)"),
      row<[](const T& report) { return unless_empty(report.stamping_reason); }>(
          "stamping.reason", "when it is less than asked", "why"),
      row<[](const T& report) { return rfc3339(report.began); }>("began", kAlways,
                                                                 "start of the run, RFC 3339, UTC"),
      row<[](const T& report) { return rfc3339(report.ended); }>("ended", kAlways, "its end"),
      row<&T::interrupted>("interrupted", kAlways, "ended by Ctrl-C or a signal"),
      row<&T::requirement_failed>("requirement_failed",
                                  "when `--require` or `--require-peer` ended the run",
                                  "what was asked and what there was"),
      row<&T::summary>("summary", kAlways, ""),
      row<[](const T& report) { return unless_empty(report.flows); }>(
          "flows", "with `--flows` above 1", "each flow by itself"),
      row<&T::tlvs>("tlvs", "for each extension in the probes", "what the reflector makes of it"),
      row<&T::echo>("icmp_echo", "when nobody reflected and ICMP echo was permitted", ""),
      row<&T::events>("events", "for each event", "what happened, in order"),
      row<&T::events_dropped>("events_dropped", kAlways, "events beyond the 10,000 that are kept"),
      row<[](const T& report) {
        return Named<std::uint64_t>(report.counters.begin(), report.counters.end());
      }>("counters", kAlways,
         "what happened to packets beside the probes' outcomes; each name says what is counted"),
      row<&T::notes>("notes", "for each note", "what the program had to say, once each, in order"),
      row<[](const T& report) { return settings_of(report); }>("settings", kAlways,
                                                               "each option in force"),
  };
};

template <>
struct Shape<AgentResult> {
  using T = AgentResult;
  static constexpr std::array kRows{
      row<[](const T&) { return kSchema; }>("schema", kAlways, "as that of the document"),
      row<&T::session>("session", kAlways, "name of the session"),
      row<&T::host>("host", kAlways, "the host as the user named it"),
      row<[](const T& result) { return rfc3339(result.begin); }>(
          "begin", kAlways, "start of the window, RFC 3339, UTC; probes count where they were due"),
      row<[](const T& result) { return rfc3339(result.end); }>("end", kAlways,
                                                               "its end, which is not in it"),
      row<&T::part>("part", kAlways,
                    "the session began or ended in the window, or the clock was set back: there "
                    "may be another line for the same window"),
      row<&T::summary>("summary", kAlways, ""),
  };
};

// An event of a session of the agent.
struct AgentEvent {
  const std::string& session;
  const measure::Event& event;
};

template <>
struct Shape<AgentEvent> {
  using T = AgentEvent;
  static constexpr std::array kRows{
      row<[](const T& of) { return of.session; }>("session", kAlways, "name of the session"),
      row<[](const T& of) { return of.event; }>("event", kAlways, "what happened"),
  };
};

namespace {

template <typename T>
std::string json_line(const T& of) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Compact);
  json.begin_object();
  write_rows(json, of);
  json.end_object();
  return out + '\n';
}

}  // namespace

std::string rfc3339(WallTime time) {
  using std::chrono::days;
  using std::chrono::nanoseconds;
  const std::chrono::sys_time<nanoseconds> instant{nanoseconds(time.ns())};
  const auto midnight = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss<nanoseconds> clock(instant - midnight);
  // By hand: answers of the API have thousands. All years that nanoseconds reach have four digits.
  std::string text = "0000-00-00T00:00:00.000000000Z";
  const auto put = [&text](std::size_t end, std::int64_t value) {
    for (; value > 0; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  put(4, static_cast<int>(date.year()));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, clock.hours().count());
  put(16, clock.minutes().count());
  put(19, clock.seconds().count());
  put(29, clock.subseconds().count());
  return text;
}

std::string json_document(const Report& report) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Indented);
  json.begin_object();
  write_rows(json, report);
  json.end_object();
  out += '\n';
  return out;
}

std::string json_documents(std::span<const Report> reports) {
  std::string out;
  JsonWriter json(out, JsonWriter::Style::Indented);
  json.begin_object();
  json.begin_array("measurements");
  for (const Report& report : reports) {
    json.begin_element();
    write_rows(json, report);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out += '\n';
  return out;
}

void write_event(JsonWriter& json, std::string_view key, const measure::Event& event) {
  write_value(json, key, event);
}

void write_stamps(JsonWriter& json, std::string_view key, const measure::StampCounts& stamps) {
  write_value(json, key, stamps);
}

std::string result_json_line(const AgentResult& result) { return json_line(result); }

std::string event_json_line(const std::string& session, const measure::Event& event) {
  return json_line(AgentEvent{session, event});
}

std::vector<DocumentField> result_fields() {
  std::vector<DocumentField> fields;
  describe_rows<AgentResult>("", kAlways, fields);
  return fields;
}

std::vector<DocumentField> event_fields() {
  std::vector<DocumentField> fields;
  describe_rows<AgentEvent>("", kAlways, fields);
  return fields;
}

std::vector<DocumentField> document_fields() {
  std::vector<DocumentField> fields;
  describe_rows<Report>("", kAlways, fields);
  return fields;
}

namespace {

template <typename... T>
std::vector<DocumentShape> shapes_of() {
  std::vector<DocumentShape> shapes{{Shape<T>::kName, Shape<T>::kMeaning, {}}...};
  auto shape = shapes.begin();
  (describe_rows<T>("", kAlways, (shape++)->members), ...);
  return shapes;
}

}  // namespace

std::vector<DocumentShape> document_shapes() {
  return shapes_of<packet::Endpoint, measure::Distribution, measure::Variation, measure::Reordering,
                   measure::StampCounts, MarkCounts, Report::Flow, Report::Tlv, measure::Event,
                   measure::ProbeMark, measure::Hop, measure::Crossing>();
}

}  // namespace wirestamp::publish
