// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure/incident.h"
#include "measure/sample.h"
#include "measure/window.h"
#include "time/duration.h"

// What is known of one incident, for the owner of the firewall or the provider: someone who does
// not have this program, and who wants proof. Plain data; whoever reads the store fills it in.
// docs/report.md.
namespace wirestamp::publish {

struct EvidenceFlow {
  std::string tuple;  // "192.0.2.1:40000 > 198.51.100.7:23999"
  WallTime began;
  std::optional<WallTime> ended;
};

struct EvidenceSetting {
  std::string name, value;
  std::string origin;  // where it was set; "" when that is not known
};

struct Evidence {
  std::string_view version;  // of the program
  WallTime made;
  measure::Incident incident;
  std::string host, peer;  // peer: address and port; "" when not known
  Duration interval;
  std::uint8_t dscp = 0;
  std::vector<EvidenceSetting> settings;  // of the session, secrets left out; empty: not known

  WallTime from, to;  // what is shown: the incident and some minutes around it
  Duration step;      // length of the windows
  std::vector<measure::TimedWindow> windows;   // in order of time
  std::vector<measure::RecordedEvent> events;  // of the incident, oldest first
  bool more_events = false;                    // it has older ones than these
  // What else changed when it began, see changes_near(); absent: events of then are not kept.
  std::optional<std::vector<measure::RecordedEvent>> changes;
  std::vector<measure::Sample> samples;  // of the edges, where they are still kept
  std::vector<EvidenceFlow> flows;       // in use in from..to
};

// One outage and the probes that bound it. Pointers are into the evidence; null: not kept.
struct EvidenceOutage {
  bool over = false;
  std::optional<measure::ProbeMark> last_good, first_lost, first_good;
  const measure::Sample *last_good_sample = nullptr, *first_lost_sample = nullptr,
                        *first_good_sample = nullptr;
  std::optional<std::uint64_t> lost;
  std::optional<Duration> at_least, at_most;  // its length
};

// What follows from the events. Pointers are into the evidence, null where there is no such event;
// of several the last one that says anything.
struct EvidenceFacts {
  std::vector<EvidenceOutage> outages;
  const measure::Event* verdict = nullptr;
  const measure::Event* account = nullptr;  // what the reflector says
  const measure::Event* timeout = nullptr;  // of the middlebox
  std::vector<const measure::Event*> sweeps;
  std::optional<std::string> old_flow, new_flow;  // 5-tuples as this host uses them
  std::optional<std::string> outside;             // source of the old flow as the reflector saw it
  bool translated = false;                        // that is another address or port than ours
  measure::Window during, around;  // figures of the incident, and of the rest of from..to
  // What a reader would look for and is not there, a sentence each.
  std::vector<std::string> not_known;
};

EvidenceFacts facts_of(const Evidence& evidence);

// A change of the path, of marks or of an end that came when trouble began is often its cause, and
// is not always told as part of the incident. The web page shows the same (ui/src/lib/hints.ts).
struct ChangesSought {
  WallTime from, to;  // `to` is not in it
  std::vector<measure::EventKind> kinds;
};
// From 3 minutes before it opened, since a change of hops is told late, to 5 minutes after, since
// a crossed threshold is; what came when it was over is no cause of it.
ChangesSought changes_sought(const measure::Incident& incident);
// Of the events of the session, in any order, those that were sought, each kind once: the first.
// Absent where there are none and the evidence lacks events of the incident: of a long one those of
// its begin may be too old already.
std::optional<std::vector<measure::RecordedEvent>> changes_near(
    const Evidence& evidence, std::vector<measure::RecordedEvent> events);
// What such a change may have to do with the trouble; "" of any other event.
std::string_view change_meaning(measure::EventKind kind);

// What a verdict means to the owner of the path, and what to look at. The second one is "" where
// there is nothing to advise.
struct Explanation {
  std::string_view name, meaning, advice;
};
Explanation explain(measure::Finding finding);

// Each figure of the page and its definition.
using Definition = std::pair<std::string_view, std::string_view>;
std::vector<Definition> evidence_definitions();

// One page without scripts and without anything to be loaded; any text in it is escaped.
std::string evidence_html(const Evidence& evidence);
// The same as data, with a line end.
std::string evidence_json(const Evidence& evidence);
// What docs/report.md tells of it.
std::string evidence_reference();

}  // namespace wirestamp::publish
