// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "publish/period.h"
#include "publish/text.h"
#include "publish/text_lines.h"

namespace wirestamp::publish {

namespace {

using measure::UnsentCause;
using measure::Values;
using measure::Window;

constexpr std::size_t kShownGaps = 5, kShownOutages = 10, kShownIncidents = 10;
// Clocks that are wrong by more tell nothing of one direction.
constexpr Duration kUselessClock = measure::kUselessClock;

std::string human(std::optional<Duration> duration) {
  return duration ? publish::human(*duration) : std::string("-");
}

std::string percent(std::optional<double> ratio) {
  return ratio ? human_percent(*ratio) : std::string("-");
}

std::string p(const Values& values, std::uint32_t ppm) { return human(values.percentile(ppm)); }

std::string range_text(WallTime from, WallTime to) {
  return fmt::format("{} to {} UTC, {}", human_time(from), human_time(to), human_length(to - from));
}

void append_data(std::string& out, const Period& period) {
  line(out, "data", "{} of the time, in {} window{} of {}", human_percent(period.share_with_data()),
       period.windows.size(), period.windows.size() == 1 ? "" : "s", human_length(period.step));
  if (period.gaps.empty() || period.windows.empty()) return;
  // The longest ones, in order of time.
  std::vector<PeriodGap> shown = period.gaps;
  std::ranges::sort(shown, {}, [](const PeriodGap& gap) { return gap.from - gap.to; });
  if (shown.size() > kShownGaps) shown.resize(kShownGaps);
  std::ranges::sort(shown, {}, &PeriodGap::from);
  line(out, "gaps", "{} without data{}", period.gaps.size(),
       shown.size() < period.gaps.size() ? ", the longest:" : ":");
  for (const PeriodGap& gap : shown)
    line(out, "", "{} to {} ({})", human_time(gap.from), human_time(gap.to),
         human_length(gap.to - gap.from));
}

void append_unsent(std::string& out, const Window& w) {
  if (w.unsent_total() == 0) return;
  std::string text = fmt::format("{}", w.unsent_total());
  const char* separator = ": ";
  for (std::size_t i = 1; i < w.unsent_by_cause.size(); ++i) {
    if (w.unsent_by_cause[i] == 0) continue;
    text += fmt::format("{}{} {}", separator, words(name(static_cast<UnsentCause>(i))),
                        w.unsent_by_cause[i]);
    separator = ", ";
  }
  line(out, "unsent", "{}", text);
}

void append_counts(std::string& out, const Window& w) {
  line(out, "sent", "{}, answered in time {}, late {}, duplicates {}, reordered {}", w.sent,
       w.delivered, w.late, w.duplicates_forward + w.duplicates_backward + w.duplicates_unknown,
       w.reordered);
  std::string text = fmt::format("{}", w.lost_total());
  if (const auto ratio = w.network_loss_ratio())
    text += fmt::format(" ({})", human_percent(*ratio));
  if (w.lost_total() > 0) {
    text += fmt::format(": on the way there {} ({}), on the way back {} ({}), direction unknown {}",
                        w.lost.forward, percent(w.forward_loss_ratio()), w.lost.backward,
                        percent(w.backward_loss_ratio()), w.lost.unknown);
    if (w.late > 0) text += fmt::format(", late {}", w.late);
    if (w.peer_closed > 0) text += fmt::format(", peer closed {}", w.peer_closed);
    if (w.too_big > 0) text += fmt::format(", too big {}", w.too_big);
  }
  line(out, "lost", "{}", text);
  append_unsent(out, w);
  if (w.refused_by_peer > 0)
    line(out, "refused", "{} by the reflector's policy: not lost", w.refused_by_peer);
  if (w.withheld > 0) line(out, "withheld", "{} {}", w.withheld, kWithheld);
  if (w.late_schedule > 0)
    line(out, "not sent", "{}: this host was too late to send them", w.late_schedule);
  if (w.loss_ratio() && w.loss_ratio() != w.network_loss_ratio())
    line(out, "loss", "{} with the probes that found no neighbour", percent(w.loss_ratio()));
  if (w.departure_unconfirmed > 0)
    line(out, "unconfirmed", "{} of the lost may never have left this host",
         w.departure_unconfirmed);
  if (w.burst_sent > 0)
    line(out, "bursts", "{} extra probes, {} answered, {} lost", w.burst_sent, w.burst_received,
         w.burst_lost);
}

void append_worst(std::string& out, const Period& period) {
  const Window& w = period.total;
  if (!w.worst) return;
  // Of windows that were not made of seconds it is the worst of them.
  const bool seconds = std::ranges::any_of(period.windows, [](const measure::TimedWindow& window) {
    return window.window.worst || window.length == Duration::seconds(1);
  });
  std::string text;
  if (w.worst->loss_ratio > 0)
    text = fmt::format("loss {} at {}", human_percent(w.worst->loss_ratio),
                       human_time(w.worst->loss_at));
  if (w.worst->rtt_p99)
    text += fmt::format("{}round trip p99 {} at {}", text.empty() ? "" : ", ",
                        human(w.worst->rtt_p99), human_time(w.worst->rtt_p99_at));
  if (!text.empty()) line(out, seconds ? "worst second" : "worst window", "{}", text);
}

void append_one_way(std::string& out, const Window& w) {
  const auto* there = w.forward_delay.fullest();
  const auto* back = w.backward_delay.fullest();
  if (there == nullptr || back == nullptr) return;
  if (!w.one_way_error_max || *w.one_way_error_max > kUselessClock)
    return line(out, "one way", "not told: the clocks of both ends are not known to agree");
  line(out, "one way", "there p50 {}, p99 {}; back p50 {}, p99 {};", p(there->values, 500'000),
       p(there->values, 990'000), p(back->values, 500'000), p(back->values, 990'000));
  const std::int64_t lowest = std::min(there->values.min, back->values.min);
  const bool within = -lowest <= w.one_way_error_max->ns();
  line(out, "", "all +-{} (error of clocks and stamps){}", human(w.one_way_error_max),
       lowest >= 0 ? ""
       : within    ? "; below 0 within that error"
                   : "; below 0 by more than that: a clock is wrong by more than it says");
}

void append_delays(std::string& out, const Window& w) {
  const auto* rtt = w.rtt.fullest();
  if (rtt == nullptr)
    return line(out, "round trip", "{}",
                w.scheduled == 0 ? "none measured" : "none: no probe was answered in time");
  const Values& values = rtt->values;
  line(out, "round trip", "min {}, p50 {}, p90 {}, p99 {}, p99.9 {}, max {}",
       human(values.smallest()), p(values, 500'000), p(values, 900'000), p(values, 990'000),
       p(values, 999'000), human(values.largest()));
  std::string note = fmt::format("of {} probe{} by {} stamps, net of the reflector", values.count(),
                                 values.count() == 1 ? "" : "s", name(rtt->stamps));
  if (const auto residence = w.residence.percentile(500'000))
    note += fmt::format(" (p50 {})", human(residence));
  if (w.rtt_error_max) note += fmt::format(", error at most {}", human(w.rtt_error_max));
  line(out, "", "{}", note);
  if (w.rtt.others() > 0)
    line(out, "", "{} more with other stamps than these, not mixed in", w.rtt.others());
  if (w.negative_rtt > 0)
    line(out, "", "{} below 0: the reflector's stamps are wrong by more than that", w.negative_rtt);
  if (const auto* ipdv = w.ipdv.fullest())
    line(out, "jitter", "{} between neighbours on average, p50 {}, p99 {}",
         human(ipdv->values.mean()), p(ipdv->values, 500'000), p(ipdv->values, 990'000));
  append_one_way(out, w);
}

// Of `known` packets of which both what they were sent with and what they arrived with is known.
std::string as_sent(std::uint64_t known, std::uint64_t remarked) {
  if (remarked == 0) return "always as sent";
  return fmt::format("otherwise than sent {} of {} times", remarked, known);
}

std::string there_text(const Window& w) {
  if (w.forward_marks_known == 0 || !w.forward_traffic_class) return "not known";
  return fmt::format("DSCP {} at last, {}", *w.forward_traffic_class >> 2U,
                     as_sent(w.forward_marks_known, w.forward_remarked));
}

// A reflector that tells what it saw sends its replies as they are asked for; what another one, or
// one whose policy refuses, sends them with is not known. Windows from before this was told apart
// count replies of such ones as re-marked.
std::string back_text(const Window& w, std::uint8_t asked) {
  if (w.backward_marks_known == 0 || !w.backward_traffic_class) return "not known";
  const unsigned dscp = *w.backward_traffic_class >> 2U;
  const std::uint64_t known = std::min(w.forward_marks_known, w.backward_marks_known);
  const std::uint64_t remarked = std::min(w.backward_remarked, known);
  const bool refused = remarked == 0 && dscp != asked;
  return fmt::format(
      "DSCP {} at last, {}", dscp,
      known == 0 || refused ? "not known with what they were sent" : as_sent(known, remarked));
}

// "DSCP 46 as sent" of both directions, and how many hops away.
void append_marks(std::string& out, const Period& period) {
  const Window& w = period.total;
  if (w.forward_marks_known + w.backward_marks_known > 0) {
    line(out, "marks", "sent with DSCP {}; seen there: {};", period.dscp, there_text(w));
    line(out, "", "on replies: {}", back_text(w, period.dscp));
  }
  if (!w.forward_hop_limit && !w.backward_hop_limit) return;
  const auto hops = [](std::optional<std::uint8_t> limit, unsigned changes) {
    if (!limit) return std::string("not known");
    return fmt::format("{} ({})", *limit,
                       changes == 0   ? std::string("no change between windows")
                       : changes == 1 ? std::string("changed once between windows")
                                      : fmt::format("changed {} times between windows", changes));
  };
  line(out, "hop limit", "there {}; back {}", hops(w.forward_hop_limit, period.forward_hop_changes),
       hops(w.backward_hop_limit, period.backward_hop_changes));
}

void append_stamps(std::string& out, const Window& w) {
  line(out, "stamps", "T1 here {}; T2 there {};", stamp_list(w.sender_tx),
       stamp_list(w.reflector_rx));
  line(out, "", "T3 there {}; T4 here {}", stamp_list(w.reflector_tx), stamp_list(w.sender_rx));
  if (w.clock_step_samples > 0)
    line(out, "clock", "{} probes across a step of the clock: no one-way values",
         w.clock_step_samples);
  if (w.bad_reflector_stamps > 0)
    line(out, "reflector", "{} replies with T3 before T2, or a T2 or T3 that is no instant",
         w.bad_reflector_stamps);
  if (const auto late = w.schedule_error.percentile(990'000))
    line(out, "schedule", "sent within {} of when they were due (p99), at most {}", human(late),
         human(w.schedule_error.largest()));
}

std::string outage_text(const measure::RecordedEvent& recorded) {
  const measure::Event& event = recorded.event;
  const WallTime began = event.first_lost ? event.first_lost->left : event.wall;
  if (event.kind == measure::EventKind::OutageBegan)
    return fmt::format("{}, end not known: {}", human_time(began), printable(event.text));
  std::string text = human_time(began);
  if (event.at_least && event.at_most)
    text += fmt::format(", {} to {}", human_length(*event.at_least), human_length(*event.at_most));
  if (event.lost) text += fmt::format(", {} probes lost", *event.lost);
  if (recorded.incident != 0) text += fmt::format(" (incident {})", recorded.incident);
  return text;
}

void append_outages(std::string& out, const Period& period) {
  const auto outages = period.outages();
  if (outages.empty() && period.more_events) return;
  line(out, "outages", "{}{}", outages.size(),
       period.more_events ? fmt::format(", and those before {}, which are not read",
                                        human_time(period.events.front().event.wall))
                          : std::string());
  const std::size_t first = outages.size() - std::min(outages.size(), kShownOutages);
  if (first > 0) line(out, "", "the {} latest:", kShownOutages);
  for (std::size_t i = first; i < outages.size(); ++i)
    line(out, "", "{}", outage_text(*outages[i]));
}

std::string incident_text(const measure::Incident& incident) {
  std::string text = fmt::format("#{} {}", incident.id, human_time(incident.opened));
  text += incident.closed ? ", " + human_length(*incident.closed - incident.opened)
                          : std::string(", still open");
  return text + fmt::format(", {}{}: {}", name(incident.severity),
                            incident.in_maintenance ? " in maintenance" : "",
                            printable(incident.title));
}

void append_incidents(std::string& out, const Period& period) {
  line(out, "incidents", "{}{}", period.incidents.size(),
       period.more_incidents ? ", and older ones, which are not read" : "");
  const std::size_t first =
      period.incidents.size() - std::min(period.incidents.size(), kShownIncidents);
  if (first > 0) line(out, "", "the {} latest:", kShownIncidents);
  for (std::size_t i = first; i < period.incidents.size(); ++i)
    line(out, "", "{}", incident_text(period.incidents[i]));
}

void append_head(std::string& out, const Period& period) {
  std::string text = printable(period.session);
  if (!period.host.empty()) text += fmt::format(" ({})", printable(period.host));
  if (!period.peer.empty() && period.peer != period.host) text += fmt::format(", {}", period.peer);
  text += fmt::format(": {}", range_text(period.from, period.to));
  append_wrapped(out, text, 0, 2);
}

std::string change_value(const Change& change, const std::optional<double>& value) {
  if (!value) return "-";
  return change.ratio ? human_percent(*value)
                      : publish::human(Duration::nanoseconds(static_cast<std::int64_t>(*value)));
}

std::string value_and_spread(const Change& change, const std::optional<double>& value,
                             const std::optional<Spread>& spread) {
  std::string text = change_value(change, value);
  if (value && spread)
    text += fmt::format(" ({} .. {})", change_value(change, spread->low),
                        change_value(change, spread->high));
  return text;
}

// Shorter than Change::figure, so that both periods stand beside each other.
std::string_view short_name(std::string_view figure) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kShort{
      {{"loss_forward", "loss there"},
       {"loss_backward", "loss back"},
       {"round_trip_p50", "p50"},
       {"round_trip_p99", "p99"}}};
  for (const auto& [name, brief] : kShort)
    if (name == figure) return brief;
  return figure;
}

void append_comparison(std::string& out, const PeriodReport& report) {
  const PeriodComparison& comparison = *report.comparison;
  out += '\n';
  append_wrapped(
      out, fmt::format("compared with {}:", range_text(report.before->from, report.before->to)), 0,
      2);
  const auto row = [&](std::string_view name, std::string_view before, std::string_view after) {
    out += fmt::format("  {:<12} {:<30} {}\n", name, before, after);
  };
  row("", "then", "in this period");
  for (const Change& change : comparison.changes) {
    row(short_name(change.figure), value_and_spread(change, change.before, change.before_spread),
        value_and_spread(change, change.after, change.after_spread));
    line(out, "", "{}", change.text);
  }
  row("data", human_percent(report.before->share_with_data()),
      human_percent(report.period.share_with_data()));
  row("outages", fmt::format("{}", report.before->outages().size()),
      fmt::format("{}", report.period.outages().size()));
  line(out, "verdict", "{}", comparison.verdict);
  line(out, "",
       "(p50 and p99 are of the round trip. In brackets: 10th to 90th percentile of the "
       "parts of {} of each period. Chance: of parts as different if nothing had changed.)",
       human_length(comparison.part));
}

void append_notes(std::string& out, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) line(out, "note", "{}", note);
}

}  // namespace

std::string period_text(const PeriodReport& report) {
  const Period& period = report.period;
  std::string out;
  append_head(out, period);
  append_notes(out, report.notes);
  if (period.windows.empty()) {
    line(out, "data", "none in this range");
  } else {
    append_data(out, period);
    append_counts(out, period.total);
    append_worst(out, period);
    append_delays(out, period.total);
    append_marks(out, period);
    append_stamps(out, period.total);
  }
  append_outages(out, period);
  append_incidents(out, period);
  if (report.comparison) append_comparison(out, report);
  return out;
}

std::string overview_text(const Overview& overview) {
  std::string out = fmt::format("{}\n", range_text(overview.from, overview.to));
  append_notes(out, overview.notes);
  if (overview.sessions.empty()) return out + "  no session has left anything in the store yet\n";
  std::size_t width = 7;
  for (const Period& period : overview.sessions) width = std::max(width, period.session.size());
  const auto row = [&](std::string_view name, std::string_view sent, std::string_view loss,
                       std::string_view p50, std::string_view p99, std::string_view outages,
                       std::string_view incidents, std::string_view data) {
    out += fmt::format("{:<{}} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9} {:>7}\n", name, width, sent,
                       loss, p50, p99, outages, incidents, data);
  };
  row("session", "sent", "loss", "p50", "p99", "outages", "incidents", "data");
  for (const Period& period : overview.sessions) {
    const Window& w = period.total;
    const auto* rtt = w.rtt.fullest();
    const auto count = [](std::size_t number, bool more) {
      return fmt::format("{}{}", number, more ? "+" : "");
    };
    row(printable(period.session), fmt::format("{}", w.sent), percent(w.loss_ratio()),
        rtt != nullptr ? p(rtt->values, 500'000) : "-",
        rtt != nullptr ? p(rtt->values, 990'000) : "-",
        count(period.outages().size(), period.more_events),
        count(period.incidents.size(), period.more_incidents),
        human_percent(period.share_with_data()));
  }
  return out;
}

}  // namespace wirestamp::publish
