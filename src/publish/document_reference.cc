// SPDX-License-Identifier: Apache-2.0
#include "publish/document_reference.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "publish/columns.h"
#include "publish/document.h"

namespace wirestamp::publish {

namespace {

using F = DocumentField;
constexpr std::string_view kAlways = "always";
constexpr std::string_view kAnyValue = "with at least one value";
constexpr std::string_view kClocksTold = "when both clocks told their error for each value";
constexpr std::string_view kEcho = "when nobody reflected and ICMP echo was permitted";
constexpr std::string_view kEchoSent = "when any was sent";
constexpr std::string_view kPdv =
    "with at least one value; forward and backward only where that direction's error is at most "
    "1 s";

constexpr std::array kDistribution{
    F{"count", "integer", kAlways, "number of values"},
    F{"min", "integer", kAnyValue, "smallest"},
    F{"p10", "integer", kAnyValue, "10th percentile"},
    F{"p50", "integer", kAnyValue,
      "50th percentile; of an even number of values the lower of the middle two"},
    F{"p90", "integer", kAnyValue, "90th percentile"},
    F{"p95", "integer", kAnyValue, "95th percentile"},
    F{"p99", "integer", kAnyValue, "99th percentile"},
    F{"max", "integer", kAnyValue, "largest"},
    F{"mean", "integer", kAnyValue, "arithmetic mean"},
    F{"stddev", "integer", "from two values on", "standard deviation, divisor n - 1"},
};

constexpr std::array kVariation{
    F{"pdv_p50", "integer", kPdv,
      "50th percentile of the delay above the minimum (RFC 5481 4.2); forward and backward above "
      "that since the clocks were last set"},
    F{"pdv_p95", "integer", kPdv, "its 95th percentile"},
    F{"pdv_p99", "integer", kPdv, "its 99th percentile"},
    F{"pdv_p999", "integer", kPdv, "its 99.9th percentile"},
    F{"ipdv_p5", "integer", "with a pair of neighbours",
      "5th percentile of the difference between neighbours in send order (RFC 3393); signed"},
    F{"ipdv_p95", "integer", "with a pair of neighbours", "its 95th percentile"},
    F{"ipdv_mean_abs", "integer", "with a pair of neighbours", "mean of its absolute values"},
    F{"ipdv_count", "integer", kAlways,
      "pairs of neighbours that both have this delay, of the class shown"},
    F{"ipdv_undefined", "integer", kAlways, "all other pairs of neighbours"},
};

constexpr std::array kOrder{
    F{"reordered", "integer", kAlways, "packets that came after one sent later (RFC 4737 3)"},
    F{"received", "integer", kAlways, "packets received, copies not counted"},
    F{"ratio", "number", "when something was received", "reordered / received"},
    F{"max_extent", "integer", kAlways, "largest extent in packets (RFC 4737 4.2)"},
    F{"n_reordered.*", "integer", "for each n that occurs",
      "packets that are n-reordered (RFC 4737 5), n from 1 to 16, and `more`"},
};

constexpr std::array kStamps{
    F{"weakest", "string", "with a stamp", "weakest source among them"},
    F{"counts.*", "integer", "for each source that occurs",
      "stamps by source: hardware, kernel, scheduler, user, unknown"},
};

constexpr std::array kMarks{
    F{"known", "integer", kAlways, "packets whose marks are known at that place"},
    F{"dscp.*", "integer", "for each value that occurs", "packets by DSCP, 0 to 63"},
    F{"ecn.*", "integer", "for each value that occurs", "packets by ECN, 0 to 3"},
};

constexpr std::array kEndpoint{
    F{"address", "string", kAlways, "IPv4 or IPv6 address"},
    F{"port", "integer", kAlways, "UDP port"},
};

constexpr std::array kEvent{
    F{"kind", "string", kAlways,
      "outage_began, outage_ended, flow_changed, verdict, timeout_measured, healing_pause, "
      "network_changed, reflector_restarted, remarked, path_swept, account_told, flow_differs or "
      "ports_exhausted"},
    F{"at", "string", kAlways, "when it was known, RFC 3339, UTC"},
    F{"text", "string", kAlways, "the same for a person"},
    F{"reason", "string", "of flow_changed, network_changed, flow_differs", "one or two words"},
    F{"finding", "string", "of a verdict",
      "stalled_flow, stalled_flow_suspected, one_of_several_paths, transient_outage, "
      "new_ports_blocked, peer_or_path_down, peer_closed or local_cause"},
    F{"flow", "integer", "where it is about one flow",
      "its place in `flows` (of flow_differs), else its number as in the column `flow`"},
    F{"old_flow", "string", "where one is concerned", "5-tuple: source > destination"},
    F{"new_flow", "string", "where there is one", "the same of the new flow"},
    F{"last_good.probe", "integer", "where known", "newest probe answered before"},
    F{"last_good.left_ns", "integer", "where known", "when it left, Unix time in ns, UTC"},
    F{"first_lost.probe", "integer", "where known", "first probe that was not answered"},
    F{"first_lost.left_ns", "integer", "where known", "when it left"},
    F{"first_good.probe", "integer", "where known", "first probe answered again"},
    F{"first_good.left_ns", "integer", "where known", "when it left"},
    F{"lost", "integer", "of outages and verdicts", "probes between last_good and first_good"},
    F{"answered", "integer", "of verdicts with fresh flows", "fresh flows answered"},
    F{"tried", "integer", "of verdicts with fresh flows", "fresh flows tried"},
    F{"at_least_ns", "integer", "of outage_ended, timeout_measured",
      "lower bound of the outage, or of the middlebox's time-out"},
    F{"at_most_ns", "integer", "of outage_ended, timeout_measured, healing_pause",
      "upper bound of the same; length of the pause"},
    F{"direction", "string", "of remarked, account_told", "`forward` or `backward`"},
    F{"before", "integer", "of remarked", "traffic class octet before"},
    F{"after", "integer", "of remarked", "the same after"},
    F{"account", "string", "of account_told",
      "what the reflector says: requests seen, replies sent, source of the requests"},
    F{"old_path[].distance", "integer", "of path_swept", "hops from here, from 1"},
    F{"old_path[].address", "string", "where somebody answered",
      "who threw the probe away, or the reflector"},
    F{"old_path[].reflector", "boolean", "of path_swept", "the probe came through"},
    F{"new_path[].distance", "integer", "of path_swept", "the same of the new flow"},
    F{"new_path[].address", "string", "where somebody answered", "the same of the new flow"},
    F{"new_path[].reflector", "boolean", "of path_swept", "the same of the new flow"},
};

constexpr std::array kFlow{
    F{"tuple", "string", kAlways, "5-tuple: source > destination"},
    F{"sent", "integer", kAlways, "probes that left this host over it"},
    F{"received", "integer", kAlways, "those with a reply"},
    F{"loss_ratio", "number", "when anything was sent", "(lost + late) / sent"},
    F{"rtt_ns.count", "integer", kAlways, "round trips, of the class they have most of"},
    F{"rtt_ns.*", "integer", kAnyValue, "as in a `distribution`"},
};

constexpr std::array<DocumentShape, 8> kShapes{{
    {"endpoint", "An address and a UDP port.", kEndpoint},
    {"distribution", "Of durations, in nanoseconds.", kDistribution},
    {"variation", "Of delay, in nanoseconds.", kVariation},
    {"order", "Order of arrival in one direction.", kOrder},
    {"stamps", "Where one of the four stamps was taken.", kStamps},
    {"marks", "Marks in the IP header at one place.", kMarks},
    {"flow", "One of several flows in parallel (`--flows`).", kFlow},
    {"event", "What happened beside the probes.", kEvent},
}};

constexpr std::array kFields{
    F{"schema", "integer", kAlways,
      "counts up when a field changes its meaning or goes; new fields do not count"},
    F{"program.name", "string", kAlways, "`wirestamp`"},
    F{"program.version", "string", kAlways, "its version"},
    F{"session", "integer", kAlways, "number of the measurement within its run, from 0"},
    F{"host", "string", kAlways, "the host as the user named it"},
    F{"remote", "endpoint", kAlways, "where the probes were sent"},
    F{"local", "endpoint", kAlways, "where they were sent from"},
    F{"interface", "string", "when the system tells", "interface that the route leaves by"},
    F{"size", "integer", kAlways, "octets of UDP payload of a probe"},
    F{"netns", "string", "with --netns", "network namespace it was made in"},
    F{"stamping.transmit", "string", kAlways, "source of transmit stamps that this host offers"},
    F{"stamping.receive", "string", kAlways, "the same of receive stamps"},
    F{"stamping.own_ids", "boolean", kAlways,
      "the kernel takes our own number for a transmit stamp (Linux 6.13)"},
    F{"stamping.reason", "string", "when it is less than asked", "why"},
    F{"began", "string", kAlways, "start of the run, RFC 3339, UTC"},
    F{"ended", "string", kAlways, "its end"},
    F{"interrupted", "boolean", kAlways, "ended by Ctrl-C or a signal"},
    F{"requirement_failed", "string", "when `--require` or `--require-peer` ended the run",
      "what was asked and what there was"},

    F{"summary.scheduled", "integer", kAlways, "probes that were due; bursts not counted"},
    F{"summary.sent", "integer", kAlways, "probes that left this host, or may have"},
    F{"summary.received", "integer", kAlways, "probes with a reply, late ones included"},
    F{"summary.delivered", "integer", kAlways, "probes with a reply in time"},
    F{"summary.late", "integer", kAlways, "probes whose reply came after the loss threshold"},
    F{"summary.duplicates", "integer", kAlways, "extra copies, all directions"},
    F{"summary.duplicates_by_direction.forward", "integer", kAlways,
      "extra copies of probes that the reflector answered"},
    F{"summary.duplicates_by_direction.backward", "integer", kAlways, "extra copies of replies"},
    F{"summary.duplicates_by_direction.unknown", "integer", kAlways,
      "extra replies of a reflector that does not number them"},
    F{"summary.reordered", "integer", kAlways,
      "replies that came after one to a later probe; the same as reordering.round_trip.reordered"},
    F{"summary.lost.total", "integer", kAlways,
      "forward + backward + unknown + peer_closed + too_big + late: what network_loss_ratio "
      "counts"},
    F{"summary.lost.forward", "integer", kAlways, "lost on the way there"},
    F{"summary.lost.backward", "integer", kAlways, "lost on the way back"},
    F{"summary.lost.unknown", "integer", kAlways, "lost, direction not known"},
    F{"summary.lost_by_cause.peer_closed", "integer", kAlways,
      "the host is up, nothing listens on the port"},
    F{"summary.lost_by_cause.too_big", "integer", kAlways,
      "larger than the path or interface takes"},
    F{"summary.unsent.total", "integer", kAlways, "probes that never left this host"},
    F{"summary.unsent.by_cause.neighbour_unresolved", "integer", kAlways,
      "the neighbour or gateway does not answer ARP or NDP"},
    F{"summary.unsent.by_cause.no_route", "integer", kAlways, "no route to the host"},
    F{"summary.unsent.by_cause.interface_down", "integer", kAlways, "the interface is down"},
    F{"summary.unsent.by_cause.address_gone", "integer", kAlways,
      "the source address is no longer there"},
    F{"summary.unsent.by_cause.refused_locally", "integer", kAlways,
      "a firewall or policy of this host"},
    F{"summary.unsent.by_cause.dropped_locally", "integer", kAlways,
      "a full queue, a lost carrier, or no stamp and no error for 4 s"},
    F{"summary.refused_by_peer", "integer", kAlways,
      "the reflector says that its policy dropped it: neither lost nor delivered"},
    F{"summary.withheld", "integer", kAlways, "not judged: suspended host, or interrupted run"},
    F{"summary.late_schedule", "integer", kAlways, "not sent: this host was too late"},
    F{"summary.departure_unconfirmed", "integer", kAlways,
      "of lost.unknown: those that may never have left"},
    F{"summary.loss_ratio", "number", "when anything was to be judged",
      "(lost.total + neighbour unresolved) / (sent + neighbour unresolved)"},
    F{"summary.network_loss_ratio", "number", "when anything was sent", "lost.total / sent"},
    F{"summary.unreachable_ratio", "number", "when anything was to be judged",
      "1 - delivered / (scheduled - withheld - late_schedule)"},
    F{"summary.loss_periods.count", "integer", kAlways, "runs of lost probes (RFC 3357)"},
    F{"summary.loss_periods.longest", "integer", kAlways, "probes in the longest of them"},
    F{"summary.burst.sent", "integer", kAlways, "extra probes of the bursts"},
    F{"summary.burst.received", "integer", kAlways, "those answered in time"},
    F{"summary.burst.lost", "integer", kAlways, "those lost, late ones included"},
    F{"summary.burst.loss_ratio", "number", "when bursts were sent", "lost / sent"},

    F{"summary.rtt_ns", "distribution", kAlways,
      "round trip net of the reflector, of the samples of rtt_class"},
    F{"summary.rtt_error_ns.mean", "integer", kAnyValue,
      "mean bound of the error of those in rtt_ns"},
    F{"summary.rtt_error_ns.max", "integer", kAnyValue, "largest of these bounds"},
    F{"summary.rtt_class", "string", kAnyValue, "weakest stamp in each sample of rtt_ns"},
    F{"summary.rtt_other_class", "integer", kAlways,
      "round trips with other stamps, not in rtt_ns"},
    F{"summary.negative_rtt", "integer", kAlways,
      "net round trips below 0, of all classes: T2 or T3 is wrong; they are kept as they are"},
    F{"summary.gross_rtt_ns", "distribution", kAlways,
      "T4 - T1 of the replies counted in bad_reflector_stamps: the reflector's time is in it"},
    F{"summary.gross_rtt_class", "string", kAnyValue, "weaker of T1 and T4 in each of these"},
    F{"summary.gross_rtt_other_class", "integer", kAlways,
      "values with other stamps, not in gross_rtt_ns"},
    F{"summary.forward_ns", "distribution", kAlways,
      "T2 - T1, raw: contains the difference of both clocks, may be negative"},
    F{"summary.forward_class", "string", kAnyValue, "weaker of T1 and T2 in each of these"},
    F{"summary.forward_other_class", "integer", kAlways,
      "values with other stamps, not in forward_ns"},
    F{"summary.forward_error_ns", "integer", kClocksTold,
      "largest sum of the error bounds of both clocks, T1 and T2, of the values in forward_ns"},
    F{"summary.backward_ns", "distribution", kAlways, "T4 - T3, raw"},
    F{"summary.backward_class", "string", kAnyValue, "weaker of T3 and T4 in each of these"},
    F{"summary.backward_other_class", "integer", kAlways,
      "values with other stamps, not in backward_ns"},
    F{"summary.backward_error_ns", "integer", kClocksTold,
      "largest sum of the error bounds of both clocks, T3 and T4, of the values in backward_ns"},
    F{"summary.one_way_error_ns", "integer", kClocksTold, "the larger of both"},
    F{"summary.reflector_residence_ns", "distribution", kAlways,
      "T3 - T2, time in the reflector, of reflector_residence_class"},
    F{"summary.reflector_residence_class", "string", kAnyValue, "weaker stamp in each of these"},
    F{"summary.reflector_residence_other_class", "integer", kAlways,
      "values with other stamps, not in reflector_residence_ns"},
    F{"summary.schedule_error_ns", "distribution", kAlways, "sent minus scheduled"},
    F{"summary.jitter_ns.rfc3550", "integer", "from two values on",
      "interarrival jitter (RFC 3550 6.4.1) of the round trip at the end of the run"},
    F{"summary.jitter_ns.consecutive", "integer", "from two values on",
      "mean absolute difference of neighbours' round trips"},
    F{"summary.variation_ns.round_trip", "variation", kAlways, "of the round trip"},
    F{"summary.variation_ns.forward", "variation", kAlways, "of forward_ns"},
    F{"summary.variation_ns.backward", "variation", kAlways, "of backward_ns"},
    F{"summary.mos.value", "number", "from 50 probes on", "speech quality (E-model), 1 to 4.5"},
    F{"summary.mos.r", "number", "from 50 probes on", "its rating R"},
    F{"summary.mos.worse_direction", "string", "from 50 probes on",
      "`forward` or `backward`: the one these figures are of"},
    F{"summary.mos.one_way_delay_ns", "integer", "from 50 probes on",
      "half the p50 of rtt_ns: assumed, not measured"},
    F{"summary.reordering.round_trip", "order", kAlways, "of replies, by probe"},
    F{"summary.reordering.forward", "order", kAlways, "of probes, by the reply numbers"},
    F{"summary.reordering.backward", "order", kAlways, "of replies, by their numbers"},
    F{"summary.stamps.sender_tx", "stamps", kAlways, "T1"},
    F{"summary.stamps.reflector_rx", "stamps", kAlways, "T2"},
    F{"summary.stamps.reflector_tx", "stamps", kAlways, "T3"},
    F{"summary.stamps.sender_rx", "stamps", kAlways, "T4"},
    F{"summary.clock_step_samples", "integer", kAlways,
      "probes across a step of the clock or a suspend: no one-way values"},
    F{"summary.bad_reflector_stamps", "integer", kAlways,
      "replies with T3 before T2, or with a T2 or T3 that is no instant; see gross_rtt_ns"},
    F{"summary.marks.forward", "marks", kAlways, "of probes as the reflector saw them"},
    F{"summary.marks.backward", "marks", kAlways, "of replies as they came back"},

    F{"flows[]", "flow", "with `--flows` above 1", "each flow by itself"},
    F{"icmp_echo.reason", "string", kEcho, "why: the silence, or the answer of the peer's host"},
    F{"icmp_echo.sent", "integer", kEcho, "echo requests that left this host"},
    F{"icmp_echo.received", "integer", kEcho, "those with a reply, late ones included"},
    F{"icmp_echo.late", "integer", kEcho, "those whose reply came after the loss threshold"},
    F{"icmp_echo.lost", "integer", kEcho, "those without a reply in time: direction not known"},
    F{"icmp_echo.duplicates", "integer", kEcho, "further replies"},
    F{"icmp_echo.unsent", "integer", kEcho, "echo requests that never left this host"},
    F{"icmp_echo.withheld", "integer", kEcho, "in flight at the end or a suspend: not judged"},
    F{"icmp_echo.loss_ratio", "number", kEchoSent, "lost / sent"},
    F{"icmp_echo.rtt_ns", "distribution", kEcho,
      "round trip, the time in the peer's kernel included, of the echoes of rtt_class"},
    F{"icmp_echo.rtt_class", "string", kAnyValue, "weaker stamp in each of these"},
    F{"icmp_echo.rtt_other_class", "integer", kEcho, "round trips with other stamps"},
    F{"icmp_echo.rtt_error_ns", "integer", kAnyValue, "largest bound of the error of these"},
    F{"icmp_echo.stamps.tx", "stamps", kEcho, "the request leaves this host"},
    F{"icmp_echo.stamps.rx", "stamps", kEcho, "the reply arrives"},
    F{"events[]", "event", "for each event", "what happened, in order"},
    F{"events_dropped", "integer", kAlways, "events beyond the 10,000 that are kept"},
    F{"counters.*", "integer", kAlways,
      "what happened to packets beside the probes' outcomes; each name says what is counted"},
    F{"notes[]", "string", "for each note", "what the program had to say, once each, in order"},
    F{"settings.*.value", "string", kAlways, "value of each option in force"},
    F{"settings.*.from", "string", kAlways, "flag, variable or default that it comes from"},
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void append_fields(std::string& out, std::span<const DocumentField> fields) {
  out += "| field | type | there | meaning |\n|---|---|---|---|\n";
  for (const DocumentField& field : fields)
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} |\n", field.path, field.type,
                   field.presence, escaped(field.meaning));
}

}  // namespace

