// SPDX-License-Identifier: Apache-2.0
//
// The lower half of the evidence page: what the verdict rests on.
#include <fmt/format.h>

#include <algorithm>

#include "publish/evidence_page.h"
#include "publish/evidence_plots.h"
#include "publish/period.h"
#include "publish/text.h"
#include "publish/text_lines.h"

namespace wirestamp::publish {

namespace {

using measure::Event;
using measure::Window;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kMostEvents = 200;  // the JSON has them all

std::string hop_text(const std::vector<measure::Hop>& path, std::size_t distance) {
  const auto hop = std::ranges::find(path, distance, &measure::Hop::distance);
  if (hop == path.end()) return "";
  if (hop->reflector)
    return fmt::format("{} (far end, answers)", hop->address.empty() ? "it" : hop->address);
  return hop->address.empty() ? "-" : hop->address;
}

}  // namespace

void EvidencePage::facts_table(const Rows& rows) {
  html_.open("div", "class=\"plain\"");
  html_.table(rows, false);
  html_.close("div");
}

void EvidencePage::timeout() {
  html_.heading("timeout", "Time-out of the device on the way");
  const Event* event = facts_.timeout;
  if (event == nullptr)
    return html_.paragraph("Not measured: that needs a stalled flow that answers again.");
  std::string text = "The flow answered again after a silence of ";
  text += event->at_most ? human_length(*event->at_most) : std::string(kUnknown);
  if (event->at_least && *event->at_least > Duration())
    text += fmt::format(", and not yet after one of {}", human_length(*event->at_least));
  html_.paragraph(text +
                  ". A device that forgets idle flows after a time between these two does that; "
                  "while packets came more often its entry did not die.");
}

void EvidencePage::hops() {
  html_.heading("hops", "Hops of the path");
  if (facts_.sweeps.empty())
    return html_.paragraph("Not known: the path was not swept in this incident.");
  for (const Event* sweep : facts_.sweeps) {
    html_.paragraph(fmt::format("{} UTC: {}", human_time(sweep->wall), sweep->text));
    std::size_t last = 0;
    for (const auto* path : {&sweep->old_path, &sweep->new_path})
      for (const measure::Hop& hop : *path) last = std::max<std::size_t>(last, hop.distance);
    Rows rows{{"hop", "old flow " + sweep->old_flow.value_or(""),
               sweep->new_flow ? "new flow " + *sweep->new_flow : std::string("no new flow")}};
    for (std::size_t i = 1; i <= last; ++i)
      rows.push_back(
          {fmt::format("{}", i), hop_text(sweep->old_path, i), hop_text(sweep->new_path, i)});
    html_.table(rows, true);
  }
}

void EvidencePage::plots() {
  const std::vector<EvidencePlot> plots = evidence_plots(evidence_);
  if (plots.empty()) return;
  html_.heading("plots", "The minutes around it");
  for (const EvidencePlot& plot : plots) {
    html_.open("figure");
    html_.element("figcaption", plot.caption);
    html_.raw(plot.svg);
    html_.close("figure");
  }
}

void EvidencePage::time_line() {
  html_.heading("events", "What was noticed, in order");
  if (evidence_.events.empty()) return html_.paragraph("No event is kept of this incident.");
  const std::size_t first =
      evidence_.events.size() - std::min(evidence_.events.size(), kMostEvents);
  if (first > 0 || evidence_.more_events)
    html_.paragraph("Earlier ones are left out here.", "class=\"sub\"");
  Rows rows{{"UTC", "event", "what"}};
  for (std::size_t i = first; i < evidence_.events.size(); ++i) {
    const Event& event = evidence_.events[i].event;
    rows.push_back({instant(event.wall).substr(0, 23), words(name(event.kind)), event.text});
  }
  html_.table(rows, true, "times");
}

void EvidencePage::stamps() {
  html_.heading("stamps", "How the times were taken");
  Window all = facts_.around;
  all.merge(facts_.during);
  if (evidence_.windows.empty()) {
    html_.paragraph("Not known: no windows are kept of this time.");
    return;
  }
  Rows rows{{"T1, probe sent (this host)", stamp_list(all.sender_tx)},
            {"T2, probe received (far end)", stamp_list(all.reflector_rx)},
            {"T3, reply sent (far end)", stamp_list(all.reflector_tx)},
            {"T4, reply received (this host)", stamp_list(all.sender_rx)}};
  rows.push_back({"error of a round trip",
                  all.rtt_error_max
                      ? fmt::format("at most {}", human(*all.rtt_error_max))
                      : fmt::format("{}: the far end does not tell that of its stamps", kUnknown)});
  rows.push_back({"clocks of both hosts",
                  all.one_way_error_max ? fmt::format("one-way values are wrong by at most {}",
                                                      human(*all.one_way_error_max))
                                        : fmt::format("{}: no one-way values are told", kUnknown)});
  if (all.clock_step_samples > 0)
    rows.push_back({"clock set", fmt::format("{} probes across a step of this host's clock",
                                             all.clock_step_samples)});
  if (all.negative_rtt > 0)
    rows.push_back({"round trips below 0",
                    fmt::format("{}: stamps of the far end are wrong", all.negative_rtt)});
  if (all.bad_reflector_stamps > 0)
    rows.push_back({"stamps that cannot be",
                    fmt::format("{} of the far end, not used", all.bad_reflector_stamps)});
  if (const auto late = all.schedule_error.percentile(990'000))
    rows.push_back(
        {"probes sent", fmt::format("within {} of when they were due (99 of 100)", human(*late))});
  facts_table(rows);
}

void EvidencePage::configuration() {
  html_.heading("configuration", "Configuration of the measurement");
  Rows rows{{"session", evidence_.incident.session}, {"host", evidence_.host}};
  if (evidence_.settings.empty()) {
    rows.push_back({"interval", human(evidence_.interval)});
    rows.push_back({"DSCP", fmt::format("{}", evidence_.dscp)});
  }
  for (const EvidenceSetting& setting : evidence_.settings)
    rows.push_back({setting.name, setting.origin.empty()
                                      ? setting.value
                                      : fmt::format("{} ({})", setting.value, setting.origin)});
  facts_table(rows);
  html_.paragraph("As it is now. Keys and tokens are never shown.", "class=\"sub\"");
}

void EvidencePage::unknown() {
  html_.heading("unknown", "What is not known");
  if (facts_.not_known.empty()) return html_.paragraph("Nothing that this page has a place for.");
  html_.open("ul");
  for (const std::string& text : facts_.not_known) html_.element("li", text);
  html_.close("ul");
}

void EvidencePage::definitions() {
  html_.heading("definitions", "What the words mean");
  html_.open("dl");
  for (const auto& [name, text] : evidence_definitions()) {
    html_.element("dt", name);
    html_.element("dd", text);
  }
  html_.close("dl");
}

}  // namespace wirestamp::publish
