// SPDX-License-Identifier: Apache-2.0
//
// The page for the owner of the path. It answers, in this order, what such a person asks: what
// happened, whose packets, when exactly, how do you know, what is it to me, and what do you not
// know. One file, no script, nothing loaded: it is read in mail programs, printed, and attached to
// tickets.
#include <fmt/format.h>

#include <algorithm>

#include "publish/document.h"
#include "publish/evidence.h"
#include "publish/evidence_page.h"
#include "publish/evidence_style.h"
#include "publish/period.h"
#include "publish/text.h"

namespace wirestamp::publish {

namespace {

using measure::Event;
using measure::Sample;
using measure::Window;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kMostFlows = 50;  // the JSON has them all

std::string or_unknown(const std::optional<std::string>& text) {
  return text && !text->empty() ? *text : std::string(kUnknown);
}

std::string bounds(const std::optional<Duration>& at_least,
                   const std::optional<Duration>& at_most) {
  if (at_least && at_most)
    return fmt::format("{} to {}", human_length(*at_least), human_length(*at_most));
  if (at_least) return fmt::format("at least {}", human_length(*at_least));
  if (at_most) return fmt::format("at most {}", human_length(*at_most));
  return std::string(kUnknown);
}

// How wrong the time at which a probe left may be against UTC.
std::string time_error(const Sample* sample) {
  if (sample == nullptr || !sample->sender_tx) return std::string(kUnknown);
  std::string text = fmt::format("{} stamp", name(sample->sender_tx->source));
  if (sample->sender_tx->source != StampSource::Unknown)
    text += fmt::format(" ±{}", human(sample->sender_tx->error));
  return text + (sample->sender_clock_error
                     ? fmt::format("; clock ±{} of UTC", human(*sample->sender_clock_error))
                     : std::string("; clock against UTC not known"));
}

std::string percent(const std::optional<double>& ratio) {
  return ratio ? human_percent(*ratio) : std::string("-");
}

std::string lost_text(const Window& w) {
  if (w.sent == 0) return "-";
  return fmt::format("{} of {} ({})", w.lost_total(), w.sent, percent(w.network_loss_ratio()));
}

}  // namespace

std::string instant(WallTime time) {
  // To the microsecond: stamps are no better against UTC.
  const std::string text = rfc3339(time);
  return text.substr(0, 10) + " " + text.substr(11, 15);
}

void EvidencePage::write() {
  head();
  verdict();
  flows();
  edges();
  changes();
  counters();
  timeout();
  hops();
  plots();
  time_line();
  stamps();
  configuration();
  unknown();
  definitions();
  html_.paragraph(fmt::format("Made {} UTC by Wirestamp {}. All times are UTC by the clock of the "
                              "measuring host.",
                              human_time(evidence_.made), evidence_.version),
                  "class=\"sub\"");
  html_.close("body");
  html_.close("html");
}

void EvidencePage::head() {
  const measure::Incident& incident = evidence_.incident;
  html_.raw("<!DOCTYPE html>\n");
  html_.open("html", "lang=\"en\"");
  html_.open("head");
  html_.raw(
      "<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n");
  html_.element("title", fmt::format("Incident {}: {}", incident.id, incident.session));
  html_.open("style");
  html_.raw(kEvidenceStyle);
  html_.close("style");
  html_.close("head");
  html_.open("body");
  html_.element("h1", fmt::format("Evidence of a network fault: {}", evidence_.host));
  html_.paragraph(fmt::format("Incident {} of the measurement \"{}\": {} to {}{}", incident.id,
                              incident.session, human_time(incident.opened),
                              incident.closed ? human_time(*incident.closed) + " UTC, " +
                                                    human_length(*incident.closed - incident.opened)
                                              : std::string("now: it is still open"),
                              incident.in_maintenance ? "; announced maintenance" : ""),
                  "class=\"sub\"");
}

void EvidencePage::verdict() {
  const measure::Incident& incident = evidence_.incident;
  html_.open("div", fmt::format("class=\"verdict {}\"", name(incident.severity)));
  const Event* event = facts_.verdict;
  html_.paragraph(
      event != nullptr && !incident.title.starts_with(event->text) ? event->text : incident.title,
      "class=\"what\"");
  if (event != nullptr && event->finding) {
    const Explanation words = explain(*event->finding);
    html_.paragraph(words.meaning);
    if (!words.advice.empty()) {
      html_.open("p");
      html_.element("b", "What to look at:");
      html_.text(" ");
      html_.text(words.advice);
      html_.close("p");
    }
  } else {
    const bool changed = evidence_.changes && !evidence_.changes->empty();
    html_.paragraph(
        changed ? "No cause was proved by measurement; something changed when it began, "
                  "which may be it: see below."
                : "No cause was found by measurement: what is known are the figures below.");
  }
  html_.close("div");
}

void EvidencePage::flows() {
  html_.heading("flows", "Which packets");
  Rows rows{{"destination", evidence_.peer.empty() ? std::string(kUnknown) : evidence_.peer},
            {"inside: flow concerned", or_unknown(facts_.old_flow)}};
  if (facts_.outside)
    rows.push_back({"outside: its source at the far end",
                    fmt::format("{} ({})", *facts_.outside,
                                facts_.translated ? "translated on the way" : "not translated")});
  else
    rows.push_back({"outside: its source at the far end",
                    fmt::format("{}: the far end could not be asked", kUnknown)});
  if (facts_.new_flow) rows.push_back({"flow tried instead", *facts_.new_flow});
  if (facts_.verdict != nullptr && facts_.verdict->tried)
    rows.push_back(
        {"fresh flows answered",
         fmt::format("{} of {}", facts_.verdict->answered.value_or(0), *facts_.verdict->tried)});
  rows.push_back({"protocol", fmt::format("UDP (STAMP, RFC 8762), DSCP {}, a probe every {}",
                                          evidence_.dscp, human(evidence_.interval))});
  facts_table(rows);
  if (evidence_.flows.empty()) return;
  Rows used{{"flows in use", "from", "until"}};
  const std::size_t first = evidence_.flows.size() - std::min(evidence_.flows.size(), kMostFlows);
  for (std::size_t i = first; i < evidence_.flows.size(); ++i) {
    const EvidenceFlow& flow = evidence_.flows[i];
    used.push_back({flow.tuple, human_time(flow.began),
                    flow.ended ? human_time(*flow.ended) : std::string("still in use")});
  }
  html_.table(used, true);
}

void EvidencePage::edge_rows(const EvidenceOutage& outage) {
  const auto row = [](std::string_view what, const std::optional<measure::ProbeMark>& mark,
                      const Sample* sample) -> std::vector<std::string> {
    if (!mark) return {std::string(what), "-", std::string(kUnknown), "-", "-"};
    std::string sequence = "-";
    if (sample != nullptr)
      sequence = fmt::format("{}{}", sample->sequence,
                             sample->reflector_sequence
                                 ? fmt::format(", reply {}", *sample->reflector_sequence)
                                 : std::string());
    return {std::string(what), fmt::format("{}", mark->probe), instant(mark->left),
            time_error(sample), sequence};
  };
  html_.table({{"probe", "number", "left this host, UTC", "error of that time", "sequence"},
               row("last good", outage.last_good, outage.last_good_sample),
               row("first lost", outage.first_lost, outage.first_lost_sample),
               row("first good", outage.first_good, outage.first_good_sample)},
              true);
}

void EvidencePage::edges() {
  html_.heading("edges", "When exactly");
  if (facts_.outages.empty())
    html_.paragraph("There was no outage in this incident, so there are no edges to tell.");
  for (std::size_t i = 0; i < facts_.outages.size(); ++i) {
    const EvidenceOutage& outage = facts_.outages[i];
    if (facts_.outages.size() > 1)
      html_.element("h3", fmt::format("Outage {} of {}", i + 1, facts_.outages.size()));
    edge_rows(outage);
    std::string text;
    if (outage.last_good && outage.first_lost)
      text = fmt::format("It began within {} after the last good probe. ",
                         human_length(outage.first_lost->left - outage.last_good->left));
    text += outage.over ? fmt::format("Length: {}. ", bounds(outage.at_least, outage.at_most))
                        : std::string("Its end is not known. ");
    if (outage.lost) text += fmt::format("Probes lost in it: {}.", *outage.lost);
    html_.paragraph(text);
  }
}

void EvidencePage::changes() {
  html_.heading("changes", "What else changed when it began");
  if (!evidence_.changes)
    return html_.paragraph(evidence_.incident.session.empty()
                               ? "Not looked for: this incident is of the agent, not of one path."
                               : "Not known: the events of that time are not kept any more.");
  const ChangesSought sought = changes_sought(evidence_.incident);
  if (evidence_.changes->empty())
    return html_.paragraph(fmt::format(
        "Nothing that was noticed, from {} to {} UTC: no other path or marks of packets, no change "
        "of the measuring host's network, no restart of the far end.",
        human_time(sought.from), human_time(std::min(sought.to, evidence_.made))));
  Rows rows{{"UTC", "what", "what it may have to do with it"}};
  for (const measure::RecordedEvent& recorded : *evidence_.changes)
    rows.push_back({instant(recorded.event.wall).substr(0, 23), recorded.event.text,
                    std::string(change_meaning(recorded.event.kind))});
  html_.table(rows, true, "times");
}

void EvidencePage::counters() {
  html_.heading("counters", "Counters of both ends");
  if (evidence_.windows.empty()) {
    html_.paragraph("The measuring host keeps no counters of this time any more.");
  } else {
    const auto p = [](const Window& w, std::uint32_t ppm) {
      const auto* rtt = w.rtt.fullest();
      const auto value = rtt != nullptr ? rtt->values.percentile(ppm) : std::nullopt;
      return value ? human(*value) : std::string("-");
    };
    const Window &in = facts_.during, &out = facts_.around;
    const auto count = [](std::uint64_t number) { return fmt::format("{}", number); };
    html_.table(
        {{"measuring host", "in the incident", "around it"},
         {"sent", count(in.sent), count(out.sent)},
         {"answered in time", count(in.delivered), count(out.delivered)},
         {"lost", lost_text(in), lost_text(out)},
         {"lost on the way there", count(in.lost.forward), count(out.lost.forward)},
         {"lost on the way back", count(in.lost.backward), count(out.lost.backward)},
         {"lost, direction not known", count(in.lost.unknown), count(out.lost.unknown)},
         {"refused: nothing listens", count(in.peer_closed), count(out.peer_closed)},
         {"too big for the path", count(in.too_big), count(out.too_big)},
         {"answered too late", count(in.late), count(out.late)},
         {"never left this host", count(in.unsent_total()), count(out.unsent_total())},
         {"not counted: pause, back-off, sleep, end", count(in.withheld), count(out.withheld)},
         {"round trip p50", p(in, 500'000), p(out, 500'000)},
         {"round trip p99", p(in, 990'000), p(out, 990'000)}},
        true);
    html_.paragraph(fmt::format("From windows of {}: those that touch the incident, and all others "
                                "from {} to {}.",
                                human_length(evidence_.step), human_time(evidence_.from),
                                human_time(evidence_.to)),
                    "class=\"sub\"");
  }
  if (facts_.account == nullptr)
    return html_.paragraph(
        "Far end: not known. It was not asked about the old flow, or cannot tell.");
  html_.paragraph(fmt::format("Far end, of {} ({} UTC): {}. {}",
                              or_unknown(facts_.account->old_flow),
                              human_time(facts_.account->wall), *facts_.account->account,
                              facts_.account->direction == "forward"
                                  ? "It had seen none of the probes that were not answered: they "
                                    "were lost on the way there."
                                  : "It had seen probes of this flow that were never answered "
                                    "here: the replies were lost on the way back."));
}

std::string evidence_html(const Evidence& evidence) {
  const EvidenceFacts facts = facts_of(evidence);
  std::string out;
  EvidencePage(evidence, facts, out).write();
  return out;
}

}  // namespace wirestamp::publish
