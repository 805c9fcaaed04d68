// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "publish/columns.h"
#include "publish/document.h"
#include "publish/evidence.h"
#include "publish/foreign_rows.h"
#include "publish/schema.h"

namespace wirestamp::publish {

namespace {

// The evidence and what follows from it.
struct EvidenceTold {
  const Evidence* evidence;
  const EvidenceFacts* facts;
};

constexpr std::string_view kWhereKnown = "where known", kWhileKept = "while it is kept",
                           kWhileEvents = "while the events of then are kept";

std::optional<std::string> time_text(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return rfc3339(*time);
}

std::optional<std::string> left(const std::optional<measure::ProbeMark>& mark) {
  if (!mark) return std::nullopt;
  return rfc3339(mark->left);
}

std::optional<std::uint64_t> number(const std::optional<measure::ProbeMark>& mark) {
  if (!mark) return std::nullopt;
  return mark->probe;
}

std::optional<Explanation> explanation(const measure::Event* verdict) {
  if (verdict == nullptr || !verdict->finding) return std::nullopt;
  return explain(*verdict->finding);
}

// All that is kept of one probe, by the columns of `ping --jsonl`.
template <auto Member>
void write_sample(JsonWriter& json, std::string_view key, const EvidenceOutage& outage) {
  const measure::Sample* sample = outage.*Member;
  if (sample == nullptr) return;
  json.begin_object(key);
  for (const Column& column : columns())
    std::visit(
        [&]<typename V>(const V& value) {
          if constexpr (!std::same_as<V, std::monostate>) json.member(column.name, value);
        },
        column.get(*sample));
  json.end_object();
}

template <auto Member>
void write_stretch(JsonWriter& json, std::string_view key, const EvidenceTold& told) {
  const measure::TimedWindow window{.begin = told.evidence->from,
                                    .length = told.evidence->to - told.evidence->from,
                                    .epoch = 0,
                                    .part = true,
                                    .window = told.facts->*Member};
  write_window(json, key, {window, report_percentiles()});
}

template <auto Member>
void write_each(JsonWriter& json, std::string_view key, const EvidenceTold& told) {
  json.begin_array(key);
  for (const auto& one : told.evidence->*Member) write_one(json, one);
  json.end_array();
}

void write_changes(JsonWriter& json, std::string_view key, const EvidenceTold& told) {
  if (!told.evidence->changes) return;
  json.begin_array(key);
  for (const measure::RecordedEvent& one : *told.evidence->changes) write_one(json, one);
  json.end_array();
}

void write_sweeps(JsonWriter& json, std::string_view key, const EvidenceTold& told) {
  json.begin_object(key);
  for (std::size_t i = 0; i < told.facts->sweeps.size(); ++i)
    write_event(json, std::to_string(i), *told.facts->sweeps[i]);
  json.end_object();
}

}  // namespace

template <>
struct Shape<EvidenceOutage> {
  using T = EvidenceOutage;
  static constexpr std::string_view kName = "evidence_outage",
                                    kMeaning = "An outage and the probes that bound it.";
  static constexpr std::array kRows{
      row<&T::over>("over", kAlways, "false: its end is not known"),
      row<[](const T& o) { return number(o.last_good); }>("last_good.probe", kWhereKnown,
                                                          "newest probe answered before"),
      row<[](const T& o) { return left(o.last_good); }>("last_good.left", kWhereKnown,
                                                        "when it left"),
      row<[](const T& o) { return number(o.first_lost); }>("first_lost.probe", kWhereKnown,
                                                           "first one that was not answered"),
      row<[](const T& o) { return left(o.first_lost); }>("first_lost.left", kWhereKnown,
                                                         "when it left"),
      row<[](const T& o) { return number(o.first_good); }>("first_good.probe", kWhereKnown,
                                                           "first one answered again"),
      row<[](const T& o) { return left(o.first_good); }>("first_good.left", kWhereKnown,
                                                         "when it left"),
      row<&T::lost>("lost", kWhereKnown, "probes between"),
      row<&T::at_least>("at_least_ns", kWhereKnown, "lower bound of its length"),
      row<&T::at_most>("at_most_ns", kWhereKnown, "upper bound of its length"),
      foreign_row<T, write_sample<&T::last_good_sample>, kWhileKept>(
          "last_good_sample", "a line of `ping --jsonl`", "all that is kept of it"),
      foreign_row<T, write_sample<&T::first_lost_sample>, kWhileKept>("first_lost_sample",
                                                                      "the same", "the same"),
      foreign_row<T, write_sample<&T::first_good_sample>, kWhileKept>("first_good_sample",
                                                                      "the same", "the same"),
  };
};

template <>
struct Shape<EvidenceFlow> {
  using T = EvidenceFlow;
  static constexpr std::string_view kName = "evidence_flow", kMeaning = "A 5-tuple in use.";
  static constexpr std::array kRows{
      row<&T::tuple>("tuple", kAlways, "source > destination"),
      row<[](const T& f) { return rfc3339(f.began); }>("began", kAlways, "since when"),
      row<[](const T& f) { return time_text(f.ended); }>("ended", "when it is over", "until when"),
  };
};

template <>
struct Shape<EvidenceSetting> {
  using T = EvidenceSetting;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::value>("value", kAlways, "its value"),
      row<[](const T& s) { return unless_empty(s.origin); }>("origin", kWhereKnown,
                                                             "where it was set"),
  };
};