std::span<const DocumentField> document_fields() { return kFields; }

std::span<const DocumentShape> document_shapes() { return kShapes; }

std::string output_reference() {
  std::string out = fmt::format(
      "# Output\n\n"
      "Made from the program's tables by `wirestamp config output`; a test fails when this page is "
      "older than they are, and another holds each field against a document.\n\n"
      "Names end in their unit: `_ns` is nanoseconds. A figure that is undefined is absent, never "
      "0 or null. What each figure means in detail, and when it lies: `docs/measurement.md`.\n\n"
      "## The document (`--json`)\n\n"
      "One JSON object, schema {}. `*` stands for a name, `[]` for the elements of an array. "
      "Where --device or --netns made several measurements the object has `schema`, `program` and "
      "`measurements`, an array with an object of all the other fields for each.\n\n",
      kSchema);
  append_fields(out, kFields);
  for (const DocumentShape& shape : kShapes) {
    fmt::format_to(std::back_inserter(out), "\n### A `{}`\n\n{}\n\n", shape.name, shape.meaning);
    append_fields(out, shape.members);
  }
  out +=
      "\n## One probe (`--jsonl`, `--csv`)\n\n"
      "A line for each probe, written when all is known about it: an answered one after the loss "
      "threshold, another after ten seconds or at the end of the run. JSON lines leave absent "
      "fields out; CSV has a header line, leaves them empty, and quotes nothing because no field "
      "has a comma.\n\n"
      "| field | type | meaning |\n|---|---|---|\n";
  for (const Column& column : columns())
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} |\n", column.name, column.type,
                   escaped(column.meaning));
  return out;
}

}  // namespace wirestamp::publish
