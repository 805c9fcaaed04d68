// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "measure/incident.h"
#include "measure/window.h"
#include "publish/document_reference.h"
#include "time/duration.h"

// What the store knows of a session over a stretch of time, as `wirestamp report` tells it. Plain
// data: whoever reads the store fills it in, sum_up() makes the rest. docs/report.md defines each
// figure.
namespace wirestamp::publish {

// Without any window for longer than one is.
struct PeriodGap {
  WallTime from, to;
};

// Of events in order: those that end an outage, and those that begin one whose end is not among
// them. An agent that is started anew in an outage tells no end of it.
std::vector<const measure::RecordedEvent*> outages_of(
    std::span<const measure::RecordedEvent> events);

struct Period {
  std::string session, host;
  std::string peer;  // address and port; "" when it is not known
  Duration interval;
  std::uint8_t dscp = 0;

  WallTime from, to;       // what was asked for; `to` is not in it
  bool until_now = false;  // `to` is now: what is newest is not decided yet, and no gap
  Duration step;           // length of the windows
  std::vector<measure::TimedWindow> windows;         // in order of time
  bool tells_windows = true;                         // in documents; else their list is empty
  std::vector<measure::Incident> incidents;          // that the range touches, oldest first
  std::vector<measure::RecordedEvent> events;        // oldest first
  bool more_incidents = false, more_events = false;  // the store has older ones than these

  // By sum_up().
  measure::Window total;  // of all windows; its `worst` is that of the finest ones
  Duration with_data;     // the part of the range that windows cover
  std::vector<PeriodGap> gaps;
  unsigned forward_hop_changes = 0, backward_hop_changes = 0;  // from one window to the next

  measure::TimedWindow whole() const;  // from..to with `total`
  double share_with_data() const;      // of 1; 0 of an empty range
  // Of its events: outages_of().
  std::vector<const measure::RecordedEvent*> outages() const;
};

void sum_up(Period& period);

// How one figure of a period varies within it: the 10th and 90th percentile of its parts.
struct Spread {
  double low = 0, high = 0;
};

enum class Judgement : std::uint8_t {
  NotKnown,       // one of them has no such figure
  NotComparable,  // by stamps of different classes
  TooFewParts,    // to tell a change from what the figure does anyway
  Same,           // no change beyond the spread
  Lower,
  Higher,
  LowerInPlaces,  // by the number of probes, but in a few parts of the period only
  HigherInPlaces,
};

constexpr std::string_view name(Judgement judgement) {
  switch (judgement) {
    case Judgement::NotKnown:
      return "not_known";
    case Judgement::NotComparable:
      return "not_comparable";
    case Judgement::TooFewParts:
      return "too_few_parts";
    case Judgement::Same:
      return "same";
    case Judgement::Lower:
      return "lower";
    case Judgement::Higher:
      return "higher";
    case Judgement::LowerInPlaces:
      return "lower_in_places";
    case Judgement::HigherInPlaces:
      return "higher_in_places";
  }
  return "not_known";
}

// One figure of two periods. Nanoseconds, or a share of 1 for losses.
struct Change {
  std::string_view figure;  // "loss", "round_trip_p50" ...
  bool ratio = false;       // a share of 1
  std::optional<double> before, after;
  std::optional<Spread> before_spread, after_spread;
  unsigned before_parts = 0, after_parts = 0;  // that have this figure
  // Of losses: parts in which anything was lost.
  unsigned before_lossy = 0, after_lossy = 0;
  // Chance of parts as different as these, or more, if both periods were alike; absent with too
  // few.
  std::optional<double> parts_p_value;
  // Of losses: the same of the number of lost probes, if each were lost by itself.
  std::optional<double> probes_p_value;
  Judgement judgement = Judgement::NotKnown;
  std::string text;  // what changed, in words
};

struct PeriodComparison {
  Duration part;  // both periods are cut into parts of this length
  std::vector<Change> changes;
  std::string verdict;  // one sentence
};

// p-values up to this count as a change.
inline constexpr double kChangeLevel = 0.01;
inline constexpr unsigned kParts = 32;       // of the shorter period
inline constexpr unsigned kFewestParts = 8;  // fewer can never be that unlikely

PeriodComparison compare(const Period& before, const Period& after);

// A period, and perhaps the one it is compared with.
struct PeriodReport {
  std::string_view version;  // of the program
  Period period;
  std::optional<Period> before;
  std::optional<PeriodComparison> comparison;  // with `before`
  std::vector<std::string> notes;              // about the range, for a person
};

// At most 80 columns but for what is not to be broken.
std::string period_text(const PeriodReport& report);
// One JSON document with a line end.
std::string period_json(const PeriodReport& report);
// A line per window with a header line (RFC 4180, LF line ends); of `before` too, when there is
// one.
std::string period_csv(const PeriodReport& report);

// All sessions of a store over one range, a line each.
struct Overview {
  std::string_view version;
  WallTime from, to;
  std::vector<Period> sessions;  // summed up
  std::vector<std::string> notes;
};
std::string overview_text(const Overview& overview);
std::string overview_json(const Overview& overview);
std::string overview_csv(const Overview& overview);

// What docs/report.md tells of these documents.
std::string period_reference();
// `report`, which is period_json(), and the objects in it, for schemas; `window` and `incident` are
// in window_document_shapes().
std::vector<DocumentShape> period_shapes();

// "2026-01-31 12:00:00", UTC; to the minute when that says it all.
std::string human_time(WallTime time);
// "36 h", "7 d 12 h": the two largest units; below a second as human().
std::string human_length(Duration length);

}  // namespace wirestamp::publish