template <>
struct Shape<Explanation> {
  using T = Explanation;
  static constexpr std::string_view kName = "";
  static constexpr std::array kRows{
      row<&T::name>("name", kAlways, "in words"),
      row<&T::meaning>("meaning", kAlways, "what it means"),
      row<&T::advice>("advice", kAlways, "what to look at"),
  };
};

template <>
struct Shape<EvidenceTold> {
  using T = EvidenceTold;
  static Named<EvidenceSetting> settings(const T& t) {
    Named<EvidenceSetting> named;
    for (const EvidenceSetting& setting : t.evidence->settings)
      named.emplace_back(setting.name, setting);
    return named;
  }
  static Named<std::string> definitions() {
    Named<std::string> named;
    for (const auto& [name, text] : evidence_definitions()) named.emplace_back(name, text);
    return named;
  }
  static void write_the_incident(JsonWriter& json, std::string_view key, const T& t) {
    write_incident(json, key, t.evidence->incident);
  }
  static std::optional<Duration> bound(const measure::Event* timeout,
                                       std::optional<Duration> measure::Event::* member) {
    if (timeout == nullptr) return std::nullopt;
    return timeout->*member;
  }
  static constexpr std::array kRows{
      row<[](const T&) { return kSchema; }>("schema", kAlways, "as that of the document of `ping`"),
      row<[](const T& t) { return t.evidence->version; }>("version", kAlways, "of the program"),
      row<[](const T& t) { return rfc3339(t.evidence->made); }>("made", kAlways,
                                                                "when this was written"),
      foreign_row<T, write_the_incident>("incident", "incident", "what it is about"),
      row<[](const T& t) { return t.evidence->host; }>("host", kAlways,
                                                       "of the session, as the user named it"),
      row<[](const T& t) { return unless_empty(t.evidence->peer); }>("peer", kWhereKnown,
                                                                     "address and port"),
      row<[](const T& t) { return t.evidence->interval; }>("interval_ns", kAlways,
                                                           "between probes"),
      row<[](const T& t) { return t.evidence->dscp; }>("dscp", kAlways, "of probes"),
      row<[](const T& t) -> std::optional<measure::Finding> {
        return t.facts->verdict != nullptr ? t.facts->verdict->finding : std::nullopt;
      }>("finding", "with a verdict", "as in the event `verdict`"),
      row<[](const T& t) { return explanation(t.facts->verdict); }>("verdict", "with a verdict",
                                                                    ""),
      row<[](const T& t) { return t.facts->old_flow; }>("inside.old_flow", kWhereKnown,
                                                        "5-tuple that fell silent"),
      row<[](const T& t) { return t.facts->new_flow; }>("inside.new_flow", kWhereKnown,
                                                        "5-tuple tried instead"),
      row<[](const T& t) { return t.facts->outside; }>(
          "outside.source", kWhereKnown, "source of the old flow as the reflector saw it"),
      row<[](const T& t) { return t.facts->translated; }>(
          "outside.translated", kAlways, "that is another address or port than ours"),
      row<[](const T& t) -> std::optional<std::string> {
        return t.facts->account != nullptr ? t.facts->account->account : std::nullopt;
      }>("outside.account", kWhereKnown, "what the reflector counted of the old flow"),
      row<[](const T& t) { return t.facts->outages; }>("outages", kAlways, "oldest first"),
      row<[](const T& t) { return bound(t.facts->timeout, &measure::Event::at_least); }>(
          "timeout.at_least_ns", "where measured", "the device's time-out is longer"),
      row<[](const T& t) { return bound(t.facts->timeout, &measure::Event::at_most); }>(
          "timeout.at_most_ns", "where measured", "and not longer than this"),
      foreign_row<T, write_sweeps>("sweeps", "event by number", "hops of the old and new flow"),
      foreign_row<T, write_stretch<&EvidenceFacts::during>>("during", "window",
                                                            "figures of the incident"),
      foreign_row<T, write_stretch<&EvidenceFacts::around>>("around", "window",
                                                            "figures of the rest of from..to"),
      row<[](const T& t) { return rfc3339(t.evidence->from); }>("from", kAlways,
                                                                "begin of what is shown"),
      row<[](const T& t) { return rfc3339(t.evidence->to); }>("to", kAlways, "its end"),
      row<[](const T& t) { return t.evidence->step; }>("step_ns", kAlways, "length of the windows"),
      row<[](const T& t) { return t.evidence->flows; }>("flows", kAlways, "in use in from..to"),
      foreign_row<T, write_each<&Evidence::events>>("events", "recorded_event", "oldest first"),
      foreign_row<T, write_changes, kWhileEvents>(
          "changes", "recorded_event",
          "what else changed when it began, often the cause; each kind once"),
      foreign_row<T, write_each<&Evidence::windows>>("windows", "window[]", "in order of time"),
      row<[](const T& t) { return settings(t); }>("settings", "for each that is known",
                                                  "of the session; no secrets"),
      row<[](const T& t) { return t.facts->not_known; }>("not_known", kAlways,
                                                         "what is not there, and why"),
      row<[](const T&) { return definitions(); }>("definitions", kAlways, "of each figure"),
  };
};

std::string evidence_json(const Evidence& evidence) {
  const EvidenceFacts facts = facts_of(evidence);
  return document_of(EvidenceTold{&evidence, &facts});
}

std::string evidence_reference() {
  std::string out = "### `evidence INCIDENT --json`\n\n";
  append_reference<EvidenceTold>(out);
  append_shapes<EvidenceOutage, EvidenceFlow>(out);
  return out;
}

}  // namespace wirestamp::publish
