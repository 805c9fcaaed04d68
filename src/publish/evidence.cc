// SPDX-License-Identifier: Apache-2.0
#include "publish/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "publish/period.h"

namespace wirestamp::publish {

namespace {

using measure::Event;
using measure::EventKind;

const measure::Sample* sample_of(const Evidence& evidence,
                                 const std::optional<measure::ProbeMark>& mark) {
  if (!mark) return nullptr;
  const auto found = std::ranges::find(evidence.samples, mark->probe, &measure::Sample::probe);
  return found != evidence.samples.end() ? &*found : nullptr;
}

EvidenceOutage outage_of(const Evidence& evidence, const Event& event) {
  return {.over = event.kind == EventKind::OutageEnded,
          .last_good = event.last_good,
          .first_lost = event.first_lost,
          .first_good = event.first_good,
          .last_good_sample = sample_of(evidence, event.last_good),
          .first_lost_sample = sample_of(evidence, event.first_lost),
          .first_good_sample = sample_of(evidence, event.first_good),
          .lost = event.lost,
          .at_least = event.at_least,
          .at_most = event.at_most};
}

void take_flows(const Event& event, EvidenceFacts& facts) {
  if (event.old_flow && !facts.old_flow) facts.old_flow = event.old_flow;
  if (event.new_flow) facts.new_flow = event.new_flow;
}

// "seen 3, answered 3, from 203.0.113.9:51003": the source that the reflector saw.
std::optional<std::string> source_in(const std::string& account) {
  constexpr std::string_view kFrom = "from ";
  const std::size_t at = account.rfind(kFrom);
  if (at == std::string::npos || at + kFrom.size() == account.size()) return std::nullopt;
  return account.substr(at + kFrom.size());
}

void find_events(const Evidence& evidence, EvidenceFacts& facts) {
  for (const measure::RecordedEvent& recorded : evidence.events) {
    const Event& event = recorded.event;
    if (event.kind == EventKind::Verdict) facts.verdict = &event;
    if (event.kind == EventKind::AccountTold && event.account) facts.account = &event;
    if (event.kind == EventKind::TimeoutMeasured) facts.timeout = &event;
    if (event.kind == EventKind::PathSwept) facts.sweeps.push_back(&event);
    take_flows(event, facts);
  }
  // The flow that the verdict is about is the one that the page is about.
  if (facts.verdict != nullptr && facts.verdict->old_flow) facts.old_flow = facts.verdict->old_flow;
  if (facts.account == nullptr) return;
  facts.outside = source_in(*facts.account->account);
  const std::string& inside = facts.account->old_flow.value_or(facts.old_flow.value_or(""));
  facts.translated = facts.outside && !inside.empty() && !inside.starts_with(*facts.outside + " ");
}

void sum_windows(const Evidence& evidence, EvidenceFacts& facts) {
  const WallTime end = evidence.incident.closed.value_or(evidence.to);
  for (const measure::TimedWindow& window : evidence.windows) {
    const bool within = window.end() > evidence.incident.opened && window.begin < end;
    (within ? facts.during : facts.around).merge_finer(window.window, window.begin);
  }
}

void list_unknown(const Evidence& evidence, EvidenceFacts& facts) {
  const auto unless = [&](bool known, std::string_view text) {
    if (!known) facts.not_known.emplace_back(text);
  };
  unless(
      facts.verdict != nullptr,
      "Why it happened: no verdict belongs to this incident. Verdicts are reached when a session "
      "is silent, not when some of its probes are lost or slow.");
  if (facts.outages.empty())
    facts.not_known.emplace_back("Edges of an outage: this incident has no outage with a begin.");
  for (const EvidenceOutage& outage : facts.outages) {
    unless(outage.over, "The end of the outage: it is not over, or its end is not in the store.");
    unless(!outage.over || outage.first_good_sample != nullptr,
           "The stamps of the probes at the edges: single probes are kept for hours only "
           "(store_samples), and these are no longer, or not, in the store. The times of the edges "
           "are those that the event kept.");
  }
  unless(facts.outside.has_value(),
         "The address and port that the far end saw: the reflector was not asked about the old "
         "flow, or it is none that can tell.");
  unless(facts.timeout != nullptr,
         "The time-out of the device on the way: it is measured only when a stalled flow answers "
         "again after a silence of ours.");
  unless(!facts.sweeps.empty(), "The hops: no sweep of the path belongs to this incident.");
  unless(!evidence.windows.empty(), "Figures around the incident: no windows are kept of it.");
  unless(!evidence.more_events, "Earlier events of this incident: there are more than are shown.");
  unless(
      !evidence.settings.empty(),
      "The whole configuration of the session: the store keeps host, interval and DSCP alone, as "
      "they are now.");
  std::ranges::sort(facts.not_known);
  facts.not_known.erase(std::ranges::unique(facts.not_known).begin(), facts.not_known.end());
}

}  // namespace

ChangesSought changes_sought(const measure::Incident& incident) {
  constexpr Duration kBefore = Duration::minutes(3), kAfter = Duration::minutes(5);
  ChangesSought sought{.from = incident.opened - kBefore, .to = incident.opened + kAfter};
  // What opened an incident of one moment belongs to it.
  if (incident.closed)
    sought.to =
        std::min(sought.to, std::max(*incident.closed, incident.opened + Duration::nanoseconds(1)));
  for (std::size_t i = 0; i <= static_cast<std::size_t>(measure::kLastEventKind); ++i)
    if (const auto kind = static_cast<EventKind>(i); !change_meaning(kind).empty())
      sought.kinds.push_back(kind);
  return sought;
}

std::optional<std::vector<measure::RecordedEvent>> changes_near(
    const Evidence& evidence, std::vector<measure::RecordedEvent> events) {
  const ChangesSought sought = changes_sought(evidence.incident);
  std::ranges::sort(events, {}, &measure::RecordedEvent::id);
  std::vector<measure::RecordedEvent> found;
  for (measure::RecordedEvent& recorded : events) {
    const Event& event = recorded.event;
    const bool near = event.wall >= sought.from && event.wall < sought.to;
    const bool known = std::ranges::any_of(
        found, [&](const measure::RecordedEvent& other) { return other.event.kind == event.kind; });
    if (near && !known && !change_meaning(event.kind).empty()) found.push_back(std::move(recorded));
  }
  const auto kept = static_cast<std::size_t>(
      std::ranges::count(evidence.events, evidence.incident.id, &measure::RecordedEvent::incident));
  if (found.empty() && !evidence.more_events && kept < evidence.incident.events)
    return std::nullopt;
  return found;
}

EvidenceFacts facts_of(const Evidence& evidence) {
  EvidenceFacts facts;
  for (const measure::RecordedEvent* outage : outages_of(evidence.events))
    facts.outages.push_back(outage_of(evidence, outage->event));
  find_events(evidence, facts);
  sum_windows(evidence, facts);
  list_unknown(evidence, facts);
  return facts;
}

}  // namespace wirestamp::publish
